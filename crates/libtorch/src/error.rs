//! What libtorch says when it refuses.

use tch::TchError;

/// libtorch refused; its own words, without its stack trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TorchError(pub String);

impl From<TchError> for TorchError {
    fn from(error: TchError) -> TorchError {
        let text = error.to_string();
        // What follows are frames of C++, dozens of them.
        let words = text.split("\nException raised from").next().unwrap_or_default();
        TorchError(words.trim_end().to_owned())
    }
}
