//! Cells by a size that was chosen, training images or parameters, in place of what a training costs.

use std::collections::{BTreeMap, BTreeSet};

use law::cell::Cell;
use law::number::short;

use super::{Cells, Cost, Priced, leave_out, price_of};

/// Each size is a budget of its own, in which every setting that was tried competes.
pub(super) fn by_size(cells: &Cells, priced: &mut Priced, cost: Cost) {
    let mut without = 0;
    let first = cells.groups.iter().find_map(|group| price_of(&group.runs, cost));
    for (cell, group) in priced.cells.iter_mut().zip(&cells.groups) {
        match price_of(&group.runs, cost) {
            Some(size) => {
                cell.compute = size;
                cell.budget = if cells.swept { size } else { cell.budget };
                // Longer trainings have no best length within the grid, and the longest may well win.
                // Nor does a network that is wide enough for its images gain or lose much by more width.
                let free = if cost == Cost::Parameters { ["steps", "epochs"] } else { ["width", "depth"] };
                cell.axes.retain(|axis| !free.contains(&&*axis.name));
            }
            None => {
                without += 1;
                leave_out(cell, first.as_slice());
            }
        }
    }
    if cost == Cost::Examples {
        priced.notes.extend(widest(cells, &priced.cells));
    } else {
        priced.notes.extend(unequal(cells, &priced.cells));
    }
    if without > 0 {
        let reason = if cost == Cost::Parameters { "are not of all training images" } else { "have no size" };
        priced.notes.push(format!("{without} of {} cells {reason} and are left out.", cells.groups.len()));
    }
}

/// Where the best networks of each size did not see equally many images: those that saw more err less for that reason too.
fn unequal(cells: &Cells, priced: &[Cell]) -> Option<String> {
    let mut best: BTreeMap<u64, (f64, u64)> = BTreeMap::new();
    for (cell, group) in priced.iter().zip(&cells.groups) {
        let error = cell.selection_error();
        let Some(run) = group.runs.first().filter(|_| error.is_finite()) else { continue };
        let seen = best.entry(cell.compute.to_bits()).or_insert((error, run.examples_seen));
        if error < seen.0 {
            *seen = (error, run.examples_seen);
        }
    }
    let least = best.values().map(|(_, seen)| *seen).min()?;
    let most = best.values().map(|(_, seen)| *seen).max()?;
    (most > 2 * least).then(|| {
        format!(
            "The best networks of each size saw from {} to {} images: those that saw more err less for that reason too, \
             so k is not one of parameters alone. Train all sizes equally long.",
            short(least as f64, 3),
            short(most as f64, 3)
        )
    })
}

/// Where the widest networks of the grid win, and by how much over the next narrower ones: wider ones might err less still.
fn widest(cells: &Cells, priced: &[Cell]) -> Option<String> {
    let mut by_size: BTreeMap<u64, BTreeMap<u64, f64>> = BTreeMap::new();
    for (cell, group) in priced.iter().zip(&cells.groups) {
        let error = cell.selection_error();
        let Some(width) = group.cell.axis("width").filter(|_| error.is_finite()) else { continue };
        // Numbers above zero rise as their bits do.
        let best = by_size.entry(cell.compute.to_bits()).or_default().entry(width.to_bits()).or_insert(error);
        *best = best.min(error);
    }
    let ratio = |widths: &BTreeMap<u64, f64>| {
        let mut from_widest = widths.values().rev();
        let (widest, rest) = (from_widest.next()?, from_widest.next()?);
        (widths.values().all(|error| widest <= error) && *rest > 0.0).then(|| widest / rest)
    };
    let mut ratios: Vec<f64> = by_size.values().filter_map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2)?;
    Some(format!(
        "The widest network of the grid wins at {} of {} sizes, there with {} times the validation error of the next \
         narrower one (median): wider ones might err less still.",
        ratios.len(),
        by_size.len(),
        short(*median, 2)
    ))
}

/// That more compute bought nothing, where cells of one budget differ in how many images they had: those with the most of them win.
pub(super) fn of_images(cells: &Cells) -> Option<String> {
    let mut examples: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for group in &cells.groups {
        let images = group.runs.first().and_then(|run| run.spec.examples);
        examples.entry(group.cell.budget.to_bits()).or_default().extend(images);
    }
    let is_of_images = cells.swept && examples.values().any(|images| images.len() > 1);
    is_of_images.then(|| {
        "Cells of equal compute differ in how many training images they had, and those with the most of them win: \
         --against examples is the question that this sweep was made for."
            .to_owned()
    })
}
