//! Memory for activations: taken once, on cache-line boundaries, in huge pages where the system allows them.

use std::collections::TryReserveError;
use std::ops::{Deref, DerefMut};

/// Values of a cache line of 64 bytes.
const LINE: usize = 16;

/// Zeroed values that begin on a cache line.
#[derive(Debug)]
pub struct Arena {
    values: Vec<f32>,
    start: usize,
    len: usize,
}

impl Arena {
    /// Takes `len` values, all zero.
    #[must_use]
    pub fn new(len: usize) -> Arena {
        // Fresh zeroed memory is not touched before its first use, so that it can still become huge pages.
        let values = vec![0f32; len + LINE];
        let start = values.as_ptr().align_offset(size_of::<f32>() * LINE).min(LINE);
        let arena = Arena { values, start, len };
        ask_for_huge_pages(&arena.values);
        arena
    }

    /// Takes `len` values, all zero, or says that the system has not so many.
    ///
    /// # Errors
    /// When the system refuses; one that promises more than it has may still end the process later.
    pub fn try_new(len: usize) -> Result<Arena, TryReserveError> {
        // Asked for and given back at once: memory that is taken with its zeros cannot be asked for politely.
        Vec::<f32>::new().try_reserve_exact(len + LINE)?;
        Ok(Arena::new(len))
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.len() * size_of::<f32>()
    }
}

impl Deref for Arena {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..self.start + self.len]
    }
}

impl DerefMut for Arena {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.len]
    }
}

impl Clone for Arena {
    fn clone(&self) -> Arena {
        let mut copy = Arena::new(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

/// Asks Linux for huge pages in the pages that lie wholly within; a refusal only costs speed.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages(values: &[f32]) {
    use rustix::mm::{Advice, madvise};
    const PAGE: usize = 4096;
    let skip = values.as_ptr().cast::<u8>().align_offset(PAGE);
    let whole = size_of_val(values).saturating_sub(skip) / PAGE * PAGE;
    if whole == 0 {
        return;
    }
    let first = values.as_ptr().cast::<u8>().wrapping_add(skip).cast_mut().cast();
    // SAFETY: the pages belong to `values`, and this advice changes no content.
    let _ = unsafe { madvise(first, whole, Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_values: &[f32]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_is_is_refused() {
        assert!(Arena::try_new(usize::MAX / 64).is_err());
        assert_eq!(Arena::try_new(100).map(|arena| arena.len()), Ok(100));
    }

    #[test]
    fn values_are_zero_and_begin_on_a_cache_line() {
        for len in [0, 1, 15, 16, 100_000] {
            let arena = Arena::new(len);
            assert_eq!(arena.len(), len);
            assert!(arena.iter().all(|&value| value == 0.0));
            assert_eq!(arena.as_ptr().align_offset(64), 0);
        }
    }
}
