//! The commands and their arguments as clap parses them.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand};
use data::set::SetName;

use crate::commands::{
    bench, data as data_command, doctor, fit, flops, literature, meter, plot, project, report, simulate,
    sweep, train,
};

/// Trains small convolutional networks and meters the work: what does each further halving of the error cost?
#[derive(Debug, Parser)]
#[command(
    name = "ergo",
    version = crate::build_info::VERSION,
    after_help = "Example:\n  ergo flops lenet5 --data mnist\n\n\
                  Exit codes: 0 done; 1 failed; 2 bad usage or bad input; 3 a budget was reached; 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Print one JSON object on stdout; progress and prose go to stderr.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List, fetch and check data sets.
    Data(data_command::Args),
    /// Count the parameters and floating-point operations of a network.
    Flops(flops::Args),
    /// Train one network and leave a record.
    Train(train::TrainArgs),
    /// Train many networks within budgets of compute.
    Sweep(sweep::SweepArgs),
    /// Measure how fast networks train and judge on this machine.
    Bench(bench::BenchArgs),
    /// Fit how error falls with compute.
    Fit(fit::Args),
    /// Draw error against compute, time and energy.
    Plot(plot::Args),
    /// Add up what finished runs took: FLOPs, seconds, joules, and costs on request.
    Report(report::Args),
    /// Say what a lower error would cost: FLOPs, hours, energy, carbon and money.
    Project(project::Args),
    /// Compute the published record of compute and error anew from its inputs.
    Literature(literature::Args),
    /// Simulate an argument of the theory, or sweeps whose law is known.
    Simulate(simulate::Args),
    /// Tell what any command costs in seconds and joules.
    Meter(meter::Args),
    /// Tell what can be metered on this machine, and mend what cannot.
    Doctor(doctor::Args),
}

/// The command line of this process.
///
/// # Errors
/// A usage that clap refuses; also a request for help or version, which clap treats alike.
pub fn parse() -> Result<Cli, clap::Error> {
    Cli::try_parse()
}

/// Parses the name of a data set.
pub fn set_name() -> impl TypedValueParser<Value = SetName> {
    PossibleValuesParser::new(SetName::ALL.map(SetName::name)).try_map(|name| {
        let set = SetName::ALL.into_iter().find(|set| set.name() == name);
        set.ok_or_else(|| format!("no data set is called {name}"))
    })
}

/// Parses a number of things of which there must be at least one.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "expected a whole number from 1".to_owned())
}
