"""Ratios of slices that ran in the same round, and how sure one can be of their median."""

from __future__ import annotations

from math import comb
from statistics import median

CONFIDENCE = 0.95
FEWEST_QUIET = 3


def interval(values: list[float]) -> tuple[float, float]:
    """Returns the narrowest two values, as many from the least as from the greatest, that hold the median with 95%.

    The median lies below the k-th of n values as often as a coin thrown n times shows fewer than k heads. Fewer than
    six values hold it less surely (five with 94%), and then all of them are the interval.
    """
    ordered = sorted(values)
    n, inner = len(ordered), 1
    while inner < n - inner and coverage(n, inner + 1) >= CONFIDENCE:
        inner += 1
    return ordered[inner - 1], ordered[n - inner]


def coverage(n: int, inner: int) -> float:
    """Returns how often the median lies between the `inner`-th least and greatest of `n` values."""
    return 1 - 2 * sum(comb(n, heads) for heads in range(inner)) / 2**n


def quiet_rounds(above: dict[int, dict], below: dict[int, dict]) -> tuple[list[int], bool]:
    """Returns the rounds both took part in undisturbed; all rounds and False where those are too few."""
    shared = sorted(above.keys() & below.keys())
    quiet = [r for r in shared if not above[r]["disturbed"] and not below[r]["disturbed"]]
    return (quiet, True) if len(quiet) >= min(FEWEST_QUIET, len(shared)) else (shared, False)


def paired(above: dict[int, dict], below: dict[int, dict]) -> dict | None:
    """Returns the median ratio of images per second, round by round, with its interval; None without rounds."""
    rounds, quiet = quiet_rounds(above, below)
    if not rounds:
        return None
    values = [above[r]["images_per_second"] / below[r]["images_per_second"] for r in rounds]
    low, high = interval(values)
    return {"ratio": median(values), "low": low, "high": high, "rounds": len(rounds), "quiet": quiet}


def figures(rows: dict[int, dict]) -> dict:
    """Returns the medians of one contestant's slices, undisturbed ones where there are enough."""
    quiet = [row for row in rows.values() if not row["disturbed"]]
    used = quiet if len(quiet) >= min(FEWEST_QUIET, len(rows)) else list(rows.values())
    speeds = [row["images_per_second"] for row in used]
    low, high = interval(speeds)
    return {
        "images_per_second": median(speeds),
        "low": low,
        "high": high,
        "best": max(speeds),
        "images_per_cpu_second": median(row["images_per_cpu_second"] for row in used),
        "slices": len(rows),
        "disturbed": len(rows) - len(quiet),
    }
