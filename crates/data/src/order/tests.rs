//! Tests of the sample order against a reference that draws every pass anew.

use chance::{Purpose, Stream};
use proptest::prelude::*;

use super::SampleOrder;

/// The image of one sample, by the definition alone.
fn reference(seed: u64, n: u32, sample: u64) -> u32 {
    let mut pass: Vec<u32> = (0..n).collect();
    Stream::new(seed, Purpose::SampleOrder, sample / u64::from(n)).shuffle(&mut pass);
    pass[(sample % u64::from(n)) as usize]
}

fn filled(order: &mut SampleOrder, first: u64, count: usize) -> Vec<u32> {
    let mut indices = vec![u32::MAX; count];
    order.fill(first, &mut indices);
    indices
}

proptest! {
    #[test]
    fn every_pass_sees_every_image_once(seed: u64, n in 1u32..200, pass in 0u64..1 << 40) {
        let mut order = SampleOrder::new(seed, n);
        let mut seen = filled(&mut order, pass * u64::from(n), n as usize);
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..n).collect::<Vec<_>>());
    }

    #[test]
    fn any_batch_equals_the_reference(
        seed: u64,
        n in 1u32..30,
        calls in prop::collection::vec((0u64..1000, 0usize..100), 1..6),
    ) {
        // One order serves all calls, which come in any sequence: going back and forth is allowed.
        let mut order = SampleOrder::new(seed, n);
        for (first, count) in calls {
            let expected: Vec<u32> =
                (first..first + count as u64).map(|sample| reference(seed, n, sample)).collect();
            prop_assert_eq!(filled(&mut order, first, count), expected);
        }
    }
}

#[test]
fn passes_and_seeds_differ() {
    // By chance two orders of 100 images are equal once in 100! tries.
    let mut one = SampleOrder::new(1, 100);
    let first = filled(&mut one, 0, 100);
    assert_ne!(first, filled(&mut one, 100, 100));
    assert_ne!(first, filled(&mut SampleOrder::new(2, 100), 0, 100));
}

#[test]
#[should_panic(expected = "at least one image")]
fn no_images_are_refused() {
    let _ = SampleOrder::new(1, 0);
}
