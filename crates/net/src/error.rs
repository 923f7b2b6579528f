//! What can be wrong with a network.

use crate::network::Shape;

/// A network that cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NetError {
    /// No family has this name.
    #[error("no such network; {hint}")]
    Unknown {
        /// What to write instead.
        hint: String,
    },
    /// A family has the name, but not with these numbers or for this image.
    #[error("{reason}")]
    Family {
        /// What was found and what is allowed.
        reason: String,
    },
    /// A layer does not fit what comes before it.
    #[error("layer {layer} cannot take {input}: {reason}")]
    Layer {
        /// Node name.
        layer: String,
        /// Shape of its input.
        input: Shape,
        /// Why not.
        reason: String,
    },
    /// A size that does not fit in 64 bits or in memory.
    #[error("too large: {what}")]
    TooLarge {
        /// Which size.
        what: String,
    },
}
