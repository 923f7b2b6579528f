//! From which batch, and from which width, a card is faster than the processor.

use std::collections::BTreeMap;

use record::bench::{BenchPhase, BenchRow, Growth, Overtaking};

use crate::marks::family_and_width;

/// What stays the same while work grows: network or family, data set, phase, and the batch where widths grow.
type Series = (String, String, BenchPhase, Growth, Option<u64>);

/// Images per second at one size of work: the upper end of the processor's best, and the lower end of the card's.
type Pair = (Option<f64>, Option<f64>);

/// One for each card, learner and precision and for each series of at least two sizes at which both were measured; in
/// the order in which the cards come, and then by name.
#[must_use]
pub fn overtaking(rows: &[BenchRow]) -> Vec<Overtaking> {
    let mut contestants: Vec<[&str; 3]> = Vec::new();
    for row in rows.iter().filter(|row| !is_processor(row)) {
        if !contestants.contains(&on_card(row)) {
            contestants.push(on_card(row));
        }
    }
    contestants.into_iter().flat_map(|contestant| of_card(rows, contestant)).collect()
}

fn is_processor(row: &BenchRow) -> bool {
    row.device == "cpu"
}

/// Device, learner and precision: what is told apart on cards.
fn on_card(row: &BenchRow) -> [&str; 3] {
    [&row.device, &row.learner, &row.precision]
}

fn of_card(rows: &[BenchRow], contestant: [&str; 3]) -> Vec<Overtaking> {
    let mut all: BTreeMap<Series, BTreeMap<u64, Pair>> = BTreeMap::new();
    for row in rows.iter().filter(|row| is_processor(row) || on_card(row) == contestant) {
        for (series, size) in places(row) {
            let (processor, card) = all.entry(series).or_default().entry(size).or_default();
            // The ends of intervals that are against the card, so that noise overtakes nobody.
            let (best, speed) = if is_processor(row) { (processor, row.high) } else { (card, row.low) };
            *best = Some(best.map_or(speed, |best| best.max(speed)));
        }
    }
    all.into_iter().filter_map(|(series, sizes)| told(contestant, series, &sizes)).collect()
}

/// Nothing where fewer than two sizes have both.
fn told(contestant: [&str; 3], series: Series, sizes: &BTreeMap<u64, Pair>) -> Option<Overtaking> {
    let both = sizes.iter().filter_map(|(&size, &(processor, card))| Some((size, card? > processor?)));
    let both: Vec<(u64, bool)> = both.collect();
    // The first of those at the end at which the card is faster.
    let from = both.iter().rev().take_while(|(_, faster)| *faster).last().map(|(size, _)| *size);
    let [device, learner, precision] = contestant.map(str::to_owned);
    let (net, data, phase, along, batch) = series;
    let measured: Vec<u64> = both.iter().map(|(size, _)| *size).collect();
    (measured.len() > 1).then_some(Overtaking {
        device,
        learner,
        precision,
        net,
        data,
        phase,
        along,
        batch,
        measured,
        from,
    })
}

/// The series that a row belongs to, with its size in each.
fn places(row: &BenchRow) -> Vec<(Series, u64)> {
    let series = |net: &str, along, batch| (net.to_owned(), row.data.clone(), row.phase, along, batch);
    let mut places = vec![(series(&row.net, Growth::Batch, None), row.batch)];
    if let (_, Some(width), _) = family_and_width(&row.net) {
        let family = row.net.replace(&format!("w{width}"), "w*");
        places.push((series(&family, Growth::Width, Some(row.batch)), u64::from(width)));
    }
    places
}

#[cfg(test)]
mod tests;
