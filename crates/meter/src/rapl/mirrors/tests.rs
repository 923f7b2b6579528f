//! Tests of dies that move while they are looked at.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use super::super::{ReadText, discover};

/// Dies whose counters start at `starts` and gain `gains` microjoules before each look; how many are counted, and the note of the first.
fn counted(starts: [u64; 2], gains: [u64; 2]) -> (usize, String) {
    let root = TempDir::new().unwrap();
    for die in 0..2 {
        let folder = root.path().join(format!("sys/class/powercap/intel-rapl:{die}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("name"), format!("package-0-die-{die}")).unwrap();
        fs::write(folder.join("max_energy_range_uj"), "262143328850").unwrap();
    }
    let reads = AtomicU64::new(0);
    let read: ReadText = Arc::new(move |path: &Path| {
        if !path.ends_with("energy_uj") {
            return fs::read_to_string(path);
        }
        // The first die is read at the start, and then twice in every look, around the second.
        let die = usize::from(path.to_string_lossy().contains("intel-rapl:1"));
        let step =
            if die == 0 { reads.fetch_add(1, Ordering::Relaxed) } else { reads.load(Ordering::Relaxed) };
        let look = if die == 0 { step.div_ceil(2) } else { step / 2 };
        Ok((starts[die] + look * gains[die]).to_string())
    });
    let found = discover(root.path(), &read);
    (found.readable.len(), found.readable[0].facts().note.clone().unwrap())
}

#[test]
fn dies_are_mirrors_where_they_count_the_same() {
    let once = "2 dies show one counter, which is counted once";
    assert_eq!(counted([500_000_000; 2], [50_000; 2]), (1, once.into()));
    // 0.3% apart at the start.
    assert_eq!(counted([100_000_000_000, 100_300_000_000], [50_000; 2]), (1, once.into()));
}

#[test]
fn dies_that_start_alike_and_draw_other_powers_are_added() {
    let added = "2 dies have a counter each, which are added";
    for (gains, start) in
        [([50_000, 55_000], 0), ([60_000, 52_000], 1_000_000), ([50_000, 0], 0), ([0, 50_000], 0)]
    {
        assert_eq!(counted([500_000_000, 500_000_000 + start], gains), (2, added.into()), "{gains:?}");
    }
}
