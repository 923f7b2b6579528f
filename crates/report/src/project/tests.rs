//! Projections of records and tables made by hand.

use record::energy::Kind;
use record::run::SeedRole;

use super::*;
use crate::sample;

fn question(errors: &[f64]) -> Question {
    let rates = Rates {
        grid: Some("FRA".parse().unwrap()),
        pue: 1.0,
        usd_per_kwh: Some(0.5),
        usd_per_hour: Some(2.0),
    };
    Question {
        errors: errors.iter().copied().map(Wanted::Error).collect(),
        flops_per_second: None,
        watts: None,
        rates,
    }
}

/// Six winners with k = 4 from 1e8 to 1e13 FLOP, of runs of 2 s at 100 W.
fn records() -> Vec<RunRecord> {
    let mut runs = Vec::new();
    for i in 0..6u64 {
        let flops = 10f64.powi(8 + i as i32);
        for (seed, role) in [(0, SeedRole::Selection), (10, SeedRole::Report)] {
            let mut run = sample::run("a", 100 * (i + 1), seed);
            run.flops.model_train = record::units::Flops(flops as u64);
            run.flops_per_second = Some(1e12);
            run.seconds.train = Seconds(2.0);
            let run = sample::with_joules(run, "package-0", Kind::Counter, 200.0);
            runs.push(sample::placed(run, flops as u64, role, &[], 20.0 * flops.powf(-0.25)));
        }
    }
    runs
}

fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap_or_else(|| panic!("nothing where {expected} is expected"));
    assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
}

/// From 1e13 FLOP half the error takes 1.6e14: 160 s at 1e12 FLOP/s, 16 kJ at 100 W.
#[test]
fn half_of_todays_error_costs_sixteen_times_the_compute() {
    let told = of_records(&records(), "a sweep", &question(&[])).unwrap().output;
    let names: Vec<_> = told.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names[..2], ["error 5.00%", "error 1.00%"]);
    assert!(names[2].ends_with("half of today's"), "{names:?}");
    let half = &told.targets[2].power;
    near(half.flops[1], 1.6e14);
    near(half.hours[1], 160.0 / 3600.0);
    near(half.kwh[1], 16_000.0 / 3.6e6);
    near(half.usd_electricity[1], 0.5 * 16_000.0 / 3.6e6);
    near(half.usd_rental[1], 2.0 * 160.0 / 3600.0);
    near(half.pfs_days[1], 1.6e14 / 8.64e19);
    near(half.decades_beyond, libm::log10(16.0));
    near(Some(told.targets[2].references[0].flops), 1.6e14);
    near(Some(told.targets[2].references[1].flops), 512e13);
    assert_eq!(told.watts_kind, Some(Kind::Counter));
    // 5% was passed at 20^4 / 0.05^4 = 2.56e10.
    near(told.targets[0].power.flops[1], 2.56e10);
    assert_eq!(told.targets[0].power.decades_beyond, Some(0.0));
    assert_eq!(told.targets[0].references, []);
    assert!(
        !told.assumptions.iter().any(|words| words.contains("follow the line")),
        "{:?}",
        told.assumptions
    );
}

#[test]
fn costs_of_a_line_beside_todays_error_say_so() {
    let mut runs = records();
    for run in runs.iter_mut().rev().take(2) {
        run.error = run.error.map(|error| 1.3 * error);
    }
    let told = of_records(&runs, "a sweep", &question(&[])).unwrap().output;
    let words = told.assumptions.iter().find(|words| words.contains("follow the line")).expect("words");
    assert!(words.contains("at 1e13 FLOP") && words.contains("below the"), "{words}");
}

#[test]
fn what_lies_far_beyond_the_data_leads_with_a_warning() {
    // 0.1% takes 1.6e17 FLOP, 4.2 decades beyond.
    let told = of_records(&records(), "a sweep", &question(&[0.001])).unwrap().output;
    assert!(told.warnings[0].contains("4.2 decades of compute beyond the data"), "{:?}", told.warnings);
    let text = text(&told);
    assert!(text.starts_with("WARNING: error 0.100%"), "{text}");
    let near_by = of_records(&records(), "a sweep", &question(&[0.01])).unwrap().output;
    assert!(!near_by.warnings[0].contains("beyond the data"), "{:?}", near_by.warnings);
}

/// Errors of up to 40 are percent; without a speed there are no hours, and the reason stands there.
#[test]
fn a_table_in_percent_without_a_machine() {
    let point = |i: i32| Point { compute: 10f64.powi(6 + i), error: 40.0 * 10f64.powf(-0.25 * f64::from(i)) };
    let points: Vec<Point> = (0..6).map(point).collect();
    let told = of_points(&points, ["flops", "top1"], "a table", &question(&[])).unwrap().output;
    assert_eq!(told.targets[0].error, 5.0);
    assert_eq!((told.targets[0].power.hours, told.targets[0].power.kwh), ([None; 3], [None; 3]));
    assert!(
        told.assumptions.iter().any(|words| words.contains("--flops-per-second")),
        "{:?}",
        told.assumptions
    );
    let given = Question { flops_per_second: Some(1e9), watts: Some(50.0), ..question(&[5.0]) };
    let told = of_points(&points, ["flops", "top1"], "a table", &given).unwrap().output;
    let power = &told.targets[0].power;
    near(power.hours[1], power.flops[1].unwrap() / 1e9 / 3600.0);
    near(power.kwh[1], power.hours[1].unwrap() * 0.05);
}

#[test]
fn too_few_points_say_why() {
    let two = [1e6, 1e8].map(|compute| Point { compute, error: 0.1 });
    let told = of_points(&two, ["c", "e"], "two", &question(&[0.01])).unwrap();
    assert_eq!(told.output.targets[0].power.reason.as_deref(), Some("the fit has no exponent"));
    assert!(text(&told.output).contains("the fit has no exponent"));
    assert!(figure::draw(&told.output, &told.fit).svg.contains("no exponent"));
}

/// All that the figure says is in it, and nothing of it is NaN.
#[test]
fn the_figure_shows_targets_and_references() {
    let told = of_records(&records(), "a sweep", &question(&[0.005])).unwrap();
    let svg = figure::draw(&told.output, &told.fit).svg;
    for words in ["error 0.500%", "k = 4 (theory)", "halving costs 512 x"] {
        assert!(svg.contains(words), "{words}\n{svg}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    assert_eq!(svg, figure::draw(&told.output, &told.fit).svg);
}

/// Half of today's error beside one in percent, each once.
#[test]
fn half_can_be_asked_for_beside_others() {
    let asked = Question { errors: vec![Wanted::Half, Wanted::Error(0.02)], ..question(&[]) };
    let told = of_records(&records(), "a sweep", &asked).unwrap().output;
    let names: Vec<&str> = told.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().any(|name| name.ends_with("half of today's")), "{names:?}");
    assert!(names.contains(&"error 2.00%"), "{names:?}");
}

/// 5% of a table in percent are 5, and of fractions 0.05; an error above all that were fitted lies below the data.
#[test]
fn percent_are_percent_in_every_unit_and_distances_go_both_ways() {
    let point = |i: i32| Point { compute: 10f64.powi(6 + i), error: 40.0 * 10f64.powf(-0.25 * f64::from(i)) };
    let points: Vec<Point> = (0..6).map(point).collect();
    let asked = Question { errors: vec![Wanted::Percent(5.0), Wanted::Error(71.2)], ..question(&[]) };
    let told = of_points(&points, ["flops", "top1"], "a table", &asked).unwrap().output;
    assert_eq!(told.targets.iter().map(|target| target.error).collect::<Vec<_>>(), [71.2, 5.0]);
    // 71.2 / 40 = 10^0.25: one decade below the first compute.
    let below = told.targets[0].power.decades_beyond.unwrap();
    assert!((below + 1.0).abs() < 0.01, "{below}");
    let told = of_records(&records(), "a sweep", &asked_percent()).unwrap().output;
    assert_eq!(told.targets[0].error, 0.05);
}

fn asked_percent() -> Question {
    Question { errors: vec![Wanted::Percent(5.0)], ..question(&[]) }
}
