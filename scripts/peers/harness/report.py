"""Tables of what was measured: every contestant of a task, or every task against PyTorch's best f32."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median

from harness.contestants import Contestant, Task
from harness.ratios import figures, paired

Slices = dict[Contestant, dict[int, dict]]


def is_torch_f32(contestant: Contestant) -> bool:
    """Returns whether this is PyTorch computing in f32."""
    return contestant.library == "torch" and "-f32-" in contestant.name


def best_torch_f32(slices: Slices, threads: int, base: str) -> Contestant | None:
    """Returns PyTorch's f32 configuration that `base` is ahead of by the least ratio, or None where none ran."""
    above = slices.get(Contestant(base, threads))
    field = [c for c in slices if is_torch_f32(c) and c.threads == threads]
    ratios = {c: paired(above, slices[c]) for c in field} if above else {}
    return min((c for c in field if ratios.get(c)), key=lambda c: ratios[c]["ratio"], default=None)


def summary_rows(task: Task, slices: Slices, base: str) -> list[dict]:
    """Returns one row for each contestant of a task: its figures, and the ratio of `base` to it."""
    rows = []
    for contestant in sorted(slices, key=lambda c: (c.threads, c.name)):
        row = asdict(task) | {"peer": contestant.name, "threads": contestant.threads}
        row |= figures(slices[contestant])
        facts = next(iter(slices[contestant].values()))["facts"]
        row["version"] = facts.get("version")
        if per_image := flops_per_image(slices):
            row["gflops"] = row["images_per_second"] * per_image / 1e9
        row["best_torch_f32"] = contestant == best_torch_f32(slices, contestant.threads, base)
        above = slices.get(Contestant(base, contestant.threads))
        row["base_to_this"] = paired(above, slices[contestant]) if above else None
        row["to_one_thread"] = scaling(slices, contestant)
        rows.append(row)
    return rows


def flops_per_image(slices: Slices) -> float | None:
    """Returns the model FLOPs of one image, as ergo counted them, or None without ergo."""
    for contestant, rows in slices.items():
        if contestant.library == "ergo":
            return next(iter(rows.values()))["facts"]["flops_per_image"]
    return None


def scaling(slices: Slices, contestant: Contestant) -> dict | None:
    """Returns how much faster a contestant is than itself on one thread, or None where that did not run."""
    single = slices.get(Contestant(contestant.name, 1))
    if contestant.threads == 1 or single is None:
        return None
    return paired(slices[contestant], single)


def ratio_text(ratio: dict | None) -> str:
    """Returns a ratio with its interval; a `!` marks one from disturbed slices."""
    if ratio is None:
        return ""
    mark = "" if ratio["quiet"] else " !"
    return f"{ratio['ratio']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}]{mark}"


def markdown(header: list[str], lines: list[list[str]]) -> str:
    """Returns a Markdown table; columns after the first two are aligned to the right."""
    rule = ["---" if column < 2 else "---:" for column in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *lines])


def task_table(rows: list[dict], base: str) -> str:
    """Returns the table of one task."""
    header = ["peer", "threads", "images/s", "low", "high", "images per CPU-s", "GFLOP/s", f"{base} / this"]
    header += ["to 1 thread", "slices", "disturbed"]
    lines = []
    for row in sorted(rows, key=lambda row: (row["threads"], -row["images_per_second"])):
        gflops = row.get("gflops")
        name = f"**{row['peer']}**" if row["best_torch_f32"] else row["peer"]
        lines.append(
            [
                name,
                str(row["threads"]),
                f"{row['images_per_second']:,.0f}",
                f"{row['low']:,.0f}",
                f"{row['high']:,.0f}",
                f"{row['images_per_cpu_second']:,.0f}",
                f"{gflops:,.1f}" if gflops else "",
                ratio_text(row["base_to_this"]),
                ratio_text(row["to_one_thread"]),
                str(row["slices"]),
                str(row["disturbed"]),
            ]
        )
    return markdown(header, lines)


def grid_rows(measured: list[tuple[Task, Slices]], base: str) -> list[dict]:
    """Returns one row for each task and number of threads: `base` against PyTorch's best f32, worst first."""
    rows = []
    for task, slices in measured:
        for threads in sorted({contestant.threads for contestant in slices}):
            best, above = best_torch_f32(slices, threads, base), slices.get(Contestant(base, threads))
            ratio = paired(above, slices[best]) if best and above else None
            if ratio is None:
                continue
            row = asdict(task) | {"threads": threads, "torch": best.name, **ratio}
            row["torch_images_per_second"] = figures(slices[best])["images_per_second"]
            row["images_per_second"] = figures(above)["images_per_second"]
            rows.append(row)
    return sorted(rows, key=lambda row: row["low"])


def grid_table(rows: list[dict], base: str) -> str:
    """Returns the table of a grid."""
    header = ["net", "data", "batch", "threads", "PyTorch's best f32", "its images/s", f"{base} images/s"]
    header += ["ratio [95%]"]
    lines = [
        [
            row["net"],
            row["data"],
            str(row["batch"]),
            str(row["threads"]),
            row["torch"].removeprefix("torch-"),
            f"{row['torch_images_per_second']:,.0f}",
            f"{row['images_per_second']:,.0f}",
            ratio_text(row),
        ]
        for row in rows
    ]
    return markdown(header, lines)


def grid_line(rows: list[dict]) -> str:
    """Returns in a sentence what the ratios of a grid are."""
    ratios = [row["ratio"] for row in rows]
    ends = f"{min(ratios):.2f} to {max(ratios):.2f}, {median(ratios):.2f} in the median"
    return f"{len(rows)} ratios: {ends}; the least lower end is {min(row['low'] for row in rows):.2f}."


def document(measured: list[tuple[Task, Slices]], base: str) -> tuple[str, dict]:
    """Returns everything that was measured as Markdown and as data."""
    parts, tasks = [], []
    grid = grid_rows(measured, base)
    if len(grid) > 1:
        parts.append(f"## {base} against PyTorch's best f32, worst first\n\n{grid_line(grid)}\n\n{grid_table(grid, base)}")
    for task, slices in measured:
        rows = summary_rows(task, slices, base)
        tasks += rows
        title = f"## {task.net} on {task.data}, batch {task.batch}, {task.phase}"
        parts.append(f"{title}\n\n{task_table(rows, base)}")
    note = "Bold: PyTorch's best f32. `!`: too few slices were undisturbed, so all were used."
    return "\n\n".join([*parts, note]) + "\n", {"base": base, "grid": grid, "rows": tasks}


