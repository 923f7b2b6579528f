//! By how much the clock of a log seems to be ahead, by when its power rises and falls around a run.

/// Lags are looked for so far either way, in seconds.
const FURTHEST: f64 = 120.0;

/// Lags that are tried at most.
const TRIED: f64 = 4000.0;

/// Readings in the run and around it that say something.
const FEW: usize = 5;

/// Share of the power's variance that a run explains where it stands out of what is around it.
const STANDS_OUT: f64 = 0.5;

/// By how much more of it than without a lag.
const CLEARLY: f64 = 0.1;

/// By how many seconds the power of the log rises and falls later than a run of `seconds` from `start` on, all in seconds;
/// negative where it is earlier.
///
/// It is the step up and down again of this length that explains most of the variance of the readings (least squares), within
/// two minutes either way. `None` where the run does not stand out, where no lag does as well within a reading or two, or where
/// the log does not show both edges.
pub(super) fn lag(readings: &[(f64, f64)], usual: f64, start: f64, seconds: f64) -> Option<f64> {
    let around = |t: f64| t >= start - FURTHEST && t <= start + seconds + FURTHEST;
    let from = readings.partition_point(|reading| reading.0 < start - FURTHEST);
    let near: Vec<(f64, f64)> =
        readings[from..].iter().copied().take_while(|reading| around(reading.0)).collect();
    let (&(first, _), &(last, _)) = (near.first()?, near.last()?);
    let mut sums = vec![0.0];
    for (_, watts) in &near {
        sums.push(sums[sums.len() - 1] + watts);
    }
    let count = near.len();
    let mean = sums[count] / count as f64;
    let variance: f64 = near.iter().map(|(_, watts)| (watts - mean).powi(2)).sum();
    // The share of the variance between the readings inside and those outside, where more is drawn inside.
    let explained = |lag: f64| {
        let (begin, end) = (start + lag, start + lag + seconds);
        let inside = near.partition_point(|reading| reading.0 < begin)
            ..near.partition_point(|reading| reading.0 < end);
        let (within, beside) = (inside.len(), count - inside.len());
        if within < FEW || beside < FEW || begin < first || end > last || variance <= 0.0 {
            return None;
        }
        let sum = sums[inside.end] - sums[inside.start];
        let step = sum / within as f64 - (sums[count] - sum) / beside as f64;
        (step > 0.0).then(|| step * step * within as f64 * beside as f64 / count as f64 / variance)
    };
    let apart = (0.5 * usual).max(2.0 * FURTHEST / TRIED);
    let furthest = (FURTHEST / apart).floor() as i64;
    let mut best: Option<(f64, f64)> = None;
    // The least lag first, so that of equals it is the one that counts.
    for lag in (0..=furthest).flat_map(|n| [n, -n]).map(|n| n as f64 * apart) {
        if let Some(share) = explained(lag).filter(|&share| best.is_none_or(|(most, _)| share > most)) {
            best = Some((share, lag));
        }
    }
    let (share, lag) = best?;
    let without = explained(0.0).unwrap_or(0.0);
    (share >= STANDS_OUT && share > without + CLEARLY && lag.abs() > 2.0 * usual).then_some(lag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 40 W, and 100 W from `from` to `to`, with a ripple of 8 W, twice a second over five minutes.
    fn log(from: f64, to: f64) -> Vec<(f64, f64)> {
        let at = |i: u32| {
            let t = 0.5 * f64::from(i);
            let ripple = 8.0 * ((f64::from(i) * 0.618_034).fract() - 0.5);
            (t, ripple + if t >= from && t < to { 100.0 } else { 40.0 })
        };
        (0..600).map(at).collect()
    }

    #[test]
    fn clocks_ahead_and_behind_are_seen() {
        for ahead in [-31.0, -4.0, 7.5, 60.0] {
            let found = lag(&log(100.0 + ahead, 160.0 + ahead), 0.5, 100.0, 60.0).unwrap();
            assert!((found - ahead).abs() <= 0.5, "{ahead}: {found}");
        }
    }

    #[test]
    fn clocks_that_agree_have_none() {
        for ahead in [0.0, 0.5, -0.5] {
            assert_eq!(lag(&log(100.0 + ahead, 160.0 + ahead), 0.5, 100.0, 60.0), None);
        }
    }

    /// Nothing stands out, the log ends with the run, it is elsewhere, or the run is as short as the time between readings.
    #[test]
    fn where_nothing_can_be_seen_nothing_is_said() {
        assert_eq!(lag(&log(0.0, 0.0), 0.5, 100.0, 60.0), None);
        assert_eq!(lag(&log(0.0, 300.0), 0.5, 0.0, 300.0), None);
        assert_eq!(lag(&log(100.0, 160.0), 0.5, 5000.0, 60.0), None);
        assert_eq!(lag(&log(100.0, 101.0), 0.5, 110.0, 1.0), None);
        assert_eq!(lag(&[], 0.5, 100.0, 60.0), None);
    }
}
