//! Which rows tiles cover, and how few of them in vain.

use super::executed_rows;
use crate::isa::Isa;

/// With tiles of six and four rows, by hand: 7 is 4 + 4, 9 is 6 + 4, 13 is 6 + 4 + 4.
#[test]
fn few_rows_are_computed_in_vain() {
    let executed: Vec<usize> = (0..=13).map(|rows| executed_rows(Isa::Portable, 8, rows)).collect();
    assert_eq!(executed, [0, 4, 4, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14]);
}

/// Steps of the register tiles of AVX-512: every multiple of the small one can be had.
#[cfg(target_arch = "x86_64")]
#[test]
fn rows_grow_by_the_small_tile() {
    for (lanes, small) in [(64, 4), (48, 4), (32, 4), (16, 6), (8, 6)] {
        for rows in 0..100usize {
            assert_eq!(executed_rows(Isa::Avx512, lanes, rows), rows.next_multiple_of(small), "{rows} rows");
        }
    }
}
