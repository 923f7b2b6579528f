"""Time by layer on one thread and on two, in turn, medians of seven pairs: python3 two_profile.py ERGO."""
import json,subprocess,statistics as st,sys
def run(net,t):
    o=subprocess.run([sys.argv[1],"bench","--nets",net,"--learners","native","--threads",str(t),"--batch","128","--seconds","2","--profile","--json"],capture_output=True,text=True).stdout
    r=json.loads(o)["rows"][0]; step=128e3/r["images_per_second"]
    inside=sum(p["ms_per_step"] for p in r["profile"]); s=r["slices"]
    return step, inside, {p["layer"]+" "+p["phase"]:p["ms_per_step"] for p in r["profile"]}, sum(x["cpu_seconds"] for x in s)/sum(x["seconds"] for x in s)
for net in ["net-a","net-b"]:
    one=[];two=[]
    for i in range(7):
        one.append(run(net,1)); two.append(run(net,2))
    m=lambda rs,k: st.median(r[k] for r in rs)
    print(net,"1T step %.3f in kernels %.3f rest %.3f | 2T step %.3f in kernels %.3f rest %.3f busy %.3f"%(m(one,0),m(one,1),st.median(r[0]-r[1] for r in one),m(two,0),m(two,1),st.median(r[0]-r[1] for r in two),m(two,3)))
    print("  scaling",m(one,0)/m(two,0),"kernels",m(one,1)/m(two,1))
    for k in one[0][2]:
        a=st.median(r[2][k] for r in one); b=st.median(r[2].get(k,0) for r in two)
        if a>0.02*m(one,0)/2: print("   %-40s %.3f %.3f  %.2f"%(k,a,b,a/b))
