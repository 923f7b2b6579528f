//! Tests of the regressions against their equations, and of what the experiment has to show.

use super::*;

fn small() -> Setting {
    Setting { features: 40, relevant: 4, noise: 0.5, samples: vec![10, 30, 60, 400], seed: 3 }
}

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

fn of(outcomes: &[Outcome], system: System, samples: usize) -> Outcome {
    *outcomes.iter().find(|outcome| outcome.system == system && outcome.samples == samples).unwrap()
}

/// Least squares leaves a rest that is orthogonal to every feature; with more features than samples no rest at all, and
/// coefficients that are sums of samples.
#[test]
fn normal_equations_hold() {
    let setting = small();
    let (x, y) = draw(&setting, 0, 60);
    let mut samples = Samples::new(x.clone(), y.clone());
    let many = samples.least_squares_of_all(60).coefficients.unwrap();
    assert!((x.transpose() * (&y - &x * &many)).amax() < 1e-9);
    let narrow = samples.least_squares(&[0, 7, 9], 60).coefficients.unwrap();
    let columns = x.select_columns(&[0, 7, 9]);
    assert!((columns.transpose() * (&y - &columns * &narrow)).amax() < 1e-9);
    let few = samples.least_squares_of_all(25).coefficients.unwrap();
    let rows = x.rows(0, 25).into_owned();
    assert!((&rows * &few - y.rows(0, 25)).amax() < 1e-9);
    let within = rows.transpose() * (&rows * rows.transpose()).try_inverse().unwrap() * &rows * &few;
    assert!((within - &few).amax() < 1e-9, "of least norm");
    // The sums go on from where they were, and begin again for fewer samples.
    let again = samples.least_squares_of_all(60).coefficients.unwrap();
    assert!((again - many).amax() < 1e-12);
}

/// The solution of the lasso is where no coefficient wants to move: for those that are not 0 the mean of x times the rest
/// is the penalty with their sign, for the others it is smaller.
#[test]
fn the_lasso_satisfies_its_conditions() {
    let setting = small();
    let (x, y) = draw(&setting, 1, 60);
    let n = 60.0;
    let mut samples = Samples::new(x.clone(), y.clone());
    let learned = lasso::cross_validated(&mut samples, 60).coefficients.unwrap();
    let pulls = x.transpose() * (&y - &x * &learned) / n;
    let penalty = pulls.amax();
    assert!(learned.iter().filter(|value| **value != 0.0).count() < 40);
    for (value, pull) in learned.iter().zip(pulls.iter()) {
        if *value != 0.0 {
            assert!((pull - value.signum() * penalty).abs() < 1e-3, "{value}: {pull}, {penalty}");
        }
    }
}

/// What is known of each: the oracle comes near 0 as p / n, the expert never passes what it lacks, the flexible one is
/// worst where samples are as many as features, and the lasso beats it there by far.
#[test]
fn systems_do_what_they_are_known_for() {
    let setting = small();
    let mut means = std::collections::BTreeMap::new();
    for number in 0..20 {
        for outcome in repetition(&setting, number, &never()).unwrap() {
            let sum = means.entry((outcome.system, outcome.samples)).or_insert(0.0);
            *sum += outcome.performance.unwrap() / 20.0;
        }
    }
    let of = |system, samples| means[&(system, samples)];
    assert!(of(System::Oracle, 400) > -0.01);
    // One of the four is missing: (0.25 + 1) / 0.25 = 5.
    assert!((of(System::Expert, 400) + 0.70).abs() < 0.02);
    assert!(of(System::Flexible, 400) > of(System::Expert, 400));
    assert!(of(System::Flexible, 30) < of(System::Expert, 30));
    assert!(of(System::Regularised, 60) > of(System::Flexible, 60) + 0.2);
    assert!(of(System::Regularised, 400) > of(System::Flexible, 400));
}

#[test]
fn more_samples_leave_the_first_ones_as_they_are_and_seeds_repeat() {
    let outcomes = repetition(&small(), 5, &never()).unwrap();
    assert_eq!(outcomes, repetition(&small(), 5, &never()).unwrap());
    let fewer = repetition(&Setting { samples: vec![10, 30], ..small() }, 5, &never()).unwrap();
    assert_eq!(of(&fewer, System::Flexible, 30), of(&outcomes, System::Flexible, 30));
    assert_ne!(outcomes, repetition(&small(), 6, &never()).unwrap());
    assert_eq!(repetition(&small(), 5, &AtomicBool::new(true)), None);
}

/// Of the oracle on 400 samples: 400 x 4 x 5 + 2 x 400 x 4 for the equations, 64 / 3 + 2 x 16 to solve them.
#[test]
fn operations_are_counted() {
    let outcomes = repetition(&small(), 0, &never()).unwrap();
    assert_eq!(of(&outcomes, System::Oracle, 400).flops, 8_000 + 3_200 + 21 + 32);
    // 10 samples of 40 features: 40 x 10 x 11 for x x^T, 1000 / 3 + 2 x 100, and 2 x 10 x 40 back to coefficients.
    assert_eq!(of(&outcomes, System::Flexible, 10).flops, 4_400 + 333 + 200 + 800);
    let lasso = of(&outcomes, System::Regularised, 400).flops;
    assert!(lasso > gram::forming(400, 40));
}
