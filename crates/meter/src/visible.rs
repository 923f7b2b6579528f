//! Which cards this process may use: `CUDA_VISIBLE_DEVICES` as CUDA reads it, which the driver's own library ignores.

use std::collections::BTreeSet;

use crate::nvml::Cards;

/// Why a card is not metered.
pub(crate) const HIDDEN: &str = "hidden by CUDA_VISIBLE_DEVICES";

/// What the environment says of cards; only the program reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardChoice {
    /// `CUDA_VISIBLE_DEVICES`; `None` where it is not set, for all cards.
    pub visible: Option<String>,
    /// `CUDA_DEVICE_ORDER`, by which CUDA gives cards their numbers.
    pub order: Option<String>,
}

/// The cards that may be used, by the numbers of the driver's library.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Visible {
    pub cards: BTreeSet<u32>,
    /// What to know of each of them.
    pub note: Option<String>,
}

/// A list of cards. Its first entry decides whether it is one of numbers or of names.
#[derive(Debug, PartialEq, Eq)]
enum List {
    Numbers(Vec<u32>),
    Names(Vec<String>),
}

impl CardChoice {
    /// Whether it leaves no card, whatever cards there are.
    pub(crate) fn leaves_none(&self) -> bool {
        match self.visible.as_deref().map(list) {
            None => false,
            Some(List::Numbers(numbers)) => numbers.is_empty(),
            Some(List::Names(names)) => names.is_empty(),
        }
    }

    /// Which of the first `count` of `cards` it leaves.
    pub(crate) fn of(&self, cards: &dyn Cards, count: u32) -> Visible {
        let all = || (0..count).collect();
        match self.visible.as_deref().map(list) {
            None => Visible { cards: all(), note: None },
            Some(List::Numbers(numbers)) => {
                let visible: BTreeSet<u32> = numbers.into_iter().take_while(|&n| n < count).collect();
                let some = !visible.is_empty() && visible.len() < count as usize;
                let note = (some && !self.by_bus() && differ(cards, count)).then(|| BY_SPEED.to_owned());
                Visible { cards: visible, note }
            }
            Some(List::Names(names)) => match named(&names, cards, count) {
                Ok(visible) => visible,
                // Better all of them than one too few.
                Err(why) => {
                    let note = format!("which cards CUDA_VISIBLE_DEVICES names is not known: {why}");
                    Visible { cards: all(), note: Some(note) }
                }
            },
        }
    }

    /// Whether numbers are those of the driver's library.
    fn by_bus(&self) -> bool {
        self.order.as_deref() == Some("PCI_BUS_ID")
    }
}

const BY_SPEED: &str = "CUDA_VISIBLE_DEVICES counts the fastest cards first unless CUDA_DEVICE_ORDER is PCI_BUS_ID; the cards \
    here differ, so another one may be meant";

/// Whether the cards are of several kinds, or it is not known.
fn differ(cards: &dyn Cards, count: u32) -> bool {
    let names: BTreeSet<_> = (0..count).map(|card| cards.name(card).ok()).collect();
    names.len() > 1 || names.contains(&None)
}

/// The entries up to the first that is not valid; none where one is there twice. PyTorch reads the list by the same rules
/// (`_parse_visible_devices` in `torch/cuda/__init__.py`).
fn list(text: &str) -> List {
    let entries = text.split(',').map(str::trim);
    for prefix in ["GPU-", "MIG-"] {
        if text.trim_start().starts_with(prefix) {
            let names = entries.take_while(|entry| entry.starts_with(prefix)).map(str::to_owned);
            return List::Names(unless_repeated(names.collect()));
        }
    }
    List::Numbers(unless_repeated(entries.map_while(number).collect()))
}

/// As C's `strtoul`: whatever follows the digits is ignored.
fn number(entry: &str) -> Option<u32> {
    let entry = entry.strip_prefix('+').unwrap_or(entry);
    let end = entry.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(entry.len());
    entry.get(..end)?.parse().ok()
}

fn unless_repeated<T: Ord>(entries: Vec<T>) -> Vec<T> {
    let is_repeated = entries.iter().collect::<BTreeSet<_>>().len() < entries.len();
    if is_repeated { Vec::new() } else { entries }
}

/// Cards by the beginnings of their names, or by those of their parts.
fn named(names: &[String], cards: &dyn Cards, count: u32) -> Result<Visible, String> {
    let uuids: Vec<String> = (0..count).map(|card| cards.uuid(card)).collect::<Result<_, _>>()?;
    let mut visible = Vec::new();
    let mut parts = false;
    for name in names {
        let is_part = name.starts_with("MIG-");
        let Some(card) = (if is_part { whole(name, cards, &uuids) } else { only(name, &uuids) }) else {
            break;
        };
        parts |= is_part;
        visible.push(card);
    }
    if !parts {
        visible = unless_repeated(visible);
    }
    let note =
        parts.then(|| "CUDA_VISIBLE_DEVICES names a part of the card; the energy is that of all".to_owned());
    Ok(Visible { cards: visible.into_iter().filter(|&card| card < count).collect(), note })
}

/// The one card whose name begins so.
fn only(name: &str, uuids: &[String]) -> Option<u32> {
    let mut fitting = (0u32..).zip(uuids).filter(|(_, uuid)| uuid.starts_with(name));
    match (fitting.next(), fitting.next()) {
        (Some((card, _)), None) => Some(card),
        _ => None,
    }
}

/// The card of a part: `MIG-GPU-<card>/<instance>/<instance>` tells it, and of newer names the driver knows it.
fn whole(name: &str, cards: &dyn Cards, uuids: &[String]) -> Option<u32> {
    match name.strip_prefix("MIG-").filter(|rest| rest.starts_with("GPU-")) {
        Some(rest) => only(rest.split('/').next()?, uuids),
        None => cards.of_part(name),
    }
}

#[cfg(test)]
mod tests;
