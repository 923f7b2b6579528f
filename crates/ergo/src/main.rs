//! The command line of ergometer: trains small networks and meters what each halving of the error costs.

mod arguments;
mod build_info;
mod calibrate;
mod cli;
mod commands;
mod device;
mod download;
mod exit;
mod figures;
mod files;
mod interrupt;
mod meter_options;
mod out_folder;
mod output;
mod peak;
mod progress;
mod quantity;
mod rates;
mod store;
mod sweep_progress;
mod table;
mod threads;

use std::process::ExitCode;

use cli::{Cli, Command};
use exit::Exit;
use output::Format;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error).into(),
    };
    let format = if cli.json { Format::Json } else { Format::Text };
    run(&cli, format).unwrap_or_else(|error| output::failure(format, &error)).into()
}

fn run(cli: &Cli, format: Format) -> anyhow::Result<Exit> {
    match &cli.command {
        Command::Data(args) => commands::data::run(args, format),
        Command::Flops(args) => commands::flops::run(args, format),
        Command::Train(args) => commands::train::run(args, format),
        Command::Sweep(args) => commands::sweep::run(args, format),
        Command::Bench(args) => commands::bench::run(args, format),
        Command::Fit(args) => commands::fit::run(args, format),
        Command::Plot(args) => commands::plot::run(args, format),
        Command::Report(args) => commands::report::run(args, format),
        Command::Project(args) => commands::project::run(args, format),
        Command::Literature(args) => commands::literature::run(args, format),
        Command::Simulate(args) => commands::simulate::run(args, format),
        Command::Meter(args) => commands::meter::run(args, format),
        Command::Doctor(args) => commands::doctor::run(args, format),
    }
}
