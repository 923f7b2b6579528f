"""How many choices of ReLU and of 2 x 2 max-pooling after a convolution 16 -> 32 on 14 x 14 differ from those in f64."""
import torch
torch.manual_seed(0); torch.set_num_threads(1)
f4=torch.float32
def mats(points, m):
    n=m+2; p=[float(x) for x in points]
    def poly(rs):
        c=[1.0]
        for r in rs:
            c=[ (c[i-1] if i>0 else 0.0) - r*(c[i] if i<len(c) else 0.0) for i in range(len(c)+1)]
        return c
    BT=torch.zeros(n,n,dtype=torch.float64); G=torch.zeros(n,3,dtype=torch.float64); AT=torch.zeros(m,n,dtype=torch.float64)
    for i in range(n-1):
        others=[p[j] for j in range(n-1) if j!=i]
        BT[i,:n-1]=torch.tensor(poly(others),dtype=torch.float64)
        d=1.0
        for o in others: d*=p[i]-o
        G[i]=torch.tensor([1,p[i],p[i]**2])/d
        AT[:,i]=torch.tensor([p[i]**k for k in range(m)])
    BT[n-1]=torch.tensor(poly(p)); G[n-1,2]=1; AT[m-1,n-1]=1
    return AT.to(f4),G.to(f4),BT.to(f4)
def wino(x,w,points,m):
    AT,G,BT=mats(points,m); n=m+2; N,C,H,W=x.shape; t=-(-H//m)
    xp=torch.zeros(N,C,t*m+2,t*m+2); xp[:,:,1:H+1,1:W+1]=x
    d=xp.unfold(2,n,m).unfold(3,n,m)  # N C t t n n
    V=BT@d@BT.T; U=G@w@G.T
    M=torch.einsum('nctuab,kcab->nktuab',V,U)
    Y=AT@M@AT.T
    Y=Y.permute(0,1,2,4,3,5).reshape(N,w.shape[0],t*m,t*m)
    return Y[:,:,:H,:W]
def choices(y):
    w=y.unfold(2,2,2).unfold(3,2,2).reshape(*y.shape[:2],7,7,4)
    best,i=w.max(-1)
    return torch.where(best>0,i,-1)
forms={'direct':None,'F(4x4)':([0,.5**.5,-.5**.5,2**.5,-2**.5],4),'F(4x4) .75':([0,.75,-.75,1.5,-1.5],4),'F(5x5)':([.25,-.25,.875,-.875,1.75,-1.75],5),'F(7x7)':([.25,-.25,.6875,-.6875,1.125,-1.125,2.125,-2.125],7)}
count={k:[0,0] for k in forms}
for b in range(48):
    x=torch.relu(torch.randn(128,16,14,14)); w=torch.randn(32,16,3,3)*(2/144)**.5
    ref=choices(torch.nn.functional.conv2d(x.double(),w.double(),padding=1))
    for k,f in forms.items():
        y=torch.nn.functional.conv2d(x,w,padding=1) if f is None else wino(x,w,*f)
        if k=='F(5x5)' and b==0: print('error', ((y.double()-torch.nn.functional.conv2d(x.double(),w.double(),padding=1)).norm()/y.double().norm()).item())
        n=(choices(y)!=ref).sum().item(); count[k][0]+=n; count[k][1]+=n>0
print({k:(v[0],f'{v[1]} of 48 batches') for k,v in count.items()})
