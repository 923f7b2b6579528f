//! Bootstrap replicates of fitted points: what resampling shows, and lack of fit on top of it.
//!
//! Residuals of plain points take random signs (the wild bootstrap of Liu, 1988, with the two values of Davidson and Flachaire, 2008), and
//! their variance at the slope is that of White (1980) with the correction of MacKinnon and White (1985). The draw of the variance itself,
//! s^2 f / chi^2_f, is the usual posterior of a normal one (Gelman et al., Bayesian Data Analysis, section 3.2).

use chance::{Purpose, Stream};

use crate::point::LogPoint;
use crate::resample::Draw;

/// Where the replicates come from.
pub(crate) enum Resampling {
    /// Frontiers of resampled cells and seeds.
    Cells {
        /// One winner per point and resample.
        draws: Vec<Draw>,
        /// Per point, the variance of ln error that its report seeds show.
        seed_variances: Vec<f64>,
        /// Per point, how far ln error moves with each block of the test images, which all points share; empty where
        /// that is not known.
        by_block: Vec<Vec<f64>>,
    },
    /// Nothing but the points themselves: the residuals with random signs (wild bootstrap).
    Points,
}

/// What the replicates of one law are made from. A point may stand for a group of points: its weight says of how
/// many, and a variance is always that of a single point, of which a group shows its share.
pub(crate) struct Bootstrap<'a> {
    pub points: &'a [LogPoint],
    pub resampling: &'a Resampling,
    pub resamples: usize,
    pub seed: u64,
}

/// Which law the lack of fit is drawn for: their streams must differ from each other and from the
/// streams of the resampled cells, which are numbered from 0.
#[derive(Clone, Copy)]
pub(crate) enum Law {
    Power = 1,
    Floor = 2,
    Reverse = 3,
    Broken = 4,
    Shifted = 5,
    Bounded = 6,
    Exponential = 7,
    /// Resamples of the points themselves.
    Quantile = 8,
    Surface = 9,
    /// Straight lines, to tell how clear a break they show.
    Straight = 10,
}

/// The stream of one resample for one law.
pub(crate) fn stream(seed: u64, law: Law, resample: usize) -> Stream {
    Stream::new(seed, Purpose::Bootstrap, ((law as u64) << 32) | resample as u64)
}

impl Bootstrap<'_> {
    /// Replicates of the points about a curve with `parameters` fitted parameters.
    ///
    /// With residual variance s^2 on f = n - parameters degrees of freedom, a replicate draws the
    /// variance that the points may truly have, s^2 f / chi^2_f, which makes its interval Student's. That
    /// variance is never less than what report seeds alone show, however well the points happen to
    /// line up; nor, of plain points, than what the residuals show where they count for the slope, as
    /// counts of few errors scatter more than the others, and stand at one end. The resamples of the points
    /// are moved to the curve and given that variance: what they
    /// lack is added as normal noise, what they have too much is taken from their spread. For resampled
    /// cells lose the best cell a third of the time and never hold a better one, so by themselves they lie
    /// above the frontier and scatter more than it does; kept as they are, the intervals cover too much.
    /// What the draw of the test images gives to a point alone is left out of that variance, as it is drawn by itself.
    pub(crate) fn replicates(
        &self,
        law: Law,
        parameters: usize,
        curve: impl Fn(f64) -> f64,
    ) -> Vec<Vec<LogPoint>> {
        let residual = |point: &LogPoint| point.log_error - curve(point.log_compute);
        let residuals: Vec<f64> = self.points.iter().map(residual).collect();
        let squares: f64 = self.points.iter().zip(&residuals).map(|(point, r)| point.weight * (r * r)).sum();
        let freedom = self.points.len().saturating_sub(parameters).max(1);
        let mut streams: Vec<Stream> =
            (0..self.resamples).map(|resample| stream(self.seed, law, resample)).collect();
        let mut draws = match self.resampling {
            Resampling::Cells { draws, .. } => draws.clone(),
            Resampling::Points => {
                let inflation = (self.points.len() as f64 / freedom as f64).sqrt();
                let wild = |stream| self.wild(stream, &residuals, inflation, &curve);
                streams.iter_mut().map(wild).collect()
            }
        };
        let points = 0..self.points.len();
        let variances: Vec<f64> =
            points.map(|i| self.points[i].weight * centre_point(&mut draws, i, &curve)).collect();
        let shown = self.mean_for_slope(&variances);
        let (mean, least) = match self.resampling {
            Resampling::Cells { seed_variances, .. } => {
                (squares / freedom as f64, self.mean_for_slope(seed_variances))
            }
            Resampling::Points => {
                ((squares / freedom as f64).max(self.variance_at_slope(&residuals, parameters)), 0.0)
            }
        };
        let by_images = self.mean_for_slope(&self.own_variances());
        for (draw, stream) in draws.iter_mut().zip(&mut streams) {
            let scatter = (mean * freedom as f64 / chi_squared(stream, freedom)).max(least);
            let variance = (scatter - by_images).max(0.0);
            let spread = (variance / shown).min(1.0).sqrt();
            let noise = (variance - shown).max(0.0).sqrt();
            for point in draw.iter_mut() {
                let on_curve = curve(point.log_compute);
                let noise = noise / point.weight.sqrt();
                point.log_error = on_curve + spread * (point.log_error - on_curve) + noise * stream.normal();
            }
            self.draw_test_images(draw, stream);
        }
        draws
    }

    /// Moves all points as other test images would: a normal deviate for each block, the same one for every point. Their
    /// covariance is that of the jackknife over the blocks.
    fn draw_test_images(&self, draw: &mut Draw, stream: &mut Stream) {
        let Resampling::Cells { by_block, .. } = self.resampling else { return };
        let Some(first) = by_block.first() else { return };
        let deviates: Vec<f64> = first.iter().map(|_| stream.normal()).collect();
        for (point, moves) in draw.iter_mut().zip(by_block) {
            point.log_error += moves.iter().zip(&deviates).map(|(by, deviate)| by * deviate).sum::<f64>();
        }
    }

    /// Per point, the variance that the draw of the test images gives to it alone. Residuals and report seeds show it as scatter
    /// already, and [`Self::draw_test_images`] draws it: it is to count once. Points next to each other have the rest in common,
    /// as the mean correlation of neighbours tells.
    fn own_variances(&self) -> Vec<f64> {
        let by_block = match self.resampling {
            Resampling::Cells { by_block, .. } if !by_block.is_empty() => by_block,
            _ => return vec![0.0; self.points.len()],
        };
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let variances: Vec<f64> = by_block.iter().map(|moves| product(moves, moves)).collect();
        let shared: f64 = by_block.windows(2).map(|pair| product(&pair[0], &pair[1])).sum();
        let most: f64 = variances.windows(2).map(|pair| (pair[0] * pair[1]).sqrt()).sum();
        let correlation = if most > 0.0 { (shared / most).clamp(0.0, 1.0) } else { 1.0 };
        let own = |(point, variance): (&LogPoint, &f64)| point.weight * variance * (1.0 - correlation);
        self.points.iter().zip(&variances).map(own).collect()
    }

    /// The points with the signs of their residuals drawn anew.
    fn wild(
        &self,
        stream: &mut Stream,
        residuals: &[f64],
        inflation: f64,
        curve: &impl Fn(f64) -> f64,
    ) -> Draw {
        let flip = |(point, residual): (&LogPoint, &f64)| {
            let sign = if stream.bits_u32() & 1 == 0 { 1.0 } else { -1.0 };
            let log_error = curve(point.log_compute) + sign * inflation * residual;
            LogPoint { log_error, ..*point }
        };
        self.points.iter().zip(residuals).map(flip).collect()
    }

    /// The residual variance of a single point as the slope of a line sees it: each residual counts as its point does for
    /// the slope, freed of what the fit took from it (HC2 of MacKinnon and White, 1985).
    fn variance_at_slope(&self, residuals: &[f64], parameters: usize) -> f64 {
        let count = self.points.iter().map(|point| point.weight).sum::<f64>();
        let middle = self.points.iter().map(|point| point.weight * point.log_compute).sum::<f64>() / count;
        let off = |point: &LogPoint| point.log_compute - middle;
        let xx = self.points.iter().map(|point| point.weight * (off(point) * off(point))).sum::<f64>();
        let freed = |(point, residual): (&LogPoint, &f64)| {
            let left = 1.0 - point.weight * (1.0 / count + off(point) * off(point) / xx);
            // A point that the line must pass through shows nothing.
            if left > 1e-9 { point.weight * (residual * residual) / left } else { 0.0 }
        };
        let variances: Vec<f64> = self.points.iter().zip(residuals).map(freed).collect();
        let points = self.points.len() as f64;
        let curved = (points - 2.0) / (points - parameters as f64).max(1.0);
        self.mean_for_slope(&variances) * curved.max(1.0)
    }

    /// Mean of one variance per point, each weighted as it counts for the slope of a line.
    fn mean_for_slope(&self, variances: &[f64]) -> f64 {
        let count = self.points.iter().map(|point| point.weight).sum::<f64>();
        let middle = self.points.iter().map(|point| point.weight * point.log_compute).sum::<f64>() / count;
        let (mut sum, mut weights) = (0.0, 0.0);
        for (point, variance) in self.points.iter().zip(variances) {
            let weight = point.weight * ((point.log_compute - middle) * (point.log_compute - middle));
            sum += weight * variance;
            weights += weight;
        }
        sum / weights
    }
}

/// Moves the draws of point `i` so that their mean lies on the curve; returns their variance.
fn centre_point(draws: &mut [Draw], i: usize, curve: &impl Fn(f64) -> f64) -> f64 {
    let above = |point: &LogPoint| point.log_error - curve(point.log_compute);
    let deviations: Vec<f64> = draws.iter().map(|draw| above(&draw[i])).collect();
    let count = deviations.len() as f64;
    let mean = deviations.iter().sum::<f64>() / count;
    for draw in draws.iter_mut() {
        draw[i].log_error -= mean;
    }
    deviations.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / count
}

/// Chi-squared with `freedom` degrees of freedom, kept off zero, which only moves the outermost 0.1 %.
fn chi_squared(stream: &mut Stream, freedom: usize) -> f64 {
    let sum: f64 = (0..freedom)
        .map(|_| {
            let z = stream.normal();
            z * z
        })
        .sum();
    sum.max(1e-6)
}

/// The two-sided interval of `values` that leaves (1 - level)/2 out on each side; `None` of nothing.
///
/// The quantile p of n values is at place p (n + 1), between two of them by a straight line (Hyndman and Fan's type 6): one more
/// draw then lies within such an interval with probability `level`, however few they are.
pub(crate) fn percentile_interval(values: &mut [f64], level: f64) -> Option<[f64; 2]> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let quantile = |p: f64| {
        let place = (p * (last + 2) as f64 - 1.0).clamp(0.0, last as f64);
        let below = (place.floor() as usize).min(last);
        let above = (below + 1).min(last);
        let (low, high, share) = (values[below], values[above], place - below as f64);
        // Between infinite values there is nothing to go half way of.
        match (low.is_finite() && high.is_finite()) || share == 0.0 {
            true => low + if share == 0.0 { 0.0 } else { share * (high - low) },
            false if low.is_finite() => high,
            false => low,
        }
    };
    let tail = (1.0 - level) / 2.0;
    Some([quantile(tail), quantile(1.0 - tail)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test images that move every point on its own are scatter that the residuals show already: they make slopes no less certain.
    /// Those that move the points of one end make them so.
    #[test]
    fn the_draw_of_the_test_images_counts_once() {
        let residuals = [0.05, -0.04, -0.05, 0.04, 0.05, -0.05];
        let log = |(i, residual): (usize, &f64)| LogPoint::new(libm::exp(i as f64), libm::exp(*residual));
        let points: Vec<LogPoint> = residuals.iter().enumerate().map(log).collect();
        let deviation = |by_block: Vec<Vec<f64>>| {
            let draws = vec![points.clone(); 2000];
            let resampling = Resampling::Cells { draws, seed_variances: vec![0.0; 6], by_block };
            let bootstrap = Bootstrap { points: &points, resampling: &resampling, resamples: 2000, seed: 7 };
            let slopes = bootstrap.replicates(Law::Power, 2, |_| 0.0).into_iter().map(|draw| {
                draw.iter().enumerate().map(|(i, p)| (i as f64 - 2.5) * p.log_error).sum::<f64>() / 17.5
            });
            // The median does not mind Student's tails.
            let mut sizes: Vec<f64> = slopes.map(f64::abs).collect();
            sizes.sort_by(f64::total_cmp);
            sizes[1000]
        };
        let moved = |by: &dyn Fn(usize, usize) -> f64| {
            (0..6).map(|point| (0..6).map(|block| by(point, block)).collect()).collect()
        };
        let without = deviation(Vec::new());
        let alone = deviation(moved(&|point, block| if point == block { 0.04 } else { 0.0 }));
        let shared = deviation(moved(&|point, _| 0.01 * point as f64));
        assert!((alone / without - 1.0).abs() < 0.1, "{alone} against {without}");
        assert!(shared > 1.5 * without, "{shared} against {without}");
    }

    /// Of 39 draws the next one lies outside of the least and the largest in 2 of 40 cases.
    #[test]
    fn the_interval_of_few_values_is_that_of_one_more_draw() {
        for (count, expected) in [(39, [1.0, 39.0]), (79, [2.0, 78.0])] {
            let mut values: Vec<f64> = (1..=count).rev().map(f64::from).collect();
            let found = percentile_interval(&mut values, 0.95).unwrap();
            let off = |(found, expected): (f64, f64)| (found - expected).abs();
            assert!(found.into_iter().zip(expected).all(|pair| off(pair) < 1e-9), "{found:?}");
        }
        assert_eq!(percentile_interval(&mut [3.0], 0.95), Some([3.0, 3.0]));
        assert_eq!(percentile_interval(&mut [], 0.95), None);
    }
}
