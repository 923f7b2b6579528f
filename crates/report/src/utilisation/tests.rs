//! Tests of utilisation by hand: 1e9 model FLOPs in 2 s, as the samples have them.

use record::spec::Precision;
use record::units::{Flops, Seconds};

use super::*;
use crate::sample;

/// A run of 1e9 model FLOPs in 2 s with these peaks, that executed 8e8.
fn run(theoretical: Option<f64>, measured: Option<f64>) -> RunRecord {
    let mut run = sample::run("mlp", 10, 1);
    run.flops.executed_train = Flops(800_000_000);
    run.peak = Some(Peak {
        theoretical_flops_per_second: theoretical,
        theoretical_basis: "a test".to_owned(),
        measured_flops_per_second: measured,
        measured_basis: "a test".to_owned(),
        threads: 4,
        precision: Precision::F32,
    });
    run
}

fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap_or(f64::NAN);
    assert!((found / expected - 1.0).abs() < 1e-12, "{found}, expected {expected}");
}

/// 5e8 model FLOP/s and 4e8 executed, of 2e9 and 1e9.
#[test]
fn shares_of_both_peaks() {
    let used = of(&run(Some(2e9), Some(1e9)));
    near(used.flops_per_second, 5e8);
    near(used.executed_flops_per_second, 4e8);
    near(used.mfu_theoretical, 0.25);
    near(used.mfu_measured, 0.5);
    near(used.hfu_theoretical, 0.2);
    near(used.hfu_measured, 0.4);
    near(Some(used.pfs_days), 1e9 / 8.64e19);
}

/// "AI and Compute" on AlexNet: 2 cards x 1.58e12 FLOP/s x 5.5 days x 0.33 are 4.96e17 FLOPs, 0.0057 pfs-days.
#[test]
fn method_2_of_alexnet() {
    let mut alexnet = run(Some(2.0 * 1.58e12), None);
    alexnet.seconds.train = Seconds(5.5 * 86_400.0);
    alexnet.circumstances.device = "cuda:0".to_owned();
    let method2 = of(&alexnet).method2.unwrap();
    assert!((method2.flops / 4.96e17 - 1.0).abs() < 0.01, "{method2:?}");
    assert!((method2.pfs_days / 0.0057 - 1.0).abs() < 0.01, "{method2:?}");
}

#[test]
fn method_2_on_a_processor_takes_the_theoretical_peak_first() {
    let both = of(&run(Some(2e9), Some(1e9))).method2.unwrap();
    assert_eq!((both.peak, both.assumed_utilisation), (PeakName::Theoretical, 0.17));
    // 2 s x 2e9 x 0.17.
    near(Some(both.flops), 6.8e8);
    let measured = of(&run(None, Some(1e9))).method2.unwrap();
    assert_eq!(measured.peak, PeakName::Measured);
    near(Some(measured.flops), 3.4e8);
}

#[test]
fn without_a_peak_there_is_no_share_and_no_guess() {
    let used = of(&sample::run("mlp", 10, 1));
    assert_eq!((used.mfu_theoretical, used.hfu_measured, used.method2), (None, None, None));
    near(used.flops_per_second, 5e8);
    let nothing = run(None, None);
    assert_eq!((of(&nothing).method2, of_runs(&[nothing]).len()), (None, 0));
}

/// 1e9 in 2 s at a peak of 1e9, and 1e9 in 6 s at 0.5e9: 2e9 of 5e9.
#[test]
fn runs_together_weigh_by_what_they_could_have_done() {
    let mut slow = run(None, Some(5e8));
    slow.seconds.train = Seconds(6.0);
    let records = [run(Some(4e9), Some(1e9)), slow, sample::run("mlp", 10, 2)];
    let measured = against(&records, PeakName::Measured).unwrap();
    assert_eq!(measured.runs, 2);
    near(Some(measured.mfu), 0.4);
    near(Some(measured.hfu), 0.32);
    assert_eq!(against(&records, PeakName::Theoretical).unwrap().runs, 1);
    let methods = methods(&records).unwrap();
    assert_eq!(methods.runs, 2);
    // 2 s x 4e9 x 0.17 + 6 s x 5e8 x 0.17.
    near(Some(methods.method2_flops), 1.36e9 + 5.1e8);
    near(Some(methods.method1_pfs_days), 2e9 / 8.64e19);
    assert_eq!(of_runs(&records).len(), 2);
    assert_eq!(super::methods(&records[2..]), None);
}

#[test]
fn an_impossible_record_has_a_fault_whether_it_says_so_or_not() {
    let mut impossible = run(None, Some(1e8));
    let found = faults(&impossible);
    assert!(found.len() == 1 && found[0].contains("4.00 times the measured peak"), "{found:?}");
    // One that says so of itself does not say it twice.
    impossible.faults = found.clone();
    assert_eq!(faults(&impossible), found);
    assert_eq!(faults(&run(None, Some(1e9))), Vec::<String>::new());
}
