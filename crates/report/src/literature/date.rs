//! Dates of publications on a line: days, months and years since 1970.

use record::literature::TrendOutput;

use super::line;

/// Days in a month of the Gregorian calendar in the mean: 365.2425 / 12.
const DAYS_PER_MONTH: f64 = 30.436_875;

/// Days from the first of January 1970 to a date `YYYY-MM-DD`; `None` of anything else. After Hinnant's
/// `days_from_civil`: years that begin in March, in eras of 400.
pub(super) fn days(date: &str) -> Option<f64> {
    let parts: Vec<i64> = date.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day] = parts.as_slice() else { return None };
    if !((1..=9999).contains(year) && (1..=12).contains(month) && (1..=31).contains(day)) {
        return None;
    }
    let year = year - i64::from(*month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if *month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some((era * 146_097 + of_era - 719_468) as f64)
}

/// Months since 1970 of so many days.
pub(super) fn months(days: f64) -> f64 {
    days / DAYS_PER_MONTH
}

/// The year, with its fraction, of so many days since 1970.
pub(super) fn year(days: f64) -> f64 {
    1970.0 + months(days) / 12.0
}

/// The trend of `points`, each a day and a compute: log2 of compute on months by least squares. `None` of too few.
pub(super) fn trend(of: &str, points: &[[f64; 2]]) -> Option<TrendOutput> {
    let pairs: Vec<[f64; 2]> = points.iter().map(|[day, c]| [months(*day), libm::log2(*c)]).collect();
    let line = line::fit(&pairs)?;
    // Compute may rise or fall; its time to double or to halve is positive either way.
    let mut ends = line.slope_interval().map(|end| end * line.slope.signum());
    ends.sort_by(f64::total_cmp);
    let turned = |slope: f64| (slope > 0.0).then(|| 1.0 / slope);
    Some(TrendOutput {
        of: of.to_owned(),
        points: points.len(),
        months: 1.0 / line.slope.abs(),
        low: turned(ends[1]),
        high: turned(ends[0]),
        intercept: line.intercept,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_1970() {
        // `date -u -d DATE +%s` over 86,400.
        for (date, expected) in [
            ("1970-01-01", 0.0),
            ("2000-02-29", 11_016.0),
            ("2012-09-30", 15_613.0),
            ("2017-10-19", 17_458.0),
        ] {
            assert_eq!(days(date), Some(expected), "{date}");
        }
        for text in ["", "2012", "2012-13-01", "2012-01-32", "2012-1-1-1", "soon"] {
            assert_eq!(days(text), None, "{text}");
        }
    }

    #[test]
    fn a_compute_that_doubles_in_ten_months_does_so() {
        let point = |i: i32| [DAYS_PER_MONTH * 10.0 * f64::from(i), libm::exp2(f64::from(i))];
        let points: Vec<[f64; 2]> = (0..5).map(point).collect();
        let rising = trend("all", &points).unwrap();
        let falling = trend("all", &points.iter().map(|[x, y]| [*x, 1.0 / y]).collect::<Vec<_>>()).unwrap();
        assert!((rising.months - 10.0).abs() < 1e-6 && (falling.months - 10.0).abs() < 1e-6);
        assert!(rising.low.is_some_and(|low| low <= 10.0 + 1e-6), "{rising:?}");
    }
}
