//! Checks of what is said where there are no cards, and of the table where there are.

use super::cards;
use super::error::CudaError;

/// On a machine without a driver the first library is missed by name; on one with it, there is a number or a reason.
#[test]
fn the_lack_of_a_card_has_a_reason() {
    match cards() {
        Ok(cards) => assert!(cards >= 1),
        Err(CudaError::Missing { library, reason, remedy }) => {
            assert!(reason.contains(library), "{reason}");
            assert!(remedy.starts_with("install"), "{remedy}");
        }
        Err(CudaError::Driver(code)) => assert_ne!(code, 0, "0 is success"),
        Err(error @ CudaError::Function { .. }) => panic!("{error}"),
    }
}

/// Libraries of the right names, compiled here, whose functions all answer that all is well, and that there are three
/// cards. The loader looks for them where it is told to when a process starts, so this test starts itself again.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn jumps_reach_the_libraries() {
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    for named in crate::jumps::LIBRARIES {
        let functions = named.functions.iter().map(|(function, _)| match *function {
            "cuDeviceGetCount" => format!("int {function}(int *count) {{ *count = 3; return 0; }}\n"),
            _ => format!("int {function}(void) {{ return 0; }}\n"),
        });
        let source = folder.path().join("library.c");
        std::fs::write(&source, functions.collect::<String>()).unwrap();
        let library = folder.path().join(named.files[0]);
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(library).arg(source).status();
        assert!(compiled.unwrap().success());
    }
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "tests::three_cards_are_counted"])
        .env("LD_LIBRARY_PATH", folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && told.contains("1 passed"), "{told}");
}

/// Where [`jumps_reach_the_libraries`] starts it.
#[test]
#[ignore = "needs libraries that another test makes"]
fn three_cards_are_counted() {
    assert_eq!(cards(), Ok(3));
}
