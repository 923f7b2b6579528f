//! Logarithmic axes: where a value lies, and which ticks and labels a reader gets.

/// How the values of an axis are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// `10^9`, `2x10^9`.
    Powers,
    /// `0.1`, `1`, `10`.
    Plain,
    /// A fraction as `5%`.
    Percent,
}

/// A logarithmic axis from `low` at `start` to `high` at `end`, the latter two in user units of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Smallest value, positive.
    pub low: f64,
    /// Largest value, above `low`.
    pub high: f64,
    /// Where `low` lies.
    pub start: f64,
    /// Where `high` lies.
    pub end: f64,
    /// How values are written.
    pub numbers: Numbers,
}

/// One tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Its value, exactly a digit times a power of ten.
    pub value: f64,
    /// Whether it is a power of ten.
    pub decade: bool,
    /// What stands beside it, with `^{...}` for a superscript; `None` for a minor tick.
    pub label: Option<String>,
}

/// Narrowest axis in decades. One that spans a factor of 5 shows two of 1, 2 and 5 wherever it lies, so two labels.
const NARROWEST: f64 = 0.7;
/// Most labelled decades; beyond, only every second, third, ... has a label.
const MOST_LABELS: i32 = 10;
/// Widest axis in decades on which 1, 2 and 5 of a percent scale have room.
const PERCENT_DECADES: f64 = 3.0;
/// Widest axis in decades on which 3, 4 and 7 of a percent scale have room too.
const THIRDS_DECADES: f64 = 1.0;

/// Powers of ten beyond which no axis reaches, so that its ends are positive and finite.
pub const MOST_DECADES: f64 = 300.0;

/// The range that holds all positive finite `values` with `margin` decades to spare at both ends, at least 0.7 decades
/// wide; `None` without values.
#[must_use]
pub fn range_of(values: impl IntoIterator<Item = f64>, margin: f64) -> Option<[f64; 2]> {
    let logs = values.into_iter().filter(|v| v.is_finite() && *v > 0.0).map(libm::log10);
    let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return None;
    }
    let margin = margin.max((NARROWEST - (high - low)) / 2.0);
    let ends = [(low - margin).max(-MOST_DECADES), (high + margin).min(MOST_DECADES)];
    Some(ends.map(|end| libm::pow(10.0, end)))
}

impl Axis {
    /// Where `value` lies on the page; beyond the ends for values outside.
    #[must_use]
    pub fn position(&self, value: f64) -> f64 {
        let [low, high] = [self.low, self.high].map(libm::log10);
        self.start + (self.end - self.start) * (libm::log10(value) - low) / (high - low)
    }

    /// The value at the `share` of the way from start to end.
    #[must_use]
    pub fn value_at(&self, share: f64) -> f64 {
        let [low, high] = [self.low, self.high].map(libm::log10);
        libm::pow(10.0, low + share * (high - low))
    }

    /// Width in decades.
    #[must_use]
    pub fn decades(&self) -> f64 {
        libm::log10(self.high) - libm::log10(self.low)
    }

    /// Ticks at 1 to 9 of every decade (at the decades alone on a very wide axis), in rising order. Decades have
    /// labels; so have 2 and 5 where there would be fewer than two labels, or room on a percent scale, and 3, 4 and 7 where there
    /// is room for these too.
    #[must_use]
    pub fn ticks(&self) -> Vec<Tick> {
        // Beyond these exponents doubles end, and an end may lie anywhere.
        let exponent = |value: f64| value.clamp(-330.0, 310.0) as i32;
        let first = exponent(libm::floor(libm::log10(self.low))) - 1;
        let last = exponent(libm::ceil(libm::log10(self.high))) + 1;
        let decades = (first..=last).filter(|&e| self.holds(tick_value(1, e))).count() as i32;
        let step = decades / (MOST_LABELS + 1) + 1;
        let percent = self.numbers == Numbers::Percent && self.decades() <= PERCENT_DECADES;
        let fifths = decades < 2 || percent;
        let thirds = percent && self.decades() < THIRDS_DECADES;
        let mut ticks = Vec::new();
        for exponent in first..=last {
            for digit in 1..=9 {
                let value = tick_value(digit, exponent);
                let labelled = match digit {
                    1 => exponent.rem_euclid(step) == 0,
                    2 | 5 => fifths,
                    3 | 4 | 7 => thirds,
                    _ => false,
                };
                if self.holds(value) && (digit == 1 || step == 1) {
                    let label = labelled.then(|| self.label(digit, exponent));
                    ticks.push(Tick { value, decade: digit == 1, label });
                }
            }
        }
        ticks
    }

    fn holds(&self, value: f64) -> bool {
        value.is_finite() && value >= self.low && value <= self.high
    }

    fn label(&self, digit: i32, exponent: i32) -> String {
        match self.numbers {
            Numbers::Percent => format!("{}%", plain(digit, exponent + 2)),
            Numbers::Plain => plain(digit, exponent),
            Numbers::Powers => {
                let factor = if digit == 1 { String::new() } else { format!("{digit}\u{d7}") };
                let sign = if exponent < 0 { "\u{2212}" } else { "" };
                format!("{factor}10^{{{sign}{}}}", exponent.abs())
            }
        }
    }
}

/// `digit` x 10^`exponent`, correctly rounded, which a product of doubles is not.
fn tick_value(digit: i32, exponent: i32) -> f64 {
    format!("{digit}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// `digit` x 10^`exponent` with all its zeros.
fn plain(digit: i32, exponent: i32) -> String {
    let zeros = |count: i32| "0".repeat(count.max(0) as usize);
    if exponent >= 0 {
        format!("{digit}{}", zeros(exponent))
    } else {
        format!("0.{}{digit}", zeros(-exponent - 1))
    }
}

#[cfg(test)]
mod tests;
