//! A straight line through plain pairs: least squares either way with intervals, and the line of a quantile.

/// Coverage of every interval here.
pub(super) const LEVEL: f64 = 0.95;

/// Least squares of y on x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    /// How many points.
    pub(super) points: usize,
    /// Slope.
    pub(super) slope: f64,
    /// y at x = 0.
    pub(super) intercept: f64,
    /// Standard error of the slope.
    pub(super) slope_error: f64,
    /// Share of the variance of y that the line explains.
    pub(super) r2: f64,
    /// Slope of y on x where x is regressed on y.
    pub(super) reverse: f64,
    mean: [f64; 2],
    /// Sum of the squares of x about its mean.
    squares: f64,
    /// Variance of y about the line, with two degrees of freedom less than points.
    variance: f64,
    /// Half-width of an interval in standard errors.
    t: f64,
}

/// The line through `points`; `None` of fewer than three, or where x or y is the same for all.
pub(super) fn fit(points: &[[f64; 2]]) -> Option<Line> {
    let freedom = points.len().checked_sub(2).filter(|freedom| *freedom > 0)?;
    let n = points.len() as f64;
    let mean = [0, 1].map(|axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / n);
    let sum = |a: usize, b: usize| {
        points.iter().map(|point| (point[a] - mean[a]) * (point[b] - mean[b])).sum::<f64>()
    };
    let (xx, xy, yy) = (sum(0, 0), sum(0, 1), sum(1, 1));
    if !(xx > 0.0 && yy > 0.0 && xy != 0.0) {
        return None;
    }
    let slope = xy / xx;
    let variance = (yy - slope * xy).max(0.0) / freedom as f64;
    Some(Line {
        points: points.len(),
        slope,
        intercept: mean[1] - slope * mean[0],
        slope_error: (variance / xx).sqrt(),
        r2: xy * xy / (xx * yy),
        reverse: yy / xy,
        mean,
        squares: xx,
        variance,
        t: student(LEVEL, freedom),
    })
}

impl Line {
    /// y of the line at `x`.
    pub(super) fn at(&self, x: f64) -> f64 {
        self.mean[1] + self.slope * (x - self.mean[0])
    }

    /// Interval of the slope.
    pub(super) fn slope_interval(&self) -> [f64; 2] {
        [self.slope - self.t * self.slope_error, self.slope + self.t * self.slope_error]
    }

    /// Interval of the line itself at `x`: not of where another point would fall.
    pub(super) fn band(&self, x: f64) -> [f64; 2] {
        let from = x - self.mean[0];
        let width = (self.variance * (1.0 / self.points as f64 + from * from / self.squares)).sqrt();
        [self.at(x) - self.t * width, self.at(x) + self.t * width]
    }

    /// Where the line reaches `y`.
    pub(super) fn reaches(&self, y: f64) -> f64 {
        (y - self.intercept) / self.slope
    }

    /// Interval of where the line reaches `y`: every x at whose band `y` lies (Fieller, 1954). `None` where the interval
    /// of the slope holds 0, so that no x bounds it.
    pub(super) fn reach_interval(&self, y: f64) -> Option<[f64; 2]> {
        let (rise, spread) = (y - self.mean[1], self.t * self.t * self.variance);
        // (slope u - rise)^2 = spread (1/n + u^2 / squares) for u = x - mean.
        let lead = self.slope * self.slope - spread / self.squares;
        let last = rise * rise - spread / self.points as f64;
        let root = (self.slope * rise).powi(2) - lead * last;
        if lead <= 0.0 || root < 0.0 {
            return None;
        }
        let end = |sign: f64| self.mean[0] + (self.slope * rise + sign * root.sqrt()) / lead;
        Some([end(-1.0), end(1.0)])
    }
}

/// The line below which the `share` of the points lies, as `[intercept, slope]`: of all lines through two of them the
/// one with the least weighted distances (Koenker and Bassett, 1978, where one such line is always a best one).
pub(super) fn quantile(points: &[[f64; 2]], share: f64) -> Option<[f64; 2]> {
    let mut best: Option<(f64, [f64; 2])> = None;
    for (place, a) in points.iter().enumerate() {
        for b in points.iter().skip(place + 1).filter(|b| b[0] != a[0]) {
            let slope = (b[1] - a[1]) / (b[0] - a[0]);
            let intercept = a[1] - slope * a[0];
            let distance = |point: &[f64; 2]| {
                let above = point[1] - intercept - slope * point[0];
                if above > 0.0 { share * above } else { (share - 1.0) * above }
            };
            let loss: f64 = points.iter().map(distance).sum();
            if best.is_none_or(|(least, _)| loss < least - 1e-12) {
                best = Some((loss, [intercept, slope]));
            }
        }
    }
    best.map(|(_, line)| line)
}

/// The t within which Student's variable with `freedom` degrees of freedom lies with probability `level`, by halving.
pub(super) fn student(level: f64, freedom: usize) -> f64 {
    let (mut low, mut high) = (0.0, 1e4);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if within(middle, freedom) < level { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Probability that Student's variable lies between -t and t: Abramowitz and Stegun, 26.7.3 and 26.7.4.
fn within(t: f64, freedom: usize) -> f64 {
    let angle = libm::atan(t / (freedom as f64).sqrt());
    let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
    let odd = freedom % 2 == 1;
    // Terms rise by cos^2 times 2/3, 4/5, ... from cos, or 1/2, 3/4, ... from 1.
    let (mut term, mut sum) = (if odd { cosine } else { 1.0 }, 0.0);
    let terms = if odd { (freedom - 1) / 2 } else { freedom / 2 };
    for index in 0..terms {
        sum += term;
        let number = (2 * index + if odd { 2 } else { 1 }) as f64;
        term *= cosine * cosine * number / (number + 1.0);
    }
    if odd { std::f64::consts::FRAC_2_PI * (angle + sine * sum) } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_t_is_that_of_the_tables() {
        // Two-sided 95% points as any table of Student's t has them.
        for (freedom, t) in [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (11, 2.2010), (31, 2.0395)]
        {
            assert!((student(0.95, freedom) - t).abs() < 1e-4, "{freedom}: {}", student(0.95, freedom));
        }
    }

    #[test]
    fn a_line_by_hand() {
        // x 0 1 2 3, y 1 2 2 4: slope 4.5/5, mean 2.25, residual squares 4.75 - 0.81 x 5 = 0.7.
        let line = fit(&[[0.0, 1.0], [1.0, 2.0], [2.0, 2.0], [3.0, 4.0]]).unwrap();
        assert!((line.slope - 0.9).abs() < 1e-12 && (line.intercept - 0.9).abs() < 1e-12);
        assert!((line.slope_error - (0.35f64 / 5.0).sqrt()).abs() < 1e-12);
        assert!((line.r2 - 4.05 / 4.75).abs() < 1e-12 && (line.reverse - 4.75 / 4.5).abs() < 1e-12);
        // 4.3027 standard errors either way hold 0, so nothing bounds where the line gets to.
        assert!(line.slope_interval()[0] < 0.0 && line.reach_interval(10.0).is_none());
    }

    #[test]
    fn the_band_holds_what_is_reached() {
        let line = fit(&[[0.0, 0.0], [1.0, 1.1], [2.0, 1.9], [3.0, 3.1], [4.0, 3.9]]).unwrap();
        let ends = line.reach_interval(6.0).unwrap();
        assert!(ends[0] < line.reaches(6.0) && line.reaches(6.0) < ends[1]);
        assert!((line.band(ends[0])[1] - 6.0).abs() < 1e-9 && (line.band(ends[1])[0] - 6.0).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_line_leaves_its_share_below() {
        let points: Vec<[f64; 2]> =
            (0..20).map(|i| [f64::from(i), f64::from(i) + f64::from(i * 7 % 5)]).collect();
        let [intercept, slope] = quantile(&points, 0.1).unwrap();
        let below = points.iter().filter(|point| point[1] < intercept + slope * point[0] - 1e-9).count();
        assert!(below <= 2, "{below}");
        assert!(quantile(&[[1.0, 1.0], [1.0, 2.0]], 0.5).is_none());
    }
}
