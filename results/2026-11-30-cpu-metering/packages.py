"""Imitates the counters of packages and of their memory: `packages.py FOLDER PACKAGES`, until it is killed."""
import os, sys, time
folder, packages = sys.argv[1], int(sys.argv[2])
root = os.path.join(folder, "sys/class/powercap")
zones = []
def zone(path, name, watts):
    os.makedirs(path, exist_ok=True)
    for file, text in (("name", name), ("max_energy_range_uj", 262143328850), ("enabled", 1), ("constraint_0_max_power_uw", 250_000_000)):
        with open(os.path.join(path, file), "w") as out: out.write(f"{text}\n")
    zones.append((os.open(os.path.join(path, "energy_uj"), os.O_CREAT | os.O_RDWR), watts))
for p in range(packages):
    top = os.path.join(root, f"intel-rapl:{p}")
    zone(top, f"package-{p}", 60.0 + 7 * p)
    if packages > 1:
        zone(os.path.join(root, f"intel-rapl:{p}:0"), "dram", 8.0 + p)
begin = time.monotonic()
while True:
    passed = time.monotonic() - begin
    for fd, watts in zones:
        os.pwrite(fd, f"{int(1e9 + passed * watts * 1e6):012d}\n".encode(), 0)
    time.sleep(0.02)
