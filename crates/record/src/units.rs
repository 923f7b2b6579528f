//! Quantities as types: seconds, joules, watts and floating-point operations.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

/// Time in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

/// Energy in joules.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Joules(pub f64);

/// Power in watts.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watts(pub f64);

/// A number of floating-point operations, exact below 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flops(pub u64);

/// One petaflop/s for a day: 1e15 op/s x 86,400 s (OpenAI, "AI and Compute", 2018).
pub const FLOPS_PER_PFS_DAY: f64 = 8.64e19;

impl Flops {
    /// The project's one conversion: a multiply-accumulate is two operations, a product and a sum.
    /// Saturates at 2^64 - 1, about 1.8e19.
    #[must_use]
    pub fn of_macs(macs: u64) -> Flops {
        Flops(macs.saturating_mul(2))
    }

    /// The same work `times` over; saturates.
    #[must_use]
    pub fn times(self, times: u64) -> Flops {
        Flops(self.0.saturating_mul(times))
    }

    /// As a plain number, for ratios and axes.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// In petaflop/s-days.
    #[must_use]
    pub fn pfs_days(self) -> f64 {
        self.as_f64() / FLOPS_PER_PFS_DAY
    }
}

impl Add for Flops {
    type Output = Flops;
    fn add(self, other: Flops) -> Flops {
        Flops(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Flops {
    fn add_assign(&mut self, other: Flops) {
        *self = *self + other;
    }
}

impl Sum for Flops {
    fn sum<I: Iterator<Item = Flops>>(parts: I) -> Flops {
        parts.fold(Flops(0), Add::add)
    }
}

impl Add for Seconds {
    type Output = Seconds;
    fn add(self, other: Seconds) -> Seconds {
        Seconds(self.0 + other.0)
    }
}

impl AddAssign for Seconds {
    fn add_assign(&mut self, other: Seconds) {
        self.0 += other.0;
    }
}

impl Sub for Seconds {
    type Output = Seconds;
    fn sub(self, other: Seconds) -> Seconds {
        Seconds(self.0 - other.0)
    }
}

impl Add for Joules {
    type Output = Joules;
    fn add(self, other: Joules) -> Joules {
        Joules(self.0 + other.0)
    }
}

impl AddAssign for Joules {
    fn add_assign(&mut self, other: Joules) {
        self.0 += other.0;
    }
}

impl Sub for Joules {
    type Output = Joules;
    fn sub(self, other: Joules) -> Joules {
        Joules(self.0 - other.0)
    }
}

impl Mul<Seconds> for Watts {
    type Output = Joules;
    fn mul(self, time: Seconds) -> Joules {
        Joules(self.0 * time.0)
    }
}

impl Div<Seconds> for Joules {
    type Output = Watts;
    fn div(self, time: Seconds) -> Watts {
        Watts(self.0 / time.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_the_units() {
        assert_eq!(Watts(5.0) * Seconds(3.0), Joules(15.0));
        assert_eq!(Joules(15.0) / Seconds(3.0), Watts(5.0));
        assert_eq!(Flops::of_macs(21), Flops(42));
        assert_eq!(Flops::of_macs(u64::MAX), Flops(u64::MAX));
        // 1e15 op/s for one day of 24 x 3600 s.
        assert_eq!(1e15 * 24.0 * 3600.0, FLOPS_PER_PFS_DAY);
        assert_eq!(Flops(86_400_000_000_000_000).pfs_days(), 1e-3);
        assert_eq!(Flops(u64::MAX - 1).times(3), Flops(u64::MAX));
    }
}
