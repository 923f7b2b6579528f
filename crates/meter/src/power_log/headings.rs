//! Which columns of a log are its time and its power: by names that leave no doubt, as what is near them is another quantity.

use csv::StringRecord;

/// Headings of the time, by their words.
const TIMES: [&str; 9] =
    ["time", "timestamp", "date", "datetime", "date time", "t", "unix", "unix time", "seconds"];

/// What may stand behind: that it is in seconds since 1970, or a date.
const OF_TIME: [&str; 7] = ["s", "sec", "seconds", "unix", "epoch", "utc", "iso"];

/// Units of power.
const WATTS: [&str; 3] = ["w", "watt", "watts"];

/// Headings of power without a unit, by their words.
const POWERS: [&str; 6] =
    ["power", "power draw", "power usage", "power consumption", "active power", "real power"];

const ONE_OF_POWER: &str = "one column of power in watts, under a heading such as `watts`, `W` or `power_w`";

/// The columns of time and of power; or which one is wrong, and what should stand there.
pub(super) fn columns(headings: &StringRecord) -> Result<(usize, usize), (usize, &'static str)> {
    let words: Vec<Vec<String>> = headings.iter().map(words).collect();
    let of = |is: fn(&[String]) -> bool| -> Vec<usize> {
        words.iter().enumerate().filter(|(_, words)| is(words)).map(|(place, _)| place).collect()
    };
    let (in_watts, plain) = (of(is_in_watts), of(is_power));
    let power = match (in_watts.as_slice(), plain.as_slice()) {
        ([only], _) | ([], [only]) => *only,
        ([_, second, ..], _) | ([], [_, second, ..]) => return Err((*second, ONE_OF_POWER)),
        ([], []) => {
            let near =
                |words: &Vec<String>| words.iter().any(|word| word.contains("watt") || word == "power");
            return Err((words.iter().position(near).unwrap_or(0), ONE_OF_POWER));
        }
    };
    match of(is_time).as_slice() {
        [time] => Ok((*time, power)),
        [_, second, ..] => {
            Err((*second, "one column of time, as seconds since 1970 or 2026-11-27T12:00:00Z"))
        }
        [] => Err((0, "a heading `time`, with seconds since 1970 or 2026-11-27T12:00:00Z below")),
    }
}

/// The words of a heading: `Power (W)` is `power` and `w`.
fn words(heading: &str) -> Vec<String> {
    let parts = heading.split(|c: char| !c.is_alphanumeric() && c != '%').filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).filter(|word| word != "in").collect()
}

/// Whether it ends with the unit and names no other quantity of power before.
fn is_in_watts(words: &[String]) -> bool {
    let Some((unit, before)) = words.split_last() else { return false };
    let other =
        ["factor", "apparent", "reactive", "limit", "min", "minimum", "max", "maximum", "cap", "peak"];
    WATTS.contains(&unit.as_str()) && !before.iter().any(|word| other.contains(&word.as_str()))
}

fn is_power(words: &[String]) -> bool {
    POWERS.contains(&words.join(" ").as_str())
}

fn is_time(words: &[String]) -> bool {
    let is = |named: usize| {
        TIMES.contains(&words[..named].join(" ").as_str())
            && words[named..].iter().all(|word| OF_TIME.contains(&word.as_str()))
    };
    (1..=words.len()).any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headings: &str) -> Result<(usize, usize), usize> {
        columns(&headings.split(',').collect()).map_err(|(column, _)| column)
    }

    #[test]
    fn names_that_leave_no_doubt_are_taken() {
        for headings in
            ["time,watts", "Time,W", "timestamp,power", "Date-Time (UTC),Power (W)", "time_s,power_draw"]
        {
            assert_eq!(found(headings), Ok((0, 1)), "{headings}");
        }
        assert_eq!(found("timestamp,power.limit [W],power.draw [W]"), Ok((0, 2)));
        assert_eq!(found("time,watthours,watts"), Ok((0, 2)));
        assert_eq!(found("power_factor,power_w,unix time"), Ok((2, 1)));
    }

    /// What stands there is another quantity, another unit, or there twice.
    #[test]
    fn what_is_near_is_refused_with_its_column() {
        for power in
            ["watthours", "watt_hours", "Watts (k)", "Power (VA)", "power_dbm", "power%", "powerfactor", "mW"]
        {
            assert!(found(&format!("time,{power}")).is_err(), "{power}");
        }
        assert_eq!(found("time,power_kw"), Err(1));
        assert_eq!(found("time,wall_w,desk_w"), Err(2));
        assert_eq!(found("time_ms,watts"), Err(0));
        assert_eq!(found("time,date,watts"), Err(1));
    }
}
