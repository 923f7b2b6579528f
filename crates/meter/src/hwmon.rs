//! Sensors of energy and power that the kernel shows as hwmon: sockets of AMD servers, and the meter of a whole machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use record::doctor::SourceStatus;
use record::energy::Kind;
use record::units::{Seconds, Watts};

use crate::rapl::{ReadText, number};
use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts};

/// The domain of what is described and not counted.
const SENSOR: &str = "sensor";

/// Drivers that count the energy of AMD's sockets and cores; the second took over where the first left the kernel.
const AMD_ENERGY: [&str; 2] = ["amd_energy", "zenergy"];

/// The kernel's driver for the meter that ACPI describes, which sits at the supply of the whole machine.
const ACPI_METER: &str = "power_meter";

/// The counters of sockets move about every millisecond.
const COUNTER_UPDATE: Seconds = Seconds(0.001);

/// Over which an ACPI meter averages, where it does not say.
const METER_UPDATE: Seconds = Seconds(1.0);

/// More than any socket draws.
const PLAUSIBLE_SOCKET: Watts = Watts(2000.0);

/// More than any machine with one supply draws.
const PLAUSIBLE_MACHINE: Watts = Watts(100_000.0);

/// Everything under `root` that shows energy or power. Sockets and the machine are counted where `known` does not read
/// them already; of all other sensors it is not known what they belong to, so they are described and left out.
pub(crate) fn discover(root: &Path, read: &ReadText, known: &Found) -> Found {
    let folder = root.join("sys/class/hwmon");
    let sensors: Vec<Sensor> = chips(&folder, read).iter().flat_map(|chip| sensors(chip, read)).collect();
    let mut found = Found::default();
    if sensors.is_empty() {
        let why = format!("no sensor of energy or power in {}", folder.display());
        found.unreadable.push(SourceFacts::left_out(SENSOR, "hwmon", why));
        return found;
    }
    let meters = sensors.iter().filter(|sensor| sensor.is_machine()).count();
    let mut sockets: BTreeMap<u32, Vec<Sensor>> = BTreeMap::new();
    let (mut machine, mut others) = (None, Vec::new());
    for sensor in sensors {
        match sensor.belongs() {
            Belongs::Socket(socket) => sockets.entry(socket).or_default().push(sensor),
            Belongs::Core => {}
            Belongs::Machine if meters == 1 => machine = Some(sensor),
            Belongs::Machine => {
                others.push((sensor, "one of several power meters, whose shares are not known".into()))
            }
            Belongs::Unknown(why) => others.push((sensor, why)),
        }
    }
    for (socket, sensors) in sockets {
        let domain = format!("package-{socket}");
        for sensor in sensors {
            if reads(known, &domain) || reads(&found, &domain) {
                others.push((sensor, format!("answers beside another counter of {domain}, which is taken")));
            } else {
                found.join(one(Counter::open(&domain, &sensor, read)));
            }
        }
    }
    match machine {
        Some(sensor) if reads(known, "psys") => {
            others.push((sensor, "answers beside another counter of psys, which is taken".into()));
        }
        Some(sensor) => found.join(one(Meter::open(&sensor, read))),
        None => {}
    }
    let left_out = |(sensor, why): (Sensor, String)| SourceFacts::left_out(SENSOR, &sensor.source(), why);
    found.unreadable.extend(others.into_iter().map(left_out));
    found
}

fn one<S: EnergySource + 'static>(opened: Result<S, SourceFacts>) -> Found {
    match opened {
        Ok(source) => Found { readable: vec![Box::new(source)], unreadable: Vec::new() },
        Err(facts) => Found { readable: Vec::new(), unreadable: vec![facts] },
    }
}

/// Whether a domain is read, as a whole or die by die.
fn reads(found: &Found, domain: &str) -> bool {
    let of_domain = |read: &str| {
        read.strip_prefix(domain).is_some_and(|rest| rest.is_empty() || rest.starts_with("-die-"))
    };
    found.readable.iter().any(|source| of_domain(source.domain()))
}

/// A folder `hwmonN`.
struct Chip {
    name: String,
    /// Where its files lie.
    folder: PathBuf,
}

/// All chips in numerical order. Folders of other names, and those without a name in them, are none.
fn chips(folder: &Path, read: &ReadText) -> Vec<Chip> {
    let mut numbered = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("hwmon")).and_then(number);
        if let Some(number) = number {
            numbered.insert(number, entry.path());
        }
    }
    // Drivers of an older kind keep their files with the device.
    let chip = |folder: PathBuf| {
        [folder.clone(), folder.join("device")].into_iter().find_map(|folder| {
            let name = read(&folder.join("name")).ok()?;
            Some(Chip { name: name.trim().to_owned(), folder })
        })
    };
    numbered.into_values().filter_map(chip).collect()
}

/// What a file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Quantity {
    Energy,
    Power,
}

/// One file that shows energy or power.
struct Sensor {
    chip: String,
    quantity: Quantity,
    file: PathBuf,
    /// What the chip calls it.
    label: Option<String>,
    /// An ACPI meter may sit at a battery.
    of_battery: bool,
}

/// The sensors of a chip, energies first, each in numerical order.
fn sensors(chip: &Chip, read: &ReadText) -> Vec<Sensor> {
    let mut files: BTreeMap<(Quantity, u32), PathBuf> = BTreeMap::new();
    for entry in std::fs::read_dir(&chip.folder).into_iter().flatten().flatten() {
        let Some((key, is_average)) = entry.file_name().to_str().and_then(shows) else { continue };
        // Where there are both, a mean misses less than a moment.
        if is_average {
            files.insert(key, entry.path());
        } else {
            files.entry(key).or_insert_with(|| entry.path());
        }
    }
    let sensor = |((quantity, number), file): ((Quantity, u32), PathBuf)| {
        let of = if quantity == Quantity::Energy { "energy" } else { "power" };
        let text = |what: &str| read(&chip.folder.join(format!("{of}{number}_{what}"))).ok();
        let label = text("label").map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
        let of_battery = text("is_battery").is_some_and(|is| is.trim() == "1");
        Sensor { chip: chip.name.clone(), quantity, file, label, of_battery }
    };
    files.into_iter().map(sensor).collect()
}

/// The number of the sensor whose energy or power a file shows, and whether it is a mean.
fn shows(file: &str) -> Option<((Quantity, u32), bool)> {
    let (sensor, what) = file.split_once('_')?;
    let (quantity, digits) = match sensor.strip_prefix("energy") {
        Some(digits) => (Quantity::Energy, digits),
        None => (Quantity::Power, sensor.strip_prefix("power")?),
    };
    let is_average = match (quantity, what) {
        (_, "input") => false,
        (Quantity::Power, "average") => true,
        _ => return None,
    };
    Some(((quantity, number(digits)?), is_average))
}

/// What a sensor measures.
enum Belongs {
    /// A socket of the machine.
    Socket(u32),
    /// A part of a socket.
    Core,
    /// The machine.
    Machine,
    /// Something else, and why it is not counted.
    Unknown(String),
}

impl Sensor {
    fn belongs(&self) -> Belongs {
        if self.is_machine() {
            return Belongs::Machine;
        }
        let label = self.label.as_deref().unwrap_or_default();
        let numbered = |name: &str| label.strip_prefix(name).and_then(number);
        if AMD_ENERGY.contains(&self.chip.as_str()) && self.quantity == Quantity::Energy {
            if let Some(socket) = numbered("Esocket") {
                return Belongs::Socket(socket);
            }
            if numbered("Ecore").is_some() {
                return Belongs::Core;
            }
        }
        Belongs::Unknown(match self.chip.as_str() {
            ACPI_METER => "measures a battery".into(),
            "amdgpu" => "cards of AMD are not metered".into(),
            "i915" | "xe" => "cards of Intel are not metered".into(),
            "nouveau" => "cards of NVIDIA are metered through NVIDIA's own driver alone".into(),
            _ => "what it measures, and what of that is counted elsewhere, is not known".into(),
        })
    }

    fn is_machine(&self) -> bool {
        self.chip == ACPI_METER && self.quantity == Quantity::Power && !self.of_battery
    }

    /// What is read, for records and people.
    fn source(&self) -> String {
        let label = self.label.iter().map(|label| format!("{label} ")).collect::<String>();
        format!("hwmon {} {label}{}", self.chip, self.file.display())
    }

    fn refused(&self, domain: &str, error: &ReadError) -> SourceFacts {
        SourceFacts::refused(domain, &self.source(), error)
    }
}

/// The energy counter of a socket, which its driver keeps in 64 bits.
struct Counter {
    facts: SourceFacts,
    file: PathBuf,
    read: ReadText,
}

impl Counter {
    fn open(domain: &str, sensor: &Sensor, read: &ReadText) -> Result<Counter, SourceFacts> {
        whole_number(read, &sensor.file, MICROJOULES).map_err(|error| sensor.refused(domain, &error))?;
        let facts = SourceFacts::readable(domain, Kind::Counter, &sensor.source());
        Ok(Counter { facts, file: sensor.file.clone(), read: Arc::clone(read) })
    }
}

impl EnergySource for Counter {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        Limits::of(COUNTER_UPDATE, PLAUSIBLE_SOCKET)
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let microjoules = whole_number(&self.read, &self.file, MICROJOULES)?;
        Ok(Reading::Counter { microjoules, range_microjoules: None })
    }
}

/// The power at the supply of the machine, a mean over some time.
struct Meter {
    facts: SourceFacts,
    file: PathBuf,
    update: Seconds,
    read: ReadText,
}

impl Meter {
    fn open(sensor: &Sensor, read: &ReadText) -> Result<Meter, SourceFacts> {
        let domain = "psys";
        match whole_number(read, &sensor.file, MICROWATTS) {
            Ok(0) => {
                let refused = SourceFacts::unreadable(domain, &sensor.source(), "shows 0");
                return Err(refused.but(SourceStatus::Broken, None));
            }
            Ok(_) => {}
            Err(error) => return Err(sensor.refused(domain, &error)),
        }
        let interval = sensor.file.with_file_name("power1_average_interval");
        let milliseconds = whole_number(read, &interval, "a whole number of milliseconds").ok();
        let update = milliseconds.filter(|&ms| ms > 0).map_or(METER_UPDATE, |ms| Seconds(ms as f64 / 1000.0));
        let source = format!("{}, the whole machine at its supply, integrated", sensor.source());
        let facts = SourceFacts::readable(domain, Kind::Integrated, &source);
        Ok(Meter { facts, file: sensor.file.clone(), update, read: Arc::clone(read) })
    }
}

impl EnergySource for Meter {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        Limits::of(self.update, PLAUSIBLE_MACHINE)
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        match whole_number(&self.read, &self.file, MICROWATTS)? {
            0 => Err(ReadError::Device {
                device: self.file.display().to_string(),
                reason: "shows 0 W, which no machine that runs draws".into(),
            }),
            microwatts => Ok(Reading::Power(Watts(microwatts as f64 / 1e6))),
        }
    }
}

const MICROJOULES: &str = "a whole number of microjoules";
const MICROWATTS: &str = "a whole number of microwatts";

fn whole_number(read: &ReadText, file: &Path, expected: &'static str) -> Result<u64, ReadError> {
    let text = read(file).map_err(|error| ReadError::of_io(file, &error))?;
    let found = text.trim();
    found.parse().map_err(|_| ReadError::Garbage {
        path: file.to_path_buf(),
        expected,
        found: found.chars().take(40).collect(),
    })
}

#[cfg(test)]
mod tests;
