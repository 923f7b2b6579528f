//! The same energy counters as RAPL's powercap files, through the kernel's perf events, which other users may read too.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use record::doctor::SourceStatus;
use record::energy::Kind;
use record::units::{Seconds, Watts};

use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts, this_program};

/// The counters move about every millisecond.
const UPDATE: Seconds = Seconds(0.001);

/// More than any package, its memory or a whole platform of this kind draws.
const PLAUSIBLE: Watts = Watts(2000.0);

/// What is read, where there is nothing.
const SOURCE: &str = "perf power events";

/// Where the kernel describes them.
const FOLDER: &str = "sys/bus/event_source/devices/power";

/// Events that are counted, and their domains; cores and graphics are parts of their package.
const EVENTS: [(&str, &str); 3] =
    [("energy-pkg", "package"), ("energy-ram", "dram"), ("energy-psys", "psys")];

/// What opens them to everyone, or to this program.
fn fix() -> String {
    format!(
        "sudo sysctl kernel.perf_event_paranoid=0 # until the next boot; or, for good: echo \
         kernel.perf_event_paranoid=0 | sudo tee /etc/sysctl.d/90-ergo.conf; or, for this program alone: sudo setcap \
         cap_perfmon=ep {}",
        this_program()
    )
}

/// A counter of one event on one processor, for the whole of its socket.
pub(crate) trait Count: Send {
    /// What it shows, in units of the event's scale. The kernel keeps it in 64 bits, so it does not wrap.
    fn count(&mut self) -> io::Result<u64>;
}

/// Opens the counter of an event on a processor; tests put a function here.
pub(crate) type Open = dyn Fn(&str, usize) -> io::Result<Box<dyn Count>>;

/// All events under `root` that are counted, for each socket.
pub(crate) fn discover(root: &Path, open: &Open) -> Found {
    let folder = root.join(FOLDER);
    let text = |file: &Path| std::fs::read_to_string(file).map(|text| text.trim().to_owned());
    let mut found = Found::default();
    let Ok(mask) = text(&folder.join("cpumask")) else {
        let why = format!("no {}: this kernel shows no counters of energy", folder.display());
        found.unreadable.push(SourceFacts::unreadable("package", SOURCE, why));
        return found;
    };
    let mirrored = text(&root.join("proc/cpuinfo")).is_ok_and(|cpuinfo| cpuinfo.contains("AuthenticAMD"));
    for (event, kind) in EVENTS {
        let mut sockets = BTreeSet::new();
        let file = folder.join("events").join(event);
        if !file.exists() {
            continue;
        }
        let scale =
            text(&file.with_file_name(format!("{event}.scale"))).ok().and_then(|scale| scale.parse().ok());
        for cpu in members(&mask) {
            let package = root.join(format!("sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id"));
            let socket = text(&package).unwrap_or_else(|_| "0".to_owned());
            let again = !sockets.insert(socket.clone());
            if again && mirrored {
                // Every die of an AMD socket shows the counter of the whole socket.
                continue;
            }
            // Dies with counters of their own are read apart; their windows are told as one of the socket.
            let domain = if kind == "psys" { kind.to_owned() } else { format!("{kind}-{socket}") };
            let source = format!("perf power/{event}/ on processor {cpu}");
            match (scale, open(event, cpu)) {
                (Some(joules), Ok(counter)) => {
                    let facts = SourceFacts::readable(&domain, Kind::Counter, &source);
                    found.readable.push(Box::new(Event { facts, joules, counter }));
                }
                (None, _) => {
                    let why = format!("{}.scale holds no number", file.display());
                    let facts = SourceFacts::unreadable(&domain, &source, why);
                    found.unreadable.push(facts.but(SourceStatus::Broken, None));
                }
                (_, Err(error)) => found.unreadable.push(refused(&domain, &source, &error)),
            }
            if kind == "psys" {
                break;
            }
        }
    }
    // What one die shows is not the package's.
    let lacking: Vec<String> = found.unreadable.iter().map(|facts| facts.domain.clone()).collect();
    found.readable.retain(|event| !lacking.iter().any(|domain| domain == event.domain()));
    found
}

fn refused(domain: &str, source: &str, error: &io::Error) -> SourceFacts {
    let facts = SourceFacts::unreadable(domain, source, error);
    match error.kind() {
        io::ErrorKind::PermissionDenied => facts.but(SourceStatus::Denied, Some(&fix())),
        _ => facts.but(SourceStatus::Broken, None),
    }
}

/// The members of a list such as `0,64` or `0-3`.
fn members(list: &str) -> BTreeSet<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

struct Event {
    facts: SourceFacts,
    /// Joules of one count.
    joules: f64,
    counter: Box<dyn Count>,
}

impl EnergySource for Event {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        Limits::of(UPDATE, PLAUSIBLE)
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let refuse = |error: io::Error| ReadError::Device {
            device: self.facts.source.clone(),
            reason: error.to_string(),
        };
        let microjoules = self.counter.count().map_err(refuse)? as f64 * self.joules * 1e6;
        // Exact: a scale is a power of two, and what is rounded here is below a microjoule.
        Ok(Reading::Counter { microjoules: microjoules as u64, range_microjoules: None })
    }
}

#[cfg(target_os = "linux")]
impl Count for perf_event::Counter {
    fn count(&mut self) -> io::Result<u64> {
        self.read()
    }
}

/// Opens a counter of this machine.
///
/// # Errors
/// When the kernel refuses.
#[cfg(target_os = "linux")]
pub(crate) fn open(event: &str, cpu: usize) -> io::Result<Box<dyn Count>> {
    use perf_event::Builder;
    use perf_event::events::Dynamic;

    let mut power = Dynamic::builder("power")?;
    let event = power.event(event)?.build().map_err(io::Error::other)?;
    // These counters know nothing of who runs, and refuse to leave anyone out.
    let mut builder = Builder::new(event);
    builder.any_pid().one_cpu(cpu).exclude_kernel(false).exclude_hv(false).enabled(true);
    Ok(Box::new(builder.build()?))
}

/// There are none elsewhere.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open(_event: &str, _cpu: usize) -> io::Result<Box<dyn Count>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// 2^-32 J, as the kernel writes it.
    const SCALE: &str = "2.3283064365386962890625e-10";

    pub(crate) struct Fixed(pub u64);

    impl Count for Fixed {
        fn count(&mut self) -> io::Result<u64> {
            self.0 += 1 << 32;
            Ok(self.0)
        }
    }

    /// Two sockets, whose processors 0 and 64 show packages and memory.
    pub(crate) fn machine() -> TempDir {
        let root = TempDir::new().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(&format!("{FOLDER}/cpumask"), "0,64\n");
        for event in ["energy-pkg", "energy-ram", "energy-cores"] {
            write(&format!("{FOLDER}/events/{event}"), "event=0x02\n");
            write(&format!("{FOLDER}/events/{event}.scale"), &format!("{SCALE}\n"));
        }
        write("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
        write("sys/devices/system/cpu/cpu64/topology/physical_package_id", "1\n");
        root
    }

    #[test]
    fn packages_and_memory_of_every_socket_are_counted() {
        let mut found = discover(machine().path(), &|_, cpu| Ok(Box::new(Fixed(cpu as u64))));
        let domains: Vec<&str> = found.readable.iter().map(|source| source.domain()).collect();
        assert_eq!(domains, ["package-0", "package-1", "dram-0", "dram-1"]);
        assert!(found.unreadable.is_empty());
        let mut read = || match found.readable[0].read().unwrap() {
            Reading::Counter { microjoules, range_microjoules: None } => microjoules,
            other => panic!("{other:?}"),
        };
        // 2^32 counts of 2^-32 J are a joule.
        let before = read();
        assert_eq!(read() - before, 1_000_000);
    }

    #[test]
    fn refusals_have_a_reason_and_a_remedy() {
        let denied = discover(machine().path(), &|_, _| Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(denied.unreadable.len(), 4);
        let facts = &denied.unreadable[0];
        assert_eq!((facts.status, facts.domain.as_str()), (SourceStatus::Denied, "package-0"));
        assert!(facts.fix.as_ref().unwrap().contains("cap_perfmon"), "{facts:?}");
        let absent = discover(TempDir::new().unwrap().path(), &|_, _| panic!("nothing is opened"));
        assert_eq!(absent.unreadable[0].status, SourceStatus::Absent);
        let root = machine();
        fs::write(root.path().join(FOLDER).join("events/energy-pkg.scale"), "much\n").unwrap();
        let broken = discover(root.path(), &|_, _| Ok(Box::new(Fixed(0))));
        assert_eq!(broken.unreadable[0].status, SourceStatus::Broken);
    }

    #[test]
    fn lists_of_processors_are_understood() {
        assert_eq!(members("0,64"), BTreeSet::from([0, 64]));
        assert_eq!(members("0-2, 9"), BTreeSet::from([0, 1, 2, 9]));
        assert!(members("").is_empty());
    }

    /// Whatever this machine has is opened, or refused with a reason.
    #[test]
    fn this_machine_answers() {
        let found = discover(Path::new("/"), &open);
        for facts in &found.unreadable {
            assert!(facts.note.as_ref().is_some_and(|note| !note.is_empty()), "{facts:?}");
        }
        assert!(!found.readable.is_empty() || !found.unreadable.is_empty());
    }
}
