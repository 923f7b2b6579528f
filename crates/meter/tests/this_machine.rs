//! Meters a little work on the machine at hand, whatever it has.

use meter::clock::Stopwatch;
use meter::host::host;
use meter::meter::Meter;
use meter::sources::{Options, Sources};
use record::energy::{Kind, Phase};

#[test]
fn real_work_is_metered_and_nothing_is_silently_zero() {
    let options = Options::default();
    let sources = Sources::discover(&options);
    for facts in sources.describe() {
        println!("{facts:?}");
        assert!(facts.kind != Kind::None || facts.note.is_some());
    }
    let mut meter = Meter::start(&sources);
    meter.enter(Phase::Train);
    let watch = Stopwatch::start();
    let mut sum = 0u64;
    while watch.elapsed().0 < 0.3 {
        sum = std::hint::black_box(sum + 1);
    }
    println!("{:?}", meter.live());
    meter.enter(Phase::Evaluate);
    let so_far = meter.seconds();
    let metering = meter.finish();
    println!("{metering:#?}\n{:#?}", host(&options));

    assert!(so_far.train.0 >= 0.3 && metering.seconds.total >= so_far.total);
    assert!(metering.started_unix > 1.7e9);
    let of = |phase| metering.energy.iter().filter(move |w| w.phase == phase);
    assert!(of(Phase::Total).count() >= 1);
    for window in &metering.energy {
        assert_eq!(window.joules.is_none(), window.kind == Kind::None);
        assert!(window.joules.is_some() || !window.notes.is_empty());
        if let (Some(low), Some(joules), Some(high)) = (window.joules_low, window.joules, window.joules_high)
        {
            assert!(low <= joules && joules <= high);
        }
    }
    for window in of(Phase::Train).filter(|w| w.kind == Kind::Modelled) {
        // A third of a second of one busy processor, at 1.5 W at the very least.
        assert!(window.joules.unwrap().0 > 0.0 && window.joules_low < window.joules_high);
    }
}
