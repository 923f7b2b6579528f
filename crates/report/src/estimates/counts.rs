//! The likelihood of wrong images, over the trainings of a frontier.

use law::counts::{self, Count};
use law::estimate::Estimate;
use law::fit::{Interval, Point};
use law::frontier::FrontierPoint;
use law::jackknife;
use law::method::Method;
use record::output::FitOutput;
use record::run::{BLOCKS, Evaluation, RunRecord, SeedRole};

use super::split::Split;
use super::{Choice, of_estimate, without};
use crate::cells;
use crate::error::ReportError;
use crate::fit::RunsFit;

/// The likeliest law for the wrong images of the report runs of every winner inside its grid, also where none is wrong.
pub(super) fn of_counts(fit: &RunsFit, choice: &Choice, units: [&str; 2]) -> Result<FitOutput, ReportError> {
    let winners = fit.frontier.iter().filter(|point| point.edges.is_empty() && !point.dominated).collect();
    let of = |point: &&FrontierPoint| Point { compute: point.compute, error: point.error };
    let split = Split::new(winners, Vec::new(), choice, of)?;
    let mut counts = Vec::new();
    for point in &split.fitted {
        let Some(group) = fit.cells.groups.get(point.cell) else { continue };
        let is_report =
            |run: &&&RunRecord| run.place.as_ref().is_none_or(|place| place.role == SeedRole::Report);
        let tests = group.runs.iter().filter(is_report).filter_map(|run| run.test.as_ref());
        let compute = point.compute;
        counts.extend(tests.map(|test| (compute, test)));
    }
    let by_run = counts;
    let counts: Vec<Count> = by_run
        .iter()
        .map(|(compute, test)| Count { compute: *compute, wrong: test.wrong, images: test.images })
        .collect();
    let mut estimate = Estimate::empty(Method::Counts);
    (estimate.points, estimate.cells) = (counts.len(), split.fitted.len());
    estimate.description = format!(
        "{}, over {} trainings of the frontier; spread is how much trainings of one setting differ beyond the throw of \
         coins, as a share of the error. 95% interval by the profile of the likelihood, widened by the draw of the test \
         images (a jackknife over their blocks) where they were counted by block.",
        Method::Counts.in_words(),
        counts.len()
    );
    let ranges = |of: fn(&Count) -> f64| {
        let ends = counts
            .iter()
            .map(of)
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)]);
        (!counts.is_empty()).then_some(ends)
    };
    estimate.compute_range = ranges(|count| count.compute);
    estimate.error_range = ranges(|count| count.wrong as f64 / count.images as f64);
    estimate.warnings.push("The frontier is taken as given, and no floor is asked for.".to_owned());
    let spans = estimate.compute_range.is_some_and(law::fit::spans_decades);
    match counts::fit(&counts).filter(|_| spans) {
        None => estimate.warnings.push(
            "k has no value: it needs wrong images at 3 different computes over more than a decade."
                .to_owned(),
        ),
        Some(mut law) => {
            if let Some(error) = shared_error(&by_run) {
                law.interval = widened(law.interval, error);
            }
            let alone = |value: f64| Interval { estimate: Some(value), ..Interval::default() };
            let values = [alone(law.log_a.exp()), law.interval, alone(law.spread), alone(law.log_likelihood)];
            estimate.coefficients = Method::Counts.names().iter().copied().zip(values).collect();
            let over = |b: Option<f64>| b.filter(|b| *b > 0.0).map(|b| 1.0 / b);
            let (low, high) = (over(law.interval.high), over(law.interval.low));
            estimate.k = Interval { estimate: over(Some(law.b)), low, high };
        }
    }
    let no_rows = Split { notes: split.notes, ..Split::all(Vec::new()) };
    let mut output = of_estimate(&estimate, &no_rows, units);
    let fitted: Vec<Point> = split.fitted.iter().map(of).collect();
    output.frontier = without(&fit.output.frontier, &fitted);
    // What `residual` would stand for is the likelihood's.
    if let Some(intervals) = output.more.intervals_by.remove("residual") {
        output.more.intervals_by.insert("profile".to_owned(), intervals);
    }
    Ok(output)
}

/// The standard error of b by the draw of the test images that all runs share: a jackknife over their blocks.
fn shared_error(by_run: &[(f64, &Evaluation)]) -> Option<f64> {
    if by_run.iter().any(|(_, test)| test.wrong_by_block.len() != BLOCKS) {
        return None;
    }
    let without = |block: usize| {
        let one = |(compute, test): &(f64, &Evaluation)| {
            let [wrong, images] = cells::without_block(test, block);
            Count { compute: *compute, wrong, images }
        };
        counts::fit(&by_run.iter().map(one).collect::<Vec<_>>()).map(|law| law.b)
    };
    jackknife::standard_error(&(0..BLOCKS).map(without).collect::<Option<Vec<f64>>>()?)
}

/// An interval with another, independent error added to either half of it.
fn widened(interval: Interval, error: f64) -> Interval {
    let Some(b) = interval.estimate else { return interval };
    // Two-sided at 95%, as the interval is.
    let half = |end: f64| (end - b).hypot(1.96 * error);
    Interval {
        low: interval.low.map(|low| b - half(low)),
        high: interval.high.map(|high| b + half(high)),
        ..interval
    }
}
