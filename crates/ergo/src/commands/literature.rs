//! `ergo literature`: the published record, computed anew from its inputs, as tables and figures.

use std::path::PathBuf;

use record::literature::LiteratureOutput;
use serde::Serialize;

use crate::exit::Exit;
use crate::output::{self, Format};
use crate::{figures, files, out_folder};

/// Arguments of `ergo literature`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ergo literature\n  ergo literature --out results/literature --json")]
pub struct Args {
    /// Folder for the tables (literature.json, literature.txt) and the figures (.svg, .png).
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// `ergo literature --json`: the tables, and what was written.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    tables: &'a LiteratureOutput,
    /// Files written.
    written: Vec<PathBuf>,
}

/// Computes, prints, and writes with `--out`.
///
/// # Errors
/// A folder that cannot be written.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    args.out.as_deref().map_or(Ok(()), out_folder::check)?;
    let tables = report::literature::compute()?;
    let text = report::literature::text(&tables);
    let mut written = Vec::new();
    if let Some(folder) = &args.out {
        out_folder::make(folder)?;
        let json = serde_json::to_string_pretty(&tables)? + "\n";
        for (name, content) in [("literature.json", &json), ("literature.txt", &text)] {
            files::write(&folder.join(name), content.as_bytes())?;
            written.push(folder.join(name));
        }
        written.extend(figures::write(&report::literature::draw(&tables), folder)?);
    }
    let told = Printed { tables: &tables, written };
    output::result(format, &told, || {
        let written: String = told.written.iter().map(|path| format!("wrote {}\n", path.display())).collect();
        if written.is_empty() { text } else { format!("{text}\n{written}") }
    })?;
    Ok(Exit::Done)
}
