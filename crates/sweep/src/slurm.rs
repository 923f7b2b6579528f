//! The text of a SLURM array script in which every task does its share of a sweep.

use crate::error::SlurmError;

/// Largest array: SLURM's own default is 1,001 (`MaxArraySize`), and sites set it higher.
const MAX_TASKS: u32 = 100_000;

/// What the script is to say. Quoting is done here: paths and arguments are plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArraySettings {
    /// Name of the job.
    pub job_name: String,
    /// The program, for example `ergo` or its full path.
    pub program: String,
    /// The sweep file.
    pub sweep_file: String,
    /// The sweep's folder, seen by all tasks.
    pub out: String,
    /// Further arguments of `ergo sweep`, such as `--learner` and its value.
    pub arguments: Vec<String>,
    /// Tasks of the array.
    pub tasks: u32,
    /// Most tasks at one time; `None`: as many as the site allows.
    pub at_once: Option<u32>,
    /// Processors per task, also given to the program as `--threads`.
    pub cpus_per_task: Option<u32>,
    /// Graphics cards per task.
    pub gpus_per_task: Option<u32>,
    /// Time limit of a task as SLURM writes it, for example `02:00:00`.
    pub time_limit: Option<String>,
    /// Memory of a task as SLURM writes it, for example `8G`.
    pub memory: Option<String>,
    /// Partition.
    pub partition: Option<String>,
    /// Account.
    pub account: Option<String>,
}

/// The script, to be given to `sbatch`.
///
/// A task that is stopped ahead of its limit or pre-empted is put back into the queue by SLURM or by the user, and
/// skips what is finished when it runs again.
///
/// # Errors
/// No tasks, or a word for SLURM with characters that could end its line.
pub fn array_script(settings: &ArraySettings) -> Result<String, SlurmError> {
    let ArraySettings { tasks, at_once, .. } = settings;
    number("tasks", *tasks, MAX_TASKS)?;
    let at_once = at_once.map(|most| number("at_once", most, MAX_TASKS)).transpose()?;
    let throttle = at_once.map(|most| format!("%{most}")).unwrap_or_default();
    let mut lines = vec![
        "#!/bin/sh".to_owned(),
        format!("#SBATCH --job-name={}", word("job_name", &settings.job_name)?),
        format!("#SBATCH --array=1-{tasks}{throttle}"),
        "#SBATCH --requeue".to_owned(),
        "#SBATCH --open-mode=append".to_owned(),
        "# A minute before the limit, so that the run at work can end cleanly.".to_owned(),
        "#SBATCH --signal=B:TERM@60".to_owned(),
    ];
    let counts = [("cpus-per-task", settings.cpus_per_task), ("gpus-per-task", settings.gpus_per_task)];
    for (option, value) in counts {
        if let Some(value) = value {
            lines.push(format!("#SBATCH --{option}={}", number(option, value, 10_000)?));
        }
    }
    let words = [
        ("time", &settings.time_limit),
        ("mem", &settings.memory),
        ("partition", &settings.partition),
        ("account", &settings.account),
    ];
    for (option, value) in words {
        if let Some(value) = value {
            lines.push(format!("#SBATCH --{option}={}", word(option, value)?));
        }
    }
    lines.push(String::new());
    lines.push("set -eu".to_owned());
    lines.push("# exec, so that the signal reaches the program.".to_owned());
    lines.push(command(settings));
    lines.push(String::new());
    Ok(lines.join("\n"))
}

fn command(settings: &ArraySettings) -> String {
    let mut parts = vec!["exec".to_owned(), quote(&settings.program), "sweep".to_owned()];
    parts.push(quote(&settings.sweep_file));
    parts.push(format!("--out {}", quote(&settings.out)));
    parts.push(format!("--shard \"$SLURM_ARRAY_TASK_ID/{}\"", settings.tasks));
    parts.extend(settings.cpus_per_task.map(|threads| format!("--threads {threads}")));
    parts.extend(settings.arguments.iter().map(|argument| quote(argument)));
    parts.join(" ")
}

/// `text` as one word of a POSIX shell: as it is where that is safe, in single quotes otherwise.
#[must_use]
pub fn quote(text: &str) -> String {
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    // A quote cannot stand inside single quotes: close them, write it with a backslash, open them again.
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_./:,+@%".contains(c)
}

fn number(setting: &'static str, value: u32, most: u32) -> Result<u32, SlurmError> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    let expected = format!("a whole number from 1 to {most}");
    Err(SlurmError { setting, found: value.to_string(), expected })
}

/// A word on an #SBATCH line, which no shell reads and no quote protects.
fn word<'a>(setting: &'static str, value: &'a str) -> Result<&'a str, SlurmError> {
    if !value.is_empty() && value.chars().all(is_plain) {
        return Ok(value);
    }
    let expected = "letters, digits and any of - _ . / : , + @ %".to_owned();
    Err(SlurmError { setting, found: format!("{value:?}"), expected })
}

#[cfg(test)]
mod tests;
