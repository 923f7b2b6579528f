//! The power law by the likelihood of counts of errors, in which no error at all is an observation like any other.
//!
//! The wrong among n images are beta-binomial (Skellam, 1948): their mean is n p with p = a C^-b, and trainings of one
//! setting spread more than n throws of a coin would, as if p itself varied by the same share s of itself at every
//! compute. Least squares of log error must leave out a training without errors, and so bends the line up where it matters.

use crate::fit::Interval;

/// One training by its counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    /// Compute, above zero.
    pub compute: f64,
    /// Wrong images; zero is an observation.
    pub wrong: u64,
    /// Images counted.
    pub images: u64,
}

/// The likeliest law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountLaw {
    /// ln of the error at a compute of one.
    pub log_a: f64,
    /// How fast error falls: k = 1/b.
    pub b: f64,
    /// Deviation of p between trainings of one setting, as a share of p; 0 where counts scatter as throws of a coin.
    pub spread: f64,
    /// ln of the likelihood.
    pub log_likelihood: f64,
    /// b with the interval in which twice the likelihood's logarithm lies within 3.84 of its largest.
    pub interval: Interval,
}

/// The 95% point of chi-squared with one degree of freedom.
const CHI_SQUARED: f64 = 3.841_458_820_694_124;

/// Below this correlation between images the gammas of the general law would lose digits.
const LEAST_RHO: f64 = 1e-7;

/// Below this share of p the trainings spread as throws of a coin.
const LEAST_SPREAD: f64 = 1e-4;

/// Counts about the middle of their computes.
struct Counts {
    x: Vec<f64>,
    counts: Vec<Count>,
    middle: f64,
}

/// The likeliest law and the interval of its exponent; `None` without three different computes or any error.
#[must_use]
pub fn fit(counts: &[Count]) -> Option<CountLaw> {
    let usable =
        |count: &Count| count.compute.is_finite() && count.compute > 0.0 && count.wrong <= count.images;
    let wrong: u64 = counts.iter().map(|count| count.wrong).sum();
    if !counts.iter().all(usable) || wrong == 0 {
        return None;
    }
    let logs: Vec<f64> = counts.iter().map(|count| libm::log(count.compute)).collect();
    let mut computes = logs.clone();
    computes.sort_by(f64::total_cmp);
    computes.dedup_by(|a, b| (*a - *b).abs() <= crate::point::EQUAL);
    if computes.len() < 3 {
        return None;
    }
    let middle = logs.iter().sum::<f64>() / logs.len() as f64;
    let data = Counts { x: logs.iter().map(|x| x - middle).collect(), counts: counts.to_vec(), middle };
    let images: u64 = counts.iter().map(|count| count.images).sum();
    let start = [libm::log(wrong as f64 / images as f64), 0.2, -3.0];
    let [log_p, b, log_spread] = simplex(start, [0.5, 0.1, 1.0], |p| -data.log_likelihood(p[0], p[1], p[2]));
    let best = data.log_likelihood(log_p, b, log_spread);
    let end = |side: f64| data.end(&[log_p, b, log_spread], best, side);
    let spread = libm::exp(log_spread);
    Some(CountLaw {
        log_a: log_p + b * data.middle,
        b,
        spread: if spread < LEAST_SPREAD { 0.0 } else { spread },
        log_likelihood: best,
        interval: Interval { estimate: Some(b), low: end(-1.0), high: end(1.0) },
    })
}

impl Counts {
    fn log_likelihood(&self, log_p: f64, b: f64, log_spread: f64) -> f64 {
        let spread = libm::exp(log_spread);
        let one = |(x, count): (&f64, &Count)| {
            // An error beyond every image has no likelihood; the line is kept below it, and pays for it.
            let log_error = log_p - b * x;
            let beyond = (log_error + 1e-9).max(0.0);
            let p = libm::exp(log_error.min(-1e-9));
            // The variance of p is p (1 - p) rho.
            let rho = (spread * spread * p / (1.0 - p)).min(0.999);
            let (wrong, images) = (count.wrong as f64, count.images as f64);
            beta_binomial(wrong, images, p, rho) - 1e3 * beyond * beyond
        };
        self.x.iter().zip(&self.counts).map(one).sum()
    }

    /// Where, on one side, b has become too unlikely, the other numbers being the likeliest for it.
    fn end(&self, best: &[f64; 3], top: f64, side: f64) -> Option<f64> {
        let profile = |b: f64| {
            let likeliest = simplex([best[0], best[2]], [0.2, 0.5], |p| -self.log_likelihood(p[0], b, p[1]));
            2.0 * (top - self.log_likelihood(likeliest[0], b, likeliest[1])) - CHI_SQUARED
        };
        let mut inside = best[1];
        let mut step = 0.01;
        let mut outside = loop {
            let tried = best[1] + side * step;
            if profile(tried) > 0.0 {
                break tried;
            }
            inside = tried;
            step *= 2.0;
            if step > 100.0 {
                return None;
            }
        };
        for _ in 0..40 {
            let middle = f64::midpoint(inside, outside);
            if profile(middle) > 0.0 {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        Some(f64::midpoint(inside, outside))
    }
}

/// ln of the beta-binomial probability, up to what depends on the counts alone.
fn beta_binomial(wrong: f64, images: f64, p: f64, rho: f64) -> f64 {
    if rho < LEAST_RHO {
        return wrong * libm::log(p) + (images - wrong) * libm::log1p(-p);
    }
    let size = (1.0 - rho) / rho;
    let (alpha, beta) = (p * size, (1.0 - p) * size);
    let gained = |shape: f64, count: f64| libm::lgamma(shape + count) - libm::lgamma(shape);
    gained(alpha, wrong) + gained(beta, images - wrong) - gained(size, images)
}

/// Nelder and Mead's search (1965) from `start`, with first steps `size`, begun anew until it gains nothing.
fn simplex<const P: usize>(start: [f64; P], size: [f64; P], of: impl Fn(&[f64; P]) -> f64) -> [f64; P] {
    let mut best = (start, of(&start));
    for _ in 0..8 {
        let found = descend(best.0, &size, &of);
        let gained = best.1 - found.1;
        if found.1 < best.1 {
            best = found;
        }
        if gained.is_nan() || gained <= 1e-10 * (1.0 + best.1.abs()) {
            break;
        }
    }
    best.0
}

fn descend<const P: usize>(
    start: [f64; P],
    size: &[f64; P],
    of: &impl Fn(&[f64; P]) -> f64,
) -> ([f64; P], f64) {
    let mut corners = vec![(start, of(&start))];
    for i in 0..P {
        let mut corner = start;
        corner[i] += size[i];
        corners.push((corner, of(&corner)));
    }
    for _ in 0..300 * P {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (first, last) = (corners[0], corners[P]);
        if last.1 - first.1 <= 1e-12 * (1.0 + first.1.abs()) {
            break;
        }
        let centre: [f64; P] =
            std::array::from_fn(|i| corners[..P].iter().map(|corner| corner.0[i]).sum::<f64>() / P as f64);
        let along = |times: f64| {
            let place = std::array::from_fn(|i| centre[i] + times * (centre[i] - last.0[i]));
            (place, of(&place))
        };
        let turned = along(1.0);
        let next = if turned.1 < first.1 {
            let further = along(2.0);
            if further.1 < turned.1 { further } else { turned }
        } else if turned.1 < corners[P - 1].1 {
            turned
        } else {
            along(if turned.1 < last.1 { 0.5 } else { -0.5 })
        };
        if next.1 < last.1 {
            corners[P] = next;
            continue;
        }
        for corner in &mut corners[1..] {
            let place: [f64; P] = std::array::from_fn(|i| f64::midpoint(first.0[i], corner.0[i]));
            *corner = (place, of(&place));
        }
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners[0]
}

#[cfg(test)]
mod tests;
