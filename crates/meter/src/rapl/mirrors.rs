//! Dies that show one counter, and dies that have a counter each.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Zone, count, order};
use crate::clock::Stopwatch;
use crate::source::ReadError;

/// Microjoules that a mirror may show more because it was read later, as this process was put to sleep: 1,000 W for 0.1 s.
const ASLEEP: u64 = 100_000_000;

/// Two counters that show about the same are looked at side by side as often as this at least, a millisecond apart.
const LOOKS: usize = 20;

/// And for so many seconds, unless it is clear before.
const WATCHED: f64 = 0.5;

/// Counters that do not move at all are watched for less.
const IDLE: f64 = 0.05;

/// As often as this are two counters exactly as far apart, after both moved, before that is no accident; as often does one move before
/// what it counts says anything.
const MOVES: u32 = 8;

/// The median of so many looks tells how far two counters are apart.
const MIDDLE: usize = 7;

/// Mirrors count the same within this share.
const SAME: f64 = 0.01;

/// And within what is drawn in so many seconds, as one may be renewed or read later than the other.
const LATE: f64 = 0.001;

/// On AMD Zen 1 and 2 each die of a package shows the counter of the whole package (CodeCarbon issue
/// #1274); dies whose counters agree within 1%, in what they show and in what they count, are such mirrors and count once. Otherwise
/// each counts, as a part of its package. Mirrors are read on, and where they part, the domain is unknown, before that too, rather than too small.
pub(super) fn merge_mirrors(zones: Vec<Zone>) -> Vec<Zone> {
    let mut merged: Vec<Zone> = Vec::new();
    let mut dies: BTreeMap<String, Vec<Zone>> = BTreeMap::new();
    for zone in zones {
        match zone.facts.domain.split_once("-die-") {
            Some((package, _)) => dies.entry(package.to_string()).or_default().push(zone),
            None => merged.push(zone),
        }
    }
    for (package, zones) in dies {
        let number = zones.len();
        let mut apart: Vec<Zone> = Vec::new();
        for zone in zones {
            match apart.iter_mut().find(|known| is_mirror(known, &zone)) {
                Some(known) => {
                    let is_same = known.first_microjoules.abs_diff(zone.first_microjoules) <= ASLEEP;
                    let first = if is_same { known.first_microjoules } else { zone.first_microjoules };
                    known.twins.push((zone.counter, first));
                }
                None => apart.push(zone),
            }
        }
        let counters = apart.len();
        for zone in &mut apart {
            // Dies with counters of their own are read apart; their windows are told as one of the package.
            zone.facts.domain.clone_from(&package);
            zone.facts.note = (number > 1).then(|| match counters {
                1 => format!("{number} dies show one counter, which is counted once"),
                _ if counters == number => format!("{number} dies have a counter each, which are added"),
                _ => format!("{number} dies show {counters} counters, which are added"),
            });
        }
        merged.extend(apart);
    }
    merged.sort_by_key(|zone| order(&zone.facts.domain));
    merged
}

/// Whether two dies show one counter: one count, and what it gains. Counters that start at the same count and draw other powers are two.
fn is_mirror(one: &Zone, two: &Zone) -> bool {
    let (first, second) = (one.first_microjoules, two.first_microjoules);
    // Whether those that do not move, or cannot be read again, are one, only their counts tell.
    one.agree(first, second, first.max(second)) && gains(one, two).unwrap_or(None).unwrap_or(true)
}

/// One look at two counters, the first of which is read before and after the second.
#[derive(Clone, Copy)]
struct Look {
    before: u64,
    other: u64,
    after: u64,
}

impl Look {
    fn take(one: &Zone, two: &Zone) -> Result<Look, ReadError> {
        let own = || count(&one.read, &one.counter);
        Ok(Look { before: own()?, other: count(&two.read, &two.counter)?, after: own()? })
    }

    /// By how much the second shows more, across a wrap of either.
    fn apart(&self, range: u64) -> i128 {
        let (apart, range) = (i128::from(self.other) - i128::from(self.before), i128::from(range));
        match apart {
            ahead if ahead > range / 2 => ahead - range,
            behind if behind < -range / 2 => behind + range,
            apart => apart,
        }
    }
}

/// Whether two counters gain the same while they are watched; `None` where they hardly move.
fn gains(one: &Zone, two: &Zone) -> Result<Option<bool>, ReadError> {
    let clock = Stopwatch::start();
    let mut looks = vec![Look::take(one, two)?];
    let (mut alike, mut moves) = (BTreeMap::new(), [0, 0]);
    loop {
        std::thread::sleep(Duration::from_millis(1));
        let (last, now) = (looks[looks.len() - 1], Look::take(one, two)?);
        looks.push(now);
        let moved = [now.before != last.before, now.other != last.other];
        moves = [moves[0] + u32::from(moved[0]), moves[1] + u32::from(moved[1])];
        if moved == [true, true] && now.before == now.after {
            let times: &mut u32 = alike.entry(now.apart(one.range_microjoules)).or_default();
            *times += 1;
            if *times >= MOVES {
                return Ok(Some(true));
            }
        }
        let seconds = clock.elapsed().0;
        let has_told = moves.iter().any(|&moves| moves >= MOVES);
        let is_over = seconds > if moves == [0, 0] { IDLE } else { WATCHED };
        if looks.len() > LOOKS && (is_over || has_told) {
            let gained = one.since(now.before, looks[0].before).max(two.since(now.other, looks[0].other));
            // A look may fall between the updates of the two.
            let drift = middle(&looks[looks.len() - MIDDLE..], one) - middle(&looks[..MIDDLE], one);
            let is_apart = drift.unsigned_abs() as f64 > (SAME + LATE / seconds) * gained as f64;
            if is_over || is_apart {
                return Ok(has_told.then_some(!is_apart));
            }
        }
    }
}

/// The median of how far two counters are apart, in microjoules.
fn middle(looks: &[Look], one: &Zone) -> i128 {
    let mut apart: Vec<i128> = looks.iter().map(|look| look.apart(one.range_microjoules)).collect();
    apart.sort_unstable();
    apart[apart.len() / 2]
}

#[cfg(test)]
mod tests;
