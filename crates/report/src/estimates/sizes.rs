//! Which runs a surface over parameters and images is fitted to.

use std::collections::BTreeMap;

use law::surface::Size;
use record::run::RunRecord;

use crate::cells::{Cells, Group};

/// Axes that make a size; others, such as the learning rate, are tuned for each.
const OF_SIZE: [&str; 5] = ["width", "depth", "steps", "epochs", "examples"];

/// Runs by parameters and examples seen, and what is to be said of them. Of a sweep those of the setting that is best on validation images
/// for each size, as one that is badly tuned says nothing of its size; for the same reason none of a size whose best setting lies at an
/// edge of what was tried.
pub(super) fn runs(records: &[RunRecord], cells: &Cells) -> (Vec<Size>, Vec<String>) {
    let size = |run: &RunRecord| {
        let error = run.error.filter(|error| *error > 0.0)?;
        let (parameters, data) = (run.parameters as f64, run.examples_seen as f64);
        (parameters > 0.0 && data > 0.0).then_some(Size { parameters, data, error })
    };
    if !cells.swept {
        return (records.iter().filter_map(size).collect(), Vec::new());
    }
    let mut by_size: BTreeMap<[u64; 2], Vec<&Group>> = BTreeMap::new();
    for group in &cells.groups {
        if let Some(run) = group.runs.first() {
            by_size.entry([run.parameters, run.examples_seen]).or_default().push(group);
        }
    }
    let (edge, inside): (Vec<_>, Vec<_>) =
        by_size.values().filter_map(|groups| best(groups)).partition(|(_, is_at_edge)| *is_at_edge);
    let mut notes = vec![
        "Of each number of parameters and images the best setting on validation images is fitted, in all its runs, and no other; how it \
         was chosen is in no interval."
            .to_owned(),
    ];
    if !edge.is_empty() {
        notes.push(format!(
            "Left out as their best setting lies at an edge of the grid: {} of {} sizes.",
            edge.len(),
            edge.len() + inside.len()
        ));
    }
    let runs = inside.iter().flat_map(|(group, _)| &group.runs).filter_map(|run| size(run)).collect();
    (runs, notes)
}

/// The setting that is best on validation images, and whether it lies at an edge.
fn best<'a>(groups: &[&'a Group<'a>]) -> Option<(&'a Group<'a>, bool)> {
    let error = |group: &Group| group.cell.selection_error();
    let known = groups.iter().copied().filter(|group| error(group).is_finite());
    let best = known.min_by(|a, b| error(a).total_cmp(&error(b)))?;
    Some((best, is_at_edge(best, groups)))
}

/// Whether what was tuned of `best` is the least or the most that was tried among `groups` of its size.
fn is_at_edge(best: &Group, groups: &[&Group]) -> bool {
    best.cell.axes.iter().filter(|axis| !OF_SIZE.contains(&&*axis.name)).any(|axis| {
        let tried = || groups.iter().filter_map(|group| group.cell.axis(&axis.name));
        let (low, high) = (tried().fold(f64::INFINITY, f64::min), tried().fold(f64::NEG_INFINITY, f64::max));
        low < high && (axis.value <= low || axis.value >= high)
    })
}
