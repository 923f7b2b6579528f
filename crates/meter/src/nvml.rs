//! Energy of NVIDIA cards through the driver's management library, which is looked for at run time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::error::NvmlError;
use record::card::CardState;
use record::doctor::SourceStatus;
use record::energy::Kind;
use record::units::{Seconds, Watts};
use thiserror::Error;

use crate::host;
use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts};
use crate::tenancy;
use crate::visible::{CardChoice, HIDDEN};

/// Counters and sensors renew themselves every 20 to 100 ms.
const UPDATE: Seconds = Seconds(0.1);

/// Cards newer than GA100 tell the mean of a second as their power, and which of them do is not told.
const AVERAGED: Seconds = Seconds(1.0);

/// More than any card draws.
const PLAUSIBLE: Watts = Watts(3000.0);

/// Why no cards can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum NoCards {
    /// There is no driver, and so there are no cards that compute.
    #[error("no libnvidia-ml.so.1: the NVIDIA driver is not installed here")]
    NoLibrary,
    /// The driver is there and does not answer.
    #[error("{0}")]
    Failed(String),
}

/// What is asked of the driver; tests put a script here.
pub(crate) trait Cards: Send + Sync {
    fn driver(&self) -> String;
    fn count(&self) -> Result<u32, String>;
    fn name(&self, card: u32) -> Result<String, String>;
    /// A name of the card that no other has.
    fn uuid(&self, card: u32) -> Result<String, String>;
    /// The card that a part belongs to, by the name of the part, `MIG-...`.
    fn of_part(&self, part: &str) -> Option<u32>;
    /// Energy since the driver was loaded (Volta and newer).
    fn millijoules(&self, card: u32) -> Result<u64, String>;
    /// Power: at this moment up to GA100, the mean of a second on newer cards.
    fn milliwatts(&self, card: u32) -> Result<u32, String>;
    /// Where it is plugged in, such as 00000000:18:00.0.
    fn bus(&self, card: u32) -> Option<String>;
    /// What decides how fast it is and what it draws, as far as the driver tells; who computes on it is not in it.
    fn state(&self, card: u32) -> CardState;
    /// Numbers of the processes that compute on it; `None` where the driver does not tell.
    fn processes(&self, card: u32) -> Option<Vec<u32>>;
}

/// Opens the library of the driver, or a test's imitation of it. Without a driver this costs one failed search for a file.
pub(crate) fn open(library: Option<&Path>) -> Result<Arc<dyn Cards>, NoCards> {
    let opened = match library {
        Some(library) => Nvml::builder().lib_path(library.as_os_str()).init(),
        None => Nvml::init(),
    };
    match opened {
        Ok(nvml) => Ok(Arc::new(nvml)),
        Err(NvmlError::LibloadingError(error)) if is_missing(&error.to_string()) => Err(NoCards::NoLibrary),
        Err(error) => Err(NoCards::Failed(error.to_string())),
    }
}

/// Whether the loader found no such file, and not one that it cannot use.
fn is_missing(words: &str) -> bool {
    words.contains("No such file") || words.contains("cannot find") || words.contains("could not be found")
}

impl Cards for Nvml {
    fn driver(&self) -> String {
        self.sys_driver_version().unwrap_or_else(|error| format!("unknown ({error})"))
    }

    fn count(&self) -> Result<u32, String> {
        self.device_count().map_err(|error| error.to_string())
    }

    fn name(&self, card: u32) -> Result<String, String> {
        self.device_by_index(card).and_then(|device| device.name()).map_err(|error| error.to_string())
    }

    fn uuid(&self, card: u32) -> Result<String, String> {
        self.device_by_index(card).and_then(|device| device.uuid()).map_err(|error| error.to_string())
    }

    fn of_part(&self, part: &str) -> Option<u32> {
        let device = self.device_by_uuid(part).and_then(|device| device.mig_parent_device());
        device.and_then(|card| card.index()).ok()
    }

    fn millijoules(&self, card: u32) -> Result<u64, String> {
        self.device_by_index(card)
            .and_then(|device| device.total_energy_consumption())
            .map_err(|error| error.to_string())
    }

    fn milliwatts(&self, card: u32) -> Result<u32, String> {
        self.device_by_index(card).and_then(|device| device.power_usage()).map_err(|error| error.to_string())
    }

    fn bus(&self, card: u32) -> Option<String> {
        self.device_by_index(card).and_then(|device| device.pci_info()).map(|pci| pci.bus_id).ok()
    }

    fn state(&self, card: u32) -> CardState {
        let Ok(device) = self.device_by_index(card) else { return CardState::default() };
        let watts = |milliwatts: u32| Watts(f64::from(milliwatts) / 1000.0);
        CardState {
            limit: device.enforced_power_limit().map(watts).ok(),
            sm_megahertz: device.clock_info(Clock::SM).ok(),
            celsius: device.temperature(TemperatureSensor::Gpu).ok(),
            held_back_by: device.current_throttle_reasons().map(held_back).ok(),
            mig: device.mig_mode().map(|mode| mode.current != 0).ok(),
            ..CardState::default()
        }
    }

    fn processes(&self, card: u32) -> Option<Vec<u32>> {
        let found = self.device_by_index(card).and_then(|device| device.running_compute_processes()).ok()?;
        Some(found.into_iter().map(|process| process.pid).collect())
    }
}

/// What lets a user at the cards.
const GROUP: &str = "sudo usermod -aG \"$(stat -c %G /dev/nvidia0)\" \"$USER\" # and log in again";

/// What brings the driver.
const DRIVER: &str =
    "sudo apt install nvidia-driver # on Ubuntu: sudo ubuntu-drivers install; then sudo reboot";

/// What brings the driver of the host into a container.
const CONTAINER: &str =
    "docker run --gpus all IMAGE # on the host, which needs NVIDIA's driver and container toolkit";

/// Why a card runs no faster.
fn held_back(reasons: ThrottleReasons) -> Vec<String> {
    // An idle card is held back by nothing that matters.
    (reasons - ThrottleReasons::GPU_IDLE - ThrottleReasons::NONE)
        .iter_names()
        .map(|(name, _)| name.to_lowercase().replace('_', " "))
        .collect()
}

/// Every card that `choice` leaves: its energy counter where it has one that shows something, else its power, integrated.
/// Who computes on it is looked up in `proc` under `root`.
pub(crate) fn discover(cards: Result<Arc<dyn Cards>, NoCards>, choice: &CardChoice, root: &Path) -> Found {
    let counted = cards.and_then(|cards| cards.count().map(|count| (cards, count)).map_err(NoCards::Failed));
    let (cards, count) = match counted {
        Ok((_, 0)) => return absent("the NVIDIA driver shows no card"),
        Ok(counted) => counted,
        Err(NoCards::NoLibrary) => return without_driver(root),
        // Whatever cards there are, none of them is used here.
        Err(NoCards::Failed(why)) if choice.leaves_none() => return absent(format!("{HIDDEN}; {why}")),
        Err(NoCards::Failed(why)) => {
            // There are cards that draw something, and nothing is known of it.
            let (status, fix) = match why.contains("permission") {
                true => (SourceStatus::Denied, GROUP),
                false => (
                    SourceStatus::Broken,
                    "nvidia-smi # says what is wrong; after an update of the driver: sudo reboot",
                ),
            };
            let broken = SourceFacts::unreadable("gpu-0", "NVML", why);
            return Found { readable: Vec::new(), unreadable: vec![broken.but(status, Some(fix))] };
        }
    };
    let visible = choice.of(cards.as_ref(), count);
    let mut found = Found::default();
    for card in 0..count {
        if !visible.cards.contains(&card) {
            let source = format!("NVML: {}", board(cards.as_ref(), card));
            found.unreadable.push(SourceFacts::left_out(&domain(card), &source, HIDDEN));
            continue;
        }
        match Card::open(&cards, card, root) {
            Ok(mut card) => {
                card.facts.note.clone_from(&visible.note);
                found.readable.push(Box::new(card));
            }
            Err(facts) => found.unreadable.push(facts),
        }
    }
    found
}

/// Names of all cards with the driver, for the record.
pub(crate) fn names(cards: &dyn Cards) -> Vec<String> {
    let driver = cards.driver();
    let count = cards.count().unwrap_or(0);
    let name = |card| cards.name(card).unwrap_or_else(|error| format!("unknown ({error})"));
    (0..count).map(|card| format!("{}, driver {driver}", name(card))).collect()
}

fn absent(why: impl ToString) -> Found {
    Found { readable: Vec::new(), unreadable: vec![SourceFacts::unreadable("gpu", "NVML", why)] }
}

/// What is known where there is no library: cards may be plugged in all the same.
fn without_driver(root: &Path) -> Found {
    let plugged = plugged::cards(root);
    if plugged.is_empty() {
        return absent(NoCards::NoLibrary);
    }
    let why = format!("{}, though the kernel lists a card at {}", NoCards::NoLibrary, plugged.join(", "));
    let fix = match host::container(root) {
        Some(_) => CONTAINER,
        None => DRIVER,
    };
    let facts = SourceFacts::unreadable("gpu", "NVML", why).but(SourceStatus::Absent, Some(fix));
    Found { readable: Vec::new(), unreadable: vec![facts] }
}

/// The domain of a card is its number by the driver's library, whatever CUDA calls it.
fn domain(card: u32) -> String {
    format!("gpu-{card}")
}

/// What a card is, in words.
fn board(cards: &dyn Cards, card: u32) -> String {
    let unknown = |error: String| format!("unknown ({error})");
    let name = cards.name(card).unwrap_or_else(unknown);
    let uuid = cards.uuid(card).unwrap_or_else(unknown);
    let bus = cards.bus(card).map_or_else(String::new, |bus| format!(" at {bus}"));
    format!("{name} {uuid}{bus}, driver {}, the whole board with all its users", cards.driver())
}

/// A card that answered at least once.
struct Card {
    facts: SourceFacts,
    cards: Arc<dyn Cards>,
    index: u32,
    /// Where `proc` lies.
    root: PathBuf,
}

impl Card {
    fn open(cards: &Arc<dyn Cards>, index: u32, root: &Path) -> Result<Card, SourceFacts> {
        let (domain, board) = (domain(index), board(cards.as_ref(), index));
        let (kind, source) = match (cards.millijoules(index), cards.milliwatts(index)) {
            (Ok(1..), _) => (Kind::Counter, format!("NVML total energy, the vendor's counter: {board}")),
            (_, Ok(1..)) => (Kind::Integrated, format!("NVML power, integrated: {board}")),
            (energy, power) => {
                let why = format!("energy: {}; power: {}", reason(energy), reason(power));
                let refused = SourceFacts::unreadable(&domain, &format!("NVML: {board}"), why);
                return Err(refused.but(SourceStatus::Broken, None));
            }
        };
        let facts = SourceFacts::readable(&domain, kind, &source);
        Ok(Card { facts, cards: Arc::clone(cards), index, root: root.to_owned() })
    }
}

fn reason<T>(read: Result<T, String>) -> String {
    read.err().unwrap_or_else(|| "shows 0".into())
}

impl EnergySource for Card {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        Limits { averaged: AVERAGED, ..Limits::of(UPDATE, PLAUSIBLE) }
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let refuse = |reason| ReadError::Device { device: self.facts.domain.clone(), reason };
        if self.facts.kind == Kind::Counter {
            let millijoules = self.cards.millijoules(self.index).map_err(refuse)?;
            let microjoules = millijoules.saturating_mul(1000);
            return Ok(Reading::Counter { microjoules, range_microjoules: None });
        }
        let milliwatts = self.cards.milliwatts(self.index).map_err(refuse)?;
        if milliwatts == 0 {
            return Err(refuse("shows 0 W, which no card draws".to_owned()));
        }
        Ok(Reading::Power(Watts(f64::from(milliwatts) / 1000.0)))
    }

    fn card(&mut self) -> Option<CardState> {
        let company = self.cards.processes(self.index).map(|pids| tenancy::company(&pids, &self.root));
        let state = CardState {
            other_processes: company.map(|(others, _)| others),
            unseen_processes: company.map(|(_, unseen)| unseen),
            ..self.cards.state(self.index)
        };
        (!state.is_unknown()).then_some(state)
    }

    fn power(&mut self) -> Option<Watts> {
        let milliwatts = (self.facts.kind == Kind::Counter).then(|| self.cards.milliwatts(self.index).ok());
        milliwatts
            .flatten()
            .filter(|&milliwatts| milliwatts > 0)
            .map(|power| Watts(f64::from(power) / 1000.0))
    }
}

mod plugged;
#[cfg(test)]
mod tests;
