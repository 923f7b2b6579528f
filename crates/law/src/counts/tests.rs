//! Counts against sums by hand and made trainings, some without any error.

use chance::{Purpose, Stream};

use super::*;

/// Probabilities of all counts sum to one, with the binomial coefficients that the likelihood leaves away.
#[test]
fn probabilities_sum_to_one() {
    for (p, rho) in [(0.1, 0.0), (0.3, 0.01), (0.02, 0.2)] {
        let images = 30u32;
        let mut ways = 1.0;
        let mut sum = 0.0;
        for wrong in 0..=images {
            sum += ways * beta_binomial(f64::from(wrong), f64::from(images), p, rho).exp();
            ways *= f64::from(images - wrong) / f64::from(wrong + 1);
        }
        assert!((sum - 1.0).abs() < 1e-9, "{p} {rho}: {sum}");
    }
}

/// `seeds` trainings at each of nine computes with p = 0.5 C^-0.4, their p off by `spread` of itself.
fn trainings(images: u64, seeds: usize, spread: f64, seed: u64) -> Vec<Count> {
    let mut stream = Stream::new(seed, Purpose::Test, 0);
    let mut counts = Vec::new();
    for i in 0..9 {
        let compute = 10f64.powf(0.5 * f64::from(i));
        for _ in 0..seeds {
            let p = 0.5 * compute.powf(-0.4) * (1.0 + spread * stream.normal()).max(0.0);
            let wrong = (0..images).filter(|_| stream.uniform_f64() < p).count() as u64;
            counts.push(Count { compute, wrong, images });
        }
    }
    counts
}

#[test]
fn the_law_is_found_where_some_trainings_have_no_errors() {
    let counts = trainings(60, 10, 0.0, 1);
    assert!(counts.iter().filter(|count| count.wrong == 0).count() > 2);
    let law = fit(&counts).unwrap();
    let (low, high) = (law.interval.low.unwrap(), law.interval.high.unwrap());
    assert!(low < 0.4 && 0.4 < high && high - low < 0.15, "{law:?}");
    assert!((law.log_a - 0.5f64.ln()).abs() < 0.2 && law.spread < 0.2, "{law:?}");
}

#[test]
fn trainings_that_spread_have_wider_intervals() {
    let width = |spread: f64| {
        let law = fit(&trainings(5000, 3, spread, 2)).unwrap();
        assert!(law.interval.low.unwrap() < 0.4 && 0.4 < law.interval.high.unwrap(), "{law:?}");
        (law.interval.high.unwrap() - law.interval.low.unwrap(), law.spread)
    };
    let (coin, spread) = (width(0.0), width(0.3));
    assert!(spread.0 > 2.0 * coin.0 && (spread.1 - 0.3).abs() < 0.2 && coin.1 < 0.1, "{coin:?} {spread:?}");
}

#[test]
fn what_gives_no_law() {
    let count = |compute, wrong| Count { compute, wrong, images: 100 };
    assert_eq!(fit(&[]), None);
    assert_eq!(fit(&[count(1.0, 5), count(10.0, 3), count(10.0, 2)]), None);
    assert_eq!(fit(&[count(1.0, 0), count(10.0, 0), count(100.0, 0)]), None);
    assert_eq!(fit(&[count(1.0, 5), count(0.0, 3), count(100.0, 2)]), None);
    assert_eq!(fit(&[count(1.0, 500), count(10.0, 3), count(100.0, 2)]), None);
}
