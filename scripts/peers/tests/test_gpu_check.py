"""What `scripts/gpu-check` makes of a comparison on a card, on invented slices."""

from __future__ import annotations

import json
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

sys.dont_write_bytecode = True
LOADER = SourceFileLoader("gpu_check", str(Path(__file__).resolve().parents[2] / "gpu-check"))
CHECK = module_from_spec(spec_from_loader("gpu_check", LOADER))
sys.modules["gpu_check"] = CHECK
LOADER.exec_module(CHECK)


def slices(net: str, batch: int, precision: str, speeds: dict[str, float]) -> list[dict]:
    """Returns three rounds of contestants whose speeds grow alike from one to the next."""
    names = {"ergo": f"ergo-tch-{precision}"}
    quiet = {"net": net, "batch": batch, "disturbed": False, "images_per_cpu_second": 1.0}
    return [
        quiet | {"peer": names.get(peer, f"torch-{peer}-{precision}-cuda"), "round": n, "images_per_second": speed * n}
        for n in (1, 2, 3)
        for peer, speed in speeds.items()
    ]


class ByPrecision(unittest.TestCase):
    """Ratios to PyTorch eager and compiled, each precision by itself."""

    def test_the_best_of_each_mode_is_compared_in_the_same_precision(self) -> None:
        """The layout with the least ratio counts, and no other precision."""
        rows = slices("net-a", 128, "f32", {"ergo": 300, "eager-nhwc": 100, "eager-nchw": 150, "compile-nhwc": 200})
        rows += slices("net-a", 128, "bf16", {"ergo": 900, "eager-nhwc": 600, "compile-nhwc": 900})
        text, _ = CHECK.by_precision(rows)
        self.assertIn("| net-a | 128 | f32 | 600 | 2.00 [2.00, 2.00] | 1.50 [1.50, 1.50] |", text)
        self.assertIn("| net-a | 128 | bf16 | 1,800 | 1.50 [1.50, 1.50] | 1.00 [1.00, 1.00] |", text)

    def test_what_did_not_run_is_missing(self) -> None:
        """Without slices of ergo or of a mode of PyTorch the step has to fail."""
        _, missing = CHECK.by_precision(slices("net-b-w32", 1024, "tf32", {"ergo": 3, "eager-nhwc": 1}))
        self.assertIn("net-b-w32 at 1024 in tf32: no slices of PyTorch compile", missing)
        self.assertIn("net-b-w32 at 1024 in f32: no slices of ergo", missing)
        whole = [
            row
            for net in CHECK.NETS
            for batch in (128, 1024)
            for precision in CHECK.PRECISIONS
            for row in slices(net, batch, precision, {"ergo": 3, "eager-nhwc": 1, "compile-nhwc": 2})
        ]
        self.assertEqual(CHECK.by_precision(whole)[1], [])


class SkippedOnCard(unittest.TestCase):
    """What tests say on stderr of a card that took no part."""

    def test_a_card_that_took_no_part_is_seen(self) -> None:
        """Libtorch's learner has to take part, and candle's where it was built for cards."""
        absent = "SKIPPED tch on cuda:0: cuda:0: libtorch finds no card"
        for said in (f"{absent}\n", f"test a ... {absent}\n", "SKIPPED tch on cuda:0 in bf16: no card\n"):
            self.assertEqual(len(CHECK.skipped_on_card(said)), 1, said)
        self.assertEqual(len(CHECK.skipped_on_card("SKIPPED candle on cuda:0: cuda:0: no driver\n")), 1)

    def test_what_was_not_built_for_cards_may_be_skipped(self) -> None:
        """A build without the feature `cuda` has no candle on cards."""
        said = "SKIPPED candle on cuda:0: the candle learner computes on the CPU only; write --device cpu\ntest result: ok. 8 passed"
        self.assertEqual(CHECK.skipped_on_card(said), [])


class Idle(unittest.TestCase):
    """Gaps between the operations of a card, as Nsight Systems lists them."""

    def test_gaps_are_those_after_the_warm_up(self) -> None:
        """Operations of two streams may overlap; the long gap in the first half is no step's."""
        spans = [(0, 5), (1000, 5), (2000, 5), (3000, 10), (3000, 60), (3100, 40), (3160, 40), (3200, 0)]
        lines = ["Processing [x.sqlite] with [cuda_gpu_trace.py]... ", "", "Start (ns),Duration (ns),CorrId,Name"]
        lines += [f'{start},{duration},7,"void kernel<int, float>(x)"' for start, duration in spans]
        lines += ["", "3300", "no line of the list"]
        # From 3,000 on: 60 of work, 40 idle, 40, 20 idle, 40.
        self.assertEqual(CHECK.idle("\n".join(lines)), "idle between 4 operations 30.0% of the time, 0.0 us in the median")
        with self.assertRaises(RuntimeError):
            CHECK.idle("SKIPPED: no data")


class Readme(unittest.TestCase):
    """The README of all steps, however many calls they took."""

    def test_steps_of_earlier_calls_stay(self) -> None:
        """A later call with one step replaces that step's line alone."""
        with tempfile.TemporaryDirectory() as folder:
            for told in ({"facts": "a card", "frontier": "FAILED: no set"}, {"frontier": "k = 5"}):
                check = CHECK.Check(Path("ergo"), [], Path(folder), 1.0, {}, 1, dict(told))
                CHECK.write_readme(check, 0.0)
            text = (Path(folder) / "README.md").read_text(encoding="utf-8")
        self.assertIn("| facts | a card |\n| frontier | k = 5 |", text)
        self.assertNotIn("FAILED", text)


class Finished(unittest.TestCase):
    """A sweep that was cut short, or has no k, is no result."""

    def test_what_is_left_fails(self) -> None:
        """Runs that are left, or a fit without k, raise."""
        self.assertIn("k = 3.0", CHECK.finished({"runs_done": 5, "runs_planned": 5, "fit": {"k": 3.0}}))
        for done, fit in ((4, {"k": 3.0}), (5, None), (5, {"k": None})):
            with self.assertRaises(RuntimeError):
                CHECK.finished({"runs_done": done, "runs_planned": 5, "fit": fit})

    def test_joules_by_counter_are_looked_for(self) -> None:
        """Estimates and integrals do not count."""
        window = {"domain": "gpu-0", "phase": "train", "kind": "counter", "joules": 5.0}
        others = ({"kind": "integrated"}, {"domain": "host"}, {"phase": "load"}, {"joules": None})
        records = [{"energy": [window]}, *({"energy": [window | other]} for other in others)]
        with tempfile.TemporaryDirectory() as folder:
            lines = "".join(json.dumps(record) + "\n" for record in records)
            (Path(folder) / "runs-0.jsonl").write_text(lines, encoding="utf-8")
            self.assertEqual(CHECK.counted(Path(folder)), 1)


if __name__ == "__main__":
    unittest.main()
