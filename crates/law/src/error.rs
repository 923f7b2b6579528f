//! What can be wrong with numbers that are to be fitted.

/// Input that no law can be fitted to.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LawError {
    /// A number of one point or cell that is outside its range.
    #[error(
        "{item} {index} (counted from 0): {quantity} = {found}, expected {expected}; correct or remove it"
    )]
    Value {
        /// What the index counts: `point` or `cell`.
        item: &'static str,
        /// Which one, counted from 0.
        index: usize,
        /// Which of its numbers.
        quantity: String,
        /// What was found.
        found: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// A setting of the fit outside its range.
    #[error("{setting} = {found}: expected {expected}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// What was found.
        found: f64,
        /// What is allowed.
        expected: String,
    },
}
