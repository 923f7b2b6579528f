//! Cycles of the processor that can be counted by a program: additions that wait for each other.

/// Additions in one turn of the loop.
const ADDITIONS: u64 = 64;

/// Adds `turns` x 64 times to one register, each addition waiting for the one before, and says how many that were; `None`
/// where this is not written for the processor.
///
/// An addition of two registers takes one cycle on every processor that this is written for (uops.info, "ADD (R64, R64)";
/// Arm's optimization guides for Neoverse, "Arithmetic, basic"), so these are cycles, and the clock rate is their number
/// over the seconds they take.
#[must_use]
pub fn dependent_additions(turns: u64) -> Option<u64> {
    if turns == 0 {
        return Some(0);
    }
    add_on(turns).then(|| turns.saturating_mul(ADDITIONS))
}

#[cfg(target_arch = "x86_64")]
fn add_on(turns: u64) -> bool {
    let (mut left, mut sum) = (turns, 1_u64);
    // SAFETY: it changes these two registers and the flags alone, and ends, as `turns` is above 0.
    unsafe {
        std::arch::asm!(
            "2:",
            ".rept 64",
            "add {sum}, {addend}",
            ".endr",
            "dec {left}",
            "jnz 2b",
            sum = inout(reg) sum,
            addend = in(reg) 3_u64,
            left = inout(reg) left,
            options(nomem, nostack),
        );
    }
    std::hint::black_box((sum, left));
    true
}

#[cfg(target_arch = "aarch64")]
fn add_on(turns: u64) -> bool {
    let (mut left, mut sum) = (turns, 1_u64);
    // SAFETY: it changes these two registers and the flags alone, and ends, as `turns` is above 0.
    unsafe {
        std::arch::asm!(
            "2:",
            ".rept 64",
            "add {sum}, {sum}, {addend}",
            ".endr",
            "subs {left}, {left}, #1",
            "b.ne 2b",
            sum = inout(reg) sum,
            addend = in(reg) 3_u64,
            left = inout(reg) left,
            options(nomem, nostack),
        );
    }
    std::hint::black_box((sum, left));
    true
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn add_on(_turns: u64) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_are_counted_and_end() {
        assert_eq!(dependent_additions(0), Some(0));
        let known = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        assert_eq!(dependent_additions(1000), known.then_some(64_000));
    }
}
