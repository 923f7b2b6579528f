"""Medians, intervals and ratios of slices."""

import unittest

from harness.contestants import Contestant, Task
from harness.ratios import coverage, figures, interval, paired
from harness.report import best_torch_f32, grid_line, grid_rows, summary_rows

TASK = Task("net-a", "mnist", 128, "train")


def slices(speeds, disturbed=(), first_round=0):
    """Returns slices by round with these images per second; the rounds in `disturbed` were disturbed."""
    facts = {"parameters": 1, "flops_per_image": 2e6}
    return {
        r: {"images_per_second": s, "images_per_cpu_second": s / 2, "disturbed": r in disturbed, "facts": facts}
        for r, s in enumerate(speeds, first_round)
    }


class Intervals(unittest.TestCase):
    """The same cases as of `ergo bench`, whose intervals are by the same rule."""

    def test_coverage_is_that_of_tossed_coins(self):
        # 1 - 2 x 1/32, 1 - 2 x 1/64, 1 - 2 x (1 + 9)/512.
        self.assertEqual([coverage(5, 1), coverage(6, 1), coverage(9, 2)], [0.9375, 0.96875, 1 - 20 / 512])

    def test_it_is_the_narrowest_that_holds_the_median_with_95_percent(self):
        self.assertEqual(interval([3.0, 1.0, 2.0]), (1.0, 3.0))
        self.assertEqual(interval([8.0, 1.0, 7.0, 2.0, 6.0, 3.0, 5.0, 4.0]), (1.0, 8.0))
        self.assertEqual(interval([900.0, 12.0, 11.0, 13.0, 0.1, 15.0, 14.0, 17.0, 16.0]), (11.0, 17.0))
        # 1 - 2 x (1 + 20 + 190 + 1,140 + 4,845 + 15,504)/1,048,576 is 0.959, one rank further in 0.885.
        self.assertEqual(interval([float(v) for v in range(20)]), (5.0, 14.0))


class Ratios(unittest.TestCase):
    """Ratios are formed within rounds, from undisturbed slices where there are three."""

    def test_what_slows_both_down_in_a_round_drops_out(self):
        found = paired(slices([20, 2, 200, 40]), slices([10, 1, 100, 20]))
        self.assertEqual(found, {"ratio": 2.0, "low": 2.0, "high": 2.0, "rounds": 4, "quiet": True})

    def test_only_rounds_of_both_count(self):
        self.assertEqual(paired(slices([20, 30, 30]), slices([10, 10], first_round=1))["ratio"], 3.0)
        self.assertIsNone(paired(slices([20]), slices([10], first_round=7)))

    def test_disturbed_rounds_count_only_where_too_few_others_are_left(self):
        above, below = slices([20, 20, 20, 90], disturbed=[3]), slices([10, 10, 10, 10])
        self.assertEqual([paired(above, below)[key] for key in ("high", "rounds", "quiet")], [2.0, 3, True])
        above = slices([20, 20, 20, 90], disturbed=[2, 3])
        self.assertEqual([paired(above, below)[key] for key in ("high", "rounds", "quiet")], [9.0, 4, False])

    def test_figures_leave_disturbed_slices_out(self):
        found = figures(slices([10, 30, 20, 900], disturbed=[3]))
        self.assertEqual([found[key] for key in ("images_per_second", "best", "slices", "disturbed")], [20, 30, 4, 1])


class Reports(unittest.TestCase):
    """Which PyTorch is the best, and what the rows say."""

    measured = {
        Contestant("ergo-native-f32", 1): slices([50, 50, 50]),
        Contestant("ergo-native-f32", 2): slices([100, 100, 100]),
        Contestant("torch-eager-nhwc-f32-tuned", 2): slices([40, 40, 40]),
        Contestant("torch-eager-nchw-f32-tuned", 2): slices([20, 20, 20]),
        Contestant("torch-eager-nhwc-bf16-tuned", 2): slices([90, 90, 90]),
    }

    def test_best_is_f32_and_the_one_least_behind(self):
        best = best_torch_f32(self.measured, 2, "ergo-native-f32")
        self.assertEqual(best, Contestant("torch-eager-nhwc-f32-tuned", 2))
        self.assertIsNone(best_torch_f32(self.measured, 1, "ergo-native-f32"))

    def test_rows_have_ratios_and_scaling(self):
        rows = {(r["peer"], r["threads"]): r for r in summary_rows(TASK, self.measured, "ergo-native-f32")}
        self.assertEqual(rows["torch-eager-nhwc-f32-tuned", 2]["base_to_this"]["ratio"], 2.5)
        self.assertEqual(rows["ergo-native-f32", 2]["to_one_thread"]["ratio"], 2.0)
        self.assertIsNone(rows["torch-eager-nhwc-f32-tuned", 2]["to_one_thread"])
        # 100 images/s of 2 MFLOP.
        self.assertAlmostEqual(rows["ergo-native-f32", 2]["gflops"], 0.2)

    def test_the_grid_compares_with_the_best(self):
        (row,) = grid_rows([(TASK, self.measured)], "ergo-native-f32")
        self.assertEqual((row["torch"], row["ratio"]), ("torch-eager-nhwc-f32-tuned", 2.5))
        line = grid_line([row, row | {"ratio": 3.0, "low": 0.5}])
        self.assertEqual(line, "2 ratios: 2.50 to 3.00, 2.75 in the median; the least lower end is 0.50.")


if __name__ == "__main__":
    unittest.main()
