//! `ergo doctor`: what can be metered on this machine, what cannot and why, and what mends it.

mod overhead;

use std::path::PathBuf;

use meter::source::SourceFacts;
use meter::sources::Sources;
use record::doctor::{DoctorOutput, DoctorSource, ProcessorState, SourceStatus};
use record::energy::Kind;
use record::run::Host;

use crate::exit::Exit;
use crate::meter_options;
use crate::output::{self, Format};
use crate::{arguments, cli, threads};

/// Share of the processors that may be busy before timings on them are worth little.
const BUSY: f64 = 0.25;

/// Arguments of `ergo doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ergo doctor\n  ergo doctor --json\n  ergo doctor --overhead")]
pub struct Args {
    /// Also measure what metering costs a training: the same steps with a meter and without, in pairs, until the interval of
    /// the ratio is within 0.5% either way; minutes on a quiet machine.
    #[arg(long)]
    overhead: bool,
    /// End after so many pairs, however wide the interval is.
    #[arg(long, value_name = "PAIRS", default_value_t = 400, requires = "overhead", value_parser = cli::count)]
    overhead_pairs: u64,
    /// Train for about so long with a meter, and as long without.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.25, requires = "overhead", value_parser = block)]
    overhead_block: f64,
    /// Read DIR/sys and DIR/proc instead of /sys and /proc, and cards only through DIR/lib/libnvidia-ml.so.1: for tests.
    #[arg(long, value_name = "DIR")]
    sysroot: Option<PathBuf>,
}

/// Looks and prints.
///
/// # Errors
/// When the folder of `--sysroot` is not there, or the learner of `--overhead` fails.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    if args.overhead {
        threads::settle(arguments::processors());
    }
    let options = meter_options::under(args.sysroot.as_deref())?;
    let sources = Sources::discover(&options);
    let facts = sources.examine();
    let host = meter::host::host(&options);
    let processors = meter::processors::state(&options.root);
    let claims = claims(&facts, &host, &processors);
    let overhead = if args.overhead {
        let Some(told) = overhead::run(args, &sources)? else {
            return output::interrupted(format, "give --overhead-pairs for a shorter experiment");
        };
        Some(told)
    } else {
        None
    };
    let sources = facts.iter().map(source).collect();
    let told = DoctorOutput { sources, host, processors, claims, overhead };
    output::result(format, &told, || text(&told))?;
    Ok(Exit::Done)
}

/// Blocks long enough to be timed, and no longer than anybody waits between two looks at Ctrl-C.
fn block(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| (0.01..=10.0).contains(number));
    number.ok_or_else(|| "expected seconds from 0.01 to 10".to_owned())
}

fn source(facts: &SourceFacts) -> DoctorSource {
    let is_ok = facts.status == SourceStatus::Ok;
    let reason = if is_ok {
        String::new()
    } else {
        facts.note.clone().unwrap_or_else(|| "no reason given".to_owned())
    };
    DoctorSource {
        // What follows the colon are the inputs of a model, or the name of a card.
        name: if facts.kind == Kind::Modelled {
            facts.source.split(':').next().unwrap_or_default().to_owned()
        } else {
            facts.source.clone()
        },
        domain: facts.domain.clone(),
        status: facts.status,
        reason,
        note: facts.note.clone().filter(|_| is_ok),
        fix: facts.fix.clone(),
    }
}

/// What a run here can say of its energy and of its time.
fn claims(facts: &[SourceFacts], host: &Host, processors: &ProcessorState) -> Vec<String> {
    let of =
        |kind, part: &str| facts.iter().any(|facts| facts.kind == kind && facts.domain.starts_with(part));
    let is_read = |domain: &str| facts.iter().any(|facts| facts.kind != Kind::None && facts.domain == domain);
    let some_lack = facts.iter().any(|facts| facts.domain.starts_with("package-") && !is_read(&facts.domain));
    let mut claims = Vec::new();
    claims.push(
        if of(Kind::Counter, "package-") && some_lack {
            "Joules of some processor packages are counted, and those of others unknown: so are totals."
        } else if of(Kind::Counter, "package-") {
            "Joules of the processor packages are counted."
        } else if of(Kind::Modelled, "host") {
            "Joules of the processor packages are an estimate, with wide bounds that are an assumption."
        } else {
            "Joules of the processor packages are unknown."
        }
        .to_owned(),
    );
    claims.push(
        if of(Kind::Counter, "dram-") {
            "Those of memory are counted apart."
        } else {
            "Those of memory are not known; on servers they come on top of the packages."
        }
        .to_owned(),
    );
    if of(Kind::Counter, "gpu-") || of(Kind::Integrated, "gpu-") {
        claims.push("Those of NVIDIA cards are the vendor's figures for whole boards.".to_owned());
    }
    if of(Kind::Integrated, "psys") {
        claims.push("The machine's own power meter tells what all of it draws at its supply.".to_owned());
    }
    if of(Kind::Counter, "battery") || of(Kind::Integrated, "battery") {
        claims.push("The batteries tell what the whole machine draws, over minutes.".to_owned());
    }
    claims.push(
        "Power supplies, fans and disks are in no counter of packages, memory and cards: log a wall meter and give --power-log to `ergo meter`."
            .to_owned(),
    );
    if let Some(kind) = &host.virtualization {
        claims.push(format!(
            "This is a {kind}: its host may share the processors with others, so seconds vary."
        ));
    }
    if let Some(governor) = processors.governor.as_deref().filter(|&governor| governor != "performance") {
        claims.push(format!(
            "The governor is `{governor}`: short runs may start at a low clock rate; sudo cpupower frequency-set -g performance."
        ));
    }
    if let Some(load) = processors.load.filter(|load| *load > BUSY * processors.usable.max(1) as f64) {
        claims.push(format!(
            "Other work is running (a load of {load:.2}): seconds are those of a busy machine."
        ));
    }
    claims
}

fn text(told: &DoctorOutput) -> String {
    let host = &told.host;
    let mut text = format!(
        "{}, {} processor{}, {} of them for this program\n",
        host.cpu,
        host.cores,
        if host.cores == 1 { "" } else { "s" },
        told.processors.usable
    );
    let state = &told.processors;
    let known = [
        state.governor.as_ref().map(|governor| format!("governor {governor}")),
        state.clock_mhz.map(|[low, high]| format!("{low:.0} to {high:.0} MHz now")),
        state.boost.map(|boost| format!("boost {}", if boost { "on" } else { "off" })),
        state.load.map(|load| format!("load {load:.2}")),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    if !known.is_empty() {
        text += &(known.join(", ") + "\n");
    }
    text += &format!(
        "{}, {}\n",
        host.os,
        host.virtualization.as_deref().unwrap_or("no virtual machine or container seen")
    );
    text.extend(host.gpus.iter().map(|gpu| format!("{gpu}\n")));
    text += "\n";
    for (place, source) in told.sources.iter().enumerate() {
        text += &format!("{:<7} {:<10} {}\n", source.status.name(), source.domain, source.name);
        if !source.reason.is_empty() {
            text += &format!("        {}\n", source.reason);
        }
        text.extend(source.note.iter().map(|note| format!("        {note}\n")));
        let is_known =
            |fix: &String| told.sources.iter().take(place).any(|above| above.fix.as_ref() == Some(fix));
        text.extend(source.fix.iter().map(|fix| {
            if is_known(fix) {
                "        mend it: as above\n".to_owned()
            } else {
                format!("        mend it: {fix}\n")
            }
        }));
    }
    text += "\n";
    text.extend(told.claims.iter().map(|claim| format!("- {claim}\n")));
    text.extend(told.overhead.iter().map(|told| format!("\n{}", overhead::text(told))));
    text
}
