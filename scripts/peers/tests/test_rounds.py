"""The journal of slices, groups of contestants, and names."""

import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

from harness.contestants import Contestant, Task, names_of
from harness.rounds import Journal, groups
from workers.nets import UnknownName

TASK = Task("net-a", "mnist", 128, "train")


def row(peer, began, run="this"):
    """Returns a slice as the journal has it."""
    task = {"net": "net-a", "data": "mnist", "batch": 128, "phase": "train"}
    return {"run": run, **task, "peer": peer, "threads": 2, "round": began}


class Journals(unittest.TestCase):
    """What was measured is not lost, and not mixed."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "rows.jsonl"

    def test_a_torn_last_line_is_dropped_and_the_rest_kept(self):
        whole = json.dumps(row("a", 1)) + "\n"
        self.path.write_text(whole + '{"run": "this", "net', encoding="utf-8")
        journal = Journal(self.path, "this")
        self.assertEqual([found["round"] for found in journal.rows], [1])
        journal.add({key: value for key, value in row("a", 2).items() if key != "run"})
        self.assertEqual([found["round"] for found in Journal(self.path, "this").rows], [1, 2])

    def test_devices_are_told_apart_and_old_rows_are_of_the_processor(self):
        journal = Journal(self.path, "this")
        for device in ({}, {"device": "cpu"}, {"device": "cuda:0"}):
            journal.add({**row("a", len(journal.rows)), **device})
        found = {device: journal.slices(replace(TASK, device=device)) for device in ("cpu", "cuda:0")}
        self.assertEqual([list(rounds) for rounds in found["cpu"].values()], [[0, 1]])
        self.assertEqual([list(rounds) for rounds in found["cuda:0"].values()], [[2]])

    def test_rows_of_another_binary_or_machine_do_not_count(self):
        lines = [json.dumps(row("a", began, run)) for began, run in ((1, "this"), (2, "another"))]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.assertEqual(len(Journal(self.path, "this").rows), 1)
        self.assertEqual(len(Journal(self.path, "a third").rows), 0)

    def test_a_round_is_complete_when_everyone_has_a_slice(self):
        lines = [json.dumps(row(peer, began)) for peer, began in (("a", 1), ("b", 1), ("a", 2))]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        journal, both = Journal(self.path, "this"), [Contestant("a", 2), Contestant("b", 2)]
        self.assertEqual(journal.complete_rounds(TASK, both), 1)
        self.assertEqual(journal.complete_rounds(TASK, both[:1]), 2)


class Names(unittest.TestCase):
    """Who takes part."""

    def test_ergo_is_in_every_group_and_threads_of_a_name_stay_together(self):
        names = ["ergo-native-f32", "torch-a", "torch-b", "torch-c"]
        field = [Contestant(name, threads) for name in names for threads in (1, 2)]
        found = [sorted({contestant.name for contestant in group}) for group in groups(field, 4)]
        self.assertEqual(found, [names[:3], ["ergo-native-f32", "torch-c"]])
        self.assertTrue(all(len(group) % 2 == 0 for group in groups(field, 3)))

    def test_words_and_patterns_stand_for_configurations(self):
        self.assertEqual(len(names_of("torch", "all")), 16)
        best = [f"torch-{kind}-f32-tuned" for kind in ("eager-nhwc", "compile-nchw", "compile-nhwc")]
        self.assertEqual(names_of("ergo,torch", "best-f32"), ["ergo-native-f32", *best])
        self.assertEqual(names_of("ergo-candle-f32,jax-nchw-*", "all"), ["ergo-candle-f32", "jax-nchw-f32"])
        with self.assertRaises(UnknownName):
            names_of("torhc", "all")

    def test_on_a_card_pytorch_and_the_libtorch_learner_take_part(self):
        found = names_of("torch,ergo", "best-f32", "cuda:0")
        expected = [f"torch-{mode}-{layout}-f32-cuda" for mode in ("eager", "compile") for layout in ("nchw", "nhwc")]
        self.assertEqual(found, [*expected, "ergo-tch-f32"])
        with self.assertRaises(UnknownName):
            names_of("jax", "all", "cuda:0")


if __name__ == "__main__":
    unittest.main()
