//! Names beside points, each where it hides least.

use crate::svg::{self, Anchor, Position, Svg};

/// Half the side of the square that a point takes.
const POINT: f64 = 5.0;

/// A rectangle by its left, top, right and bottom.
type Area = [f64; 4];

/// Where a name may stand about its point, the best first: how far, and which end lies there.
const PLACES: [(Position, Anchor); 10] = [
    ([8.0, 4.0], Anchor::Start),
    ([-8.0, 4.0], Anchor::End),
    ([0.0, -8.0], Anchor::Middle),
    ([0.0, 16.0], Anchor::Middle),
    ([6.0, -6.0], Anchor::Start),
    ([-6.0, -6.0], Anchor::End),
    ([6.0, 14.0], Anchor::Start),
    ([-6.0, 14.0], Anchor::End),
    ([0.0, -20.0], Anchor::Middle),
    ([0.0, 28.0], Anchor::Middle),
];

/// Writes the names in `size` within `bounds`, each where it overlaps the fewest of the points, of the names before it,
/// and of the `lines`, which are chains of places.
pub(super) fn draw(
    svg: &mut Svg,
    names: &[(Position, &str)],
    points: &[Position],
    lines: &[Position],
    bounds: Area,
    size: f64,
) {
    let square = |[x, y]: &Position| [x - POINT, y - POINT, x + POINT, y + POINT];
    let mut taken: Vec<Area> = points.iter().map(square).collect();
    for (point, name) in names {
        let overlaps = |area: &Area| {
            let on_others = taken.iter().filter(|other| meet(area, other)).count();
            let on_lines = lines.iter().filter(|[x, y]| meet(area, &[*x, *y, *x, *y])).count();
            let outside =
                area[0] < bounds[0] || area[1] < bounds[1] || area[2] > bounds[2] || area[3] > bounds[3];
            4 * on_others + on_lines.min(3) + if outside { 20 } else { 0 }
        };
        let candidates = PLACES.iter().map(|(by, anchor)| {
            let at = [point[0] + by[0], point[1] + by[1]];
            (area(at, *anchor, name, size), at, *anchor)
        });
        let Some((area, at, anchor)) = candidates.min_by_key(|(area, _, _)| overlaps(area)) else { continue };
        taken.push(area);
        let halo = "fill=\"#222222\" stroke=\"#ffffff\" stroke-width=\"2.5\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
        svg.text(at, anchor, size, name, halo);
    }
}

/// What a name takes.
fn area(at: Position, anchor: Anchor, name: &str, size: f64) -> Area {
    let width = svg::text_width(name, size);
    let left = match anchor {
        Anchor::Start => at[0],
        Anchor::Middle => at[0] - width / 2.0,
        Anchor::End => at[0] - width,
    };
    [left, at[1] - 0.8 * size, left + width, at[1] + 0.2 * size]
}

fn meet(a: &Area, b: &Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_neighbours_do_not_meet() {
        let points = [[100.0, 100.0], [104.0, 103.0], [140.0, 100.0]];
        let names: Vec<(Position, &str)> = points.iter().map(|point| (*point, "a name")).collect();
        let mut svg = Svg::new(300.0, 300.0);
        draw(&mut svg, &names, &points, &[], [0.0, 0.0, 300.0, 300.0], 10.0);
        let text = svg.finish();
        let places: Vec<&str> = text.lines().filter(|line| line.starts_with("<text")).collect();
        assert_eq!(places.len(), 3);
        assert!(
            meet(&[0.0, 0.0, 2.0, 2.0], &[1.0, 1.0, 3.0, 3.0])
                && !meet(&[0.0, 0.0, 1.0, 1.0], &[1.0, 0.0, 2.0, 1.0])
        );
    }
}
