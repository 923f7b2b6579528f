//! Only instructions that the processor has are used.

use std::io::Write;

use super::Isa;
use crate::moments::add_sums;
use crate::plane::Plane;
use crate::testing::refused;

#[test]
fn the_best_comes_first_and_plain_rust_last() {
    let available = Isa::available();
    assert_eq!(available.first(), Some(&Isa::detect()));
    assert_eq!(available.last(), Some(&Isa::Portable));
    for isa in Isa::all().iter().filter(|isa| !available.contains(isa)) {
        // On the real stderr, which the harness does not swallow.
        let why = format!("SKIPPED every test on {}: this processor has no such instructions\n", isa.name());
        let _ = std::io::stderr().write_all(why.as_bytes());
    }
}

/// Whatever processor this is, an instruction set works if and only if it is available: none is replaced by another,
/// whose vectors would not fill the blocks.
#[test]
fn what_the_processor_lacks_is_refused() {
    let available = Isa::available();
    for isa in Isa::all() {
        let refuses = refused(|| add_sums(isa, Plane::new(1, 1, 8, 0), 1, &[0.0; 8], &mut [0.0; 8]));
        assert_eq!(refuses, !available.contains(&isa), "{isa:?}");
    }
}

#[test]
fn blocks_are_whole_vectors_and_end_with_eight_lanes() {
    for isa in Isa::all() {
        let widths = isa.block_widths();
        assert!(widths.is_sorted_by(|a, b| a > b), "{isa:?}");
        assert!(widths.iter().all(|width| width % 8 == 0), "{isa:?}");
        assert_eq!(widths.last(), Some(&8), "{isa:?}");
    }
}
