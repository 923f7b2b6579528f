//! Tests of the stratified order: a permutation, proportional, nested, disjoint.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::images::ImageShape;

/// Images of one pixel pair that spells the image's number.
fn numbered(labels: &[u8], classes: usize) -> Images {
    let shape = ImageShape { channels: 1, height: 1, width: 2 };
    let pixels = (0..labels.len()).flat_map(|i| (i as u16).to_le_bytes()).collect();
    Images { shape, classes, pixels, labels: labels.into() }
}

fn numbers(images: &Images) -> Vec<usize> {
    let number = |i| images.image(i).try_into().map(u16::from_le_bytes).unwrap();
    (0..images.len()).map(|i| usize::from(number(i))).collect()
}

/// Labels of up to 300 images, some classes rare and some absent.
fn some_labels() -> impl Strategy<Value = (Vec<u8>, usize)> {
    (1usize..20).prop_flat_map(|classes| {
        let label = (0..classes, 0..classes).prop_map(|(a, b)| (a * b / 7) as u8);
        let labels = proptest::collection::vec(label, 0..300);
        (labels, Just(classes * classes / 7 + 1))
    })
}

#[test]
fn the_order_is_fixed() {
    // Two classes of equal size must alternate, whatever the shuffle within each.
    let labels: Vec<u8> = (0..40).map(|i| u8::from(i >= 20)).collect();
    let order = stratified_order(&labels, 2);
    assert!(order.iter().enumerate().all(|(i, &image)| usize::from(labels[image as usize]) == i % 2));
    assert_eq!(order, stratified_order(&labels, 2));
    // Shuffled within the class: 20! orders, of which one is the original.
    let first: Vec<u32> = order.iter().copied().filter(|&i| i < 20).collect();
    assert_ne!(first, (0..20).collect::<Vec<_>>());
    // The draw itself must not change either: subsets enter published records.
    let mut members: Vec<u32> = (0..20).collect();
    Stream::new(0, Purpose::Subset, 0).shuffle(&mut members);
    assert_eq!(first, members);
}

#[test]
fn a_split_that_cannot_be_is_refused() {
    let images = numbered(&[0, 1, 0, 1, 0], 2);
    for (validation, examples) in [(6, None), (5, None), (2, Some(4)), (0, Some(0)), (u64::MAX, Some(1))] {
        let error = split(&images, validation, examples).unwrap_err().to_string();
        assert!(error.contains("at most 5 in all"), "{error}");
    }
    assert_eq!(split(&images, 0, None).unwrap().training.len(), 5);
    assert!(split(&images, 0, None).unwrap().validation.is_empty());
}

#[test]
fn select_repeats_and_reorders() {
    let images = numbered(&[7, 8, 9], 10).select(&[2, 0, 2]);
    assert_eq!((numbers(&images), &images.labels[..]), (vec![2, 0, 2], &[9, 7, 9][..]));
}

proptest! {
    #[test]
    fn the_order_is_a_permutation((labels, classes) in some_labels()) {
        let mut order = stratified_order(&labels, classes);
        order.sort_unstable();
        prop_assert_eq!(order, (0..labels.len() as u32).collect::<Vec<_>>());
    }

    /// Counted by brute force: every prefix is within 1 image per class of its share; suffixes follow,
    /// as the whole has each class exactly.
    #[test]
    fn every_prefix_is_proportional((labels, classes) in some_labels()) {
        let order = stratified_order(&labels, classes);
        let total = labels.len() as i64;
        let counts: Vec<i64> =
            (0..classes).map(|c| labels.iter().filter(|&&l| usize::from(l) == c).count() as i64).collect();
        let mut taken = vec![0i64; classes];
        for (position, &image) in order.iter().enumerate() {
            taken[usize::from(labels[image as usize])] += 1;
            for class in 0..classes {
                let share_times_total = (position as i64 + 1) * counts[class];
                let off = taken[class] * total - share_times_total;
                prop_assert!(off.abs() < total, "class {} at {}: {}/{}", class, position, off, total);
            }
        }
    }

    #[test]
    fn subsets_are_nested_and_never_meet_validation(
        (labels, classes) in some_labels(), validation in 0u64..50, small in 1u64..100, more in 0u64..100,
    ) {
        let images = numbered(&labels, classes);
        prop_assume!(validation + small + more <= images.len() as u64);
        let smaller = split(&images, validation, Some(small)).unwrap();
        let larger = split(&images, validation, Some(small + more)).unwrap();
        let in_small = numbers(&smaller.training);
        prop_assert_eq!(&in_small[..], &numbers(&larger.training)[..small as usize]);
        prop_assert_eq!(numbers(&smaller.validation), numbers(&larger.validation));
        prop_assert_eq!(smaller.validation.len() as u64, validation);
        let validating: HashSet<usize> = numbers(&larger.validation).into_iter().collect();
        prop_assert!(numbers(&larger.training).iter().all(|i| !validating.contains(i)));
        // Labels went along with their images.
        for (number, &label) in in_small.iter().zip(&smaller.training.labels[..]) {
            prop_assert_eq!(labels[*number], label);
        }
    }
}
