//! The published record as plain text: one table after another, and at the end what does not follow.

use law::number::{short, significant};
use record::literature::{
    AiAndComputeOutput, AiAndEfficiencyOutput, BenchmarkOutput, ClaimOutput, LiteratureOutput,
    ProjectionOutput, TakenApartOutput, TrendOutput, WorkedOutput,
};

use crate::label::{interval, percent};
use crate::table::{aligned, folded};

/// What stands beside a figure that its inputs do not give.
pub(super) const FAULT: &str = "does not follow";

/// Every table, with a heading each.
pub(super) fn text(told: &LiteratureOutput) -> String {
    let mut lines = Vec::new();
    let mut section = |heading: &str, body: Vec<String>| {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(heading.to_owned());
        lines.extend(body);
    };
    section(
        "Error against peak compute of training, log10(1/error) on log10(compute): Thompson et al. 2020",
        benchmarks(told),
    );
    section(
        "What lower errors would cost, as powers of ten: GFLOP, dollars and pounds of CO2e at peak rates",
        projections(&told.projections),
    );
    section("From AlexNet to NASNet-A, taken apart", taken_apart(&told.taken_apart));
    section(
        "AI and Compute (OpenAI 2018): petaflop/s-days printed and computed from the printed inputs",
        systems(&told.ai_and_compute),
    );
    section(
        "AI and Efficiency (OpenAI 2020): teraflop/s-days, one operation for a multiply-accumulate",
        efficiency(&told.ai_and_efficiency),
    );
    section("Published statements beside what follows from the inputs", claims(&told.claims));
    section("Does not follow from the published inputs", faults(told));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn words<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn one(value: f64) -> String {
    format!("{value:.1}")
}

fn or_dash(value: Option<f64>, write: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), write)
}

/// `9.3 [7.9, 50.7]`, or the number alone.
fn estimate(value: f64, ends: [Option<f64>; 2], write: impl Fn(f64) -> String) -> String {
    let range = interval(ends[0], ends[1], &write);
    if range.is_empty() { write(value) } else { format!("{} {range}", write(value)) }
}

fn verdict(follows: Option<bool>) -> String {
    match follows {
        Some(true) => "follows".to_owned(),
        Some(false) => FAULT.to_owned(),
        None => String::new(),
    }
}

fn benchmarks(told: &LiteratureOutput) -> Vec<String> {
    let row = |benchmark: &BenchmarkOutput| {
        vec![
            format!("{}, {}", benchmark.benchmark, benchmark.systems),
            benchmark.points.to_string(),
            format!("{:.4}", benchmark.slope),
            format!("{:.4}", benchmark.slope_error),
            format!("{:.3}", benchmark.r2),
            or_dash(benchmark.k, one),
            interval(benchmark.k_low, benchmark.k_high, one),
            or_dash(benchmark.k_reverse, one),
            or_dash(benchmark.k_quantile, one),
            String::new(),
        ]
    };
    let mut rows = vec![words(["", "n", "slope", "s.e.", "R2", "k", "95%", "k reverse", "k of 10%", ""])];
    rows.extend(told.benchmarks.iter().chain(&told.cuts).map(row));
    let mut lines = aligned(&rows);
    lines.extend(folded(
        "k = 1/slope: cutting the error by a factor f costs f^k in compute. The interval is Student's of the slope, \
         turned over. Reverse: compute regressed on error. 10%: the line below which a tenth of the errors lies. No k \
         where the interval of the slope holds 0.",
        "",
        "",
    ));
    lines
}

fn projections(projections: &[ProjectionOutput]) -> Vec<String> {
    let row = |p: &ProjectionOutput| {
        let printed =
            [p.printed_polynomial, p.printed_exponential].map(|power| or_dash(power, |p| short(p, 4)));
        vec![
            format!("{}, {}", p.benchmark, p.target),
            percent(p.error, 3),
            one(p.polynomial),
            interval(p.polynomial_low, p.polynomial_high, one),
            one(p.exponential),
            printed.join(" / "),
            one(p.usd_polynomial),
            one(p.usd_exponential),
            one(p.pounds_polynomial),
            one(p.pounds_exponential),
            verdict(p.follows),
        ]
    };
    let heading =
        ["", "error", "power law", "95%", "exponential", "printed", "$", "$ exp.", "lb", "lb exp.", ""];
    let mut rows = vec![words(heading)];
    rows.extend(projections.iter().map(row));
    let mut lines = aligned(&rows);
    lines.extend(folded(
        "Printed powers are these with their decimals cut off, where they follow; they are quoted from memory. \
         Intervals are Fieller's, of where the fitted line reaches the error if it goes on for ever.",
        "",
        "",
    ));
    lines
}

fn taken_apart(told: &TakenApartOutput) -> Vec<String> {
    let mut rows = vec![words([
        "",
        "error",
        "processors",
        "TFLOP/s of one",
        "seconds",
        "FLOP at the peak",
        "processor",
    ])];
    rows.extend(told.systems.iter().map(|system| {
        vec![
            system.system.clone(),
            percent(system.error, 3),
            short(system.processors, 4),
            short(system.teraflops, 4),
            short(system.seconds, 6),
            significant(system.flop, 4),
            system.processor.clone(),
        ]
    }));
    let factors = [told.error, told.processors, told.rate, told.time].map(|factor| short(factor, 3));
    let mut factors: Vec<String> = factors.iter().map(|factor| format!("x {factor}")).collect();
    factors.insert(0, "factor".to_owned());
    factors.extend([format!("x {:.0}", told.compute), String::new()]);
    rows.push(factors);
    let mut lines = aligned(&rows);
    lines.push(format!("k through the two points: {:.1}; two points have no interval", told.k));
    lines.extend(told.remarks.iter().flat_map(|remark| folded(&remark.remark, "- ", "  ")));
    lines
}

fn systems(told: &AiAndComputeOutput) -> Vec<String> {
    let mut rows =
        vec![words(["", "date", "method", "printed PF", "computed PF", "printed", "computed", ""])];
    for system in &told.systems {
        rows.extend(system.figures.iter().map(|figure| {
            let below = if system.bound { "< " } else { "" };
            vec![
                system.system.clone(),
                system.date.clone(),
                figure.method.clone(),
                or_dash(figure.printed_petaflop, |pf| short(pf, 4)),
                or_dash(figure.petaflop, |pf| short(pf, 4)),
                or_dash(figure.printed_pfs_days, |days| format!("{below}{}", short(days, 4))),
                or_dash(figure.pfs_days, |days| short(days, 3)),
                verdict(figure.follows),
            ]
        }));
    }
    let mut lines = aligned(&rows);
    lines.extend(told.doublings.iter().map(|doubling| trend(doubling, "doubling")));
    lines.push(format!("published: {} months; Moore's law: 18 months", told.published_months));
    lines
}

/// `doubling in 3.3 months [2.5, 4.8]: the 15 systems ...`
fn trend(trend: &TrendOutput, verb: &str) -> String {
    let months = estimate(trend.months, [trend.low, trend.high], |months| format!("{months:.2}"));
    format!("{verb} in {months} months: {} ({})", trend.of, trend.points)
}

fn efficiency(told: &AiAndEfficiencyOutput) -> Vec<String> {
    let mut rows =
        vec![words(["", "as good as", "date", "Tf/s-days", "factor printed", "factor computed", ""])];
    rows.extend(told.rows.iter().map(|row| {
        vec![
            row.system.clone(),
            row.level.clone(),
            row.date.clone().unwrap_or_else(|| "-".to_owned()),
            short(row.teraflops_days, 4),
            short(row.printed_factor, 3),
            short(row.factor, 3),
            verdict(Some(row.follows)),
        ]
    }));
    let mut lines = aligned(&rows);
    lines.push(trend(&told.halving, "halving"));
    lines.push(format!("published: {} months", told.published_months));
    let [one, two] = [told.alexnet_one_operation, told.alexnet_two_operations].map(|days| short(days, 3));
    lines.extend(folded(
        &format!(
            "The table counts one operation for a multiply-accumulate: by the inputs of AI and Compute AlexNet took \
             {one} teraflop/s-days so counted, and {two} where product and sum count each."
        ),
        "",
        "",
    ));
    lines
}

fn claims(claims: &[ClaimOutput]) -> Vec<String> {
    let mut rows = vec![words(["", "published", "computed", "95%", ""])];
    rows.extend(claims.iter().map(|claim| {
        let [low, high] = claim.interval;
        vec![
            claim.claim.clone(),
            short(claim.published, 4),
            short(claim.computed, 4),
            interval(low, high, |end| short(end, 3)),
            format!("{} (within x {}){}", verdict(Some(claim.follows)), claim.tolerance, inside(claim)),
        ]
    }));
    aligned(&rows)
}

/// That a statement which does not follow still lies within what the inputs leave open.
fn inside(claim: &ClaimOutput) -> &'static str {
    let [low, high] = claim.interval;
    let holds =
        low.is_some_and(|low| low <= claim.published) && high.is_none_or(|high| high >= claim.published);
    if !claim.follows && holds { ", yet within 95%" } else { "" }
}

/// One line for everything that does not follow, with both numbers.
fn faults(told: &LiteratureOutput) -> Vec<String> {
    let line = |what: String, printed: f64, computed: f64| {
        format!("- {what}: {FAULT}: published {}, computed {}", short(printed, 4), short(computed, 4))
    };
    let mut lines = Vec::new();
    for p in &told.projections {
        for (printed, power) in [(p.printed_polynomial, p.polynomial), (p.printed_exponential, p.exponential)]
        {
            if let Some(printed) = printed.filter(|printed| *printed != libm::floor(power)) {
                lines.push(line(
                    format!("{}, {} target, power of ten", p.benchmark, p.target),
                    printed,
                    power,
                ));
            }
        }
    }
    for (system, figure) in figures(&told.ai_and_compute).filter(|(_, figure)| figure.follows == Some(false))
    {
        let numbers = figure.printed_pfs_days.zip(figure.pfs_days);
        let what = format!("AI and Compute, {system} by method {}, petaflop/s-days", figure.method);
        lines.extend(numbers.map(|(printed, computed)| line(what, printed, computed)));
    }
    for row in told.ai_and_efficiency.rows.iter().filter(|row| !row.follows) {
        let what = format!("AI and Efficiency, {} as good as {}, factor", row.system, row.level);
        lines.push(line(what, row.printed_factor, row.factor));
    }
    for claim in told.claims.iter().filter(|claim| !claim.follows) {
        lines.push(line(claim.claim.clone(), claim.published, claim.computed));
    }
    lines
}

/// Every figure of "AI and Compute" with its system.
pub(super) fn figures(told: &AiAndComputeOutput) -> impl Iterator<Item = (&str, &WorkedOutput)> {
    told.systems
        .iter()
        .flat_map(|system| system.figures.iter().map(|figure| (system.system.as_str(), figure)))
}
