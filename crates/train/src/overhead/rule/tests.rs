//! The experiment ends when it should, on ratios that were made up.

use chance::{Purpose, Stream};

use super::*;

const RULE: Rule = Rule { most_pairs: 400, half_width: 0.005 };

/// Ratios around `middle` that scatter by `deviation`, one after the other as the rule asks for them.
fn asked_for(middle: f64, deviation: f64, seed: u64) -> Vec<f64> {
    let mut stream = Stream::new(seed, Purpose::Test, 0);
    let mut ratios = Vec::new();
    while RULE.goes_on(&ratios) {
        ratios.push(middle + deviation * stream.normal());
    }
    ratios
}

#[test]
fn ratios_that_agree_end_it_soon() {
    assert_eq!(asked_for(1.001, 0.0, 1).len(), LEAST_PAIRS);
    // A deviation of 0.2% gives half a width of about 1.25 x 1.96 x 0.002 / sqrt(30) = 0.09%.
    assert_eq!(asked_for(1.0, 0.002, 1).len(), LEAST_PAIRS);
}

/// A deviation of 3% asks for about (1.25 x 1.96 x 0.03 / 0.005)^2 = 216 pairs, and one of 20% for more than there are.
#[test]
fn ratios_that_scatter_take_longer() {
    for seed in 1..9 {
        let pairs = asked_for(1.0, 0.03, seed).len();
        assert!((60..400).contains(&pairs), "{pairs}");
        let most = asked_for(1.0, 0.2, seed);
        assert!(most.len() == RULE.most_pairs && !RULE.is_narrow(&most));
    }
}

/// A meter that cost 2% is found to, and one that costs nothing is not, more often than not as often as 95%.
#[test]
fn the_interval_holds_the_cost() {
    for middle in [1.0, 1.02] {
        let holds = |seed: &u64| {
            let ratio = estimate(&asked_for(middle, 0.02, *seed));
            ratio.low <= middle && middle <= ratio.high
        };
        let held = (0..200).filter(holds).count();
        assert!(held >= 176, "{held} of 200 around {middle}");
    }
}

#[test]
fn one_block_that_was_disturbed_does_no_harm() {
    let mut ratios = vec![1.0; 40];
    (ratios[3], ratios[17]) = (9.0, 0.1);
    assert!(RULE.is_narrow(&ratios) && estimate(&ratios).median == 1.0);
}

#[test]
fn too_few_are_no_interval() {
    for pairs in 0..6 {
        assert!(half_width(&vec![1.0; pairs]).is_infinite(), "{pairs}");
    }
    assert_eq!(half_width(&[1.0; 6]), 0.0);
    let few = Rule { most_pairs: 2, ..RULE };
    assert!(few.goes_on(&[1.0]) && !few.goes_on(&[1.0, 1.0]) && !few.is_narrow(&[1.0, 1.0]));
    assert!(!RULE.is_narrow(&[1.0; LEAST_PAIRS - 1]) && RULE.is_narrow(&[1.0; LEAST_PAIRS]));
    // From the definition: of 30 values the tenth from either end.
    assert!(method(LEAST_PAIRS).0.contains("rank 10") && method(LEAST_PAIRS).1 > 0.95);
}
