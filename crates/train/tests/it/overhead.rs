//! The experiment on the meter itself: pairs of equal steps, and an end when asked for one.

use std::sync::atomic::{AtomicBool, Ordering};

use record::overhead::OverheadOutput;
use record::units::Seconds;
use train::overhead::{OverheadOptions, measure};

use crate::sources;

/// Blocks of a hundredth of a second; stops after so many pairs.
fn measured(most_pairs: usize, stop_after: Option<usize>) -> (Option<OverheadOutput>, usize) {
    let (stop, sources) = (AtomicBool::new(false), sources());
    let options =
        OverheadOptions { sources: &sources, threads: 1, block: Seconds(0.01), most_pairs, stop: &stop };
    let mut seen = 0;
    let told = measure(&options, &mut |progress| {
        seen += 1;
        assert_eq!((progress.pairs, progress.most_pairs), (seen, most_pairs));
        assert!(progress.ratio > 0.0);
        stop.store(stop_after == Some(seen), Ordering::Relaxed);
    });
    (told.unwrap(), seen)
}

#[test]
fn pairs_are_made_until_there_are_enough() {
    let (told, seen) = measured(3, None);
    let told = told.unwrap();
    assert_eq!((seen, told.pairs, told.pairs_limit, told.blocks.len()), (3, 3, 3, 3));
    assert!(!told.is_narrow, "three pairs are none of 95%");
    assert_eq!(told.coverage, 0.75, "1 - 2/2^3");
    assert!(told.ratio_low <= told.ratio && told.ratio <= told.ratio_high);
    let mut ratios: Vec<f64> = told.blocks.iter().map(|pair| pair.metered.0 / pair.unmetered.0).collect();
    ratios.sort_by(f64::total_cmp);
    assert_eq!(vec![told.ratio_low, told.ratio, told.ratio_high], ratios);
    assert!(told.steps_per_block >= told.looks_per_block && told.looks_per_block > 0);
    let least: f64 = told.blocks.iter().map(|pair| pair.metered.0).sum();
    assert!(told.metered.0 >= least, "leads come on top");
    assert!(!told.domains.is_empty(), "an estimate is a reading too");
}

#[test]
fn it_ends_when_it_is_asked_to() {
    let (told, seen) = measured(9, Some(2));
    assert!(told.is_none());
    assert_eq!(seen, 2);
}
