//! What lower errors would cost, a row for each: both models, the interval, and the printed powers.

use record::literature::ProjectionOutput;

use super::panel::{Panel, Scale};
use super::{FAINT_TEXT, FAULTY, Sample, TEXT, legend, page};
use crate::label::percent;
use crate::marks::{self, Shape};
use crate::plot::WIDTH;
use crate::svg::{self, Anchor, Svg};

const ACROSS: [f64; 2] = [176.0, 868.0];
const ROW: f64 = 23.0;
const GAP: f64 = 8.0;
const SIZE: f64 = 11.0;
/// Powers of ten of FLOP between which the figure lies.
const POWERS: [f64; 2] = [14.0, 196.0];
const STEP: f64 = 20.0;
const INTERVAL: &str = "stroke=\"#b2182b\" stroke-width=\"1.6\"";
const POLYNOMIAL: &str = "fill=\"#b2182b\"";
const EXPONENTIAL: &str = "fill=\"#2a788e\"";
const PRINTED: &str = "stroke=\"#222222\" stroke-width=\"1.4\"";

/// The figure of all targets.
pub(in crate::literature) fn draw(projections: &[ProjectionOutput]) -> String {
    let subtitle = "Thompson et al. 2020, computed anew: the law of powers with 95% intervals (Fieller), and the model in which \
                    1/error is linear in log compute; dollars at 14.1 TFLOP/s and $0.74 an hour";
    let notes = ["Printed powers are quoted from memory, and are these with their decimals cut off. The targets lie far beyond the data, \
                  which end near 10^{22.7} FLOP: these are what the lines give if they go on for ever, and the two models differ more than either's \
                  interval tells."
        .to_owned()];
    page("What lower errors would cost if the published lines went on", subtitle, &notes, |svg, top| {
        let top = top + 10.0;
        let gaps = projections.windows(2).filter(|pair| new_group(pair)).count();
        let bottom = top + ROW * projections.len() as f64 + GAP * (gaps as f64 + 1.0);
        let panel = Panel { across: powers(0.0), up: Scale::Bare { start: bottom, end: top } };
        panel.draw(svg, ["FLOP", ""], SIZE);
        second_axis(svg, projections, top);
        rows(svg, projections, &panel, top);
        let entries = [
            (Sample::Mark(4.4, POLYNOMIAL), "law of powers".to_owned()),
            (Sample::Line(INTERVAL), "its 95% interval".to_owned()),
            (Sample::Shaped(Shape::Diamond, 4.2, EXPONENTIAL), "exponential model".to_owned()),
            (Sample::Line(PRINTED), "printed power of ten (upright)".to_owned()),
        ];
        legend(svg, &entries, [ACROSS[0], bottom + 56.0], WIDTH - ACROSS[0] - 20.0) + 14.0
    })
}

fn powers(shift: f64) -> Scale {
    let [start, end] = ACROSS;
    let write = |power: f64| {
        let sign = if power < 0.0 { "\u{2212}" } else { "" };
        format!("10^{{{sign}{:.0}}}", power.abs())
    };
    Scale::Even { low: POWERS[0] - shift, high: POWERS[1] - shift, start, end, step: STEP, write }
}

fn new_group(pair: &[ProjectionOutput]) -> bool {
    matches!(pair, [a, b] if a.benchmark != b.benchmark)
}

/// Dollars along the top.
fn second_axis(svg: &mut Svg, projections: &[ProjectionOutput], top: f64) {
    let Some(first) = projections.first() else { return };
    // What a dollar buys, as a power of ten of FLOP.
    let shift = first.polynomial + 9.0 - first.usd_polynomial;
    let dollars = powers(shift);
    svg.open(&format!("fill=\"{FAINT_TEXT}\""));
    let mut power = 0.0;
    while power < POWERS[1] - shift {
        let x = dollars.position(power);
        svg.line([x, top - 5.0], [x, top], &format!("stroke=\"{TEXT}\" stroke-width=\"1\""));
        svg.text([x, top - 9.0], Anchor::Middle, SIZE - 1.0, &format!("$10^{{{power:.0}}}"), "");
        power += STEP;
    }
    svg.close();
}

fn rows(svg: &mut Svg, projections: &[ProjectionOutput], panel: &Panel, top: f64) {
    let mut y = top + GAP / 2.0 + ROW / 2.0;
    for (index, projection) in projections.iter().enumerate() {
        let changed =
            index.checked_sub(1).and_then(|before| projections.get(before..=index)).is_some_and(new_group);
        if changed {
            y += GAP;
        }
        let name = format!("{} {}", projection.benchmark, percent(projection.error, 3));
        let name = if projection.target == "today" { format!("{name} (2020)") } else { name };
        svg.text([ACROSS[0] - 10.0, y + 4.0], Anchor::End, SIZE, &name, &format!("fill=\"{TEXT}\""));
        let x = |power: f64| panel.across.position(power + 9.0);
        let printed = [
            (projection.printed_polynomial, projection.polynomial),
            (projection.printed_exponential, projection.exponential),
        ];
        for (printed, _) in printed {
            if let Some(printed) = printed {
                svg.line([x(printed), y - 8.5], [x(printed), y + 8.5], PRINTED);
            }
        }
        if let (Some(low), Some(high)) = (projection.polynomial_low, projection.polynomial_high) {
            let [_, right] = panel.across.ends();
            svg.line([x(low), y], [x(high).min(right), y], INTERVAL);
            // An end beyond the panel is cut off and has no bar.
            for end in [low, high].into_iter().filter(|end| x(*end) <= right) {
                svg.line([x(end), y - 3.5], [x(end), y + 3.5], INTERVAL);
            }
        }
        svg.circle([x(projection.polynomial), y], 4.4, POLYNOMIAL);
        if projection.target != "today" {
            marks::draw(svg, Shape::Diamond, [x(projection.exponential), y], 4.2, EXPONENTIAL);
        }
        verdict(svg, projection, y);
        y += ROW;
    }
}

/// Says where a printed power is another.
fn verdict(svg: &mut Svg, projection: &ProjectionOutput, y: f64) {
    if projection.follows == Some(false) {
        let width = svg::text_width("does not follow", SIZE);
        let at = [ACROSS[1] - width - 6.0, y + 4.0];
        svg.text(at, Anchor::Start, SIZE, "does not follow", &format!("fill=\"{FAULTY}\""));
    }
}
