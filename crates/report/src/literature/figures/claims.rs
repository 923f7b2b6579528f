//! Every published figure beside the one computed from its inputs, as a ratio, a row for each.

use law::number::short;
use record::literature::LiteratureOutput;

use super::panel::{Panel, Scale};
use super::{FAINT_TEXT, FAULTY, GOOD, Sample, TEXT, legend, page};
use crate::axis::{Axis, Numbers};
use crate::literature::{TOLERANCE, text};
use crate::svg::{self, Anchor, Svg};

const ACROSS: [f64; 2] = [318.0, 668.0];
const RIGHT: f64 = 890.0;
const ROW: f64 = 17.0;
const GAP: f64 = 24.0;
const SIZE: f64 = 10.5;
/// Ratios between which the figure lies; beyond, a mark stands at the edge.
const RATIOS: [f64; 2] = [0.004, 250.0];

/// One published figure.
struct Row {
    name: String,
    published: f64,
    computed: f64,
    interval: [Option<f64>; 2],
    tolerance: f64,
    follows: bool,
}

/// The figure of all statements, figures and factors.
pub(in crate::literature) fn draw(told: &LiteratureOutput) -> String {
    let groups = groups(told);
    let rows = || groups.iter().flat_map(|(_, rows)| rows);
    let faulty = rows().filter(|row| !row.follows).count();
    let title = format!(
        "Published and computed: {faulty} of {} figures do not follow from their inputs",
        rows().count()
    );
    let subtitle = "What the published inputs give over what was published; grey: the factor within which a figure counts as following";
    page(&title, subtitle, &[], |svg, top| {
        let top = top + 4.0;
        let bottom = top + groups.iter().map(|(_, rows)| GAP + ROW * rows.len() as f64).sum::<f64>() + 6.0;
        let [low, high] = RATIOS;
        let axis = Axis { low, high, start: ACROSS[0], end: ACROSS[1], numbers: Numbers::Plain };
        let panel = Panel { across: Scale::Log(axis), up: Scale::Bare { start: bottom, end: top } };
        panel.draw(svg, ["computed / published", ""], 11.0);
        let one = panel.across.position(1.0);
        svg.line([one, bottom], [one, top], &format!("stroke=\"{TEXT}\" stroke-width=\"1\""));
        let mut y = top;
        for (heading, rows) in &groups {
            svg.text(
                [ACROSS[0] - 10.0, y + 16.0],
                Anchor::End,
                11.5,
                heading,
                &format!("fill=\"{FAINT_TEXT}\""),
            );
            y += GAP;
            for row in rows {
                draw_row(svg, row, &panel, y + ROW / 2.0);
                y += ROW;
            }
        }
        let entries = [
            (Sample::Mark(4.0, FOLLOWS), "follows".to_owned()),
            (Sample::Mark(4.0, DOES_NOT), text::FAULT.to_owned()),
            (Sample::Band(WITHIN), "tolerance".to_owned()),
            (Sample::Line(INTERVAL), "95% interval of the computed".to_owned()),
        ];
        legend(svg, &entries, [ACROSS[0] - 60.0, bottom + 58.0], RIGHT - ACROSS[0] + 60.0) + 2.0
    })
}

const FOLLOWS: &str = "fill=\"#2a788e\"";
const DOES_NOT: &str = "fill=\"#b2182b\"";
const WITHIN: &str = "fill=\"#d8d8d8\"";
const INTERVAL: &str = "stroke=\"#555555\" stroke-width=\"1.2\"";

fn groups(told: &LiteratureOutput) -> Vec<(&'static str, Vec<Row>)> {
    let claims = told.claims.iter().map(|claim| Row {
        name: claim.claim.clone(),
        published: claim.published,
        computed: claim.computed,
        interval: claim.interval,
        tolerance: claim.tolerance,
        follows: claim.follows,
    });
    let plain = |name: String, published, computed, follows| Row {
        name,
        published,
        computed,
        interval: [None, None],
        tolerance: TOLERANCE,
        follows,
    };
    let figures = text::figures(&told.ai_and_compute).filter_map(|(system, figure)| {
        let (published, computed) = (figure.printed_pfs_days?, figure.pfs_days?);
        Some(plain(format!("{system}, method {}", figure.method), published, computed, figure.follows?))
    });
    // The first of each level is what the others are divided by.
    let factors =
        told.ai_and_efficiency.rows.iter().filter(|row| row.system != row.level && row.factor != 1.0);
    let factors = factors.map(|row| {
        plain(format!("{} as {}", row.system, row.level), row.printed_factor, row.factor, row.follows)
    });
    vec![
        ("statements", claims.collect()),
        ("AI and Compute, petaflop/s-days", figures.collect()),
        ("AI and Efficiency, factors", factors.collect()),
    ]
}

fn draw_row(svg: &mut Svg, row: &Row, panel: &Panel, y: f64) {
    let [low, high] = RATIOS;
    let x = |ratio: f64| panel.across.position(ratio.clamp(low, high));
    let (left, right) = (x(1.0 / row.tolerance), x(row.tolerance));
    svg.rectangle([left, y - ROW / 2.0 + 1.0], [right - left, ROW - 2.0], WITHIN);
    if row.interval != [None, None] {
        let [from, to] = row.interval.map(|end| end.map(|end| end / row.published));
        svg.line([x(from.unwrap_or(low)), y], [x(to.unwrap_or(high)), y], INTERVAL);
    }
    let colour = if row.follows { GOOD } else { FAULTY };
    svg.circle([x(row.computed / row.published), y], 4.0, &format!("fill=\"{colour}\""));
    let size = SIZE * ((ACROSS[0] - 16.0) / svg::text_width(&row.name, SIZE)).min(1.0);
    svg.text([ACROSS[0] - 10.0, y + 3.8], Anchor::End, size, &row.name, &format!("fill=\"{TEXT}\""));
    let told = format!("published {}, computed {}", short(row.published, 3), short(row.computed, 3));
    let fill = if row.follows { FAINT_TEXT } else { FAULTY };
    let size = SIZE * ((RIGHT - ACROSS[1] - 14.0) / svg::text_width(&told, SIZE)).min(1.0);
    svg.text([ACROSS[1] + 10.0, y + 3.8], Anchor::Start, size, &told, &format!("fill=\"{fill}\""));
}
