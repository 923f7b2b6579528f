//! What can go wrong while training.

use std::path::PathBuf;

use record::device::Device;

/// A training that could not be begun, continued or kept.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The settings are impossible.
    #[error(transparent)]
    Spec(#[from] record::error::SpecError),
    /// The images are not there or are damaged.
    #[error(transparent)]
    Data(#[from] data::error::DataError),
    /// A journal cannot be written.
    #[error(transparent)]
    Journal(#[from] record::error::JournalError),
    /// The learner's library refused.
    #[error("the {learner} learner failed to {action}: {reason}")]
    Learner {
        /// Which learner.
        learner: &'static str,
        /// What it was doing.
        action: &'static str,
        /// What the library said.
        reason: String,
    },
    /// More memory than the machine gives or the kernels address.
    #[error(
        "{purpose} would take {gibibytes:.1} GiB, more than this machine gives or the kernels address; {instead}"
    )]
    Memory {
        /// What for.
        purpose: &'static str,
        /// How much.
        gibibytes: f64,
        /// What to ask for.
        instead: &'static str,
    },
    /// This build has no such learner.
    #[error("this program was built without the {learner} learner; build it with --features {learner}")]
    NotBuilt {
        /// Which learner.
        learner: &'static str,
    },
    /// The learner cannot compute like this.
    #[error("the {learner} learner {inability}; {instead}")]
    Unfit {
        /// Which learner.
        learner: &'static str,
        /// What it cannot do, as in "computes on the CPU only".
        inability: String,
        /// What to ask for.
        instead: String,
    },
    /// The device is not here, or cannot be used.
    #[error("{device}: {reason}")]
    NoDevice {
        /// Which one was asked for.
        device: Device,
        /// Why not.
        reason: String,
    },
    /// A file for what the sources of energy show that cannot be written.
    #[error("trace {path}: {reason}; name a file in a folder that exists")]
    Trace {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A checkpoint that cannot be used.
    #[error("checkpoint {path}: {reason}; delete the file to begin again")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refused a file.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// Threads could not be started.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many.
        threads: usize,
        /// Why not.
        reason: String,
    },
    /// A part of the program failed in a way that is its own fault.
    #[error("run {id} failed inside the program: {reason}; please report this")]
    Internal {
        /// Which run.
        id: String,
        /// What it said.
        reason: String,
    },
}
