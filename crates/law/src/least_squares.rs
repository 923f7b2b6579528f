//! Minimises sums of losses of residuals: Levenberg and Marquardt's method, and a descent where losses are not squares.

/// What a residual costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Loss {
    /// r^2 / 2.
    Squares,
    /// r^2 / 2 up to this size of a residual, and a straight line beyond (Huber, 1964).
    Huber(f64),
}

impl Loss {
    /// The loss of a residual and its derivative over the residual.
    fn of(self, residual: f64) -> (f64, f64) {
        let size = residual.abs();
        match self {
            Loss::Huber(delta) if size > delta => (delta * (size - delta / 2.0), delta / size),
            _ => (residual * residual / 2.0, 1.0),
        }
    }
}

/// The sum of losses at a place, its gradient, and the curvature that the residuals' gradients give.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normal<const P: usize> {
    loss: Loss,
    /// Whether curvature is wanted, which takes most of the time.
    curved: bool,
    pub cost: f64,
    gradient: [f64; P],
    curvature: [[f64; P]; P],
}

impl<const P: usize> Normal<P> {
    fn new(loss: Loss, curved: bool) -> Normal<P> {
        Normal { loss, curved, cost: 0.0, gradient: [0.0; P], curvature: [[0.0; P]; P] }
    }

    /// One residual, observed less fitted, with the gradient of what is fitted.
    pub(crate) fn add(&mut self, weight: f64, residual: f64, fitted: &[f64; P]) {
        let (loss, slope) = self.loss.of(residual);
        self.cost += weight * loss;
        for i in 0..P {
            self.gradient[i] -= weight * slope * residual * fitted[i];
            for j in 0..=i {
                if self.curved {
                    self.curvature[i][j] += weight * slope * fitted[i] * fitted[j];
                }
            }
        }
    }

    /// The step that the curvature asks for, its diagonal raised by a share of itself.
    fn step(&self, raised: f64) -> Option<[f64; P]> {
        let mut matrix = self.curvature;
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] += raised * row[i] + f64::MIN_POSITIVE;
        }
        solve(&matrix, &self.gradient.map(|g| -g))
    }
}

/// Solves a positive definite system, of which the lower half is given, by Cholesky's method.
pub(crate) fn solve<const P: usize>(matrix: &[[f64; P]; P], right: &[f64; P]) -> Option<[f64; P]> {
    let mut lower = [[0.0; P]; P];
    for i in 0..P {
        for j in 0..=i {
            let known: f64 = (0..j).map(|l| lower[i][l] * lower[j][l]).sum();
            let rest = matrix[i][j] - known;
            if i != j {
                lower[i][j] = rest / lower[j][j];
            } else if rest > 0.0 {
                lower[i][i] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    let mut solution = *right;
    for i in 0..P {
        let known: f64 = (0..i).map(|l| lower[i][l] * solution[l]).sum();
        solution[i] = (solution[i] - known) / lower[i][i];
    }
    for i in (0..P).rev() {
        let known: f64 = (i + 1..P).map(|l| lower[l][i] * solution[l]).sum();
        solution[i] = (solution[i] - known) / lower[i][i];
    }
    solution.iter().all(|value| value.is_finite()).then_some(solution)
}

/// Levenberg and Marquardt's method from `start`, in the form with a scaled diagonal (Marquardt, 1963).
///
/// A Huber loss is weighted squares whose weights follow the residuals; such squares lie above it and touch it, so
/// that each step that lowers them lowers the loss. `fill` adds every residual at a place.
pub(crate) fn minimise<const P: usize>(
    start: [f64; P],
    loss: Loss,
    steps: usize,
    fill: impl Fn(&[f64; P], &mut Normal<P>),
) -> ([f64; P], f64) {
    let at = |place: &[f64; P]| {
        let mut normal = Normal::new(loss, true);
        fill(place, &mut normal);
        normal
    };
    let (mut place, mut here, mut raised) = (start, at(&start), 1e-3);
    let mut idle = 0;
    for _ in 0..steps {
        let next = here.step(raised).map(|step| added(&place, &step, 1.0));
        match next.map(|next| (next, at(&next))) {
            Some((next, there)) if there.cost < here.cost => {
                idle = if here.cost - there.cost <= 1e-13 * here.cost { idle + 1 } else { 0 };
                (place, here) = (next, there);
                raised = f64::max(raised * 0.1, 1e-12);
            }
            _ => raised *= 8.0,
        }
        if idle >= 3 || raised > 1e12 {
            break;
        }
    }
    (place, here.cost)
}

/// Descends from `start` with an estimate of the curvature made on the way (Broyden, Fletcher, Goldfarb and Shanno),
/// for losses whose curvature changes from place to place, on which weighted squares creep.
pub(crate) fn descend<const P: usize>(
    start: [f64; P],
    loss: Loss,
    steps: usize,
    fill: impl Fn(&[f64; P], &mut Normal<P>),
) -> ([f64; P], f64) {
    let at = |place: &[f64; P]| {
        let mut normal = Normal::new(loss, false);
        fill(place, &mut normal);
        (normal.cost, normal.gradient)
    };
    let mut place = start;
    let (mut cost, mut gradient) = at(&place);
    let mut inverse = identity::<P>(1.0 / norm(&gradient).max(1e-300));
    let (mut fresh, mut idle) = (true, 0);
    for _ in 0..steps {
        let direction = times(&inverse, &gradient).map(|value| -value);
        let slope = dot(&direction, &gradient);
        let found = (slope < 0.0).then(|| search(&at, &place, cost, &direction, slope)).flatten();
        let Some((next, lower, steeper)) = found else {
            // A curvature gone wrong is forgotten once; if the plain gradient leads nowhere, this is the bottom.
            if fresh {
                break;
            }
            (inverse, fresh) = (identity::<P>(1e-3 / norm(&gradient).max(1e-300)), true);
            continue;
        };
        let (moved, turned) = (added(&next, &place, -1.0), added(&steeper, &gradient, -1.0));
        update(&mut inverse, &moved, &turned, fresh);
        fresh = false;
        idle = if cost - lower <= 1e-14 * cost { idle + 1 } else { 0 };
        (place, cost, gradient) = (next, lower, steeper);
        if idle >= 5 {
            break;
        }
    }
    (place, cost)
}

/// A step along `direction` that lowers the cost enough and after which the slope is less steep (weak Wolfe
/// conditions, by halving and doubling; Lewis and Overton, 2013).
fn search<const P: usize>(
    at: &impl Fn(&[f64; P]) -> (f64, [f64; P]),
    place: &[f64; P],
    cost: f64,
    direction: &[f64; P],
    slope: f64,
) -> Option<([f64; P], f64, [f64; P])> {
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
    let mut best = None;
    for _ in 0..40 {
        let next = added(place, direction, length);
        let (there, gradient) = at(&next);
        if there.is_nan() || there > cost + 1e-4 * length * slope || there >= cost {
            high = length;
        } else {
            best = Some((next, there, gradient));
            if dot(direction, &gradient) >= 0.9 * slope {
                break;
            }
            low = length;
        }
        length = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * low };
    }
    best
}

/// The update of the inverse curvature by one move and how it turned the gradient.
fn update<const P: usize>(inverse: &mut [[f64; P]; P], moved: &[f64; P], turned: &[f64; P], fresh: bool) {
    let product = dot(moved, turned);
    let size = dot(turned, turned);
    if product <= 1e-300 || size <= 0.0 {
        return;
    }
    if fresh {
        *inverse = identity::<P>(product / size);
    }
    let through = times(inverse, turned);
    let factor = (1.0 + dot(turned, &through) / product) / product;
    for i in 0..P {
        for j in 0..P {
            inverse[i][j] +=
                factor * moved[i] * moved[j] - (through[i] * moved[j] + moved[i] * through[j]) / product;
        }
    }
}

fn identity<const P: usize>(scale: f64) -> [[f64; P]; P] {
    let mut matrix = [[0.0; P]; P];
    for (i, row) in matrix.iter_mut().enumerate() {
        row[i] = scale;
    }
    matrix
}

fn times<const P: usize>(matrix: &[[f64; P]; P], vector: &[f64; P]) -> [f64; P] {
    std::array::from_fn(|i| dot(&matrix[i], vector))
}

fn dot<const P: usize>(a: &[f64; P], b: &[f64; P]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm<const P: usize>(a: &[f64; P]) -> f64 {
    dot(a, a).sqrt()
}

fn added<const P: usize>(a: &[f64; P], b: &[f64; P], times: f64) -> [f64; P] {
    std::array::from_fn(|i| a[i] + times * b[i])
}

#[cfg(test)]
mod tests;
