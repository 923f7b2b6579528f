//! The train phase taken apart, as lines below the time that it took.

use record::energy::{self, Phase};
use record::profile::{PartOfTrain, TrainProfile};
use record::run::RunRecord;
use report::label::percent;

use crate::quantity;
use crate::table::aligned;

/// A line for each part, and what a reader should know of them.
pub fn lines(record: &RunRecord, profile: &TrainProfile) -> Vec<String> {
    let train = record.seconds.train.0;
    let energy = energy::total(&record.energy, Phase::Train);
    let row = |part: &PartOfTrain| {
        let share = if train > 0.0 { part.seconds.0 / train } else { 0.0 };
        // Split by time, which is an estimate whatever the whole is.
        let joules = energy.map(|(joules, _)| format!("~{}", quantity::joules(joules.0 * share)));
        vec![
            format!("    {}", part.part.name()),
            quantity::seconds(part.seconds.0),
            percent(share, 3),
            joules.unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = profile.parts.iter().map(row).collect();
    let table = aligned(&rows, 1);
    let notes = profile.notes.iter().map(|note| format!("    {note}"));
    table.lines().map(str::to_owned).chain(notes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::profile::parts;
    use record::units::Seconds;

    /// 4 s of which nothing was told.
    #[test]
    fn every_part_has_a_line() {
        let mut record: RunRecord =
            serde_json::from_str(include_str!("../../../../record/tests/data/run-1.json")).unwrap();
        record.energy.clear();
        record.seconds.train = Seconds(4.0);
        let parts = parts(Seconds(4.0), &[], &[]);
        let notes = vec!["a note".to_owned()];
        let (profiled, clock) = (Seconds(4.0), Seconds(0.0));
        let profile = TrainProfile { parts, layers: Vec::new(), threads: 1, profiled, clock, notes };
        let lines = lines(&record, &profile);
        let words: Vec<Vec<&str>> = lines.iter().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[1], ["forward", "0", "s", "0%"]);
        assert_eq!(words[4], ["rest", "4.00", "s", "100%"]);
        assert_eq!((words.len(), lines[5].as_str()), (6, "    a note"));
    }
}
