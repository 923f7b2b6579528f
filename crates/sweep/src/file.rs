//! A sweep file as it is written: its keys, and nothing yet about whether their values are possible.

use record::spec::{LearnerName, Precision};
use serde::Deserialize;

use crate::error::SweepError;
use crate::written::{Form, Numbers, Written};

/// A sweep file. Axes take a number or a list of numbers; the runs are every combination of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepFile {
    /// Where the text came from, for messages; not a key.
    #[serde(skip)]
    pub file: String,
    /// Name of the sweep: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Data set: `digits`, `mnist`, `fashion-mnist`, `cifar10` or `cifar100`.
    pub data: String,
    /// Training FLOPs allowed to a cell; the steps follow. Instead: `steps` or `epochs` in `[train]`.
    pub budgets: Option<Written<BudgetLadder>>,
    /// Which networks.
    pub net: NetTable,
    /// How they are trained.
    pub train: TrainTable,
    /// Which of the cells made from budgets are worth running.
    #[serde(default)]
    pub limits: LimitsTable,
    /// How often each cell is trained, and what for.
    #[serde(default)]
    pub seeds: SeedsTable,
}

/// Budgets at equal ratios: `from`, then `per_decade` steps to each factor of ten, up to `to`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetLadder {
    /// The smallest budget in FLOPs.
    pub from: f64,
    /// The largest; where it is not itself a step, the last step below it.
    pub to: f64,
    /// Steps to a factor of ten.
    pub per_decade: u32,
}

impl Form for BudgetLadder {
    const FORM: &'static str =
        "FLOPs as a number, a list of numbers, or { from = 1e10, to = 1e13, per_decade = 2 }";
}

/// `[net]`: a family with its widths and depths, or names.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetTable {
    /// `cnn` or `resnet`; needs `width` and `depth`.
    pub family: Option<Family>,
    /// Axis: channels of the first block.
    pub width: Option<Written<WidthsAround>>,
    /// Axis: blocks of a `cnn`; weighted layers (8, 14, 20 or 32) of a `resnet`.
    pub depth: Option<Numbers>,
    /// Networks by name, instead of a family. Names have no order, so they are no axis with edges.
    pub names: Option<Vec<String>>,
}

/// A family of networks that has widths and depths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// `cnn-w{width}-d{depth}`.
    Cnn,
    /// `resnet{depth}-w{width}`.
    Resnet,
}

/// Widths that follow the budget, so that the best one is inside the grid at each budget and none is absurd.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WidthsAround {
    /// Guesses of the best width, `[budget, width]`, by rising budget; straight lines in log-log between
    /// and beyond them.
    pub around: Vec<[f64; 2]>,
    /// Number of widths at each budget, centred on the guess; fewer where rounding makes two equal.
    #[serde(default = "default_width_count")]
    pub count: u32,
    /// Ratio of neighbouring widths.
    #[serde(default = "default_width_factor")]
    pub factor: f64,
}

impl Form for WidthsAround {
    const FORM: &'static str = "a whole number, a list of whole numbers, or { around = [[1e10, 4], [1e13, 32]], count = 5, factor = 1.414 }";
}

fn default_width_count() -> u32 {
    5
}

fn default_width_factor() -> f64 {
    std::f64::consts::SQRT_2
}

/// `[train]`: the settings of [`record::spec::RunSpec`], whose defaults hold for what is not written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainTable {
    /// Axis: images per step.
    pub batch: Numbers,
    /// Axis: optimizer steps; only without budgets.
    pub steps: Option<Numbers>,
    /// Axis: passes over the training images, parts of a pass allowed; only without budgets.
    pub epochs: Option<Numbers>,
    /// Axis: training images to use; all of them when not written.
    pub examples: Option<Numbers>,
    /// Axis: highest learning rate.
    pub learning_rate: Option<Written<LearningRates>>,
    /// Axis: Nesterov momentum.
    pub momentum: Option<Numbers>,
    /// Axis: weight decay.
    pub weight_decay: Option<Numbers>,
    /// Axis: share of the target that is spread over all classes.
    pub label_smoothing: Option<Numbers>,
    /// Axis: share of the steps over which the learning rate rises.
    pub warmup: Option<Numbers>,
    /// Axis: largest random shift in pixels.
    pub shift: Option<Numbers>,
    /// Mirror images at random.
    pub flip: Option<bool>,
    /// Which implementation trains.
    pub learner: Option<LearnerName>,
    /// Type of the numbers that are multiplied.
    pub precision: Option<Precision>,
    /// Images held out of the training files for choosing between cells.
    pub validation_images: Option<u64>,
    /// Test images to count on.
    pub test_images: Option<u64>,
}

/// Learning rates around a guess: `centre` times each factor of `bracket`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningRates {
    /// The guess.
    pub centre: f64,
    /// Factors.
    pub bracket: Vec<f64>,
}

impl Form for LearningRates {
    const FORM: &'static str = "a number, a list of numbers, or { centre = 0.1, bracket = [0.5, 1, 2] }";
}

/// `[limits]`, only with budgets: cells outside are dropped, and the plan says which and why.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsTable {
    /// Fewest steps.
    pub min_steps: u64,
    /// Most steps.
    pub max_steps: Option<u64>,
    /// Fewest passes over the training images.
    pub min_epochs: Option<f64>,
    /// Most passes over the training images.
    pub max_epochs: Option<f64>,
}

/// With fewer steps, rounding to whole steps would miss the budget by more than 1/40.
const DEFAULT_MIN_STEPS: u64 = 20;

impl Default for LimitsTable {
    fn default() -> LimitsTable {
        LimitsTable { min_steps: DEFAULT_MIN_STEPS, max_steps: None, min_epochs: None, max_epochs: None }
    }
}

/// `[seeds]`: a number is a count, a list names the seeds; no seed serves both ends.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedsTable {
    /// Seeds whose validation error chooses the cell; a count `n` means 1 to n.
    pub selection: Numbers,
    /// Seeds whose test error is reported; a count continues after the largest selection seed.
    pub report: Numbers,
}

impl Default for SeedsTable {
    fn default() -> SeedsTable {
        SeedsTable { selection: Numbers::One(2.0), report: Numbers::One(3.0) }
    }
}

/// Reads the text of a sweep file; `file` is its name, for messages.
///
/// # Errors
/// Text that is not TOML, an unknown or missing key, a value of the wrong type.
pub fn parse(text: &str, file: &str) -> Result<SweepFile, SweepError> {
    let parsed: SweepFile = toml::from_str(text).map_err(|error| syntax_error(text, file, &error))?;
    Ok(SweepFile { file: file.to_owned(), ..parsed })
}

fn syntax_error(text: &str, file: &str, error: &toml::de::Error) -> SweepError {
    let file = file.to_owned();
    if text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#')) {
        let message = "the file is empty: expected at least name, data, [net] and [train]".to_owned();
        return SweepError::Syntax { file, message };
    }
    let message = error.message();
    let (Some(hint), true) = (nearest(message), message.starts_with("unknown field")) else {
        let hint = nearest(message).map(|hint| format!("{hint}\n")).unwrap_or_default();
        return SweepError::Syntax { file, message: format!("{hint}{error}").trim_end().to_owned() };
    };
    let start = error.span().map_or(0, |span| span.start);
    let line = 1 + text.bytes().take(start).filter(|&byte| byte == b'\n').count();
    SweepError::UnknownKey { file, key: quoted(message).next().unwrap_or_default().to_owned(), line, hint }
}

/// For a message of serde such as "unknown field `a`, expected one of `b`, `c`": the name that was meant,
/// or all names where none is near. `None` for other messages.
#[must_use]
pub fn nearest(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let found = quoted(message).next()?;
    let known: Vec<&str> = quoted(message).skip(1).collect();
    let distance = |name: &&str| strsim::damerau_levenshtein(found, name);
    let nearest = known.iter().copied().min_by_key(|name| distance(name))?;
    // A third of the letters may differ, and two in a short name.
    if distance(&nearest) <= (found.chars().count() / 3).max(2) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    Some(format!("expected one of `{}`", known.join("`, `")))
}

/// The words between backticks.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests;
