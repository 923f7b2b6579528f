//! Intervals by profile likelihood: where an exponent or a floor becomes too unlikely, the other numbers being the
//! likeliest for it.
//!
//! Under normal scatter of log error, twice the logarithm of the likelihood falls by n ln(S / S least), with S the squares
//! that are left, and the interval is where that is at most the quantile of chi-squared with one degree of freedom
//! (Wilks, 1938). It knows nothing of seeds or of choices, and little of how few points there are.

use crate::floor::FloorLaw;
use crate::least_squares::{self, Loss, Normal};
use crate::point::LogPoint;
use crate::power::PowerLaw;

/// The ends of b, closed for a straight line: S = S least + (b - b least)^2 Sxx.
pub(crate) fn of_power(points: &[LogPoint], law: &PowerLaw, level: f64) -> Option<[f64; 2]> {
    let count = points.iter().map(|point| point.weight).sum::<f64>();
    let middle = points.iter().map(|point| point.weight * point.log_compute).sum::<f64>() / count;
    let square = |value: f64| value * value;
    let xx: f64 = points.iter().map(|point| point.weight * square(point.log_compute - middle)).sum();
    let left = |point: &LogPoint| point.weight * square(point.log_error - law.log_error(point.log_compute));
    let squares: f64 = points.iter().map(left).sum();
    let half = (squares / xx * libm::expm1(chi_squared(level) / points.len() as f64)).sqrt();
    half.is_finite().then_some([law.b - half, law.b + half])
}

/// The ends of the law with a floor; what has no end within reach is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct FloorEnds {
    /// Of the exponent; its lower end is `None` where it reaches 0.
    pub b: [Option<f64>; 2],
    /// Of the floor, which is 0 at least.
    pub floor: [Option<f64>; 2],
}

/// The ends of exponent and floor.
pub(crate) fn of_floor(points: &[LogPoint], law: &FloorLaw, level: f64) -> FloorEnds {
    let count = points.iter().map(|point| point.weight).sum::<f64>();
    let middle = points.iter().map(|point| point.weight * point.log_compute).sum::<f64>() / count;
    let smallest = points.iter().map(|point| point.log_error).fold(f64::INFINITY, f64::min);
    let scaled = Scaled {
        points: points
            .iter()
            .map(|point| LogPoint {
                log_compute: point.log_compute - middle,
                log_error: point.log_error - smallest,
                weight: point.weight,
            })
            .collect(),
        floor: law.floor / libm::exp(smallest),
        alpha: libm::log(law.a) - law.b * middle - smallest,
        b: law.b,
    };
    let least = scaled.left(Fixed::Exponent(law.b)).min(scaled.left(Fixed::Floor(scaled.floor)));
    let most = least * libm::exp(chi_squared(level) / points.len() as f64);
    let is_inside = |fixed: Fixed| scaled.left(fixed) <= most;
    let b = |side: f64| end(law.b, side * 0.01 * law.b.abs().max(0.01), |b| is_inside(Fixed::Exponent(b)));
    let floor = |side: f64| end(scaled.floor, side * 0.01, |floor| is_inside(Fixed::Floor(floor)));
    let unscaled = |floor: f64| floor * libm::exp(smallest);
    let low = if is_inside(Fixed::Floor(0.0)) { Some(0.0) } else { floor(-1.0).map(unscaled) };
    FloorEnds { b: [b(-1.0).filter(|b| *b > 0.0), b(1.0)], floor: [low, floor(1.0).map(unscaled)] }
}

/// What is held while the others are the likeliest.
#[derive(Clone, Copy)]
enum Fixed {
    Exponent(f64),
    Floor(f64),
}

/// Points in units that keep the search near one, and the likeliest law in them.
struct Scaled {
    points: Vec<LogPoint>,
    floor: f64,
    alpha: f64,
    b: f64,
}

impl Scaled {
    /// The least squares with one number held. The floor is searched by its logarithm, which never takes it below 0.
    fn left(&self, fixed: Fixed) -> f64 {
        let fill = |place: &[f64; 2], normal: &mut Normal<2>| {
            let (floor, alpha, b) = match fixed {
                Fixed::Exponent(b) => (libm::exp(place[1]), place[0], b),
                Fixed::Floor(floor) => (floor.max(0.0), place[0], place[1]),
            };
            for point in &self.points {
                let above = libm::exp(alpha - b * point.log_compute);
                let error = floor + above;
                let by = match fixed {
                    Fixed::Exponent(_) => floor / error,
                    Fixed::Floor(_) => -point.log_compute * above / error,
                };
                normal.add(point.weight, point.log_error - libm::log(error), &[above / error, by]);
            }
        };
        let starts = match fixed {
            Fixed::Exponent(_) => {
                [self.floor.max(1e-6), 0.5, 1e-6].map(|floor| [self.alpha, libm::log(floor)])
            }
            Fixed::Floor(_) => [self.b, 2.0 * self.b, 0.5 * self.b].map(|b| [self.alpha, b]),
        };
        let costs = starts.map(|start| least_squares::minimise(start, Loss::Squares, 100, fill).1);
        // A cost is half of the squares.
        2.0 * costs.into_iter().fold(f64::INFINITY, f64::min)
    }
}

/// The last place inside, going from `from` by doubled steps and then halving; `None` where none is outside.
fn end(from: f64, step: f64, is_inside: impl Fn(f64) -> bool) -> Option<f64> {
    let (mut inside, mut outside) = (from, from + step);
    let mut stride = step;
    for _ in 0..20 {
        if !is_inside(outside) {
            break;
        }
        stride *= 2.0;
        (inside, outside) = (outside, outside + stride);
    }
    if is_inside(outside) {
        return None;
    }
    for _ in 0..30 {
        let middle = f64::midpoint(inside, outside);
        if is_inside(middle) { inside = middle } else { outside = middle }
    }
    Some(inside)
}

/// The point below which chi-squared with one degree of freedom lies in a share `level` of cases.
fn chi_squared(level: f64) -> f64 {
    // The square of the normal deviate z with erf(z / sqrt 2) = level, by halving.
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..60 {
        let z = f64::midpoint(low, high);
        if libm::erf(z / core::f64::consts::SQRT_2) < level { low = z } else { high = z }
    }
    low * low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, logs};
    use crate::{floor, power};

    #[test]
    fn chi_squared_is_the_published_one() {
        for (level, published) in [(0.95, 3.841_458_8), (0.9, 2.705_543_5), (0.99, 6.634_896_6)] {
            assert!((chi_squared(level) - published).abs() < 1e-6, "{level}: {}", chi_squared(level));
        }
    }

    /// Without a floor to be seen, the closed ends of the line and the searched ones of a law whose floor is held at 0
    /// would be the same; here the squares at the closed ends are those that the likelihood allows.
    #[test]
    fn the_ends_of_a_line_leave_the_squares_that_are_allowed() {
        let points = logs(&sample::about(sample::computes(1e6, 1e11, 20), |x| 1.0 - 0.2 * x, 0.05, 4));
        let law = power::fit(&points).unwrap();
        let squares = |b: f64| {
            let off: Vec<f64> = points.iter().map(|point| point.log_error + b * point.log_compute).collect();
            let mean = off.iter().sum::<f64>() / 20.0;
            off.iter().map(|off| (off - mean) * (off - mean)).sum::<f64>()
        };
        for end in of_power(&points, &law, 0.95).unwrap() {
            let fallen = 20.0 * (squares(end) / squares(law.b)).ln();
            assert!((fallen - 3.841_458_8).abs() < 1e-6, "{end}: {fallen}");
        }
    }

    /// Ends about a clear floor hold what made the points, and scatter of a tenth gives a tenth of their width.
    #[test]
    fn ends_of_a_clear_floor_hold_it_and_shrink_with_scatter() {
        let made = FloorLaw { floor: 0.02, a: 20.0, b: 0.3 };
        let ends = [0.03, 0.003].map(|scatter| {
            let curve = |x: f64| libm::log(made.floor + made.a * libm::exp(-made.b * x));
            let points = logs(&sample::about(sample::computes(1e5, 1e12, 40), curve, scatter, 7));
            of_floor(&points, &floor::fit(&points).unwrap(), 0.95)
        });
        for found in ends {
            let holds =
                |ends: [Option<f64>; 2], made: f64| ends[0].unwrap() < made && made < ends[1].unwrap();
            assert!(holds(found.b, made.b) && holds(found.floor, made.floor), "{found:?}");
        }
        let width = |ends: [Option<f64>; 2]| ends[1].unwrap() - ends[0].unwrap();
        for ratio in [width(ends[0].b) / width(ends[1].b), width(ends[0].floor) / width(ends[1].floor)] {
            assert!((8.0..12.5).contains(&ratio), "{ratio}");
        }
    }

    /// Points on a line allow no floor, and one at 0.
    #[test]
    fn a_line_has_a_floor_from_nothing() {
        let points = logs(&sample::about(sample::computes(1e6, 1e11, 20), |x| 1.0 - 0.2 * x, 0.05, 4));
        let ends = of_floor(&points, &floor::fit(&points).unwrap(), 0.95);
        assert_eq!(ends.floor[0], Some(0.0));
        assert!(ends.floor[1].unwrap() > 0.0 && ends.b[0].unwrap() < 0.2, "{ends:?}");
    }
}
