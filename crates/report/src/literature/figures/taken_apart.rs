//! The factor of compute from AlexNet to NASNet-A as a chain of bars, beside what laws of powers would ask.

use record::literature::TakenApartOutput;

use super::panel::{Panel, Scale};
use super::{FAINT_TEXT, TEXT, page};
use crate::axis::{Axis, Numbers};
use crate::label::percent;
use crate::svg::{Anchor, Svg};
use law::number::short;

const ACROSS: [f64; 2] = [210.0, 868.0];
const ROW: f64 = 40.0;
const BAR: f64 = 20.0;
const SIZE: f64 = 11.5;
/// Factors between which the figure lies.
const FACTORS: [f64; 2] = [0.7, 4000.0];
const PARTS: [&str; 3] = ["#41598a", "#2a788e", "#7ad151"];
const WHOLE: &str = "#666666";
const EXPONENT: &str = "stroke=\"#b2182b\" stroke-width=\"1.2\" stroke-dasharray=\"6 4\"";

/// The figure of the factors, with what is wrong with the comparison below.
pub(in crate::literature) fn draw(told: &TakenApartOutput) -> String {
    let described = |system: &record::literature::HardwareOutput| {
        format!(
            "{}: {} {} for {} days, {} of error",
            system.system,
            short(system.processors, 3),
            system.processor,
            short(system.seconds / 86_400.0, 3),
            percent(system.error, 3)
        )
    };
    let subtitle = told.systems.iter().map(described).collect::<Vec<_>>().join(" \u{b7} ");
    let mut notes =
        vec!["What is wrong with the comparison, and with the table that it is part of:".to_owned()];
    notes.extend(told.remarks.iter().map(|remark| format!("\u{2212} {}", remark.remark)));
    let title = format!(
        "AlexNet to NASNet-A: {:.0} times the compute, {} times the error, k = {:.1}",
        told.compute,
        short(told.error, 3),
        told.k
    );
    page(&title, &subtitle, &notes, |svg, top| {
        let top = top + 12.0;
        let bottom = top + 4.0 * ROW + 12.0;
        let [low, high] = FACTORS;
        let axis = Axis { low, high, start: ACROSS[0], end: ACROSS[1], numbers: Numbers::Plain };
        let panel = Panel { across: Scale::Log(axis), up: Scale::Bare { start: bottom, end: top } };
        panel.draw(svg, ["times the compute of AlexNet", ""], SIZE);
        bars(svg, told, &panel, top);
        exponents(svg, told, &panel, [top, bottom]);
        bottom + 46.0
    })
}

fn bars(svg: &mut Svg, told: &TakenApartOutput, panel: &Panel, top: f64) {
    let parts = [("more processors", told.processors), ("faster processors", told.rate), ("time", told.time)];
    let mut reached = 1.0;
    let mut bar = |name: &str, [from, to]: [f64; 2], colour: &str, row: f64, text: String| {
        let y = top + 6.0 + ROW * (row + 0.5);
        let ends = [from.min(to), from.max(to)].map(|factor| panel.across.position(factor));
        svg.rectangle([ends[0], y - BAR / 2.0], [ends[1] - ends[0], BAR], &format!("fill=\"{colour}\""));
        svg.text([ACROSS[0] - 12.0, y + 4.0], Anchor::End, SIZE, name, &format!("fill=\"{TEXT}\""));
        let halo = "fill=\"#222222\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
        svg.text([ends[1] + 6.0, y + 4.0], Anchor::Start, SIZE, &text, halo);
    };
    for (((name, factor), colour), row) in parts.into_iter().zip(PARTS).zip(0..) {
        let text = if row == 0 { String::new() } else { format!("x {}", short(factor, 3)) };
        bar(name, [reached, reached * factor], colour, f64::from(row), text);
        reached *= factor;
    }
    bar("all three together", [1.0, told.compute], WHOLE, 3.0, String::new());
    let inside = "fill=\"#ffffff\"";
    for (row, factor) in [(0.0, told.processors), (3.0, told.compute)] {
        let at = [panel.across.position(1.0) + 8.0, top + 6.0 + ROW * (row + 0.5) + 4.0];
        svg.text(at, Anchor::Start, SIZE, &format!("x {factor:.0}"), inside);
    }
}

/// What cutting the error so far would cost with k = 4 and with k = 9.
fn exponents(svg: &mut Svg, told: &TakenApartOutput, panel: &Panel, [top, bottom]: [f64; 2]) {
    for k in [4.0, 9.0] {
        let factor = libm::pow(1.0 / told.error, k);
        let x = panel.across.position(factor);
        svg.line([x, top], [x, bottom], EXPONENT);
        let text = format!("k = {k:.0} would take x {factor:.0}");
        svg.text([x, top - 6.0], Anchor::Middle, SIZE - 1.0, &text, &format!("fill=\"{FAINT_TEXT}\""));
    }
}
