//! Splits labelled images into training and validation images along one fixed, stratified order.

use chance::{Purpose, Stream};

use crate::error::DataError;
use crate::images::Images;

/// Training and validation images, which never share an image.
#[derive(Clone, Debug)]
pub struct Split {
    /// The images to learn from.
    pub training: Images,
    /// The images to choose settings by.
    pub validation: Images,
}

/// Splits `images` along [`stratified_order`]: the last `validation` of the order, and the first `examples`
/// of the rest (all of it when `None`), so that a smaller subset lies inside every larger one.
///
/// # Errors
/// [`DataError::Split`] when there are fewer images than asked for, or none is left to train on.
pub fn split(images: &Images, validation: u64, examples: Option<u64>) -> Result<Split, DataError> {
    let available = images.len() as u64;
    let rest = available.saturating_sub(validation);
    let examples = examples.unwrap_or(rest);
    if validation > available || examples > rest || examples == 0 {
        return Err(DataError::Split { validation, examples, available });
    }
    let order = stratified_order(&images.labels, images.classes);
    Ok(Split {
        training: images.select(&order[..examples as usize]),
        validation: images.select(&order[rest as usize..]),
    })
}

/// A fixed order of images with these `labels` in which every prefix, and every suffix, holds less than one
/// image more or fewer of each class than its share.
///
/// Within a class the images are shuffled; the classes are interleaved by the algorithm of Tijdeman, "The
/// chairman assignment problem", Discrete Mathematics 32 (1980) 323-330: of the classes that may come next
/// without running ahead of their share, the one whose next image falls due first, the lowest in a tie.
///
/// # Panics
/// When a label is not below `classes`, or there are more than 2^32 labels.
#[must_use]
pub fn stratified_order(labels: &[u8], classes: usize) -> Vec<u32> {
    assert!(u32::try_from(labels.len()).is_ok(), "an image is numbered by 32 bits");
    let mut members = vec![Vec::new(); classes];
    for (image, &label) in labels.iter().enumerate() {
        members[usize::from(label)].push(image as u32);
    }
    for (class, images) in members.iter_mut().enumerate() {
        Stream::new(0, Purpose::Subset, class as u64).shuffle(images);
    }
    members.retain(|images| !images.is_empty());
    let total = labels.len() as u128;
    let mut classes: Vec<Turn> =
        members.iter().map(|m| Turn::new(m.len() as u128, total, members.len() as u128)).collect();
    let mut order = Vec::with_capacity(labels.len());
    for position in 1..=total {
        let due_first =
            (0..classes.len()).filter(|&c| classes[c].may_come(position)).min_by_key(|&c| classes[c].due);
        // The shares run ahead by 1 in all, so one of k classes is ahead by 1/k, which is enough.
        let class = due_first.unwrap_or_else(|| unreachable!("no class may come at {position}"));
        order.push(members[class][classes[class].taken as usize]);
        classes[class].take();
    }
    order
}

/// The standing of one class, counted in whole numbers so that it is exact.
struct Turn {
    /// Images of the class.
    count: u128,
    /// Images of all classes.
    total: u128,
    /// 2k - 2 for k classes that have images: a class keeps within 1 - 1/(2k - 2) of its share.
    slack: u128,
    /// Images of the class already in the order.
    taken: u128,
    /// The last position at which its next image may come.
    due: u128,
}

impl Turn {
    fn new(count: u128, total: u128, classes: u128) -> Turn {
        let mut turn = Turn { count, total, slack: (2 * classes - 2).max(1), taken: 0, due: 0 };
        turn.set_due();
        turn
    }

    /// Whether share(position) - taken >= 1 / slack, with share(position) = position * count / total.
    fn may_come(&self, position: u128) -> bool {
        self.slack * position * self.count >= self.total * (1 + self.slack * self.taken)
    }

    /// The least position with share(position) - taken >= 1 - 1 / slack.
    fn set_due(&mut self) {
        let share_due = self.slack * self.taken + self.slack - 1;
        self.due = (share_due * self.total).div_ceil(self.slack * self.count);
    }

    fn take(&mut self) {
        self.taken += 1;
        self.set_due();
    }
}

#[cfg(test)]
mod tests;
