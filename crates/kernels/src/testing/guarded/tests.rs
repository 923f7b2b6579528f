//! The guards guard.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use super::Guarded;
use crate::testing::refused;

/// Tells a second process of these tests what to do with its memory.
const CHILD: &str = "ERGOMETER_TEST_GUARD";

#[test]
fn values_are_copied_and_can_be_changed() {
    for len in [0, 1, 7, 16_384, 16_385, 100_000] {
        let values: Vec<f32> = (0..len).map(|value| value as f32).collect();
        let mut guarded = Guarded::from(&values[..]);
        assert_eq!(&guarded[..], &values[..]);
        let copy = guarded.clone();
        guarded.fill(1.0);
        assert!(guarded.iter().all(|&value| value == 1.0));
        assert_eq!(&copy[..], &values[..]);
    }
    assert_eq!(&[1u8, 2, 3].into_iter().collect::<Guarded<u8>>()[..], &[1, 2, 3]);
}

/// The process dies of it, so another one tries: this test alone, told by its environment.
#[test]
fn access_beyond_the_end_faults() {
    let mut values = Guarded::from(&[1f32; 5][..]);
    let beyond = values.as_mut_ptr().wrapping_add(5);
    match std::env::var(CHILD).as_deref() {
        // SAFETY: none; the process ends here, which the test above it waits for.
        Ok("read") => unsafe { _ = std::hint::black_box(beyond.read_volatile()) },
        // SAFETY: none, as above.
        Ok("write") => unsafe { beyond.write_volatile(2.0) },
        _ => {
            for access in ["read", "write"] {
                let mut again = Command::new(std::env::current_exe().expect("this program"));
                let arguments = ["--exact", "testing::guarded::tests::access_beyond_the_end_faults"];
                let ended = again.args(arguments).env(CHILD, access).output().expect("a process");
                // SIGSEGV is 11 on every architecture of Linux.
                assert_eq!(ended.status.signal(), Some(11), "{access}: {ended:?}");
            }
        }
    }
}

#[test]
fn writing_before_the_first_value_is_noticed() {
    assert!(refused(|| {
        let mut values = Guarded::from(&[1f32; 5][..]);
        // SAFETY: the watched bytes before the values are writable, and nobody refers to them.
        unsafe { values.as_mut_ptr().wrapping_sub(1).write_volatile(2.0) };
    }));
}
