//! Overtaking in rows made by hand.

use super::*;
use crate::sample::bench_row;

/// The processor slows down with the width, the card does not; with a batch of 8 it is slower throughout.
fn rows() -> Vec<BenchRow> {
    let mut rows = Vec::new();
    for (net, processor) in [("cnn-w8-d3", 9000.0), ("cnn-w16-d3", 3000.0), ("cnn-w32-d3", 1000.0)] {
        for (batch, card) in [(8, 500.0), (128, 2000.0), (1024, 5000.0)] {
            rows.push(BenchRow { batch, ..bench_row(net, "native", "cpu", processor) });
            rows.push(BenchRow { batch, ..bench_row(net, "candle", "cpu", processor / 10.0) });
            rows.push(BenchRow { batch, ..bench_row(net, "tch", "cuda:0", card) });
        }
    }
    rows
}

#[test]
fn the_card_overtakes_where_it_stays_ahead() {
    let told = overtaking(&rows());
    let of = |net: &str, batch: Option<u64>| {
        let found = told.iter().find(|one| one.net == net && one.batch == batch).unwrap();
        assert_eq!((found.device.as_str(), found.learner.as_str()), ("cuda:0", "tch"));
        (found.along, found.measured.clone(), found.from)
    };
    let batches = vec![8, 128, 1024];
    assert_eq!(of("cnn-w8-d3", None), (Growth::Batch, batches.clone(), None), "not even at the largest");
    assert_eq!(of("cnn-w16-d3", None), (Growth::Batch, batches.clone(), Some(1024)));
    assert_eq!(of("cnn-w32-d3", None), (Growth::Batch, batches, Some(128)));
    let widths = vec![8, 16, 32];
    assert_eq!(of("cnn-w*-d3", Some(8)), (Growth::Width, widths.clone(), None));
    assert_eq!(of("cnn-w*-d3", Some(128)), (Growth::Width, widths.clone(), Some(32)));
    assert_eq!(of("cnn-w*-d3", Some(1024)), (Growth::Width, widths, Some(16)));
    assert_eq!(told.len(), 6);
}

/// Faster at the smallest and slower at the largest is no overtaking; nor is a size at which one of them is missing.
#[test]
fn a_lead_that_is_lost_does_not_count() {
    let row = |batch, device: &str, speed| BenchRow { batch, ..bench_row("net-a", "tch", device, speed) };
    let mut rows =
        vec![row(8, "cpu", 1.0), row(8, "cuda:0", 2.0), row(16, "cpu", 3.0), row(32, "cuda:0", 9.0)];
    assert_eq!(overtaking(&rows), [], "one size is no growth");
    rows.push(row(16, "cuda:0", 2.5));
    let [only] = overtaking(&rows).try_into().unwrap();
    assert_eq!((only.measured, only.from), (vec![8, 16], None));
    assert_eq!(overtaking(&rows[..1]), [], "no card");
}
