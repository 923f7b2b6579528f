//! Checkpoints: everything needed to go on with the same bits.

use std::path::Path;

use record::spec::RunPlan;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::learner::{NamedTensor, State};
use crate::tally::Tally;
use crate::weights;

/// Key of the note inside the file.
const NOTE: &str = "ergo.checkpoint";

#[derive(Serialize, Deserialize)]
struct Note {
    id: String,
    tally: Tally,
}

/// Writes a checkpoint of `plan`; an earlier one is replaced whole or not at all.
pub(crate) fn write(path: &Path, plan: &RunPlan, tally: &Tally, state: &State) -> Result<(), TrainError> {
    let note = Note { id: plan.id.to_string(), tally: tally.clone() };
    let note = serde_json::to_string(&note).map_err(|e| unusable(path, e))?;
    let tensors: Vec<NamedTensor> = state.weights.iter().chain(&state.optimizer).cloned().collect();
    weights::write(path, &tensors, (NOTE, &note))
}

/// The checkpoint of `plan`, if there is one.
///
/// # Errors
/// When the file is damaged or belongs to another run.
pub(crate) fn read(path: &Path, plan: &RunPlan) -> Result<Option<(Tally, State)>, TrainError> {
    if !path.exists() {
        return Ok(None);
    }
    let (mut tensors, note) = weights::read(path, NOTE)?;
    let note: Note = serde_json::from_str(&note).map_err(|e| unusable(path, e))?;
    if note.id != plan.id.as_str() {
        let reason = format!("it belongs to run {}, and this is run {}", note.id, plan.id);
        return Err(unusable(path, reason));
    }
    let mut state = State { weights: Vec::new(), optimizer: Vec::new() };
    for parameter in &plan.network.parameters {
        state.weights.extend(tensors.remove(&parameter.name));
        state.optimizer.extend(tensors.remove(&format!("{}.momentum", parameter.name)));
    }
    Ok(Some((note.tally, state)))
}

fn unusable(path: &Path, reason: impl ToString) -> TrainError {
    TrainError::Checkpoint { path: path.to_owned(), reason: reason.to_string() }
}
