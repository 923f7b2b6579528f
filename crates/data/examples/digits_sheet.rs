//! Writes a contact sheet of procedural digits, one row per class, as a PGM picture on standard output.
//!
//! `cargo run -p data --example digits_sheet > digits.pgm`

use std::io::Write;

use data::digits::{Role, SIDE, images};

const COLUMNS: usize = 24;
const CELL: usize = SIDE + 2;

fn main() -> std::io::Result<()> {
    let images = images(Role::Validation.seed(), 0..2000);
    let width = COLUMNS * CELL;
    let mut sheet = vec![128u8; width * 10 * CELL];
    let mut used = [0; 10];
    for index in 0..images.len() {
        let class = usize::from(images.labels[index]);
        if used[class] == COLUMNS {
            continue;
        }
        for (y, row) in images.image(index).chunks_exact(SIDE).enumerate() {
            let start = (class * CELL + y + 1) * width + used[class] * CELL + 1;
            sheet[start..start + SIDE].copy_from_slice(row);
        }
        used[class] += 1;
    }
    let mut out = std::io::stdout().lock();
    write!(out, "P5\n{width} {}\n255\n", 10 * CELL)?;
    out.write_all(&sheet)
}
