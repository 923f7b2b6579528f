//! The figures of the expert and the flexible system: how near to the best possible, by samples and by operations.

use law::expert::summary;
use record::simulate::{ExpertCurve, ExpertOutput, ExpertPlace};

use crate::axis;
use crate::figures::Figure;
use crate::label::grouped;
use crate::marks::{self, SHAPES, Shape};
use crate::plot::{self, Frame, HEIGHT, WIDTH};
use crate::svg::{self, Anchor, Position, Svg};

/// Decades of room beside the outermost points.
const MARGIN: f64 = 0.08;
/// Performance below which the page ends: where there are as many samples as features, the flexible system goes far below.
const LOWEST: f64 = -2.2;
const SIZE: f64 = 11.5;
const LINE: f64 = 20.0;
const TEXT: &str = "#222222";
const CROSSING: &str = "stroke=\"#6a6a6a\" stroke-width=\"1\" stroke-dasharray=\"6 4\"";
/// In the order of the curves, apart in grey too.
const COLOURS: [&str; 4] = ["#440154", "#b2182b", "#2a788e", "#7ad151"];

/// What the performance is drawn against.
#[derive(Clone, Copy)]
struct Against {
    name: &'static str,
    label: &'static str,
    of: fn(&ExpertPlace) -> f64,
    crossing: fn(&ExpertOutput) -> Option<f64>,
}

const SAMPLES: Against = Against {
    name: "expert-vs-samples",
    label: "samples to learn from",
    of: |place| place.samples as f64,
    crossing: |told| told.flexible_ahead_samples,
};
const FLOPS: Against = Against {
    name: "expert-vs-flops",
    label: "FLOPs of learning",
    of: |place| place.flops,
    crossing: |told| told.flexible_ahead_flops,
};

/// Performance against samples and against operations.
#[must_use]
pub fn draw(told: &ExpertOutput) -> Vec<Figure> {
    [SAMPLES, FLOPS]
        .map(|against| Figure { name: against.name.to_owned(), svg: figure(told, against) })
        .to_vec()
}

fn figure(told: &ExpertOutput, against: Against) -> String {
    let subtitle = plot::subtitle_lines(&format!(
        "{} of {} features matter, noise of deviation {}; means of {} repetitions with the band that holds four fifths of \
         them; our own settings",
        told.relevant,
        grouped(told.features),
        told.noise,
        told.repetitions
    ));
    let top = plot::top_below(subtitle.len());
    let places = || told.curves.iter().flat_map(|curve| &curve.places);
    let across = axis::range_of(places().map(against.of), MARGIN).unwrap_or([1.0, 10.0]);
    // The page shows the best possible error over the error, whose logarithm is the performance.
    let shown = places().flat_map(|place| [place.low, place.high]).filter(|value| *value >= LOWEST);
    let up = axis::range_of(shown.map(share).chain([1.0]), MARGIN).unwrap_or([0.01, 1.0]);
    let frame = plot::plain_frame(across, up, top);
    let mut svg = Svg::new(WIDTH, HEIGHT);
    plot::heading(&mut svg, "What it takes to do without an expert", &subtitle);
    plot::grid(&mut svg, &frame);
    let [left, right] = [frame.cost.start, frame.cost.end];
    svg.clip("plot", [left, top], [right - left, frame.error.start - top]);
    svg.open("clip-path=\"url(#plot)\"");
    if let Some(cost) = (against.crossing)(told) {
        let x = frame.cost.position(cost);
        svg.line([x, frame.error.start], [x, frame.error.end], CROSSING);
    }
    for (curve, (colour, shape)) in told.curves.iter().zip(COLOURS.into_iter().zip(SHAPES)) {
        draw_curve(&mut svg, &frame, curve, against, colour, shape);
    }
    svg.close();
    plot::axes(&mut svg, &frame, [against.label, "least possible squared error / squared error, log scale"]);
    below_page(&mut svg, &frame, told, against);
    legend(&mut svg, told, against, [right + 20.0, top + 16.0]);
    svg.finish()
}

fn share(performance: f64) -> f64 {
    libm::pow(10.0, performance)
}

fn draw_curve(
    svg: &mut Svg,
    frame: &Frame,
    curve: &ExpertCurve,
    against: Against,
    colour: &str,
    shape: Shape,
) {
    let at = |place: &ExpertPlace, performance: f64| frame.place((against.of)(place), share(performance));
    let places = summary::rising(&curve.places, against.of);
    let below = places.iter().map(|place| at(place, place.low));
    let above = places.iter().rev().map(|place| at(place, place.high));
    let band: Vec<Position> = below.chain(above).collect();
    svg.polygon(&band, &format!("fill=\"{colour}\" fill-opacity=\"0.15\" stroke=\"none\""));
    let points: Vec<Position> = places.iter().map(|place| at(place, place.performance)).collect();
    svg.polyline(&points, &format!("stroke=\"{colour}\" stroke-width=\"1.6\""));
    for point in points {
        marks::draw(svg, shape, point, 3.6, &format!("fill=\"{colour}\""));
    }
}

/// What lies below the page, in words at its lower edge.
fn below_page(svg: &mut Svg, frame: &Frame, told: &ExpertOutput, against: Against) {
    let style = format!(
        "fill=\"{TEXT}\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""
    );
    for place in told.curves.iter().flat_map(|curve| &curve.places) {
        if share(place.performance) < frame.error.low {
            let at = [frame.cost.position((against.of)(place)), frame.error.start - 8.0];
            svg.text(at, Anchor::Middle, 10.5, &format!("10^{{{:.1}}}", place.performance), &style);
        }
    }
}

fn legend(svg: &mut Svg, told: &ExpertOutput, against: Against, [x, mut y]: Position) {
    let (relevant, features) = (told.relevant, grouped(told.features));
    let lines = [
        format!("the {relevant} that matter"),
        format!("{} of them and a wrong one", relevant.saturating_sub(1)),
        format!("all {features}, least squares"),
        format!("all {features}, lasso"),
    ];
    let styles = COLOURS.into_iter().zip(SHAPES);
    for ((curve, line), (colour, shape)) in told.curves.iter().zip(lines).zip(styles) {
        marks::draw(svg, shape, [x + 6.0, y - 4.0], 4.4, &format!("fill=\"{colour}\""));
        svg.text([x + 18.0, y], Anchor::Start, SIZE, &curve.system, &format!("fill=\"{TEXT}\""));
        svg.text([x + 18.0, y + 14.0], Anchor::Start, 10.0, &line, "fill=\"#555555\"");
        y += LINE + 16.0;
    }
    if let Some(cost) = (against.crossing)(told) {
        y += 6.0;
        svg.line([x, y - 4.0], [x + 13.0, y - 4.0], CROSSING);
        let cost = if cost < 1e6 { grouped(cost.round() as u64) } else { format!("{cost:.1e}") };
        for line in
            svg::wrap(&format!("flexible is ahead of the expert from {cost} on"), SIZE, WIDTH - x - 30.0)
        {
            svg.text([x + 18.0, y], Anchor::Start, SIZE, &line, &format!("fill=\"{TEXT}\""));
            y += 15.0;
        }
    }
}

/// The curves as a table, and where they cross.
#[must_use]
pub fn text(told: &ExpertOutput) -> String {
    let mut text = format!(
        "{} of {} features matter; -log10 of squared error over the least possible, means of {} repetitions\n\n{:>10}",
        told.relevant,
        grouped(told.features),
        told.repetitions,
        "samples"
    );
    for curve in &told.curves {
        text += &format!("{:>13}{:>11}", curve.system, "FLOPs");
    }
    text += "\n";
    let samples: std::collections::BTreeSet<u64> =
        told.curves.iter().flat_map(|curve| curve.places.iter().map(|place| place.samples)).collect();
    for samples in samples {
        text += &format!("{:>10}", grouped(samples));
        for curve in &told.curves {
            text += &match curve.places.iter().find(|place| place.samples == samples) {
                Some(place) => format!("{:>13.3}{:>11.1e}", place.performance, place.flops),
                None => format!("{:>13}{:>11}", "singular", ""),
            };
        }
        text += "\n";
    }
    text += "\n";
    for (name, samples, flops) in [
        ("flexible", told.flexible_ahead_samples, told.flexible_ahead_flops),
        ("regularised", told.regularised_ahead_samples, told.regularised_ahead_flops),
    ] {
        text += &match (samples, flops) {
            (Some(samples), Some(flops)) => format!(
                "The {name} system is ahead of the expert from {} samples on, and from {flops:.1e} FLOPs on.\n",
                grouped(samples.round() as u64)
            ),
            (Some(samples), None) => format!(
                "The {name} system is ahead of the expert from {} samples on; in FLOPs it never is, or always.\n",
                grouped(samples.round() as u64)
            ),
            _ => format!("The {name} system does not come to be ahead of the expert here.\n"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> ExpertOutput {
        let place = |samples: u64, performance: f64| ExpertPlace {
            samples,
            flops: 1e3 * samples as f64,
            performance,
            low: performance - 0.1,
            high: performance + 0.05,
            singular: 0,
        };
        let curve = |system: &str, last: f64| ExpertCurve {
            system: system.to_owned(),
            places: vec![place(20, -1.5), place(1000, -3.0), place(12_589, last)],
        };
        ExpertOutput {
            features: 1000,
            relevant: 10,
            noise: 1.0,
            seed: 1,
            repetitions: 40,
            convention: String::new(),
            curves: [("oracle", -0.001), ("expert", -0.3), ("flexible", -0.04), ("regularised", -0.01)]
                .map(|(system, last)| curve(system, last))
                .to_vec(),
            flexible_ahead_samples: Some(2000.4),
            flexible_ahead_flops: None,
            regularised_ahead_samples: None,
            regularised_ahead_flops: None,
        }
    }

    #[test]
    fn both_figures_show_every_system_and_the_crossing() {
        let [samples, flops] = draw(&told()).try_into().unwrap();
        for figure in [&samples, &flops] {
            for word in ["oracle", "expert", "flexible", "regularised", "9 of them and a wrong one"] {
                assert!(figure.svg.contains(word), "{word}");
            }
            assert!(!figure.svg.contains("NaN"));
        }
        assert!(samples.svg.contains("from 2,000 on") || samples.svg.contains("2,000"));
        assert!(samples.svg.contains("samples to learn from") && flops.svg.contains("FLOPs of learning"));
        assert_eq!(draw(&told()), [samples, flops]);
    }

    #[test]
    fn the_table_says_where_they_cross() {
        let text = text(&told());
        assert!(
            text.contains("flexible system is ahead of the expert from 2,000 samples on; in FLOPs"),
            "{text}"
        );
        assert!(text.contains("regularised system does not come"), "{text}");
        assert!(text.contains("-3.000"), "{text}");
    }
}
