//! Energy that a laptop takes from its battery, which is what the whole machine draws while it is off the mains.

use std::path::{Path, PathBuf};

use record::doctor::SourceStatus;
use record::energy::Kind;
use record::units::{Seconds, Watts};

use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts};

/// Gauges of batteries are read out every few seconds to half a minute.
const UPDATE: Seconds = Seconds(30.0);

/// More than any laptop draws.
const PLAUSIBLE: Watts = Watts(1000.0);

/// A microwatt-hour is 3,600 microjoules.
const MICROJOULES: u64 = 3600;

/// Above what any battery holds, so that what it has lost counts upwards.
const FULL: u64 = 1 << 50;

/// The first battery under `root` that tells its energy; nothing where there is none, as in most machines.
pub(crate) fn discover(root: &Path) -> Found {
    let folder = root.join("sys/class/power_supply");
    let mut found = Found::default();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut supplies: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    supplies.sort();
    for supply in supplies {
        if text(&supply.join("type")).is_ok_and(|kind| kind == "Battery") {
            let mut battery = Battery::new(supply);
            match battery.read() {
                Ok(_) => found.readable.push(Box::new(battery)),
                Err(error) => {
                    let facts = SourceFacts::refused("battery", &battery.facts.source, &error);
                    let fix = "unplug the mains adapter";
                    let plugged = matches!(error, ReadError::Device { .. });
                    found.unreadable.push(if plugged {
                        facts.but(SourceStatus::Absent, Some(fix))
                    } else {
                        facts
                    });
                }
            }
            break;
        }
    }
    found
}

struct Battery {
    facts: SourceFacts,
    folder: PathBuf,
}

impl Battery {
    fn new(folder: PathBuf) -> Battery {
        let source = format!("battery {}: the whole machine", folder.join("energy_now").display());
        Battery { facts: SourceFacts::readable("battery", Kind::Counter, &source), folder }
    }
}

impl EnergySource for Battery {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        Limits { update: UPDATE, plausible: PLAUSIBLE }
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let state = text(&self.folder.join("status"))?;
        if state != "Discharging" {
            let reason = format!("it is {}, so the machine draws from the mains", state.to_lowercase());
            return Err(ReadError::Device { device: "the battery".into(), reason });
        }
        let path = self.folder.join("energy_now");
        let shown = text(&path)?;
        let left = shown
            .parse()
            .ok()
            .and_then(|left: u64| left.checked_mul(MICROJOULES))
            .filter(|&left| left <= FULL);
        let microjoules = left.map(|left| FULL - left).ok_or(ReadError::Garbage {
            path,
            expected: "a whole number of microwatt-hours",
            found: shown.chars().take(40).collect(),
        })?;
        Ok(Reading::Counter { microjoules, range_microjoules: None })
    }
}

fn text(file: &Path) -> Result<String, ReadError> {
    let text = std::fs::read_to_string(file).map_err(|error| ReadError::of_io(file, &error))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn machine(state: &str, energy: &str) -> TempDir {
        let root = TempDir::new().unwrap();
        for (name, kind) in [("AC", "Mains"), ("BAT0", "Battery")] {
            let folder = root.path().join("sys/class/power_supply").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("type"), format!("{kind}\n")).unwrap();
            fs::write(folder.join("status"), format!("{state}\n")).unwrap();
            fs::write(folder.join("energy_now"), format!("{energy}\n")).unwrap();
        }
        root
    }

    /// 100 microwatt-hours are 0.36 J.
    #[test]
    fn what_a_battery_loses_was_used() {
        let root = machine("Discharging", "50000000");
        let mut found = discover(root.path());
        let mut read = || match found.readable[0].read().unwrap() {
            Reading::Counter { microjoules, range_microjoules: None } => microjoules,
            other => panic!("{other:?}"),
        };
        let before = read();
        fs::write(root.path().join("sys/class/power_supply/BAT0/energy_now"), "49999900\n").unwrap();
        assert_eq!(read() - before, 360_000);
    }

    #[test]
    fn on_the_mains_a_battery_says_nothing() {
        let found = discover(machine("Charging", "1").path());
        let facts = &found.unreadable[0];
        assert_eq!((facts.domain.as_str(), facts.status), ("battery", SourceStatus::Absent));
        assert!(facts.words().unwrap().contains("charging"), "{facts:?}");
        let found = discover(machine("Discharging", "much").path());
        assert_eq!(found.unreadable[0].status, SourceStatus::Broken);
        assert!(discover(TempDir::new().unwrap().path()).unreadable.is_empty());
    }
}
