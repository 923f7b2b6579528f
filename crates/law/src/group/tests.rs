//! Groups of points: none for few points, narrow ones for many.

use super::*;
use crate::power;

fn at(log_compute: f64) -> LogPoint {
    LogPoint { log_compute, log_error: -0.25 * log_compute, weight: 1.0 }
}

#[test]
fn few_points_stay_alone() {
    let points: Vec<LogPoint> = (0..MOST_POINTS).map(|i| at(i as f64)).collect();
    let groups = groups(&points);
    assert!(groups.iter().enumerate().all(|(i, group)| *group == (i..i + 1)) && groups.len() == MOST_POINTS);
    assert!(super::groups(&[]).is_empty());
    assert_eq!(middle(points[7..8].iter().copied()), points[7]);
}

#[test]
fn many_points_make_few_groups_that_hold_each_once() {
    for count in [257, 1000, 20_000] {
        let points: Vec<LogPoint> = (0..count).map(|i| at((i as f64).sqrt())).collect();
        let groups = groups(&points);
        assert!(groups.len() <= MOST_POINTS && groups.len() > 64, "{count}: {}", groups.len());
        let ends = groups.windows(2).all(|pair| pair[0].end == pair[1].start);
        assert!(ends && groups[0].start == 0 && groups.last().unwrap().end == count);
    }
}

/// Where all points but one have the same compute, that one carries the slope, and must not be averaged away.
#[test]
fn a_lone_point_stays_alone_and_the_slope_with_it() {
    let mut points = vec![at(0.0); 10_000];
    points.push(at(20.0));
    let groups = groups(&points);
    assert_eq!(groups.last(), Some(&(10_000..10_001)));
    let middles: Vec<LogPoint> =
        groups.into_iter().map(|group| middle(points[group].iter().copied())).collect();
    assert!((power::fit(&middles).unwrap().b - 0.25).abs() < 1e-12);
}
