//! Tests that the tables are whole.

use super::*;

#[test]
fn every_set_but_the_digits_has_files_of_the_right_size() {
    assert!(matches!(source(SetName::Digits), Err(DataError::Procedural { .. })));
    for set in SetName::ALL.into_iter().filter(|&s| s != SetName::Digits) {
        let source = source(set).unwrap();
        assert_eq!(source.set, set);
        // IDX: two headers of 16 and 8 bytes, and one label byte; CIFAR: one label byte, of CIFAR-100 two.
        let (headers, labels) = match (source.layout, set) {
            (Layout::Idx, _) => (24, 1),
            (Layout::Cifar, SetName::Cifar100) => (0, 2),
            (Layout::Cifar, _) => (0, 1),
        };
        let size = |images: u64| headers + images * (set.shape().bytes() as u64 + labels);
        let sum = |files: &[SourceFile]| files.iter().map(|f| f.bytes).sum::<u64>();
        assert_eq!(sum(source.learning), size(set.learning_images().unwrap()), "{set}");
        assert_eq!(sum(source.test), size(set.test_images()), "{set}");
    }
}

#[test]
fn digests_are_distinct_and_well_formed() {
    let sets = SetName::ALL.into_iter().filter_map(|set| source(set).ok());
    let digests: Vec<&str> = sets.flat_map(Source::files).map(|f| f.sha256).collect();
    // 4 files of MNIST, 4 of Fashion-MNIST, 6 of CIFAR-10, 2 of CIFAR-100.
    assert_eq!(digests.len(), 16);
    let distinct: std::collections::HashSet<_> = digests.iter().collect();
    assert_eq!(distinct.len(), digests.len());
    let hex = |d: &&str| d.len() == 64 && d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    assert!(digests.iter().all(hex));
}
