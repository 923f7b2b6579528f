//! Energy that a laptop takes from its battery, which is what the whole machine draws while it is off the mains.

use std::path::{Path, PathBuf};

use record::doctor::SourceStatus;
use record::energy::Kind;
use record::units::{Seconds, Watts};

use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts};

/// Gauges of batteries are read out every few seconds to half a minute.
const UPDATE: Seconds = Seconds(30.0);

/// What they deliver is looked up more often.
const POWER_UPDATE: Seconds = Seconds(1.0);

/// Less than any machine that runs draws.
const LEAST: Watts = Watts(0.01);

/// More than any laptop draws.
const PLAUSIBLE: Watts = Watts(1000.0);

/// A microwatt-hour is 3,600 microjoules.
const MICROJOULES: f64 = 3600.0;

/// Above what any battery loses, so that the count of what they lost may fall where they are charged meanwhile.
const ORIGIN: f64 = (1u64 << 50) as f64;

/// More than any battery holds, in microwatt-hours or microampere-hours.
const HOLDS: u64 = 1 << 35;

/// All batteries of the machine under `root` as one; nothing to read while it is on the mains.
pub(crate) fn discover(root: &Path) -> Found {
    let folder = root.join("sys/class/power_supply");
    let mut found = Found::default();
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut supplies: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    supplies.sort();
    let batteries: Vec<PathBuf> = supplies.iter().filter(|supply| is_of_machine(supply)).cloned().collect();
    if batteries.is_empty() {
        let why = format!("no battery in {}", folder.display());
        found.unreadable.push(SourceFacts::unreadable("battery", "batteries", why));
        return found;
    }
    let mut battery = Battery::new(&batteries);
    if is_plugged(&supplies) {
        let facts =
            SourceFacts::unreadable("battery", &battery.facts.source, "the machine draws from the mains");
        found.unreadable.push(facts.but(SourceStatus::Absent, Some("unplug the mains adapter")));
        return found;
    }
    match battery.look() {
        Ok(_) => found.readable.push(Box::new(Battery { supplies, ..battery })),
        Err(error) => found.unreadable.push(SourceFacts::refused("battery", &battery.facts.source, &error)),
    }
    found
}

fn is(supply: &Path, file: &str, expected: &str) -> bool {
    text(&supply.join(file)).is_ok_and(|kind| kind == expected)
}

/// Those of mice and headsets say that they are of a device.
fn is_of_machine(supply: &Path) -> bool {
    is(supply, "type", "Battery") && !is(supply, "scope", "Device")
}

/// Whether the machine draws from the mains. At a plug that is no `Mains`, such as one of USB, batteries tell: one is charged or full, and
/// none is discharged, as one of two is while the other rests.
fn is_plugged(supplies: &[PathBuf]) -> bool {
    let is_at_plug = |supply: &PathBuf| is(supply, "type", "Mains") && is(supply, "online", "1");
    let says = |statuses: &[&str]| {
        let one_says = |supply: &PathBuf| statuses.iter().any(|status| is(supply, "status", status));
        supplies.iter().any(|supply| is_of_machine(supply) && one_says(supply))
    };
    supplies.iter().any(is_at_plug)
        || (says(&["Charging", "Full", "Not charging"]) && !says(&["Discharging"]))
}

struct Battery {
    facts: SourceFacts,
    /// All supplies of power, plugs among them.
    supplies: Vec<PathBuf>,
    gauges: Vec<Gauge>,
    /// Where each of them tells what it delivers now.
    powers: Vec<Power>,
    /// What made the power at the last look, in millionths; empty where it failed.
    numbers: Vec<i64>,
    /// What all of them lost since the first look, in microjoules.
    lost: f64,
}

/// The gauge of one battery.
struct Gauge {
    /// What is left: in microwatt-hours, or in microampere-hours where there is a voltage.
    left: PathBuf,
    /// In microvolts, of a gauge that tells charge.
    voltage: Option<PathBuf>,
    /// What it showed last; `None` before the first look.
    last: Option<u64>,
}

impl Gauge {
    /// A battery tells energy or charge, by what its controller counts.
    fn of(folder: &Path) -> Gauge {
        let (energy, charge) = (folder.join("energy_now"), folder.join("charge_now"));
        let by_charge = !energy.exists() && charge.exists();
        let voltage = by_charge.then(|| folder.join("voltage_now"));
        Gauge { left: if by_charge { charge } else { energy }, voltage, last: None }
    }

    fn words(&self) -> String {
        let left = self.left.display();
        self.voltage
            .as_ref()
            .map_or_else(|| left.to_string(), |voltage| format!("{left} (times {})", voltage.display()))
    }

    /// What is left, and how many microjoules a unit of it is now.
    fn read(&self) -> Result<(u64, f64), ReadError> {
        let number = |file: &Path, expected, most| {
            let shown = text(file)?;
            let number = shown.parse().ok().filter(|&number: &u64| number <= most);
            let found = || shown.chars().take(40).collect();
            number.ok_or_else(|| ReadError::Garbage { path: file.to_owned(), expected, found: found() })
        };
        match &self.voltage {
            None => Ok((number(&self.left, "a whole number of microwatt-hours", HOLDS)?, MICROJOULES)),
            Some(voltage) => {
                let left = number(&self.left, "a whole number of microampere-hours", HOLDS)?;
                let volts = number(voltage, "a whole number of microvolts", 1_000_000_000)? as f64 * 1e-6;
                Ok((left, MICROJOULES * volts))
            }
        }
    }
}

/// What a battery delivers at this moment.
struct Power {
    /// In microwatts, or in microamperes where there is a voltage.
    now: PathBuf,
    /// In microvolts.
    voltage: Option<PathBuf>,
}

impl Power {
    /// `None` of a battery that does not tell.
    fn of(folder: &Path) -> Option<Power> {
        let [power, current, voltage] =
            ["power_now", "current_now", "voltage_now"].map(|file| folder.join(file));
        if power.exists() {
            return Some(Power { now: power, voltage: None });
        }
        (current.exists() && voltage.exists()).then_some(Power { now: current, voltage: Some(voltage) })
    }

    /// The watts, and the numbers that make them. Some drivers show what leaves a battery as negative.
    fn read(&self) -> Result<(f64, Vec<i64>), ReadError> {
        let millionths = |file: &PathBuf| {
            let shown = text(file)?;
            let (expected, found) = ("a whole number of millionths", shown.chars().take(40).collect());
            shown.parse().map_err(|_| ReadError::Garbage { path: file.to_owned(), expected, found })
        };
        let numbers: Vec<i64> =
            self.voltage.iter().chain([&self.now]).map(millionths).collect::<Result<_, _>>()?;
        let watts = numbers.iter().map(|number| number.unsigned_abs() as f64 * 1e-6).product();
        Ok((watts, numbers))
    }

    fn words(&self) -> String {
        let now = self.now.display();
        self.voltage
            .as_ref()
            .map_or_else(|| now.to_string(), |voltage| format!("{now} times {}", voltage.display()))
    }
}

impl Battery {
    /// What batteries hold is counted; where one of them does not tell, the power of all of them is integrated.
    fn new(folders: &[PathBuf]) -> Battery {
        let powers: Vec<Power> = folders.iter().filter_map(|folder| Power::of(folder)).collect();
        let powers = if powers.len() == folders.len() { powers } else { Vec::new() };
        let holds =
            |folder: &PathBuf| ["energy_now", "charge_now"].iter().any(|file| folder.join(file).exists());
        let gauges: Vec<Gauge> = if folders.iter().all(holds) || powers.is_empty() {
            folders.iter().map(|folder| Gauge::of(folder)).collect()
        } else {
            Vec::new()
        };
        let (kind, source) = if gauges.is_empty() {
            let names: Vec<String> = powers.iter().map(Power::words).collect();
            (Kind::Integrated, format!("power of {}, integrated: the whole machine", names.join(" and ")))
        } else {
            let names: Vec<String> = gauges.iter().map(Gauge::words).collect();
            (Kind::Counter, format!("what {} lost: the whole machine", names.join(" and ")))
        };
        Battery {
            facts: SourceFacts::readable("battery", kind, &source),
            supplies: Vec::new(),
            gauges,
            powers,
            numbers: Vec::new(),
            lost: 0.0,
        }
    }

    /// What all of them deliver now.
    fn delivered(&mut self) -> Result<Watts, ReadError> {
        self.numbers.clear();
        let (watts, numbers): (Vec<f64>, Vec<Vec<i64>>) =
            self.powers.iter().map(Power::read).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let watts = Watts(watts.iter().sum());
        if watts < LEAST {
            return Err(refuse(&format!("shows {} W, which no machine draws", watts.0)));
        }
        self.numbers = numbers.concat();
        Ok(watts)
    }

    /// Counts upwards as the batteries lose.
    fn look(&mut self) -> Result<Reading, ReadError> {
        if self.gauges.is_empty() {
            return self.delivered().map(Reading::Power);
        }
        // All of them or none: what a failed look leaves out, the next one has.
        let shown = self.gauges.iter().map(Gauge::read).collect::<Result<Vec<_>, _>>()?;
        for (gauge, (left, microjoules)) in self.gauges.iter_mut().zip(shown) {
            self.lost += (gauge.last.unwrap_or(left) as f64 - left as f64) * microjoules;
            gauge.last = Some(left);
        }
        Ok(Reading::Counter { microjoules: (ORIGIN + self.lost).max(0.0) as u64, range_microjoules: None })
    }
}

impl EnergySource for Battery {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        let update = if self.gauges.is_empty() { POWER_UPDATE } else { UPDATE };
        let is_sum = self.powers.len() > 1 || self.powers.iter().any(|power| power.voltage.is_some());
        // Each number of several is renewed at times of its own, so that how seldom the slowest is does not show: as seldom as a
        // gauge is taken to be (an assumption).
        let averaged = if is_sum { UPDATE } else { Seconds(0.0) };
        Limits { averaged, ..Limits::of(update, PLAUSIBLE) }
    }

    /// Beside what the batteries lost, by which that is checked.
    fn power(&mut self) -> Option<Watts> {
        let is_beside = !self.gauges.is_empty() && !self.powers.is_empty() && !is_plugged(&self.supplies);
        is_beside.then(|| self.delivered().ok()).flatten()
    }

    fn numbers(&self) -> Vec<i64> {
        if self.numbers.len() > 1 { self.numbers.clone() } else { Vec::new() }
    }

    /// Is cut off while the machine is plugged in: what a battery loses then is not what the machine draws.
    fn read(&mut self) -> Result<Reading, ReadError> {
        if is_plugged(&self.supplies) {
            let reason = "battery: the machine draws from the mains meanwhile".to_owned();
            return Err(ReadError::Cut { reason });
        }
        self.look()
    }
}

fn refuse(reason: &str) -> ReadError {
    ReadError::Device { device: "battery".into(), reason: reason.to_owned() }
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

    /// 1,000 microampere-hours at 11.1 V are 39.96 J; the voltage of the moment alone moves nothing.
    #[test]
    fn charge_is_energy_at_the_voltage_of_the_time() {
        let root = machine("0", "50000000");
        let battery = root.path().join("sys/class/power_supply/BAT1");
        fs::remove_file(battery.join("energy_now")).unwrap();
        let show = |charge: u64, volts: &str| {
            fs::write(battery.join("charge_now"), format!("{charge}\n")).unwrap();
            fs::write(battery.join("voltage_now"), format!("{volts}\n")).unwrap();
        };
        show(4_000_000, "12000000");
        let mut found = discover(root.path());
        assert!(found.readable[0].facts().source.contains("BAT1/voltage_now"));
        let mut read = || match found.readable[0].read().unwrap() {
            Reading::Counter { microjoules, range_microjoules: None } => microjoules,
            other => panic!("{other:?}"),
        };
        let before = read();
        show(4_000_000, "11500000");
        assert_eq!(read(), before);
        show(3_999_000, "11100000");
        assert_eq!(read() - before, 39_960_000);
        fs::remove_file(battery.join("voltage_now")).unwrap();
        assert_eq!(discover(root.path()).unreadable[0].status, SourceStatus::Broken);
    }

    /// Some batteries tell nothing but what they deliver, and some tell it beside what they hold.
    #[test]
    fn power_is_taken_where_there_is_no_gauge_and_checks_one_where_there_is() {
        let root = machine("0", "50000000");
        let file =
            |battery: &str, file: &str| root.path().join("sys/class/power_supply").join(battery).join(file);
        fs::write(file("BAT0", "power_now"), "8500000\n").unwrap();
        assert_eq!(discover(root.path()).readable[0].power(), None, "one of two");
        fs::write(file("BAT1", "current_now"), "-1000000\n").unwrap();
        fs::write(file("BAT1", "voltage_now"), "11500000\n").unwrap();
        let counted = &mut discover(root.path()).readable[0];
        assert_eq!((counted.facts().kind, counted.power()), (Kind::Counter, Some(Watts(20.0))));
        fs::remove_file(file("BAT0", "energy_now")).unwrap();
        assert_eq!(discover(root.path()).readable[0].limits().averaged, UPDATE);
        let sensed = &mut discover(root.path()).readable[0];
        assert_eq!((sensed.facts().kind, sensed.power()), (Kind::Integrated, None));
        assert_eq!(sensed.read().unwrap(), Reading::Power(Watts(20.0)));
        assert_eq!(sensed.numbers(), [8_500_000, 11_500_000, -1_000_000]);
        assert!(sensed.facts().source.contains("BAT0/power_now"), "{}", sensed.facts().source);
        fs::write(root.path().join("sys/class/power_supply/AC/online"), "1\n").unwrap();
        assert!(sensed.read().unwrap_err().to_string().contains("mains meanwhile"));
        let told = fs::read_to_string(file("BAT0", "power_now")).unwrap();
        fs::write(file("BAT0", "power_now"), "0\n").unwrap();
        fs::write(file("BAT1", "current_now"), "0\n").unwrap();
        assert_eq!(discover(root.path()).unreadable[0].status, SourceStatus::Absent, "0 W at the mains");
        assert!(matches!(sensed.read(), Err(ReadError::Cut { .. })));
        fs::write(file("BAT0", "power_now"), told).unwrap();
        fs::write(root.path().join("sys/class/power_supply/AC/online"), "0\n").unwrap();
        for (battery, file_name) in [("BAT0", "power_now"), ("BAT1", "current_now")] {
            fs::write(file(battery, file_name), "0\n").unwrap();
        }
        assert!(sensed.read().unwrap_err().to_string().contains("0 W"));
        assert_eq!(sensed.numbers(), [0i64; 0], "of a look that failed");
        fs::write(file("BAT0", "power_now"), "1000\n").unwrap();
        assert!(sensed.read().unwrap_err().to_string().contains("0.001 W, which no machine draws"));
        fs::remove_dir_all(file("BAT1", "").as_path()).unwrap();
        fs::write(file("BAT0", "power_now"), "8500000\n").unwrap();
        let single = &mut discover(root.path()).readable[0];
        assert_eq!(single.limits().averaged, Seconds(0.0), "one number");
        assert_eq!((single.read().unwrap(), single.numbers()), (Reading::Power(Watts(8.5)), Vec::new()));
        fs::write(file("BAT0", "power_now"), "much\n").unwrap();
        assert_eq!(discover(root.path()).unreadable[0].status, SourceStatus::Broken);
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

    /// One of two is discharged while the other, full or not, rests.
    #[test]
    fn one_battery_that_is_discharged_is_drawn_from() {
        let root = machine("0", "50000000");
        let status = |battery: &str| root.path().join("sys/class/power_supply").join(battery).join("status");
        fs::write(status("BAT1"), "Discharging\n").unwrap();
        for says in ["Full", "Not charging"] {
            fs::write(status("BAT0"), format!("{says}\n")).unwrap();
            assert_eq!(discover(root.path()).readable.len(), 1, "{says}");
        }
        let mut found = discover(root.path());
        fs::write(status("BAT1"), "Not charging\n").unwrap();
        assert!(matches!(found.readable[0].read(), Err(ReadError::Cut { .. })));
        assert_eq!(discover(root.path()).readable.len(), 0);
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
