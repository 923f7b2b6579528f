//! What can be told of a sweep without training: its predicted cost, and a script that shares it out.

use std::path::Path;

use data::set::SetName;
use meter::sources::Sources;
use record::device::Device;
use record::output::{DryRunOutput, SlurmOutput};
use record::run::RunRecord;
use sweep::plan::Sweep;
use sweep::slurm::{ArraySettings, array_script};

use super::{SweepArgs, of_complete_budgets, threads_of};
use crate::calibrate::{Calibration, calibrate};
use crate::exit::Exit;
use crate::meter_options;
use crate::output::{self, Format};
use crate::quantity;
use crate::store;

/// Prints a SLURM script of `tasks` shares of the sweep in `file`.
///
/// # Errors
/// When a name cannot stand in such a script.
pub fn slurm(
    args: &SweepArgs,
    sweep: &Sweep,
    tasks: u32,
    file: &Path,
    folder: &Path,
    format: Format,
) -> anyhow::Result<Exit> {
    let data =
        args.data_dir.data_dir.iter().flat_map(|dir| ["--data-dir".to_owned(), dir.display().to_string()]);
    let learner = args.learner.iter().flat_map(|one| ["--learner".to_owned(), one.name().to_owned()]);
    let precision = args.precision.iter().flat_map(|one| ["--precision".to_owned(), one.name().to_owned()]);
    let device = args.device.iter().flat_map(|one| ["--device".to_owned(), one.to_string()]);
    let traces = args.traces.then(|| "--traces".to_owned());
    let jobs = if args.jobs > 1 { vec!["--jobs".to_owned(), args.jobs.to_string()] } else { Vec::new() };
    let script = array_script(&ArraySettings {
        job_name: sweep.name.clone(),
        program: "ergo".to_owned(),
        sweep_file: file.display().to_string(),
        out: folder.display().to_string(),
        arguments: traces
            .into_iter()
            .chain(jobs)
            .chain(learner)
            .chain(precision)
            .chain(device)
            .chain(data)
            .collect(),
        tasks,
        at_once: None,
        cpus_per_task: args.threads.and_then(|threads| u32::try_from(threads).ok()),
        gpus_per_task: None,
        time_limit: None,
        memory: None,
        partition: None,
        account: None,
    })?;
    output::result(format, &SlurmOutput { script: script.clone() }, || script.clone())?;
    Ok(Exit::Done)
}

/// Prints what every cell is predicted to cost, and the fit of those that are finished.
///
/// # Errors
/// When the learner that is timed for it fails.
pub fn dry_run(
    args: &SweepArgs,
    sweep: &Sweep,
    device: Device,
    before: &[RunRecord],
    folder: &Path,
    format: Format,
) -> anyhow::Result<Exit> {
    let finished = before.iter().map(|record| record.id.clone()).collect();
    let sources = Sources::discover(&meter_options::here());
    let Calibration { rates, method, memory_bytes } =
        calibrate(&sweep.runs, device, &sources, threads_of(args))?;
    let out = folder.display().to_string();
    let mut plan = sweep::predict::dry_run(sweep, &finished, &rates, &method, &out);
    plan.planned_memory_bytes = memory_bytes;
    if args.devices.len() > 1 {
        let devices = args.devices.len();
        plan.method += &format!("; times are those of {device} alone, and {devices} devices share the runs");
    }
    plan.fit = report::fit::of_records(&of_complete_budgets(sweep, before).0).ok();
    output::result(format, &plan, || dry_run_text(&plan))?;
    tell_of_missing_images(args, sweep)?;
    Ok(Exit::Done)
}

/// Says so where the sweep itself will ask for images that are not there.
fn tell_of_missing_images(args: &SweepArgs, sweep: &Sweep) -> anyhow::Result<()> {
    let set = sweep.runs.first().map(|run| run.spec.data).filter(|&set| set != SetName::Digits);
    let Some(set) = set else { return Ok(()) };
    if store::store(&args.data_dir)?.find(set)?.is_none() {
        output::note(&format!(
            "note: {set} is not on this machine yet; `ergo data fetch {set}` puts it there"
        ));
    }
    Ok(())
}

/// A line for each cell, and what is left in total.
fn dry_run_text(plan: &DryRunOutput) -> String {
    let mut text = String::from(
        "      FLOP       ~time     ~energy   steps  seeds  cell (FLOP, time and energy of one seed)\n",
    );
    for runs in plan.runs.chunk_by(|one, next| (one.steps, &one.cell) == (next.steps, &next.cell)) {
        let run = &runs[0];
        let seconds = quantity::seconds(run.predicted_seconds);
        let joules = run.predicted_joules.map_or("?".to_owned(), quantity::joules);
        let done = match runs.iter().filter(|run| run.done).count() {
            0 => String::new(),
            all if all == runs.len() => "  (done)".to_owned(),
            some => format!("  ({some} done)"),
        };
        text += &format!(
            "{:>10.3e} {seconds:>11} {joules:>11} {:>7} {:>6}  {}{done}\n",
            run.train_flops.as_f64(),
            run.steps,
            runs.len(),
            run.cell
        );
    }
    let joules = plan
        .predicted_joules
        .map_or("unknown energy".to_owned(), |joules| format!("~{}", quantity::joules(joules)));
    text += &format!(
        "{} runs planned, {} done. Left: {:.3e} training FLOP, ~{}, {joules}.\n{}\n",
        plan.runs_planned,
        plan.runs_done,
        plan.train_flops.as_f64(),
        quantity::seconds(plan.predicted_seconds),
        plan.method
    );
    text
}
