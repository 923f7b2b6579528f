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

/// All batteries of the machine under `root` as one; nothing to read while it is on the mains.
pub(crate) fn discover(root: &Path) -> Found {
    let folder = root.join("sys/class/power_supply");
    let mut found = Found::default();
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut supplies: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    supplies.sort();
    let is = |supply: &Path, file: &str, expected: &str| {
        text(&supply.join(file)).is_ok_and(|kind| kind == expected)
    };
    // Those of mice and headsets say that they are of a device.
    let of_machine = |supply: &PathBuf| is(supply, "type", "Battery") && !is(supply, "scope", "Device");
    let batteries: Vec<PathBuf> = supplies.iter().filter(|supply| of_machine(supply)).cloned().collect();
    if batteries.is_empty() {
        let why = format!("no battery in {}", folder.display());
        found.unreadable.push(SourceFacts::unreadable("battery", "batteries", why));
        return found;
    }
    // A battery that is charged, or full at a plug that is no `Mains`, such as one of USB, is not what the machine draws from.
    let plugged = |supply: &PathBuf| {
        let at_plug = is(supply, "type", "Mains") && is(supply, "online", "1");
        let charged = ["Charging", "Full", "Not charging"].iter().any(|status| is(supply, "status", status));
        at_plug || (of_machine(supply) && charged)
    };
    let mains = supplies.iter().any(plugged);
    let mut battery = Battery::new(batteries);
    match battery.read() {
        Ok(_) if mains => {
            let facts =
                SourceFacts::unreadable("battery", &battery.facts.source, "the machine draws from the mains");
            found.unreadable.push(facts.but(SourceStatus::Absent, Some("unplug the mains adapter")));
        }
        Ok(_) => found.readable.push(Box::new(battery)),
        Err(error) => found.unreadable.push(SourceFacts::refused("battery", &battery.facts.source, &error)),
    }
    found
}

struct Battery {
    facts: SourceFacts,
    files: Vec<PathBuf>,
}

impl Battery {
    fn new(folders: Vec<PathBuf>) -> Battery {
        let files: Vec<PathBuf> = folders.into_iter().map(|folder| folder.join("energy_now")).collect();
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let source = format!("what {} lost: the whole machine", names.join(" and "));
        Battery { facts: SourceFacts::readable("battery", Kind::Counter, &source), files }
    }
}

impl EnergySource for Battery {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        Limits { update: UPDATE, plausible: PLAUSIBLE }
    }

    /// Counts upwards as the batteries lose; a battery that is charged meanwhile counts down, which is a gap.
    fn read(&mut self) -> Result<Reading, ReadError> {
        let mut left = 0;
        for file in &self.files {
            let shown = text(file)?;
            let microjoules = shown.parse().ok().and_then(|left: u64| left.checked_mul(MICROJOULES));
            let garbage = || ReadError::Garbage {
                path: file.clone(),
                expected: "a whole number of microwatt-hours",
                found: shown.chars().take(40).collect(),
            };
            left += microjoules.filter(|&left| left <= FULL / 8).ok_or_else(garbage)?;
        }
        let microjoules = FULL.saturating_sub(left);
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

    /// Two batteries and a mouse's, and a mains adapter.
    fn machine(online: &str, energy: &str) -> TempDir {
        let root = TempDir::new().unwrap();
        let write = |supply: &str, file: &str, text: &str| {
            let folder = root.path().join("sys/class/power_supply").join(supply);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(file), format!("{text}\n")).unwrap();
        };
        write("AC", "type", "Mains");
        write("AC", "online", online);
        for battery in ["BAT0", "BAT1"] {
            write(battery, "type", "Battery");
            write(battery, "energy_now", energy);
        }
        write("hidpp_battery_0", "type", "Battery");
        write("hidpp_battery_0", "scope", "Device");
        root
    }

    /// 100 microwatt-hours are 0.36 J.
    #[test]
    fn what_batteries_lose_was_used() {
        let root = machine("0", "50000000");
        let mut found = discover(root.path());
        let mut read = || match found.readable[0].read().unwrap() {
            Reading::Counter { microjoules, range_microjoules: None } => microjoules,
            other => panic!("{other:?}"),
        };
        let before = read();
        for battery in ["BAT0", "BAT1"] {
            fs::write(
                root.path().join("sys/class/power_supply").join(battery).join("energy_now"),
                "49999900\n",
            )
            .unwrap();
        }
        assert_eq!(read() - before, 720_000);
    }

    /// A plug of USB is no `Mains`; what the battery says of itself counts.
    #[test]
    fn a_battery_that_is_charged_is_not_drawn_from() {
        let root = machine("0", "50000000");
        let status = root.path().join("sys/class/power_supply/BAT1/status");
        for (says, draws) in [("Charging", false), ("Full", false), ("Discharging", true)] {
            fs::write(&status, format!("{says}\n")).unwrap();
            assert_eq!(discover(root.path()).readable.len(), usize::from(draws), "{says}");
        }
    }

    #[test]
    fn without_one_or_on_the_mains_there_is_a_reason() {
        let status = |found: &Found| (found.unreadable[0].domain.clone(), found.unreadable[0].status);
        let found = discover(machine("1", "1").path());
        assert_eq!(status(&found), ("battery".to_owned(), SourceStatus::Absent));
        assert!(found.unreadable[0].words().unwrap().contains("mains"));
        assert_eq!(status(&discover(machine("0", "much").path())).1, SourceStatus::Broken);
        assert_eq!(status(&discover(TempDir::new().unwrap().path())).1, SourceStatus::Absent);
    }
}
