//! Values at the end of pages of their own, with pages without access on either side.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// Bytes without access on either side: the largest page of any Linux, so that it is whole pages everywhere.
const GUARD: usize = 1 << 16;

/// Bytes before the values that must keep their mark, as the values begin somewhere within a page.
const WATCHED: usize = 1 << 10;

/// All bits set make a NaN, which does not go unnoticed where it is read.
const MARK: u8 = 0xFF;

/// Values that end where a page without access begins. Before them are bytes that are found to be unwritten when
/// the values are dropped, and before those another page without access.
///
/// Sound, because the mapping is new, belongs to this value alone and lives until it is dropped: references to the
/// values borrow it, and a clone has its own. All values are written before a reference to them is made. They end
/// at the end of a page and so are aligned, because a type's alignment divides both its size and that of a page.
pub(crate) struct Guarded<T: Copy> {
    mapping: NonNull<u8>,
    /// Bytes between the guards.
    inner: usize,
    values: NonNull<T>,
    len: usize,
}

impl<T: Copy> From<&[T]> for Guarded<T> {
    fn from(values: &[T]) -> Guarded<T> {
        const { assert!(align_of::<T>() <= GUARD) }
        let bytes = size_of_val(values);
        let inner = (WATCHED + bytes).next_multiple_of(GUARD);
        // SAFETY: a new mapping, of which what lies between the guards is made writable; the values' bytes and the
        // watched ones before them fit in there.
        unsafe {
            let mapping = mmap_anonymous(
                std::ptr::null_mut(),
                inner + 2 * GUARD,
                ProtFlags::empty(),
                MapFlags::PRIVATE,
            );
            let mapping = NonNull::new(mapping.expect("a mapping").cast::<u8>()).expect("not null");
            let first = mapping.add(GUARD);
            mprotect(first.as_ptr().cast(), inner, MprotectFlags::READ | MprotectFlags::WRITE)
                .expect("memory");
            let to = first.add(inner - bytes);
            to.sub(WATCHED).write_bytes(MARK, WATCHED);
            let to = to.cast::<T>();
            to.copy_from_nonoverlapping(NonNull::from(values).cast(), values.len());
            Guarded { mapping, inner, values: to, len: values.len() }
        }
    }
}

impl<T: Copy> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: the watched bytes were written when the mapping was made, and no reference leads to them.
        let watched = unsafe {
            let first = self.values.cast::<u8>().sub(WATCHED);
            std::slice::from_raw_parts(first.as_ptr(), WATCHED).iter().all(|&byte| byte == MARK)
        };
        // SAFETY: the mapping is this value's own, and no reference outlives it.
        let unmapped = unsafe { munmap(self.mapping.as_ptr().cast(), self.inner + 2 * GUARD) };
        if !std::thread::panicking() {
            unmapped.expect("a mapping");
            assert!(watched, "something was written before the first value");
        }
    }
}

impl<T: Copy> Deref for Guarded<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: so many values were written there, and the mapping lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.values.as_ptr(), self.len) }
    }
}

impl<T: Copy> DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`; `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.values.as_ptr(), self.len) }
    }
}

impl<T: Copy> FromIterator<T> for Guarded<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Guarded<T> {
        let values: Vec<T> = values.into_iter().collect();
        Guarded::from(&values[..])
    }
}

impl<T: Copy> Clone for Guarded<T> {
    fn clone(&self) -> Guarded<T> {
        Guarded::from(&self[..])
    }
}

impl<T: Copy + PartialEq> PartialEq for Guarded<T> {
    fn eq(&self, other: &Guarded<T>) -> bool {
        self[..] == other[..]
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self[..].fmt(f)
    }
}
