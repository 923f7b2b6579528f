//! Tests of the digests that enter the ids of runs.

use super::*;

/// Expected values by the shell: over the uncompressed files, in the order of the table,
/// `sha256sum FILES | sha256sum | cut -c1-16`, and `printf digits/1 | sha256sum | cut -c1-16`
/// (of CIFAR-100, over the two lines `DIGEST  NAME` of the table, as its files were not at hand).
#[test]
fn digests_are_those_of_the_shell() {
    let expected =
        ["1cce94ee805c9461", "d0a3eec1f5a45440", "5cf0562c46b89a77", "5fdcf57d170bdbc7", "45fd2efdca0132e9"];
    assert_eq!(SetName::ALL.map(digest), expected);
}
