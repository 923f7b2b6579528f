//! The blocks cover the padded channels, one after the other.

use super::blocks;
use crate::isa::Isa;

#[test]
fn blocks_cover_the_padded_channels_in_order() {
    for isa in Isa::available() {
        for channels in 0..200 {
            let mut end = 0;
            for block in blocks(isa, channels) {
                assert_eq!(block.start, end);
                assert!(isa.block_widths().contains(&block.len()), "{isa:?} has no kernel for {block:?}");
                end = block.end;
            }
            assert_eq!(end, channels.next_multiple_of(8));
        }
    }
}

/// 40 = 32 + 8 and 130 = 64 + 64 + 8, when 130 is padded to 136.
#[cfg(target_arch = "x86_64")]
#[test]
fn the_widest_come_first() {
    assert_eq!(blocks(Isa::Avx512, 40), [0..32, 32..40]);
    assert_eq!(blocks(Isa::Avx512, 130), [0..64, 64..128, 128..136]);
    assert_eq!(blocks(Isa::Avx2, 40), [0..16, 16..32, 32..40]);
}
