//! Checks of what is said where there are no cards, and of the table where there are.

use super::cards;
use super::error::CudaError;

/// On a machine without a driver the first library is missed by name; on one with it, there is a number or a reason.
#[test]
fn the_lack_of_a_card_has_a_reason() {
    match cards() {
        Ok(cards) => assert!(cards >= 1),
        Err(CudaError::Missing { library, reason, remedy }) => {
            assert!(library.ends_with(".so.1") || library.contains(".so"), "{library}");
            assert!(reason.contains(library) || !reason.is_empty());
            assert!(remedy.contains("install"), "{remedy}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert_eq!(cards(), cards());
}
