//! `ergo data`: lists, fetches and checks data sets.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use data::fetch::{self, Notice};
use data::set::SetName;
use data::source;
use data::store::Store;
use report::label::grouped;
use serde::Serialize;

use crate::cli;
use crate::download;
use crate::exit::{self, Exit};
use crate::output::{self, Format};
use crate::store::{self, DataDir};

/// Arguments of `ergo data`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ergo data fetch mnist cifar10\n  ergo data verify")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say which data sets there are and where they lie.
    #[command(after_help = "Example:\n  ergo data list --json")]
    List {
        #[command(flatten)]
        folder: DataDir,
    },
    /// Download data sets and check them.
    #[command(after_help = "Example:\n  ergo data fetch mnist cifar10 --data-dir datasets")]
    Fetch(FetchArgs),
    /// Check the content of every file against its SHA-256.
    #[command(after_help = "Example:\n  ergo data verify mnist")]
    Verify {
        /// Data sets; all that are found, if none is named.
        #[arg(value_parser = cli::set_name())]
        names: Vec<SetName>,
        #[command(flatten)]
        folder: DataDir,
    },
}

#[derive(Debug, clap::Args)]
struct FetchArgs {
    /// Data sets.
    #[arg(required = true, value_parser = cli::set_name())]
    names: Vec<SetName>,
    #[command(flatten)]
    folder: DataDir,
    /// Give up on a server that sends nothing for this many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = cli::count)]
    timeout: u64,
    /// Take files from here instead of where they are published.
    #[arg(long, value_name = "URL", hide = true)]
    from: Option<String>,
}

/// `ergo data list`.
#[derive(Debug, Serialize)]
struct ListOutput {
    /// Folders in which sets are looked for, in order.
    folders: Vec<PathBuf>,
    sets: Vec<SetOutput>,
}

#[derive(Debug, Serialize)]
struct SetOutput {
    name: SetName,
    /// Image as `CxHxW`.
    shape: String,
    classes: usize,
    /// Images that are not test images; null: unlimited.
    learning_images: Option<u64>,
    test_images: u64,
    /// `made by the program`, `found`, `incomplete` or `not found`.
    state: &'static str,
    /// Where it lies; null when it does not.
    folder: Option<PathBuf>,
    /// Files that are missing beside the others.
    missing: Vec<&'static str>,
}

/// `ergo data fetch`.
#[derive(Debug, Serialize)]
struct FetchOutput {
    sets: Vec<FetchedSet>,
}

#[derive(Debug, Serialize)]
struct FetchedSet {
    name: SetName,
    /// Where it lies now.
    folder: PathBuf,
    /// Files that were there already and right.
    kept: Vec<PathBuf>,
    /// Files that were fetched.
    fetched: Vec<PathBuf>,
}

/// `ergo data verify`.
#[derive(Debug, Serialize)]
struct VerifyOutput {
    /// Whether every file is as published.
    ok: bool,
    files: Vec<FileOutput>,
}

#[derive(Debug, Serialize)]
struct FileOutput {
    set: SetName,
    path: PathBuf,
    ok: bool,
    /// What is wrong and what to do; null when nothing is.
    problem: Option<String>,
}

/// Lists, fetches or checks.
///
/// # Errors
/// What the store or a download reports.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    match &args.action {
        Action::List { folder } => list(folder, format),
        Action::Fetch(args) => fetch(args, format),
        Action::Verify { names, folder } => verify(names, folder, format),
    }
}

fn list(folder: &DataDir, format: Format) -> anyhow::Result<Exit> {
    let store = store::store(folder)?;
    let sets = SetName::ALL.into_iter().map(|set| describe(&store, set)).collect::<anyhow::Result<_>>()?;
    let listed = ListOutput { folders: store::folders(folder), sets };
    output::result(format, &listed, || list_text(&listed))?;
    Ok(Exit::Done)
}

fn describe(store: &Store, set: SetName) -> anyhow::Result<SetOutput> {
    let found = if set == SetName::Digits { None } else { store.find(set)? };
    let state = match &found {
        _ if set == SetName::Digits => "made by the program",
        None => "not found",
        Some(found) if found.missing.is_empty() => "found",
        Some(_) => "incomplete",
    };
    let shape = set.shape();
    Ok(SetOutput {
        name: set,
        shape: format!("{}x{}x{}", shape.channels, shape.height, shape.width),
        classes: set.classes(),
        learning_images: set.learning_images(),
        test_images: set.test_images(),
        state,
        folder: found.as_ref().map(|found| found.folder.clone()),
        missing: found.map_or(Vec::new(), |found| found.missing),
    })
}

fn list_text(listed: &ListOutput) -> String {
    let mut text = String::new();
    for set in &listed.sets {
        let learning = set.learning_images.map_or("unlimited".to_owned(), grouped);
        let images = format!("{learning} + {} test", grouped(set.test_images));
        let place = set.folder.as_ref().map_or(String::new(), |folder| format!("  {}", folder.display()));
        text.push_str(&format!(
            "{:<14} {:<8} {:>3} classes  {images:<22} {}{place}\n",
            set.name.name(),
            set.shape,
            set.classes,
            set.state
        ));
        if !set.missing.is_empty() {
            text.push_str(&format!("{:<14} missing: {}\n", "", set.missing.join(", ")));
        }
    }
    let folders: Vec<String> = listed.folders.iter().map(|folder| folder.display().to_string()).collect();
    format!("{text}\nlooked in: {}\n", folders.join(", "))
}

fn fetch(args: &FetchArgs, format: Format) -> anyhow::Result<Exit> {
    let folder = store::fetch_folder(&args.folder)?;
    let patience = Duration::from_secs(args.timeout);
    let mut download = |address: &str, writer: &mut dyn Write| -> io::Result<()> {
        download::download(address, patience, writer)
    };
    let mut sets = Vec::new();
    for &name in &args.names {
        let source = source::source(name)?;
        let mut set =
            FetchedSet { name, folder: folder.join(source.folder), kept: Vec::new(), fetched: Vec::new() };
        fetch::fetch(source, &folder, args.from.as_deref(), &mut download, &mut |notice| match notice {
            Notice::Kept(path) => set.kept.push(path),
            Notice::Unpacking(archive) => output::note(&format!("unpacking {}", archive.display())),
            Notice::Asking(address) => output::note(&format!("fetching {address}")),
            Notice::Failed(why) => output::note(&why),
            Notice::Placed(path) => set.fetched.push(path),
        })?;
        sets.push(set);
    }
    let fetched = FetchOutput { sets };
    output::result(format, &fetched, || fetch_text(&fetched))?;
    Ok(Exit::Done)
}

fn fetch_text(fetched: &FetchOutput) -> String {
    let line = |set: &FetchedSet| {
        let (new, old) = (set.fetched.len(), set.kept.len());
        format!(
            "{}: {new} files put there, {old} were there already, in {}\n",
            set.name,
            set.folder.display()
        )
    };
    fetched.sets.iter().map(line).collect()
}

fn verify(names: &[SetName], folder: &DataDir, format: Format) -> anyhow::Result<Exit> {
    let store = store::store(folder)?;
    let names = if names.is_empty() { found(&store)? } else { names.to_owned() };
    if names.is_empty() {
        let hint = "`ergo data fetch mnist` fetches one, `ergo data list` says where they are looked for";
        return Err(exit::bad_input_with_hint("no data set was found, so there is nothing to check", hint));
    }
    let mut files = Vec::new();
    for set in names {
        files.extend(store.verify(set)?.into_iter().map(|verified| {
            let problem = verified.outcome.err().map(|error| error.to_string());
            FileOutput { set, path: verified.path, ok: problem.is_none(), problem }
        }));
    }
    let verified = VerifyOutput { ok: files.iter().all(|file| file.ok), files };
    output::result(format, &verified, || verify_text(&verified))?;
    Ok(if verified.ok { Exit::Done } else { Exit::BadInput })
}

fn found(store: &Store) -> anyhow::Result<Vec<SetName>> {
    let mut names = Vec::new();
    for set in SetName::ALL {
        if set != SetName::Digits && store.find(set)?.is_some() {
            names.push(set);
        }
    }
    Ok(names)
}

fn verify_text(verified: &VerifyOutput) -> String {
    let line = |file: &FileOutput| match &file.problem {
        None => format!("ok   {}\n", file.path.display()),
        Some(problem) => format!("BAD  {problem}\n"),
    };
    verified.files.iter().map(line).collect()
}
