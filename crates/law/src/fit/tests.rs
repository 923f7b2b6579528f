//! Fits of hand-made sweeps and points: numbers, intervals, and what is refused or warned about.

use chance::{Purpose, Stream};
use proptest::prelude::*;

use super::*;
use crate::bootstrap::percentile_interval;
use crate::cell::Axis;

/// Errors about 0.5 C^-b from C = 1 in half decades, with ln error off by `scatter` times normal.
fn scattered(count: usize, b: f64, scatter: f64) -> Vec<Point> {
    let mut stream = Stream::new(1, Purpose::Test, count as u64);
    (0..count)
        .map(|i| 10f64.powf(0.5 * i as f64))
        .map(|compute| Point { compute, error: 0.5 * compute.powf(-b) * (scatter * stream.normal()).exp() })
        .collect()
}

/// Six budgets by three widths by three rates with the best cell in the middle, three seeds of each kind
/// that differ by a few percent; `change` may spoil it.
fn sweep(change: impl Fn(&mut Cell, usize, usize, usize)) -> Vec<Cell> {
    let mut cells = Vec::new();
    for budget in 0..6 {
        for width in 0..3 {
            for rate in 0..3 {
                let compute = 10f64.powi(9 + budget as i32);
                let off = (width as f64 - 1.0).abs() + (rate as f64 - 1.0).abs();
                let mean = 0.5 * (compute / 1e9).powf(-0.2) * (1.0 + 0.3 * off);
                // Deviations that sum to zero, so that means are exact, and differ from budget to budget.
                let spread = 0.01 + 0.002 * (budget % 3) as f64;
                let seeds = vec![mean * (1.0 - spread), mean, mean * (1.0 + spread)];
                let axes = vec![
                    Axis { name: "width".to_owned(), value: width as f64 },
                    Axis { name: "learning_rate".to_owned(), value: rate as f64 },
                ];
                let (selection_errors, report_errors) = (seeds.clone(), seeds);
                let errors_without_block = Vec::new();
                let mut cell = Cell {
                    budget: compute,
                    compute,
                    axes,
                    selection_errors,
                    report_errors,
                    errors_without_block,
                };
                change(&mut cell, budget, width, rate);
                cells.push(cell);
            }
        }
    }
    cells
}

fn check(cells: &[Cell]) -> Fit {
    fit_cells(cells, &Settings { resamples: 400, ..Settings::default() }).unwrap()
}

fn warned(fit: &Fit, part: &str) -> bool {
    fit.warnings.iter().any(|warning| warning.contains(part))
}

#[test]
fn a_clean_sweep_gives_its_exponent_and_no_complaint_but_the_floor() {
    let fit = check(&sweep(|_, _, _, _| ()));
    assert_eq!((fit.points, fit.frontier.len()), (6, 6));
    assert!((fit.k.estimate.unwrap() - 5.0).abs() < 1e-9, "{:?}", fit.k);
    assert!(fit.k.low.unwrap() < 5.0 && fit.k.high.unwrap() > 5.0, "{:?}", fit.k);
    let [low, high] = fit.compute_range.unwrap();
    assert_eq!((low, high), (1e9, 1e14));
    assert!((fit.error_range.unwrap()[1] - 0.5).abs() < 1e-12);
    assert_eq!(fit.warnings.len(), 1, "{:?}", fit.warnings);
    assert!(warned(&fit, "Floor not identified: its 98% interval, 0 to"), "{:?}", fit.warnings);
    assert_eq!((fit.floor.estimate, fit.k_floor.estimate, fit.floor.low), (None, None, Some(0.0)));
    assert!(fit.description.contains("6 of 6 frontier points, the winners among 54 cells (0 diverged"));
    assert!(fit.description.contains("95% intervals from 400 resamples"), "{}", fit.description);
}

/// Without scatter about the line the interval is that of the seeds alone. Three seeds at -d, 0, d have
/// variance d^2 and their mean d^2 / 3; the slope weights each by (x / Sxx)^2. The middle cell of a grid of
/// three is the only one inside and 30% ahead, so it is the winner of every resample that is fitted.
#[test]
fn the_interval_of_a_perfect_line_is_that_of_its_seeds() {
    let fit = check(&sweep(|_, _, _, _| ()));
    let x: Vec<f64> = (0..6).map(|i| (f64::from(i) - 2.5) * 10f64.ln()).collect();
    let sxx: f64 = x.iter().map(|x| x * x).sum();
    let variance: f64 =
        (0..6).map(|i| (0.01 + 0.002 * f64::from(i % 3)).powi(2) / 3.0 * (x[i as usize] / sxx).powi(2)).sum();
    let half_width = 1.96 * variance.sqrt();
    let found = (1.0 / fit.k.low.unwrap() - 1.0 / fit.k.high.unwrap()) / 2.0;
    assert!((found / half_width - 1.0).abs() < 0.1, "{found} {half_width}");
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_other_resamples() {
    let cells = sweep(|_, _, _, _| ());
    let with = |seed| fit_cells(&cells, &Settings { seed, ..Settings::default() }).unwrap();
    assert_eq!(with(3), with(3));
    assert_ne!(with(3).replicates, with(4).replicates);
    assert_eq!(with(3).power, with(4).power);
}

#[test]
fn winners_at_an_edge_are_left_out_by_name() {
    let fit = check(&sweep(|cell, budget, width, _| {
        if budget == 5 && width == 2 {
            cell.selection_errors = vec![0.001; 3];
        }
    }));
    assert_eq!((fit.points, fit.frontier.len()), (5, 6));
    assert!(warned(
        &fit,
        "Not fitted, as the winner lies at the edge of the grid: 1e14 (width 2, learning_rate 0). Widen"
    ));
}

#[test]
fn errors_without_a_logarithm_are_counted_by_reason() {
    let fit = check(&sweep(|cell, budget, _, _| match budget {
        0 => cell.report_errors.clear(),
        1 | 2 => cell.report_errors = vec![0.0; 3],
        3 => cell.report_errors[0] = f64::NAN,
        _ => (),
    }));
    assert_eq!(fit.points, 2);
    assert!(warned(&fit, "1 of 6 frontier points not fitted: no report seeds"), "{:?}", fit.warnings);
    assert!(
        warned(&fit, "2 of 6 frontier points not fitted: a mean report error of 0"),
        "{:?}",
        fit.warnings
    );
    assert!(warned(&fit, "1 of 6 frontier points not fitted: a report seed that diverged"));
    assert!(warned(&fit, "k has no value: it needs 3 fitted points and has 2"));
    assert_eq!((fit.k, fit.power, fit.band(1e12)), (Interval::default(), None, None));
}

#[test]
fn a_thin_grid_is_complained_about() {
    let fit = check(&sweep(|cell, budget, _, _| {
        cell.axes.retain(|axis| axis.name != "learning_rate");
        cell.selection_errors.truncate(1);
        cell.report_errors.truncate(1);
        if budget == 0 {
            cell.selection_errors = vec![f64::NAN];
        }
    }));
    assert!(warned(&fit, "No choice of learning_rate in all 5 fitted budgets"), "{:?}", fit.warnings);
    assert!(warned(&fit, "One report seed for all 5 fitted points"));
    assert!(warned(&fit, "Chosen on one seed in all 5 fitted budgets"));
    assert!(warned(&fit, "Without a winner, as all cells diverged or did not compete: 1e9."));
    let alone: Vec<Cell> = sweep(|_, _, _, _| ()).into_iter().skip(4).step_by(9).collect();
    assert!(warned(&check(&alone), "A single cell in all 6 fitted budgets"));
}

/// A frontier that bends by 20% of its error with seeds that agree to 1% is not a straight line.
#[test]
fn curvature_far_above_the_noise_is_said() {
    let fit = check(&sweep(|cell, budget, _, _| {
        let bend = 1.0 + 0.03 * (budget as f64 - 2.5).powi(2);
        cell.report_errors.iter_mut().for_each(|error| *error *= bend);
    }));
    assert!(warned(&fit, "times what seed noise explains"), "{:?}", fit.warnings);
}

#[test]
fn no_points_and_one_point_give_no_exponent() {
    let settings = Settings::default();
    for points in [vec![], scattered(1, 0.2, 0.0)] {
        let fit = fit_points(&points, &settings).unwrap();
        assert_eq!((fit.k, fit.power, fit.floor_law), (Interval::default(), None, None));
        assert!(warned(&fit, "k has no value"), "{:?}", fit.warnings);
    }
    assert_eq!(fit_cells(&[], &settings).unwrap().points, 0);
    let same = vec![Point { compute: 2.0, error: 0.5 }; 4];
    assert!(warned(&fit_points(&same, &settings).unwrap(), "it needs 3 different computes"));
}

#[test]
fn a_short_range_and_few_points_are_said() {
    let fit = fit_points(&scattered(4, 0.2, 0.01)[2..], &Settings::default()).unwrap();
    assert_eq!((fit.k, fit.power), (Interval::default(), None));
    assert!(warned(&fit, "k has no value: it needs 3 different computes and has 2"), "{:?}", fit.warnings);
    let mut close = scattered(3, 0.2, 0.01);
    close.iter_mut().for_each(|point| point.compute = point.compute.sqrt());
    let fit = fit_points(&close, &Settings::default()).unwrap();
    assert_eq!((fit.k, fit.replicates.len()), (Interval::default(), 0));
    assert!(warned(&fit, "one decade of compute at most (a factor of 3.16)"), "{:?}", fit.warnings);
    let mut few = scattered(3, 0.2, 0.01);
    few.iter_mut().for_each(|point| point.compute = point.compute.powi(2));
    let few = fit_points(&few, &Settings::default()).unwrap();
    assert!(warned(&few, "3 points are few for a law of 2 numbers"), "{:?}", few.warnings);
    let enough = fit_points(&scattered(6, 0.2, 0.01), &Settings::default()).unwrap();
    assert!(!warned(&enough, "are few"), "{:?}", enough.warnings);
}

/// Points that rise with compute have no exponent; nearly flat ones have no upper end.
#[test]
fn a_flat_or_rising_frontier_is_unbounded() {
    let rising = fit_points(&scattered(6, -0.1, 0.01), &Settings::default()).unwrap();
    assert_eq!((rising.k.estimate, rising.k.high), (None, None));
    assert!(warned(&rising, "Error does not fall with compute"), "{:?}", rising.warnings);
    // Ten percent up and down about a fall of 3.5% per e-fold: by hand b = 0.050, its Student interval +-0.063.
    let mut flat = scattered(6, 0.035, 0.0);
    flat.iter_mut().enumerate().for_each(|(i, point)| point.error *= if i % 2 == 0 { 1.1 } else { 0.9 });
    let flat = fit_points(&flat, &Settings::default()).unwrap();
    assert_eq!(flat.k.high, None);
    assert!(flat.k.low.is_some() && warned(&flat, "k has no upper end"), "{flat:?}");
}

/// Half the interval of b against Student's: t * s / sqrt(Sxx), with the published quantiles
/// t(0.975) = 12.706, 4.303, 2.776, 2.306, 2.080 for 1, 2, 4, 8 and 21 degrees of freedom.
#[test]
fn the_interval_of_points_is_no_narrower_than_students() {
    for (count, t) in [(3, 12.706), (4, 4.303), (6, 2.776), (10, 2.306), (23, 2.080)] {
        let points: Vec<LogPoint> = scattered(count, 0.15, 0.05)
            .iter()
            .map(|point| LogPoint::new(point.compute, point.error))
            .collect();
        let law = power::fit(&points).unwrap();
        let bootstrap =
            Bootstrap { points: &points, resampling: &Resampling::Points, resamples: 20_000, seed: 0 };
        let replicates = interval::power_replicates(&bootstrap, &law, 0.95, &mut Vec::new());
        let mean = points.iter().map(|point| point.log_compute).sum::<f64>() / count as f64;
        let sxx: f64 = points.iter().map(|point| (point.log_compute - mean).powi(2)).sum();
        let residual = |point: &LogPoint| (point.log_error - law.log_error(point.log_compute)).powi(2);
        let squares: f64 = points.iter().map(residual).sum();
        let student = t * (squares / (count as f64 - 2.0) / sxx).sqrt();
        let mut slopes: Vec<f64> = replicates.iter().map(|law| law.b).collect();
        let [low, high] = percentile_interval(&mut slopes, 0.95).unwrap();
        let ratio = (high - low) / 2.0 / student;
        assert!((0.95..1.3).contains(&ratio), "{count} points: {ratio} times Student's");
    }
}

/// Twenty thousand points take as long as a few hundred, and say as much as they would one by one: k to the last
/// bit, and its interval as wide as Student's, which at so many degrees of freedom is the normal one.
#[test]
fn many_points_are_fitted_in_groups() {
    let mut stream = Stream::new(3, Purpose::Test, 0);
    let points: Vec<Point> = (0..20_000)
        .map(|_| (10f64.powf(5.0 * stream.uniform_f64()), (0.2 * stream.normal()).exp()))
        .map(|(compute, noise)| Point { compute, error: 0.5 * compute.powf(-0.2) * noise })
        .collect();
    let fit = fit_points(&points, &Settings::default()).unwrap();
    assert!(fit.description.contains("the 20000 points stand in 1"), "{}", fit.description);
    let mut logs: Vec<LogPoint> =
        points.iter().map(|point| LogPoint::new(point.compute, point.error)).collect();
    logs.sort_by(|a, b| a.log_compute.total_cmp(&b.log_compute));
    assert_eq!(fit.power, power::fit(&logs));
    // Log compute is uniform over 5 ln 10, of variance (5 ln 10)^2 / 12; ln error is off by 0.2.
    let deviation = 0.2 / (20_000.0 * (5.0 * 10f64.ln()).powi(2) / 12.0).sqrt();
    let half_width = (1.0 / fit.k.low.unwrap() - 1.0 / fit.k.high.unwrap()) / 2.0;
    assert!((half_width / (1.96 * deviation) - 1.0).abs() < 0.15, "{half_width} {deviation}");
    assert!(fit.floor.low == Some(0.0) && fit.floor.high.unwrap() < 0.02, "{:?}", fit.floor);
}

/// A hundred thousand trainings that are all different, as a journal without a sweep holds them.
#[test]
fn many_cells_are_fitted_in_groups() {
    let mut stream = Stream::new(4, Purpose::Test, 0);
    let mut cell = |i: usize, seeds: usize| {
        let compute = 1e9 * (1.0 + i as f64);
        let mut error = || 0.5 * (compute / 1e9).powf(-0.2) * (0.1 * stream.normal()).exp();
        let report_errors: Vec<f64> = (0..seeds).map(|_| error()).collect();
        Cell {
            budget: compute,
            compute,
            axes: vec![],
            selection_errors: report_errors.clone(),
            report_errors,
            errors_without_block: vec![],
        }
    };
    let one_seed: Vec<Cell> = (0..100_000).map(|i| cell(i, 1)).collect();
    let three_seeds: Vec<Cell> = (0..20_000).map(|i| cell(i, 3)).collect();
    // 20 million draws for 20,000 cells of 6 seeds each are 166 resamples; at least 200 are made.
    for (cells, resamples) in [(one_seed, "from 2000 resamples"), (three_seeds, "from 200 resamples")] {
        let fit = fit_all_cells(&cells, &Settings::default()).unwrap();
        assert_eq!(fit.points, cells.len());
        assert!(fit.description.contains(resamples), "{}", fit.description);
        assert!(fit.k.low.unwrap() < 5.0 && fit.k.high.unwrap() > 5.0, "{:?}", fit.k);
        assert!(fit.k.high.unwrap() - fit.k.low.unwrap() < 0.2, "{:?}", fit.k);
    }
}

/// All points share their test images: what moves with the blocks of these widens the interval as the jackknife says,
/// and what moves all points alike does not, as the slope stays.
#[test]
fn the_draw_of_the_test_images_is_in_the_interval() {
    // Without block j the log error of budget i is off by `lean(i)` times the deviate of the block.
    let with_blocks = |lean: fn(usize) -> f64| {
        check(&sweep(|cell, budget, _, _| {
            let mean = cell.report_errors.iter().sum::<f64>() / 3.0;
            let mut stream = Stream::new(8, Purpose::Test, 0);
            let off = (0..50).map(|_| (lean(budget) * 0.01 * stream.normal()).exp());
            cell.errors_without_block = off.map(|off| mean * off).collect();
        }))
    };
    let width = |fit: &Fit| 1.0 / fit.k.low.unwrap() - 1.0 / fit.k.high.unwrap();
    let plain = check(&sweep(|_, _, _, _| ()));
    assert_eq!((plain.test_blocks, plain.description.contains("jackknife")), (0, false));
    let alike = with_blocks(|_| 1.0);
    assert_eq!((alike.test_blocks, alike.k.estimate), (50, plain.k.estimate));
    assert!(alike.description.contains("jackknife over 50 blocks"), "{}", alike.description);
    assert!((width(&alike) / width(&plain) - 1.0).abs() < 0.1, "{} {}", width(&alike), width(&plain));
    // Leaning by the budget moves the slope by 0.01 per ln 10 for every deviate: its standard error is 0.01 / ln 10
    // times the root of the squares of 50 deviates, about 7, times 49/50.
    let leaning = with_blocks(|budget| budget as f64);
    let expected = 2.0 * 1.96 * 0.01 / 10f64.ln() * 7.0;
    let of_blocks = (width(&leaning).powi(2) - width(&plain).powi(2)).sqrt();
    assert!((of_blocks / expected - 1.0).abs() < 0.3, "{of_blocks} {expected}");
}

/// Each budget a single cell: every second errs no less than the one before it, and is no frontier.
#[test]
fn what_a_cheaper_cell_beats_is_not_fitted_unless_all_are_wanted() {
    let mut cells: Vec<Cell> = sweep(|_, _, _, _| ()).into_iter().skip(4).step_by(9).collect();
    for i in [1, 3] {
        let worse = cells[i - 1].selection_errors.iter().map(|error| 1.1 * error).collect();
        (cells[i].selection_errors, cells[i].report_errors) = (worse, vec![0.9; 3]);
    }
    let fit = check(&cells);
    assert_eq!((fit.points, fit.frontier.len()), (4, 6));
    assert!((fit.k.estimate.unwrap() - 5.0).abs() < 1e-9, "{:?}", fit.k);
    assert!(warned(&fit, "2 of 6 frontier points not fitted: alone in their budgets"), "{:?}", fit.warnings);
    let all = fit_all_cells(&cells, &Settings { resamples: 400, ..Settings::default() }).unwrap();
    assert_eq!(all.points, 6);
    assert!(all.warnings.iter().all(|warning| !warning.contains("chosen")), "{:?}", all.warnings);
}

#[test]
fn cells_that_do_not_compete_are_not_called_diverged() {
    let fit = check(&sweep(|cell, budget, width, _| match (budget, width) {
        (0, 0) => cell.selection_errors[0] = f64::NAN,
        (1, 0) => cell.selection_errors.clear(),
        _ => (),
    }));
    let said = "the winners among 51 cells (3 diverged; 3 more do not compete)";
    assert!(fit.description.contains(said), "{}", fit.description);
}

/// The band holds the line and widens away from the middle of the points.
#[test]
fn the_band_holds_the_line_and_widens() {
    let points = scattered(8, 0.2, 0.05);
    let fit = fit_points(&points, &Settings::default()).unwrap();
    let law = fit.power.unwrap();
    let width = |compute: f64| {
        let [low, high] = fit.band(compute).unwrap();
        assert!(low < law.error(compute) && law.error(compute) < high);
        (high / low).ln()
    };
    // The middle of C = 1 ... 10^3.5 on logarithms.
    let middle = width(10f64.powf(1.75));
    assert!(width(1.0) > 1.3 * middle && width(1e7) > 2.0 * width(10f64.powf(3.5)));
}

/// A floor of half the last error, seen through 1% of noise over six decades, is identified.
#[test]
fn a_clear_floor_is_found_with_its_exponent() {
    let mut stream = Stream::new(2, Purpose::Test, 0);
    let points: Vec<Point> = (0..13)
        .map(|i| 10f64.powf(0.5 * f64::from(i)))
        .map(|compute| Point {
            compute,
            error: (0.05 + 0.8 * compute.powf(-0.25)) * (0.01 * stream.normal()).exp(),
        })
        .collect();
    let fit = fit_points(&points, &Settings::default()).unwrap();
    let [floor, k_floor] = [fit.floor, fit.k_floor];
    assert!((floor.estimate.unwrap() - 0.05).abs() < 0.01, "{floor:?}");
    assert!(floor.low.unwrap() < 0.05 && floor.high.unwrap() > 0.05, "{floor:?}");
    assert!(k_floor.low.unwrap() < 4.0 && k_floor.high.unwrap() > 4.0, "{k_floor:?}");
    assert!(!warned(&fit, "Floor not identified"), "{:?}", fit.warnings);
}

#[test]
fn three_points_cannot_show_a_floor() {
    let mut points = scattered(3, 0.2, 0.01);
    points.iter_mut().for_each(|point| point.compute = point.compute.powi(2));
    let fit = fit_points(&points, &Settings::default()).unwrap();
    assert!(fit.k.estimate.is_some(), "{fit:?}");
    assert_eq!((fit.floor, fit.k_floor, fit.floor_law), (Interval::default(), Interval::default(), None));
    assert!(warned(&fit, "Floor not identified: it needs 4 different computes and has 3"));
}

#[test]
fn bad_input_is_refused_by_place() {
    let settings = Settings::default();
    let good = Point { compute: 1.0, error: 0.1 };
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = fit_points(&[good, Point { error: bad, ..good }], &settings).unwrap_err().to_string();
        assert!(error.starts_with(&format!("point 1 (counted from 0): error = {bad}, expected")), "{error}");
        assert!(fit_points(&[Point { compute: bad, ..good }], &settings).is_err());
        let cells = sweep(|cell, budget, _, _| {
            if budget == 1 {
                cell.compute = bad
            }
        });
        let error = fit_cells(&cells, &settings).unwrap_err().to_string();
        assert!(error.starts_with("cell 9 (counted from 0): compute"), "{error}");
    }
    assert!(fit_cells(&sweep(|cell, _, _, _| cell.report_errors[0] = -0.1), &settings).is_err());
    assert!(fit_cells(&sweep(|cell, _, _, _| cell.axes[0].value = f64::NAN), &settings).is_err());
    assert!(fit_points(&[good], &Settings { resamples: 79, ..settings }).is_err());
    assert!(fit_points(&[good], &Settings { resamples: 80, ..settings }).is_ok());
    assert!(fit_points(&[good], &Settings { level: 1.0, ..settings }).is_err());
    assert!(fit_points(&[good], &Settings { level: f64::NAN, ..settings }).is_err());
}

/// 2^4 and 2^9: what the fourth and the ninth power say.
#[test]
fn halving_costs_two_to_the_k() {
    assert_eq!((halving_cost(4.0), halving_cost(9.0)), (16.0, 512.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Other units move neither k nor its interval, and scale the floor with the error.
    #[test]
    fn units_do_not_matter(compute in 1e-15f64..1e15, error in 1e-2f64..1e2, seed: u64) {
        let settings = Settings { resamples: 200, seed, ..Settings::default() };
        let base: Vec<Point> = scattered(6, 0.2, 0.05);
        let moved: Vec<Point> =
            base.iter().map(|p| Point { compute: compute * p.compute, error: error * p.error }).collect();
        let (a, b) = (fit_points(&base, &settings).unwrap(), fit_points(&moved, &settings).unwrap());
        let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a / b - 1.0).abs() < 1e-6,
            (a, b) => a == b,
        };
        prop_assert!(near(a.k.estimate, b.k.estimate), "{:?} {:?}", a.k, b.k);
        prop_assert!(near(a.k.low, b.k.low) && near(a.k.high, b.k.high), "{:?} {:?}", a.k, b.k);
    }
}
