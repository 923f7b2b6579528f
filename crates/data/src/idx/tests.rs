//! Tests of reading IDX: the layout, and every kind of damage.

use proptest::prelude::*;

use super::*;
use crate::set::SetName;
use crate::testing::idx;

fn content(name: &str, bytes: Vec<u8>) -> Content {
    Content { set: SetName::Mnist, file: name.into(), bytes }
}

fn pixels(n: usize) -> Vec<u8> {
    (0..n * 784).map(|i| (i % 249) as u8).collect()
}

fn parse_bytes(images: Vec<u8>, labels: Vec<u8>) -> Result<Images, DataError> {
    parse(&content("the-images", images), &content("the-labels", labels))
}

#[test]
fn images_come_row_by_row() {
    let images = parse_bytes(idx(2051, &[2, 28, 28], &pixels(2)), idx(2049, &[2], &[9, 0])).unwrap();
    assert_eq!((images.len(), images.classes, &images.labels[..]), (2, 10, &[9, 0][..]));
    assert_eq!(images.image(1), &pixels(2)[784..]);
}

/// Each case: the two files, and what the error must say.
#[test]
fn damage_is_named() {
    let good = || idx(2051, &[2, 28, 28], &pixels(2));
    let good_labels = || idx(2049, &[2], &[1, 2]);
    let cases = [
        (vec![], good_labels(), "the-images: found 0 bytes, expected an IDX file of images"),
        (good()[..15].to_vec(), good_labels(), "the-images: found 15 bytes"),
        (good(), vec![0; 7], "the-labels: found 7 bytes"),
        (good_labels().repeat(2), good_labels(), "found magic number 2049, expected 2051"),
        (good(), good(), "the-labels: found magic number 2051, expected 2049"),
        (idx(2051, &[2, 32, 32], &pixels(2)), good_labels(), "found images of 32 by 32 pixels"),
        (
            idx(2051, &[0, 28, 28], &[]),
            idx(2049, &[0], &[]),
            "the-images: found 0 images, expected at least 1",
        ),
        (good(), idx(2049, &[0], &[]), "the-labels: found 0 labels"),
        (good()[..1000].to_vec(), good_labels(), "found 984 bytes after the header, expected 1568"),
        ([good(), vec![0]].concat(), good_labels(), "found 1569 bytes after the header, expected 1568"),
        // 4,294,967,295 x 784 bytes
        (idx(2051, &[u32::MAX, 28, 28], &pixels(1)), good_labels(), "expected 3367254359280, as its header"),
        (good(), idx(2049, &[u32::MAX], &[1, 2]), "found 2 bytes after the header, expected 4294967295"),
        (good(), idx(2049, &[3], &[1, 2, 3]), "found 3 labels, expected 2 labels, one for each image"),
        (good(), idx(2049, &[2], &[1, 10]), "found label 10 for image 1, expected labels from 0 to 9"),
    ];
    for (images, labels, message) in cases {
        let error = parse_bytes(images, labels).unwrap_err().to_string();
        assert!(
            error.contains(message) && error.contains("ergo data fetch mnist"),
            "{error}\nlacks {message}"
        );
    }
}

proptest! {
    /// Whatever the bytes, the outcome is images that keep their promises, or an error.
    #[test]
    fn arbitrary_bytes_never_panic(
        images in proptest::collection::vec(any::<u8>(), 0..2000),
        labels in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        prop_assert!(parse_bytes(images, labels).is_err());
    }

    #[test]
    fn a_mutated_file_is_an_error_or_whole(
        place in 0usize..1584, value: u8, cut in 0usize..1600, label_place in 0usize..10, label: u8,
    ) {
        let mut images = idx(2051, &[2, 28, 28], &pixels(2));
        images[place] = value;
        images.truncate(cut);
        let mut labels = idx(2049, &[2], &[1, 2]);
        labels[label_place] = label;
        if let Ok(images) = parse_bytes(images, labels) {
            prop_assert_eq!(images.pixels.len(), 2 * 784);
            prop_assert!(images.labels.iter().all(|&l| l < 10) && images.len() == 2);
        }
    }
}
