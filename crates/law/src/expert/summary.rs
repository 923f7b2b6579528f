//! Curves of performance over repetitions, and where the flexible system overtakes the expert.

use super::{Outcome, System};

/// Share of the repetitions below the lower and above the upper end of a band.
const OUTSIDE: f64 = 0.1;

/// One system on one number of samples, over all repetitions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Samples that it learned from.
    pub samples: usize,
    /// Mean operations of learning.
    pub flops: f64,
    /// Mean performance.
    pub performance: f64,
    /// Performance below which a tenth of the repetitions lie.
    pub low: f64,
    /// Performance above which a tenth of the repetitions lie.
    pub high: f64,
    /// Repetitions in which its equations were singular, which are not in the above.
    pub singular: usize,
}

/// The curve of one system, by rising samples; numbers of samples on which it never came to anything are left out.
#[must_use]
pub fn curve(outcomes: &[Outcome], system: System) -> Vec<Place> {
    let own = || outcomes.iter().filter(|outcome| outcome.system == system);
    let mut samples: Vec<usize> = own().map(|outcome| outcome.samples).collect();
    samples.sort_unstable();
    samples.dedup();
    samples.into_iter().filter_map(|n| place(n, own().filter(|outcome| outcome.samples == n))).collect()
}

fn place<'a>(samples: usize, outcomes: impl Iterator<Item = &'a Outcome>) -> Option<Place> {
    let (mut performances, mut flops, mut count) = (Vec::new(), 0.0, 0);
    for outcome in outcomes {
        count += 1;
        flops += outcome.flops as f64;
        performances.extend(outcome.performance.filter(|performance| performance.is_finite()));
    }
    if performances.is_empty() {
        return None;
    }
    performances.sort_by(f64::total_cmp);
    let last = performances.len() - 1;
    let at = |share: f64| performances[(share * last as f64).round() as usize];
    Some(Place {
        samples,
        flops: flops / f64::from(count),
        performance: performances.iter().sum::<f64>() / performances.len() as f64,
        low: at(OUTSIDE),
        high: at(1.0 - OUTSIDE),
        singular: count as usize - performances.len(),
    })
}

/// Where `later` comes to be ahead of `earlier` for good, along a measure of cost: on a straight line between two places,
/// over the logarithm of the cost. `None` where it is ahead nowhere, or from the first place on.
#[must_use]
pub fn overtaking(earlier: &[Place], later: &[Place], cost: impl Fn(&Place) -> f64) -> Option<f64> {
    let behind = |place: &Place| at_cost(earlier, cost(place), &cost).map(|other| place.performance - other);
    let leads: Vec<(f64, f64)> =
        later.iter().filter_map(|place| Some((libm::log(cost(place)), behind(place)?))).collect();
    let last_behind = leads.iter().rposition(|&(_, lead)| lead <= 0.0)?;
    let [(x0, lead0), (x1, lead1)] = [*leads.get(last_behind)?, *leads.get(last_behind + 1)?];
    Some(libm::exp(x0 + (x1 - x0) * -lead0 / (lead1 - lead0)))
}

/// The places of a curve along a cost that rises from each to the next: those that more samples make dearer. The lasso is cheaper with
/// more samples where its descent is slow with few, and nobody would take these few.
pub fn rising<T>(places: &[T], cost: impl Fn(&T) -> f64) -> Vec<&T> {
    let mut kept: Vec<&T> = Vec::new();
    for place in places.iter().rev() {
        if kept.last().is_none_or(|next| cost(place) < cost(next)) {
            kept.push(place);
        }
    }
    kept.reverse();
    kept
}

/// Performance of a curve at a cost: that of its last place beyond its end, as more changes little there, and of none before
/// its beginning.
fn at_cost(curve: &[Place], at: f64, cost: impl Fn(&Place) -> f64) -> Option<f64> {
    let after = curve.iter().position(|place| cost(place) >= at);
    let Some(after) = after else { return curve.last().map(|place| place.performance) };
    let next = curve.get(after)?;
    if cost(next) == at {
        return Some(next.performance);
    }
    let before = curve.get(after.checked_sub(1)?)?;
    let [x0, x1, x] = [cost(before), cost(next), at].map(libm::log);
    Some(before.performance + (next.performance - before.performance) * (x - x0) / (x1 - x0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(values: &[(usize, f64)]) -> Vec<Place> {
        let place = |&(samples, performance)| Place {
            samples,
            flops: 10.0 * samples as f64,
            performance,
            low: performance,
            high: performance,
            singular: 0,
        };
        values.iter().map(place).collect()
    }

    #[test]
    fn a_curve_is_means_and_bands() {
        let outcome = |performance, flops| Outcome { system: System::Expert, samples: 5, performance, flops };
        let mut outcomes: Vec<Outcome> = (0..11).map(|i| outcome(Some(f64::from(i)), 10)).collect();
        outcomes.push(outcome(None, 22));
        let curve = curve(&outcomes, System::Expert);
        let expected = Place { samples: 5, flops: 11.0, performance: 5.0, low: 1.0, high: 9.0, singular: 1 };
        assert_eq!(curve, [expected]);
        assert!(super::curve(&outcomes, System::Oracle).is_empty());
    }

    #[test]
    fn what_more_samples_make_cheaper_is_left_out() {
        let costs = [1.0, 8.0, 6.0, 4.0, 5.0, 9.0];
        let kept: Vec<f64> = rising(&costs, |cost| *cost).into_iter().copied().collect();
        assert_eq!(kept, [1.0, 4.0, 5.0, 9.0]);
        assert!(rising(&[] as &[f64], |cost| *cost).is_empty());
    }

    #[test]
    fn the_last_crossing_counts() {
        let samples = |place: &Place| place.samples as f64;
        let expert = places(&[(10, -1.0), (100, -0.5), (1000, -0.5)]);
        // Ahead at first, worst in the middle, ahead for good half-way (in logarithms) from 1,000 to 10,000.
        let flexible = places(&[(10, -0.5), (100, -2.0), (1000, -0.7), (10_000, -0.3)]);
        let crossing = overtaking(&expert, &flexible, samples).unwrap();
        assert!((crossing / 3_162.277_660 - 1.0).abs() < 1e-6, "{crossing}");
        assert_eq!(overtaking(&expert, &flexible[..3], samples), None);
        assert_eq!(overtaking(&expert, &places(&[(10, 0.0), (100, 0.0)]), samples), None);
        let flops = overtaking(&expert, &flexible, |place| place.flops).unwrap();
        assert!((flops / 31_622.776_6 - 1.0).abs() < 1e-6);
    }
}
