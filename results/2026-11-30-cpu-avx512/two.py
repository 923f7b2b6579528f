"""Two threads beside two trainings of one thread each and one alone, in turn: python3 two.py ERGO ROUNDS OUT."""
import json, random, subprocess, sys
ergo, rounds, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def start(net, threads, core):
    pin = ["taskset", "-c", core]
    command = [*pin, ergo, "bench", "--nets", net, "--learners", "native", "--threads", str(threads), "--batch", "128", "--seconds", "1.5", "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
def speed(process):
    said = json.loads(process.communicate()[0])
    row = said["rows"][0]
    slices = row["slices"]
    busy = sum(s["cpu_seconds"] for s in slices) / sum(s["seconds"] for s in slices)
    return {"images_per_second": row["images_per_second"], "peak_gflops": row["peak_gflops"], "busy_cores": busy, "others_share": said["others_share"]}
WAYS = {"alone-0": lambda net: [start(net, 1, "0")], "alone-1": lambda net: [start(net, 1, "1")],
        "at-once": lambda net: [start(net, 1, "0"), start(net, 1, "1")], "two-threads": lambda net: [start(net, 2, "0,1")]}
with open(out, "w") as file:
    for number in range(rounds):
        for net in ["net-a", "net-b"]:
            for way in random.sample(list(WAYS), len(WAYS)):
                found = [speed(process) for process in WAYS[way](net)]
                file.write(json.dumps({"round": number, "net": net, "way": way, "found": found}) + "\n")
                file.flush()
