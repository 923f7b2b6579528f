//! Groups of neighbouring points, which stand for them where intervals of all would take too long. The rule is ours: neighbours in compute, in at most
//! [`MOST_POINTS`] groups.

use std::ops::Range;

use crate::point::LogPoint;

/// Points that make one group, by their places in rising compute.
pub(crate) type Group = Range<usize>;

/// Most points whose intervals are made point by point. It lies far above any sweep.
pub(crate) const MOST_POINTS: usize = 256;

/// Groups that `points`, by rising compute, fall into: one each, or at most [`MOST_POINTS`] groups.
///
/// A group ends when it holds 1/128 of the points or spans 1/128 of the range of log compute: at most 128 end for
/// either reason. So a group is narrow, and a line through the middles, each counted as often as it has points, is
/// that through the points but for (1/128)^2 / 12 of the range; and a lone point far from all others stays alone,
/// with all its leverage.
pub(crate) fn groups(points: &[LogPoint]) -> Vec<Group> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    if points.len() <= MOST_POINTS {
        return (0..points.len()).map(|place| place..place + 1).collect();
    }
    let share = MOST_POINTS / 2;
    let most = points.len().div_ceil(share);
    let widest = (last.log_compute - first.log_compute) / share as f64;
    let mut groups = Vec::new();
    let mut start = 0;
    for end in 1..=points.len() {
        let next = points.get(end);
        let is_full = end - start >= most;
        if next.is_none_or(|next| is_full || next.log_compute - points[start].log_compute > widest) {
            groups.push(start..end);
            start = end;
        }
    }
    groups
}

/// Mean of the logarithms of some points, each as its weight says, with how many they are.
pub(crate) fn middle(points: impl Iterator<Item = LogPoint>) -> LogPoint {
    let mut sum = LogPoint { log_compute: 0.0, log_error: 0.0, weight: 0.0 };
    for point in points {
        sum.log_compute += point.weight * point.log_compute;
        sum.log_error += point.weight * point.log_error;
        sum.weight += point.weight;
    }
    let count = sum.weight;
    LogPoint { log_compute: sum.log_compute / count, log_error: sum.log_error / count, weight: count }
}

#[cfg(test)]
mod tests;
