//! Known labels, counts and pixel statistics of the real sets.

use std::path::Path;

use data::images::Images;
use data::normalisation::normalisation;
use data::set::SetName;
use data::split::split;
use data::store::{Loaded, Store};

use crate::at_hand;

/// `set`, or `None`, said aloud, when it is not at hand; damage fails the test.
fn load(set: SetName, test: &str) -> Option<Loaded> {
    let store = Store::new(at_hand::folders());
    if store.find(set).unwrap().is_none() {
        at_hand::skipped(test, &format!("{set} is not at hand; see `ergo data fetch {set}`"));
        return None;
    }
    Some(store.load(set).unwrap())
}

fn class_counts(images: &Images) -> Vec<usize> {
    let mut counts = vec![0; images.classes];
    images.labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
    counts
}

/// The constants of the set are the statistics of its learning images, to four digits.
fn check_statistics(set: SetName, images: &Images) {
    let constants = normalisation(set);
    for channel in 0..images.shape.channels {
        let plane = images.shape.height * images.shape.width;
        let mut histogram = [0u64; 256];
        for image in images.pixels.chunks_exact(images.shape.bytes()) {
            for &pixel in &image[channel * plane..(channel + 1) * plane] {
                histogram[usize::from(pixel)] += 1;
            }
        }
        let count = histogram.iter().sum::<u64>() as f64;
        let moment = |power| {
            let sum = histogram.iter().enumerate().map(|(v, &n)| (v as f64 / 255.0).powi(power) * n as f64);
            sum.sum::<f64>() / count
        };
        let deviation = (moment(2) - moment(1).powi(2)).sqrt();
        // Four digits: half a unit of the fourth, and a little for f32.
        for (found, constant) in [(moment(1), constants.mean), (deviation, constants.deviation)] {
            let constant = f64::from(constant[channel]);
            assert!(
                (found - constant).abs() < 0.000_051,
                "{set} channel {channel}: {found} against {constant}"
            );
        }
    }
}

/// First labels as printed by many tutorials, e.g. torchvision's `MNIST(train=True).targets[:10]`; counts
/// from LeCun's data: 60,000 and 10,000.
#[test]
fn mnist_is_mnist() {
    let Some(mnist) = load(SetName::Mnist, "mnist_is_mnist") else { return };
    assert_eq!((mnist.learning.len(), mnist.test.len()), (60_000, 10_000));
    assert_eq!(mnist.learning.labels[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(mnist.test.labels[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    // The first training image, a five, has its first ink in row 5, columns 12 to 23, and it begins 3, 18, 18, 18.
    let first = mnist.learning.image(0);
    assert_eq!(first.iter().position(|&p| p > 0), Some(5 * 28 + 12));
    assert_eq!(first[5 * 28 + 12..5 * 28 + 16], [3, 18, 18, 18]);
    check_statistics(SetName::Mnist, &mnist.learning);
}

/// Zalando's README: 6,000 training and 1,000 test images of each class; the first training image is an
/// ankle boot (9).
#[test]
fn fashion_mnist_is_fashion_mnist() {
    let Some(fashion) = load(SetName::FashionMnist, "fashion_mnist_is_fashion_mnist") else { return };
    assert_eq!(class_counts(&fashion.learning), [6000; 10]);
    assert_eq!(class_counts(&fashion.test), [1000; 10]);
    assert_eq!(fashion.learning.labels[0], 9);
    check_statistics(SetName::FashionMnist, &fashion.learning);
}

/// Krizhevsky's page: 5,000 training and 1,000 test images of each class; the first test images are a cat
/// (3), two ships (8), an aeroplane (0), two frogs (6) ...
#[test]
fn cifar10_is_cifar10() {
    let Some(cifar) = load(SetName::Cifar10, "cifar10_is_cifar10") else { return };
    assert_eq!(class_counts(&cifar.learning), [5000; 10]);
    assert_eq!(class_counts(&cifar.test), [1000; 10]);
    assert_eq!(cifar.test.labels[..10], [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);
    assert_eq!(cifar.learning.labels[..10], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    // The first pixel of the first training image, a frog, is (59, 62, 63), and its right neighbour (43, 46, 45).
    let first = cifar.learning.image(0);
    assert_eq!([first[0], first[1024], first[2048]], [59, 62, 63]);
    assert_eq!([first[1], first[1025], first[2049]], [43, 46, 45]);
    check_statistics(SetName::Cifar10, &cifar.learning);

    // 45,000 and 5,000 of a balanced set hold each of ten classes equally, as does any multiple of ten.
    let halves = split(&cifar.learning, 5000, None).unwrap();
    assert_eq!(class_counts(&halves.training), [4500; 10]);
    assert_eq!(class_counts(&halves.validation), [500; 10]);
    assert_eq!(class_counts(&split(&cifar.learning, 5000, Some(250)).unwrap().training), [25; 10]);
}

/// Krizhevsky's page: 500 training and 100 test images of each class.
#[test]
fn cifar100_is_cifar100() {
    let Some(cifar) = load(SetName::Cifar100, "cifar100_is_cifar100") else { return };
    assert_eq!(class_counts(&cifar.learning), [500; 100]);
    assert_eq!(class_counts(&cifar.test), [100; 100]);
    check_statistics(SetName::Cifar100, &cifar.learning);
}

/// The Debian package's folder, by itself and through its parent.
#[test]
fn debians_package_is_found() {
    let parent = Path::new("/usr/share/datasets");
    if !parent.join("fashion-mnist").exists() {
        at_hand::skipped("debians_package_is_found", "apt-get install dataset-fashion-mnist");
        return;
    }
    for folder in [parent.to_owned(), parent.join("fashion-mnist")] {
        let store = Store::new(vec![folder]);
        let found = store.find(SetName::FashionMnist).unwrap().unwrap();
        assert_eq!((found.files.len(), found.missing.len()), (4, 0));
        assert!(store.find(SetName::Mnist).unwrap().is_none());
        assert!(store.verify(SetName::FashionMnist).unwrap().iter().all(|v| v.outcome.is_ok()));
    }
}
