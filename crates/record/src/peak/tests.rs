//! Tests of peaks: which are kept, and which records cannot be true.

use super::*;

fn known(speed: f64) -> Known {
    Ok((speed, "a test".to_owned()))
}

fn peak(theoretical: Known, measured: Known) -> Peak {
    Peak::new(theoretical, measured, 2, Precision::F32)
}

#[test]
fn what_is_unknown_is_null_with_its_reason() {
    let unknown = peak(Err("no table".to_owned()), known(1e11));
    assert_eq!((unknown.theoretical_flops_per_second, unknown.measured_flops_per_second), (None, Some(1e11)));
    assert_eq!(unknown.theoretical_basis, "no table");
    let text = serde_json::to_value(&unknown).unwrap();
    assert!(text["theoretical_flops_per_second"].is_null(), "{text}");
    assert_eq!((&text["threads"], &text["precision"]), (&2.into(), &"f32".into()));
    let nothing = peak(known(f64::NAN), known(0.0));
    assert_eq!(nothing.known(), []);
}

/// A limit that was just exceeded by half is no limit.
#[test]
fn a_theoretical_peak_below_the_measured_one_is_none() {
    let below = peak(known(1e11), known(1.5e11));
    assert_eq!(below.theoretical_flops_per_second, None);
    assert!(below.theoretical_basis.contains("150.0 GFLOP/s were measured, more than 100.0"), "{below:?}");
    assert_eq!(peak(known(1e11), known(1.04e11)).theoretical_flops_per_second, Some(1e11));
}

/// 1e11 FLOP/s for 2 s are 2e11 operations; 5% more are tolerated.
#[test]
fn more_than_the_peak_is_a_fault() {
    let peak = peak(Err("no table".to_owned()), known(1e11));
    assert_eq!(peak.faults(Flops(209_000_000_000), Seconds(2.0)), Vec::<String>::new());
    let faults = peak.faults(Flops(300_000_000_000), Seconds(2.0));
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].contains("150.0 GFLOP/s") && faults[0].contains("1.50 times the measured peak of 100.0")
    );
    // Operations in no time at all cannot be either; no operations are no fault.
    assert_eq!(peak.faults(Flops(1), Seconds(0.0)).len(), 1);
    assert_eq!(peak.faults(Flops(0), Seconds(0.0)), Vec::<String>::new());
}

#[test]
fn both_peaks_can_be_broken() {
    let peak = peak(known(1.2e11), known(1e11));
    assert_eq!(peak.faults(Flops(110_000_000_000), Seconds(1.0)).len(), 1);
    assert_eq!(peak.faults(Flops(130_000_000_000), Seconds(1.0)).len(), 2);
}

#[test]
fn a_resumed_run_has_a_peak_only_where_its_parts_computed_alike() {
    let now = peak(known(2e11), known(1e11));
    let faster = peak(known(2e11), known(1.1e11));
    assert_eq!(now.after(Some(&faster)).measured_flops_per_second, Some(1.1e11));
    assert_eq!(faster.after(Some(&now)).measured_flops_per_second, Some(1.1e11));
    let wider = Peak { threads: 8, ..faster.clone() };
    let mixed = now.after(Some(&wider));
    assert_eq!(mixed.known(), []);
    assert!(mixed.measured_basis.contains("began on 8 threads and went on on 2"), "{mixed:?}");
    assert_eq!(now.after(None).known(), []);
}
