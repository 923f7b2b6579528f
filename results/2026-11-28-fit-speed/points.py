"""Writes two tables of points with k = 6 and a scatter of 10%, of a hundred thousand and of ten million rows."""

import numpy as np
for name, count in (("points-100000.csv", 100_000), ("points-10000000.csv", 10_000_000)):
    r = np.random.default_rng(1)
    c = 10 ** r.uniform(9, 15, count)
    e = 2.0 * c ** (-1 / 6) * np.exp(0.1 * r.standard_normal(count))
    with open("./" + name, "w") as f:
        f.write("compute,error\n")
        for i in range(0, count, 100_000):
            f.write("".join(f"{a:.6g},{b:.6g}\n" for a, b in zip(c[i:i+100_000], e[i:i+100_000])))
