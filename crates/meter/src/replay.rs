//! Computes again from a trace what a run cost, by the same accounts that metered it.

use std::fs;
use std::path::{Path, PathBuf};

use record::energy::Kind;
use thiserror::Error;

use crate::book::{Book, Ending};
use crate::metering::Metering;
use crate::source::SourceFacts;
use crate::sources::unknown;
use crate::trace::{At, Line, Start};

/// How the first line of a part begins.
const BEGINNING: &str = "{\"start\":";

/// Why a trace cannot be replayed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The system refused the file.
    #[error("cannot read the trace {path}: {reason}")]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A line is not of a trace.
    #[error("{path}, line {line}: {reason}; expected a line as `ergo meter --trace` writes it")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no run in it.
    #[error("{path} holds no run; expected a file that `ergo meter --trace` or `ergo train --trace` wrote")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// What a trace says.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What the run cost, over all its parts.
    pub metering: Metering,
    /// Parts: the run was resumed so many times, less one.
    pub parts: usize,
    /// Whether the last part came to its end; one that was killed is known up to its last line.
    pub is_whole: bool,
}

/// One part of a run, as its lines have it.
struct Part {
    start: Start,
    looks: Vec<At>,
    end: Option<Ending>,
}

/// Reads a trace and meters it again. Lines of one part may stand in any order of time; a line that was cut off at the
/// end of a part is left out.
///
/// # Errors
/// Which line is none of a trace.
pub fn replay(path: &Path) -> Result<Replayed, ReplayError> {
    let text = fs::read_to_string(path)
        .map_err(|error| ReplayError::Unread { path: path.into(), reason: error.to_string() })?;
    let parts =
        parts(&text).map_err(|(line, reason)| ReplayError::Line { path: path.into(), line, reason })?;
    let is_whole = parts.last().is_some_and(|part| part.end.is_some());
    let count = parts.len();
    let metered = parts.into_iter().map(Part::meter);
    let metering = metered.reduce(|earlier, part| part.after(&earlier));
    let metering = metering.ok_or_else(|| ReplayError::Empty { path: path.into() })?;
    Ok(Replayed { metering, parts: count, is_whole })
}

fn parts(text: &str) -> Result<Vec<Part>, (usize, String)> {
    let mut parts: Vec<Part> = Vec::new();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut lines = whole.lines().enumerate().peekable();
    while let Some((place, line)) = lines.next() {
        let wrong = |reason: String| (place + 1, reason);
        let line = match serde_json::from_str(line) {
            Ok(line) => line,
            // Half a line at the end of a part is where the run was killed.
            Err(_) if lines.peek().map_or(!parts.is_empty(), |(_, next)| next.starts_with(BEGINNING)) => {
                continue;
            }
            Err(error) => return Err(wrong(error.to_string())),
        };
        let fault = match &line {
            Line::Start(start) => start.fault().filter(|_| start.is_known()),
            Line::At(at) => at.fault(),
            Line::End(_) => None,
        };
        if let Some(reason) = fault {
            return Err(wrong(reason));
        }
        // The line of a beginning may be there twice, as any other.
        if matches!(&line, Line::Start(start) if parts.iter().any(|part| part.start == *start)) {
            continue;
        }
        match (line, parts.last_mut()) {
            (Line::Start(start), _) if !start.is_known() => {
                return Err(wrong(format!("the form `{}` is not known", start.schema)));
            }
            (Line::Start(start), _) => parts.push(Part { start, looks: Vec::new(), end: None }),
            (_, None) => return Err(wrong("a run has to begin first".to_owned())),
            (Line::At(at), Some(part)) if at.shown.len() != part.start.sources.len() => {
                let (found, expected) = (at.shown.len(), part.start.sources.len());
                return Err(wrong(format!("{found} sources, where the run began with {expected}")));
            }
            (Line::At(at), Some(part)) => part.looks.push(at),
            (Line::End(end), Some(part)) => part.end = Some(end),
        }
    }
    Ok(parts)
}

impl Part {
    fn meter(mut self) -> Metering {
        let Start { started_unix, sources, unreadable, shown, .. } = self.start;
        let facts: Vec<_> = sources.into_iter().map(|described| described.facts()).collect();
        let unreadable: Vec<SourceFacts> =
            unreadable.into_iter().map(|described| described.facts().0).collect();
        let readable: Vec<&SourceFacts> = facts.iter().map(|(facts, _)| facts).collect();
        let looks = shown.into_iter().map(|shown| shown.look()).collect();
        let mut book = Book::open(facts.iter().cloned(), looks);
        // Stable, so that of several looks at one moment the last one counts.
        self.looks.sort_by(|a, b| a.t.total_cmp(&b.t));
        for At { t, shown, enter } in self.looks {
            book.observe(t, shown.into_iter().map(|shown| shown.look()).collect(), enter);
        }
        let mut energy = book.energy(&unknown(&readable, &unreadable));
        match self.end {
            Some(ending) => book.note_ending(&mut energy, &ending),
            None => energy.iter_mut().filter(|window| window.kind != Kind::None).for_each(|window| {
                window.notes.push("the trace was cut off before the run ended".to_owned())
            }),
        }
        Metering { seconds: book.timeline.seconds(), energy, started_unix, sampling: None }
    }
}

#[cfg(test)]
mod tests;
