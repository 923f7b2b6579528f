//! Tests of a figure from hand-made points, with every coordinate computed again from its formula.

use law::fit::{Point, Settings, fit_points};

use super::*;

/// Error 0.4, 0.2, 0.1 at 1e9, 1e10, 1e11: error = 0.4 (C / 1e9)^-log10(2).
fn exact() -> Plot {
    let pairs = [(1e9, 0.4), (1e10, 0.2), (1e11, 0.1)];
    let points = pairs.map(|(compute, error)| Point { compute, error });
    let mark = |(cost, error)| Mark { cost, error, net: "cnn-w8-d2".to_owned() };
    let frontier = pairs.map(|pair| FrontierMark {
        mark: mark(pair),
        deviation: (pair.1 == 0.4).then_some(0.1),
        at_edge: pair.1 == 0.1,
        dominated: false,
        fitted: true,
    });
    Plot {
        title: "title".to_owned(),
        subtitle: "subtitle".to_owned(),
        cost_label: "cost".to_owned(),
        error_label: "error".to_owned(),
        in_percent: true,
        points: vec![mark((1e10, 0.3)), mark((1e10, 0.0)), mark((1e10, f64::NAN))],
        frontier: frontier.to_vec(),
        fit: Some(fit_points(&points, &Settings::default()).unwrap()),
        ..Plot::default()
    }
}

/// Positions by the definition of the layout: margins of 0.09 decades, and 14% more beyond the last cost.
fn place(cost: f64, error: f64) -> [f64; 2] {
    let (left, right) = (9.0 - 0.09, 11.0 + 0.09 + 0.14 * (2.0 + 2.0 * 0.09));
    let x = 76.0 + (668.0 - 76.0) * (cost.log10() - left) / (right - left);
    // The lowest error shown is that of the law at the right end, the highest the end of the first bar.
    let low = (0.4f64.log10() - 2f64.log10() * (right - 9.0)) - 0.09;
    let high = 0.5f64.log10() + 0.09;
    let y = 566.0 + (90.0 - 566.0) * (error.log10() - low) / (high - low);
    [x, y]
}

#[test]
fn coordinates_follow_from_the_numbers() {
    let svg = draw(&exact());
    for (cost, error) in [(1e9, 0.4), (1e10, 0.2), (1e11, 0.1)] {
        let [x, y] = place(cost, error);
        let circle = format!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"5.40\"");
        assert!(svg.contains(&circle), "{circle}");
    }
    let ([x1, y1], [x2, y2]) = (place(1e9, 0.4), place(1e11, 0.1));
    let line =
        format!("<line x1=\"{x1:.2}\" y1=\"{y1:.2}\" x2=\"{x2:.2}\" y2=\"{y2:.2}\" {}", curves::FIT_LINE);
    assert!(svg.contains(&line), "{line}");
    let ([x, low], [_, high]) = (place(1e9, 0.3), place(1e9, 0.5));
    let bar = format!("<line x1=\"{x:.2}\" y1=\"{low:.2}\" x2=\"{x:.2}\" y2=\"{high:.2}\"/>");
    assert!(svg.contains(&bar), "{bar}");
    let [_, y] = place(1e9, 0.2);
    assert!(svg.contains(&format!(
        "<text x=\"66.00\" y=\"{:.2}\" font-size=\"12.00\" text-anchor=\"end\">20%</text>",
        y + 4.2
    )));
    let [x, y] = place(1e10, 0.3);
    assert_eq!(svg.matches(&format!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"3.20\"")).count(), 1);
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn equal_plots_give_equal_bytes() {
    assert_eq!(draw(&exact()), draw(&exact()));
}

#[test]
fn winners_at_an_edge_are_hollow_and_named_so() {
    let [x, y] = place(1e11, 0.1);
    let svg = draw(&exact());
    assert!(svg.contains(&format!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"5.40\" fill=\"#ffffff\"/>")));
    assert!(svg.contains(">at the edge of the grid, not<") && svg.contains(">fitted<"));
    let mut inside = exact();
    inside.frontier.iter_mut().for_each(|point| point.at_edge = false);
    assert!(!draw(&inside).contains("edge of the grid"));
}

#[test]
fn an_empty_plot_is_an_empty_frame() {
    let svg = draw(&Plot::default());
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("NaN") && !svg.contains("<circle"));
}

#[test]
fn errors_above_one_are_no_percentages() {
    let mut plot = exact();
    plot.fit = None;
    plot.frontier.iter_mut().for_each(|point| point.mark.error *= 10.0);
    let svg = draw(&plot);
    assert!(svg.contains(">2</text>") && !svg.contains("%</text>"));
}

/// What a cheaper one beats is hollow, as what lies at an edge.
#[test]
fn dominated_points_are_hollow_and_named_so() {
    let mut plot = exact();
    plot.frontier[1].dominated = true;
    plot.frontier.iter_mut().for_each(|point| point.at_edge = false);
    let [x, y] = place(1e10, 0.2);
    let svg = draw(&plot);
    assert!(svg.contains(&format!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"5.40\" fill=\"#ffffff\"/>")));
    assert!(svg.contains(">no better than a cheaper<"), "{svg}");
}

#[test]
fn errors_in_another_unit_are_no_percentages() {
    let svg = draw(&Plot { in_percent: false, ..exact() });
    assert!(svg.contains(">0.1</text>") && !svg.contains("%</text>"), "{svg}");
}

/// All texts end on the page, by the widths of the font, where names are longer than their place.
#[test]
fn long_names_stay_on_the_page() {
    let mut plot = exact();
    let long = "a-network-with-a-name-that-nobody-would-type-w8-d2".to_owned();
    plot.frontier.iter_mut().for_each(|point| point.mark.net.clone_from(&long));
    plot.title = "a long title ".repeat(20);
    let svg = draw(&plot);
    for text in svg.lines().filter(|line| line.starts_with("<text") && !line.contains("anchor")) {
        let number = |key: &str| -> f64 {
            text.split_once(key).unwrap().1.split_once('"').unwrap().0.parse().unwrap()
        };
        let words = text.split_once('>').unwrap().1.trim_end_matches("</text>");
        let end = number(" x=\"") + svg::text_width(words, number("font-size=\""));
        assert!(end <= WIDTH, "{end}: {text}");
    }
}

/// One tick just left of the end: the unit's name begins after its label.
#[test]
fn the_second_unit_stands_clear_of_its_last_tick() {
    let mut plot = exact();
    // 1e11 lies 0.14 x 2.18 + 0.09 decades before the end; so does one unit of this size.
    plot.second_unit = Some(SecondUnit { name: "units".to_owned(), size: 1e11 * 10f64.powf(0.38) });
    let svg = draw(&plot);
    let x = |text: &str| -> f64 {
        let line = svg.lines().find(|line| line.contains(&format!(">{text}<"))).unwrap();
        line.split_once(" x=\"").unwrap().1.split_once('"').unwrap().0.parse().unwrap()
    };
    assert!(x("units") > x("1") + svg::text_width("1", SMALL) / 2.0, "{} {}", x("units"), x("1"));
}

/// Of thirty widths in two families eight are listed, among them the least and the largest, above the notes.
#[test]
fn a_legend_of_many_networks_stays_above_the_notes() {
    let mut plot = exact();
    plot.notes = vec!["a note".to_owned()];
    let nets = (1..=30).flat_map(|width| [format!("cnn-w{width}-d2"), format!("cnn-w{width}-d3")]);
    plot.points = nets.map(|net| Mark { cost: 1e10, error: 0.3, net }).collect();
    let svg = draw(&plot);
    assert_eq!(svg.matches(">width ").count(), 8);
    assert!(svg.contains(">width 1<") && svg.contains(">width 30<"));
    let x = ACROSS[1] + 20.0 + 26.0 + 8.0;
    let start = format!("<text x=\"{x:.2}\" y=\"");
    let column = svg.split(&start).skip(1);
    let rows: Vec<f64> = column.map(|text| text.split('"').next().unwrap().parse().unwrap()).collect();
    assert!(rows.len() > 15, "{} lines", rows.len());
    assert!(rows.iter().all(|&y| y < HEIGHT - 20.0), "{rows:?}");
}

#[test]
fn notes_lengthen_the_page() {
    let noted = Plot { notes: vec!["A note.".to_owned(), "Another.".to_owned()], ..exact() };
    let svg = draw(&noted);
    assert!(svg.contains("height=\"655.00\" viewBox") && svg.contains(">A note. Another.</text>"));
}
