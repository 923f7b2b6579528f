//! Presets are read, planned and of sensible size.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{file, plan};

#[test]
fn presets_and_the_example_plan() {
    for name in NAMES.into_iter().chain(["example"]) {
        let text = if name == "example" { EXAMPLE } else { preset(name).expect(name) };
        let file = file::parse(text, name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.name, name);
        let sweep = plan::plan(&file).unwrap_or_else(|error| panic!("{error}"));
        let mut widths: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for run in &sweep.runs {
            widths.entry(run.place.budget.0).or_default().insert(run.place.axes["width"] as u64);
        }
        // Five budgets are few to fit two numbers to, and a best width needs a neighbour on both sides.
        assert!(widths.len() >= 5, "{name}: budgets {:?}", widths.keys());
        assert!(widths.values().all(|widths| widths.len() >= 3), "{name}: {widths:?}, {:?}", sweep.dropped);
    }
    assert_eq!(preset("no-such"), None);
}

/// README promises about two minutes; the sweep kept in results/2026-11-22-cpu-quick, of 3.8e12 model FLOPs, evaluations
/// included, took 1 min 39 s.
#[test]
fn the_quick_preset_is_small() {
    let sweep = plan::plan(&file::parse(preset("quick").unwrap(), "quick").unwrap()).unwrap();
    let flops: f64 = sweep.runs.iter().map(|run| (run.train_flops + run.evaluation_flops).as_f64()).sum();
    assert!(flops < 5e12, "{flops:e}");
}
