//! Rates in words.

use super::*;

#[test]
fn only_what_is_known_is_shown_and_estimates_are_marked() {
    let mut rates = Rates {
        images_per_second: Some(8000.4),
        flops_per_second: Some(18.11e9),
        watts: Some((Watts(40.2), Kind::Modelled)),
    };
    assert_eq!(in_words(&rates), "8000 img/s  18.1 GFLOP/s  ~40 W");
    rates.watts = Some((Watts(40.2), Kind::Counter));
    assert_eq!(in_words(&rates), "8000 img/s  18.1 GFLOP/s  40 W");
    assert_eq!(in_words(&Rates::default()), "");
}

#[test]
fn the_time_left_is_told_once_something_is_done() {
    assert_eq!(left(30.0, 0.0, 5.0), "");
    // 3 parts in 30 seconds, so 7 parts in 70.
    assert_eq!(left(30.0, 3.0, 7.0), ", about 70.0 s left");
}

#[test]
fn templates_are_valid() {
    for bar in [training(10, "lenet5"), sweep(10, "quick"), download(10, "f.gz")] {
        update(&bar, 5, &Rates::default());
        assert_eq!((bar.position(), bar.length()), (5, Some(10)));
    }
    for template in [TRAINING, SWEEP, DOWNLOAD] {
        assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
    }
}
