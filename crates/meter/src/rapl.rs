//! Energy counters of processors and memory: Intel and AMD RAPL through the kernel's powercap files.

mod mirrors;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use record::doctor::SourceStatus;
use record::energy::Kind;
use record::units::{Seconds, Watts};

use mirrors::merge_mirrors;

use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts};

/// Reads a whole file; tests put a function here that refuses.
pub(crate) type ReadText = Arc<dyn Fn(&Path) -> io::Result<String> + Send + Sync>;

/// What is read, where there is nothing.
const SOURCE: &str = "RAPL through powercap";

/// The counters move about every millisecond.
const UPDATE: Seconds = Seconds(0.001);

/// Microjoules that a package uses between the readings of its dies: 1,000 W for the millisecond of an update.
const BETWEEN_READINGS: f64 = 1e6;

/// Readings in a row that show two counters apart before that is believed.
const PARTED: u32 = 3;

/// A counter of no more microjoules wraps within milliseconds.
const LEAST_RANGE: u64 = 1_000_000;

/// More than any package, its memory or a whole platform of this kind draws.
const PLAUSIBLE: Watts = Watts(2000.0);

/// More than a platform of several packages draws.
const PLAUSIBLE_PLATFORM: Watts = Watts(20_000.0);

/// Times its own largest limit is more than a package draws, even in peaks of milliseconds, and so is what it may always
/// be believed to draw, in watts.
const OVER_LIMIT: (f64, f64) = (4.0, 100.0);

/// All zones under `root` that are counted: packages, memory and the platform. `core` and `uncore` are
/// parts of their package and are left out; so is anything whose name is not known.
pub(crate) fn discover(root: &Path, read: &ReadText) -> Found {
    let folder = root.join("sys/class/powercap");
    let none = |facts| Found { readable: Vec::new(), unreadable: vec![facts] };
    let absent = |why: String, fix| {
        none(SourceFacts::unreadable("package", SOURCE, why).but(SourceStatus::Absent, fix))
    };
    let places = match places(&folder) {
        Ok(places) => places,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return absent(format!("no {}", folder.display()), None);
        }
        Err(error) => {
            return none(SourceFacts::refused("package", SOURCE, &ReadError::of_io(&folder, &error)));
        }
    };
    if places.is_empty() {
        return absent(format!("no RAPL zone in {}", folder.display()), Some("sudo modprobe intel_rapl_msr"));
    }
    let mut found = Found::default();
    let mut by_domain: BTreeMap<Order, Vec<Result<Zone, SourceFacts>>> = BTreeMap::new();
    let mut platforms = Vec::new();
    let named = named(&places, read, &mut found.unreadable);
    for (number, (name, place)) in named.iter().enumerate() {
        let Some(domain) = apart(&named, number) else { continue };
        if name == "psys" && !place.mmio {
            platforms.push(place.folder.file_name().unwrap_or_default().to_string_lossy());
        }
        let zone = Zone::open(&domain, place, read);
        by_domain.entry(order(&domain)).or_default().push(zone);
    }
    let zones = by_domain.into_values().filter_map(first_readable);
    let (readable, unreadable): (Vec<_>, Vec<_>) = zones.partition(Result::is_ok);
    let (readable, lacking) = whole_packages(
        readable.into_iter().filter_map(Result::ok).collect(),
        unreadable.into_iter().filter_map(Result::err).collect(),
    );
    found.unreadable.extend(lacking);
    for mut zone in merge_mirrors(one_way_each(readable)) {
        if zone.facts.domain == "psys" && platforms.len() > 1 {
            let names = platforms.join(", ");
            zone.facts.note =
                Some(format!("several zones have this name ({names}), and the first that answers is read"));
        }
        found.readable.push(Box::new(zone));
    }
    found
}

/// The domain of a zone. Several packages or memories of one name in the main interface are told apart like dies, to be counted once
/// or added as their counters say; `None` of another interface to them, as it is not known to which.
fn apart(named: &[(String, &Place)], number: usize) -> Option<String> {
    let (domain, place) = &named[number];
    let is_same = |(other, at): &&(String, &Place)| other == domain && !at.mmio;
    if domain == "psys" || domain.contains("-die-") || named.iter().filter(is_same).count() < 2 {
        return Some(domain.clone());
    }
    (!place.mmio).then(|| format!("{domain}-die-{}", named[..number].iter().filter(is_same).count()))
}

/// Leaves out packages one of whose dies cannot be read: what the others show is not the package's.
fn whole_packages(zones: Vec<Zone>, unreadable: Vec<SourceFacts>) -> (Vec<Zone>, Vec<SourceFacts>) {
    let package = |domain: &str| domain.split_once("-die-").map(|(package, _)| package.to_owned());
    let lacking: Vec<String> = unreadable.iter().filter_map(|facts| package(&facts.domain)).collect();
    let is_whole = |zone: &Zone| package(&zone.facts.domain).is_none_or(|name| !lacking.contains(&name));
    let named = |mut facts: SourceFacts| {
        if let Some(package) = package(&facts.domain) {
            facts.note = facts.note.map(|note| format!("{}: {note}", facts.domain));
            facts.domain = package;
        }
        facts
    };
    (zones.into_iter().filter(is_whole).collect(), unreadable.into_iter().map(named).collect())
}

/// Each package, and each memory, as a whole or by its dies, and not both: as the main interface has it, and as a whole where that has both.
fn one_way_each(zones: Vec<Zone>) -> Vec<Zone> {
    let is_whole = |name: &str| {
        let has = |is_die: bool, mmio: bool| {
            zones.iter().any(|zone| zone.part_of() == (name, is_die) && zone.mmio == mmio)
        };
        has(false, false) || has(false, true) && !has(true, false)
    };
    let is_told = |zone: &Zone| {
        let (name, is_die) = zone.part_of();
        is_whole(name) != is_die
    };
    let told: Vec<bool> = zones.iter().map(is_told).collect();
    zones.into_iter().zip(told).filter(|(_, is_told)| *is_told).map(|(zone, _)| zone).collect()
}

/// A folder of a zone and its place in the tree: `intel-rapl:1:0` is `[1, 0]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// A second way to the counters of `intel-rapl`, through memory-mapped registers.
    mmio: bool,
    indices: Vec<u32>,
    folder: PathBuf,
}

/// Zones in numerical order, those of the main interface first. Names such as `intel-rapl:a` are no zones.
fn places(folder: &Path) -> io::Result<Vec<Place>> {
    let mut places = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        places.extend(name.to_str().and_then(|name| place(folder, name)));
    }
    places.sort();
    Ok(places)
}

fn place(folder: &Path, name: &str) -> Option<Place> {
    let (control, indices) = name.split_once(':')?;
    let mmio = match control {
        "intel-rapl" => false,
        "intel-rapl-mmio" => true,
        _ => return None,
    };
    let indices = indices.split(':').map(number).collect::<Option<Vec<u32>>>()?;
    Some(Place { mmio, indices, folder: folder.join(name) })
}

/// The domain of every zone that is counted. A zone without a readable name is reported by its folder.
fn named<'a>(
    places: &'a [Place],
    read: &ReadText,
    unreadable: &mut Vec<SourceFacts>,
) -> Vec<(String, &'a Place)> {
    let mut names: BTreeMap<(bool, &[u32]), String> = BTreeMap::new();
    let mut domains = Vec::new();
    for place in places {
        let file = place.folder.join("name");
        let name = match read(&file) {
            Ok(name) => name.trim().to_string(),
            Err(error) => {
                let zone = place.folder.file_name().unwrap_or_default().to_string_lossy();
                let why = ReadError::of_io(&file, &error);
                let counts = read(&place.folder.join("energy_uj")).is_ok();
                // What counts at the top is most likely the package of its number, without which no total is whole.
                let domain = match place.indices[..] {
                    [number] if counts => format!("package-{number}"),
                    _ => zone.into_owned(),
                };
                unreadable.push(SourceFacts::refused(&domain, &file.display().to_string(), &why));
                continue;
            }
        };
        let parent = place.indices.split_last().and_then(|(_, above)| names.get(&(place.mmio, above)));
        domains.extend(domain(&name, parent.map(String::as_str)).map(|domain| (domain, place)));
        names.insert((place.mmio, &place.indices), name);
    }
    domains
}

/// `package-0`, `package-0-die-1`, `psys`, and `dram-0` for the memory of `package-0`.
fn domain(name: &str, parent: Option<&str>) -> Option<String> {
    match (name, parent) {
        ("psys", None) => Some(name.into()),
        ("dram", Some(parent)) => socket(parent).map(|socket| format!("dram-{socket}")),
        (_, None) => socket(name).map(|_| name.into()),
        _ => None,
    }
}

/// The `N` or `N-die-M` of a package's name.
fn socket(name: &str) -> Option<&str> {
    let socket = name.strip_prefix("package-")?;
    let (package, die) = socket.split_once("-die-").unwrap_or((socket, "0"));
    (number(package).is_some() && number(die).is_some()).then_some(socket)
}

/// A number in digits only; `str::parse` would also take `+1`.
pub(crate) fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Rank of the domain's kind, then its numbers.
type Order = (u8, Vec<u32>);

/// Packages first, then memory, then the platform that contains both; each by number, 2 before 10.
fn order(domain: &str) -> Order {
    let rank = match domain.split('-').next() {
        Some("package") => 0,
        Some("dram") => 1,
        _ => 2,
    };
    (rank, domain.split('-').filter_map(number).collect())
}

/// Zones of one domain are the same counter seen through two interfaces: the first that answers is taken.
fn first_readable(zones: Vec<Result<Zone, SourceFacts>>) -> Option<Result<Zone, SourceFacts>> {
    let mut unreadable = None;
    for zone in zones {
        match zone {
            Ok(zone) => return Some(Ok(zone)),
            Err(facts) => unreadable = unreadable.or(Some(Err(facts))),
        }
    }
    unreadable
}

/// A zone that answered at least once.
struct Zone {
    facts: SourceFacts,
    /// Of the second interface.
    mmio: bool,
    counter: PathBuf,
    range_microjoules: u64,
    first_microjoules: u64,
    plausible: Watts,
    /// Counters of other dies that are taken for this one, and what they showed first.
    twins: Vec<(PathBuf, u64)>,
    /// In how many readings in a row one of those showed something else.
    parted: u32,
    read: ReadText,
}

impl Zone {
    /// Whether two counts are one within 1% of `most`. Around a wrap and shortly after the start that is less than what is
    /// used between two readings.
    fn agree(&self, one: u64, two: u64, most: u64) -> bool {
        let apart = one.abs_diff(two);
        let apart = apart.min(self.range_microjoules.saturating_sub(apart));
        apart as f64 <= (0.01 * most as f64).max(BETWEEN_READINGS)
    }

    /// Microjoules counted since a counter of this range showed `first`.
    fn since(&self, now: u64, first: u64) -> u64 {
        now.checked_sub(first)
            .unwrap_or_else(|| now.saturating_add(self.range_microjoules).saturating_sub(first))
    }

    /// Reads the twins, of which each has to have counted what this one did since the first readings; answers which of both did not.
    fn part(&self, microjoules: u64) -> Result<Option<String>, ReadError> {
        let own = self.since(microjoules, self.first_microjoules);
        for (counter, first) in &self.twins {
            let other = self.since(count(&self.read, counter)?, *first);
            // What shows one counter shows one number, whatever its size.
            if self.agree(own, other, 0) {
                continue;
            }
            // This process may have been put to sleep between the two readings: then a third one lies beyond the twin's.
            let later = self.since(count(&self.read, &self.counter)?, self.first_microjoules);
            if !(own..=later).contains(&other) {
                return Ok(Some(format!("{} and {}", self.counter.display(), counter.display())));
            }
        }
        Ok(None)
    }

    /// What it is or is a die of, and whether it is one.
    fn part_of(&self) -> (&str, bool) {
        let domain = self.facts.domain.as_str();
        domain.split_once("-die-").map_or((domain, false), |(whole, _)| (whole, true))
    }

    fn open(domain: &str, place: &Place, read: &ReadText) -> Result<Zone, SourceFacts> {
        let Place { folder, mmio, .. } = place;
        let counter = folder.join("energy_uj");
        let source = format!("RAPL {}", counter.display());
        let refuse =
            |why: String| SourceFacts::unreadable(domain, &source, why).but(SourceStatus::Broken, None);
        let range_microjoules = match count(read, &folder.join("max_energy_range_uj")) {
            Ok(range @ ..LEAST_RANGE) => {
                let why = format!(
                    "{}/max_energy_range_uj is {range}: expected the range of the counter, at least {LEAST_RANGE} microjoules",
                    folder.display()
                );
                return Err(refuse(why));
            }
            Ok(range) => range,
            Err(error) => {
                return Err(refuse(format!("{error}; without the range a wrap-around cannot be undone")));
            }
        };
        let refused = |error| SourceFacts::refused(domain, &source, &error);
        let first_microjoules = count(read, &counter).map_err(refused)?;
        let facts = SourceFacts::readable(domain, Kind::Counter, &source);
        let plausible = plausible(domain, folder, read);
        let (twins, parted, read) = (Vec::new(), 0, Arc::clone(read));
        Ok(Zone {
            facts,
            mmio: *mmio,
            counter,
            range_microjoules,
            first_microjoules,
            plausible,
            twins,
            parted,
            read,
        })
    }
}

/// What a zone cannot draw, by the limits that its package is held to; a difference that needs more is a reset.
fn plausible(domain: &str, folder: &Path, read: &ReadText) -> Watts {
    if domain == "psys" {
        return PLAUSIBLE_PLATFORM;
    }
    if !domain.starts_with("package-") {
        return PLAUSIBLE;
    }
    // Over a second, over milliseconds, and for an instant.
    let files = (0..3).flat_map(|limit| {
        ["power_limit_uw", "max_power_uw"].map(|file| folder.join(format!("constraint_{limit}_{file}")))
    });
    let most = files.filter_map(|file| count(read, &file).ok()).max().unwrap_or(0) as f64 * 1e-6;
    if most == 0.0 { PLAUSIBLE } else { Watts((OVER_LIMIT.0 * most).clamp(OVER_LIMIT.1, PLAUSIBLE.0)) }
}

impl EnergySource for Zone {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        Limits::of(UPDATE, self.plausible)
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let microjoules = count(&self.read, &self.counter)?;
        if let Some(both) = self.part(microjoules)? {
            self.parted += 1;
            return Err(match self.parted {
                // One of the two may have shown something false for a moment.
                ..PARTED => {
                    let reason = format!("{both} were one counter and show different counts");
                    ReadError::Device { device: "dies".into(), reason }
                }
                _ => ReadError::Void {
                    reason: format!(
                        "unknown: {both} agreed at first and later did not: each is a counter of its own, of which one was left out"
                    ),
                },
            });
        }
        self.parted = 0;
        Ok(Reading::Counter { microjoules, range_microjoules: Some(self.range_microjoules) })
    }
}

fn count(read: &ReadText, file: &Path) -> Result<u64, ReadError> {
    let text = read(file).map_err(|error| ReadError::of_io(file, &error))?;
    text.trim().parse().map_err(|_| ReadError::Garbage {
        path: file.to_path_buf(),
        expected: "a whole number of microjoules",
        found: text.trim().chars().take(40).collect(),
    })
}

#[cfg(test)]
mod tests;
