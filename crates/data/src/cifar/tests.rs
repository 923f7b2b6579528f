//! Tests of reading CIFAR's rows: the layout, and every kind of damage.

use proptest::prelude::*;

use super::*;
use crate::testing::cifar_rows;

fn content(name: &str, set: SetName, bytes: Vec<u8>) -> Content {
    Content { set, file: name.into(), bytes }
}

#[test]
fn rows_of_several_files_are_joined_in_order() {
    let first = content("a", SetName::Cifar10, cifar_rows(&[&[3], &[8]]));
    let second = content("b", SetName::Cifar10, cifar_rows(&[&[9]]));
    let images = parse(SetName::Cifar10, &[first, second]).unwrap();
    assert_eq!((&images.labels[..], images.classes), (&[3, 8, 9][..], 10));
    // Pixels count up from the row's number within its file, so channel 1 begins at row + 1024.
    assert_eq!(images.image(1)[..3], [1, 2, 3]);
    assert_eq!(images.image(1)[1024], (1 + 1024) as u8);
    assert_eq!(images.image(2)[..3], [0, 1, 2]);
}

#[test]
fn of_two_labels_the_fine_one_counts() {
    let file = content("a", SetName::Cifar100, cifar_rows(&[&[19, 99], &[0, 42]]));
    let images = parse(SetName::Cifar100, &[file]).unwrap();
    assert_eq!((&images.labels[..], images.classes), (&[99, 42][..], 100));
    assert_eq!(images.image(0)[..2], [0, 1]);
}

#[test]
fn damage_is_named() {
    let rows = || cifar_rows(&[&[3], &[8]]);
    let cases = [
        (SetName::Cifar10, vec![], "found 0 bytes, expected one or more rows of 3073 bytes"),
        (SetName::Cifar10, rows()[..6145].to_vec(), "found 6145 bytes"),
        (SetName::Cifar10, [rows(), vec![0]].concat(), "found 6147 bytes"),
        (
            SetName::Cifar10,
            cifar_rows(&[&[3], &[10]]),
            "found label 10 in row 1, expected labels from 0 to 9",
        ),
        (SetName::Cifar100, rows(), "found 6146 bytes, expected one or more rows of 3074 bytes"),
        (SetName::Cifar100, cifar_rows(&[&[20, 0]]), "found label 20 in row 0, expected labels from 0 to 19"),
        (
            SetName::Cifar100,
            cifar_rows(&[&[0, 100]]),
            "found label 100 in row 0, expected labels from 0 to 99",
        ),
    ];
    for (set, bytes, message) in cases {
        let error = parse(set, &[content("the-file", set, bytes)]).unwrap_err().to_string();
        assert!(error.contains(message) && error.starts_with("the-file: "), "{error}\nlacks {message}");
        assert!(error.contains(&format!("ergo data fetch {set}")), "{error}");
    }
}

proptest! {
    /// Whatever the bytes, the outcome is images that keep their promises, or an error.
    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..7000), place: prop::sample::Index, value: u8,
    ) {
        let rows = cifar_rows(&[&[3], &[8]]);
        let mut mutated = rows.clone();
        mutated[place.index(rows.len())] = value;
        mutated.truncate(bytes.len());
        for bytes in [bytes, mutated] {
            for set in [SetName::Cifar10, SetName::Cifar100] {
                let size = bytes.len();
                if let Ok(images) = parse(set, &[content("a", set, bytes.clone())]) {
                    prop_assert_eq!(images.len(), size / row_bytes(set, set.shape()));
                    prop_assert_eq!(images.pixels.len(), images.len() * 3072);
                    prop_assert!(images.labels.iter().all(|&l| usize::from(l) < images.classes));
                }
            }
        }
    }
}
