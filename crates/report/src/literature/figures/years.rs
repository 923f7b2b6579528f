//! Compute over the years: what systems took, and what it took to be as good as AlexNet.

use record::literature::{AiAndComputeOutput, AiAndEfficiencyOutput, SystemOutput, TrendOutput};

use super::panel::{Panel, Scale};
use super::{GOOD, Sample, column, labels, page};
use crate::axis::{self, Axis, Numbers};
use crate::curves::{BAND, BEYOND_LINE, FIT_LINE};
use crate::label::interval;
use crate::literature::line::{self, Line};
use crate::literature::{date, systems};
use crate::marks::{self, Shape};
use crate::plot::WIDTH;
use crate::svg::{Position, Svg};

const ACROSS: [f64; 2] = [86.0, 668.0];
const HEIGHT: f64 = 450.0;
const SIZE: f64 = 12.0;
const NAME_SIZE: f64 = 9.5;
const MARGIN: f64 = 0.35;
/// Moore's law as "AI and Compute" has it, in months.
const MOORE: f64 = 18.0;
const PUBLISHED_LINE: &str = "stroke=\"#6a6a6a\" stroke-width=\"1.2\" stroke-dasharray=\"6 4\"";
const MOORE_LINE: &str = "stroke=\"#8a6d3b\" stroke-width=\"1.2\" stroke-dasharray=\"2 3\"";
const STEPS: u32 = 60;
/// Years drawn before the first and behind the last.
const ROOM: f64 = 0.35;

/// Days, compute, of the points that a trend goes through.
struct Series {
    days: Vec<f64>,
    compute: Vec<f64>,
}

impl Series {
    fn line(&self) -> Option<Line> {
        let pairs = self.days.iter().zip(&self.compute);
        let pairs: Vec<[f64; 2]> = pairs.map(|(day, c)| [date::months(*day), libm::log2(*c)]).collect();
        line::fit(&pairs)
    }
}

fn panel(years: [f64; 2], compute: impl Iterator<Item = f64>, top: f64) -> Panel {
    let [start, end] = ACROSS;
    let [low, high] = axis::range_of(compute, MARGIN).unwrap_or([1.0, 10.0]);
    let numbers = if low >= 0.001 && high < 1e5 { Numbers::Plain } else { Numbers::Powers };
    Panel {
        across: Scale::Even {
            low: years[0] - ROOM,
            high: years[1] + ROOM,
            start,
            end,
            step: 1.0,
            write: |year| format!("{year:.0}"),
        },
        up: Scale::Log(Axis { low, high, start: top + HEIGHT, end: top, numbers }),
    }
}

fn span(values: impl Iterator<Item = f64>) -> [f64; 2] {
    values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)])
}

/// The band, the fitted line over the data and beyond, and the chain of places that names must leave free.
fn fitted(svg: &mut Svg, series: &Series, panel: &Panel) -> Vec<Position> {
    let (Some(line), Scale::Even { low, high, .. }) = (series.line(), &panel.across) else {
        return Vec::new();
    };
    let month = |year: f64| 12.0 * (year - 1970.0);
    let years: Vec<f64> = (0..=STEPS).map(|i| low + (high - low) * f64::from(i) / f64::from(STEPS)).collect();
    let place = |year: f64, log: f64| panel.place(year, libm::exp2(log));
    let above = years.iter().map(|year| place(*year, line.band(month(*year))[1]));
    let below = years.iter().rev().map(|year| place(*year, line.band(month(*year))[0]));
    svg.polygon(&above.chain(below).collect::<Vec<_>>(), BAND);
    let at = |year: f64| place(year, line.at(month(year)));
    let [first, last] = span(series.days.iter().map(|day| date::year(*day)));
    svg.line(at(*low), at(first), BEYOND_LINE);
    svg.line(at(first), at(last), FIT_LINE);
    svg.line(at(last), at(*high), BEYOND_LINE);
    years.iter().map(|year| at(*year)).collect()
}

/// A line that doubles (or, of negative months, halves) in so many months, from a year and a compute on.
fn reference(svg: &mut Svg, panel: &Panel, from: [f64; 2], months: f64, attributes: &str) {
    let Scale::Even { high, .. } = panel.across else { return };
    let end = from[1] * libm::exp2(12.0 * (high - from[0]) / months);
    svg.line(panel.place(from[0], from[1]), panel.place(high, end), attributes);
}

fn in_months(trend: &TrendOutput) -> String {
    let range = interval(trend.low, trend.high, |months| format!("{months:.1}"));
    format!("{:.2} months {range}", trend.months)
}

/// "AI and Compute": every system, the fitted doubling, the published one and Moore's law.
pub(in crate::literature) fn compute(told: &AiAndComputeOutput) -> String {
    let day = |system: &SystemOutput| date::days(&system.date).unwrap_or(0.0);
    let year = |system: &SystemOutput| date::year(day(system));
    let charted = || told.systems.iter().filter(|system| system.charted);
    let series = Series {
        days: charted().map(day).collect(),
        compute: charted().map(|system| system.pfs_days).collect(),
    };
    let doubling = told.doublings.first().map_or_else(String::new, in_months);
    let hollow = format!("fill=\"#ffffff\" stroke=\"{GOOD}\" stroke-width=\"1.4\"");
    let title = format!("AI and Compute: the compute of a training doubles in {doubling}");
    let subtitle = "Systems of OpenAI 2018 by date; petaflop/s-days computed from the printed inputs of both methods (geometric mean), \
                    or counted by others where there are none";
    let notes = notes(told);
    page(&title, subtitle, &notes, |svg, top| {
        let all = told.systems.iter().map(|system| system.pfs_days).chain([1e4]);
        let panel = panel(span(told.systems.iter().map(year)), all, top);
        panel.draw(svg, ["date of publication", "petaflop/s-days"], SIZE);
        panel.clip(svg, "plot");
        let chain = fitted(svg, &series, &panel);
        if let Some(first) = told.systems.iter().find(|system| system.system == "AlexNet") {
            let from = [year(first), first.pfs_days];
            reference(svg, &panel, from, told.published_months, PUBLISHED_LINE);
            reference(svg, &panel, from, MOORE, MOORE_LINE);
        }
        let place = |system: &SystemOutput| panel.place(year(system), system.pfs_days);
        for system in &told.systems {
            mark(svg, system, place(system));
            // What is stated alone stands in the figure already.
            let differs = |stated: &f64| (stated / system.pfs_days - 1.0).abs() > 0.01;
            if let Some(stated) = systems::stated(system).filter(differs) {
                let at = panel.place(year(system), stated);
                marks::draw(svg, Shape::Square, at, 4.4, &hollow);
            }
        }
        let points: Vec<Position> = told.systems.iter().map(place).collect();
        let names: Vec<(Position, &str)> =
            points.iter().copied().zip(told.systems.iter().map(|system| system.system.as_str())).collect();
        let bounds = [ACROSS[0], top, ACROSS[1], top + HEIGHT];
        labels::draw(svg, &names, &points, &chain, bounds, NAME_SIZE);
        svg.close();
        let entries = [
            (
                Sample::Mark(4.4, CHARTED),
                "in the chart, printed figures follow, or none was printed".to_owned(),
            ),
            (Sample::Mark(4.4, FAULT), "in the chart, one printed figure does not follow".to_owned()),
            (Sample::Mark(3.6, MODEST), "modest compute, not fitted; triangle: upper bound".to_owned()),
            (
                Sample::Shaped(Shape::Square, 4.4, &hollow),
                "as its authors state it, beside what its inputs give".to_owned(),
            ),
            (Sample::Line(FIT_LINE), format!("fitted: {doubling}")),
            (Sample::Band(BAND), "95% band of the line".to_owned()),
            (
                Sample::Line(PUBLISHED_LINE),
                format!("published: {} months, from AlexNet", told.published_months),
            ),
            (Sample::Line(MOORE_LINE), format!("Moore's law: {MOORE} months")),
        ];
        column(svg, &entries, [ACROSS[1] + 18.0, top + 12.0], WIDTH - ACROSS[1] - 30.0);
        top + HEIGHT + 46.0
    })
}

const CHARTED: &str = "fill=\"#2a788e\" stroke=\"#222222\" stroke-width=\"1\"";
const FAULT: &str = "fill=\"#b2182b\" stroke=\"#222222\" stroke-width=\"1\"";
const MODEST: &str = "fill=\"#ffffff\" stroke=\"#555555\" stroke-width=\"1\"";

fn mark(svg: &mut Svg, system: &SystemOutput, at: Position) {
    let faulty = system.figures.iter().any(|figure| figure.follows == Some(false));
    match (system.charted, system.bound) {
        (true, _) if faulty => svg.circle(at, 4.6, FAULT),
        (true, _) => svg.circle(at, 4.6, CHARTED),
        (false, true) => marks::draw(svg, Shape::Wedge, at, 3.8, MODEST),
        (false, false) => svg.circle(at, 3.6, MODEST),
    }
}

fn notes(told: &AiAndComputeOutput) -> Vec<String> {
    let trend = |trend: &TrendOutput| format!("{} ({}): {}", trend.of, trend.points, in_months(trend));
    let trends = told.doublings.iter().map(trend).collect::<Vec<_>>().join("; ");
    let mut notes = vec![format!("Doubling times by which systems are taken: {trends}.")];
    if let Some(largest) = systems::of_system(told, "AlphaGo Zero")
        && let Some(stated) = systems::stated(largest)
    {
        notes.push(format!(
            "AlphaGo Zero stands at {:.0} petaflop/s-days as others counted it; the square is what the chart is remembered to \
             have, {stated:.0}, from which the published growth of 300,000 follows, and not from the other.",
            largest.pfs_days
        ));
    }
    notes
}

/// "AI and Efficiency": compute for AlexNet's accuracy, the fitted halving and the published one.
pub(in crate::literature) fn efficiency(told: &AiAndEfficiencyOutput) -> String {
    let dated = || {
        told.rows.iter().filter(|row| row.level == "AlexNet").filter_map(|row| {
            let day = date::days(row.date.as_deref()?)?;
            Some((day, row))
        })
    };
    let series = Series {
        days: dated().map(|(day, _)| day).collect(),
        compute: dated().map(|(_, row)| row.teraflops_days).collect(),
    };
    let halving = in_months(&told.halving);
    let title = format!("AI and Efficiency: the compute to be as good as AlexNet halves in {halving}");
    let factor = dated().map(|(_, row)| row.factor).fold(0.0, f64::max);
    let subtitle = format!("OpenAI 2020: {factor:.1} times less in all by its own inputs, printed as 44");
    let faults = told.rows.iter().filter(|row| !row.follows).map(|row| {
        format!(
            "{} as good as {}: printed a factor of {}, its inputs give {:.1}, so that it does not follow.",
            row.system, row.level, row.printed_factor, row.factor
        )
    });
    let mut notes: Vec<String> = faults.collect();
    notes.push(format!(
        "One operation for a multiply-accumulate: by the inputs of AI and Compute AlexNet took {:.2} teraflop/s-days so counted, and {:.2} \
         with two. Reductions at other accuracies have no dates, and are in the table alone.",
        told.alexnet_one_operation, told.alexnet_two_operations
    ));
    page(&title, &subtitle, &notes, |svg, top| {
        let years = span(series.days.iter().map(|day| date::year(*day)));
        let panel = panel(years, series.compute.iter().copied(), top);
        panel.draw(svg, ["date of publication", "teraflop/s-days, one operation for a MAC"], SIZE);
        panel.clip(svg, "plot");
        let chain = fitted(svg, &series, &panel);
        if let (Some(day), Some(first)) = (series.days.first(), series.compute.first()) {
            reference(svg, &panel, [date::year(*day), *first], -told.published_months, PUBLISHED_LINE);
        }
        let points: Vec<Position> =
            dated().map(|(day, row)| panel.place(date::year(day), row.teraflops_days)).collect();
        points.iter().for_each(|point| svg.circle(*point, 4.6, CHARTED));
        let told_names: Vec<String> =
            dated().map(|(_, row)| format!("{}, x {:.1}", row.system, row.factor)).collect();
        let names: Vec<(Position, &str)> =
            points.iter().copied().zip(told_names.iter().map(String::as_str)).collect();
        labels::draw(
            svg,
            &names,
            &points,
            &chain,
            [ACROSS[0], top, ACROSS[1], top + HEIGHT],
            NAME_SIZE + 1.0,
        );
        svg.close();
        let entries = [
            (Sample::Mark(4.4, CHARTED), "network as good as AlexNet".to_owned()),
            (Sample::Line(FIT_LINE), format!("fitted: {halving}")),
            (Sample::Band(BAND), "95% band of the line".to_owned()),
            (
                Sample::Line(PUBLISHED_LINE),
                format!("published: {} months, from AlexNet", told.published_months),
            ),
        ];
        column(svg, &entries, [ACROSS[1] + 18.0, top + 12.0], WIDTH - ACROSS[1] - 30.0);
        top + HEIGHT + 46.0
    })
}
