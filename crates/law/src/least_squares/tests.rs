//! Both searches on a valley, a system by hand, and residuals among outliers.

use super::*;

/// Rosenbrock's valley as residuals 10 (y - x^2) and 1 - x; its bottom is at (1, 1).
fn valley(place: &[f64; 2], normal: &mut Normal<2>) {
    let [x, y] = *place;
    normal.add(1.0, -10.0 * (y - x * x), &[-20.0 * x, 10.0]);
    normal.add(1.0, 1.0 - x, &[1.0, 0.0]);
}

#[test]
fn both_searches_find_the_bottom_of_a_curved_valley() {
    for start in [[-1.2, 1.0], [3.0, -4.0]] {
        for (place, cost) in
            [minimise(start, Loss::Squares, 500, valley), descend(start, Loss::Squares, 500, valley)]
        {
            assert!((place[0] - 1.0).abs() < 1e-7 && (place[1] - 1.0).abs() < 1e-7, "{place:?} {cost}");
        }
    }
}

#[test]
fn a_system_by_hand() {
    // 4 x + 2 y = 8 and 2 x + 3 y = 8: x = 1, y = 2.
    let solution = solve(&[[4.0, f64::NAN], [2.0, 3.0]], &[8.0, 8.0]).unwrap();
    assert!((solution[0] - 1.0).abs() < 1e-14 && (solution[1] - 2.0).abs() < 1e-14, "{solution:?}");
    assert_eq!(solve(&[[1.0, 0.0], [1.0, 1.0]], &[1.0, 1.0]), None);
}

/// With a tiny delta Huber's loss is least at the median.
#[test]
fn a_small_delta_gives_the_median() {
    let values = [1.0, 2.0, 3.0, 10.0, 100.0];
    let fill = |place: &[f64; 1], normal: &mut Normal<1>| {
        values.iter().for_each(|value| normal.add(1.0, value - place[0], &[1.0]));
    };
    let (place, cost) = descend([0.0], Loss::Huber(1e-3), 200, fill);
    assert!((place[0] - 3.0).abs() < 1e-2, "{place:?}");
    // 1e-3 times the distances 2, 1, 7, 97, each less half a delta.
    assert!((cost - 1e-3 * (107.0 - 4.0 * 5e-4)).abs() < 1e-8, "{cost}");
}
