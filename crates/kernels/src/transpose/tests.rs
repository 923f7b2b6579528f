//! Transposition against plain loops, on shapes with ragged edges and memory that ends where they end.

use proptest::prelude::*;

use super::Transposition;
use crate::isa::Isa;
use crate::testing::guarded::Guarded;
use crate::testing::{Numbers, filled, refused};

/// Values that a matrix of such lines takes, the last one without the room behind it.
fn extent(lines: usize, length: usize, pitch: usize) -> usize {
    if lines == 0 || length == 0 { 0 } else { (lines - 1) * pitch + length }
}

proptest! {
    #[test]
    fn columns_become_rows_and_nothing_else_is_touched(
        (rows, columns) in (0usize..40, 0usize..40),
        (room_behind_row, room_behind_column) in (0usize..9, 0usize..9),
        seed in any::<u64>(),
    ) {
        let (from_pitch, to_pitch) = (columns + room_behind_row, rows + room_behind_column);
        let from = Numbers::new(seed).units(extent(rows, columns, from_pitch));
        let from = Guarded::from(&from[..]);
        for isa in Isa::available() {
            let mut to = filled(extent(columns, rows, to_pitch), f32::NAN);
            Transposition { rows, columns, from: &from, from_pitch, to: &mut to, to_pitch }.run_on(isa);
            for (place, value) in to.iter().enumerate() {
                let (column, row) = (place / to_pitch, place % to_pitch);
                if row < rows {
                    prop_assert_eq!(*value, from[row * from_pitch + column]);
                } else {
                    prop_assert!(value.is_nan(), "room at {} was written", place);
                }
            }
        }
    }
}

#[test]
fn slices_shorter_than_their_matrices_are_refused() {
    for isa in Isa::available() {
        for (short_from, short_to) in [(1, 0), (0, 1)] {
            let from = vec![0.0; 16 * 16 - short_from];
            let mut to = vec![0.0; 16 * 16 - short_to];
            let turn = Transposition {
                rows: 16,
                columns: 16,
                from: &from,
                from_pitch: 16,
                to: &mut to,
                to_pitch: 16,
            };
            assert!(refused(|| turn.run_on(isa)));
        }
    }
}
