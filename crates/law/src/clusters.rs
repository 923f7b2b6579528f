//! Resamples of points themselves, those of one setting together: replicates of a cell share what is wrong with it.
//!
//! Cells are drawn whole, as clusters are (Cameron, Gelbach and Miller, 2008, Bootstrap-based improvements for inference with clustered
//! errors); how many are drawn of how many is ours.

use std::ops::Range;

use chance::Stream;

/// Points in cells, fewer than there were where they would be too many to draw a thousand times.
pub(crate) struct Clusters<T> {
    points: Vec<T>,
    cells: Vec<Range<usize>>,
    /// Cells in one resample.
    drawn: usize,
}

impl<T: Copy> Clusters<T> {
    /// Cells of neighbours that are the `same`, among `sorted` points; a resample holds about `most` points at most.
    ///
    /// Beyond that a cell keeps its share at equal steps, which says as much about the spread between cells, and a
    /// resample draws fewer cells than there are, which spread wider by the root of the ratio (Bickel, Gotze and van
    /// Zwet, 1997: m out of n); [`Clusters::shrink`] takes that back.
    pub(crate) fn new(sorted: &[T], same: impl Fn(&T, &T) -> bool, most: usize) -> Clusters<T> {
        let count = sorted.chunk_by(|a, b| same(a, b)).count();
        let share = if sorted.len() > most { (most / count.max(1)).max(1) } else { usize::MAX };
        let mut clusters = Clusters { points: Vec::new(), cells: Vec::new(), drawn: count.min(most) };
        for cell in sorted.chunk_by(|a, b| same(a, b)) {
            let start = clusters.points.len();
            let kept = cell.len().min(share);
            // The middles of equal parts.
            clusters.points.extend((0..kept).map(|i| cell[(2 * i + 1) * cell.len() / (2 * kept)]));
            clusters.cells.push(start..clusters.points.len());
        }
        clusters
    }

    /// All that resamples draw from.
    pub(crate) fn points(&self) -> &[T] {
        &self.points
    }

    /// The points of cells drawn with replacement.
    pub(crate) fn draw(&self, stream: &mut Stream, mut take: impl FnMut(&T)) {
        for _ in 0..self.drawn {
            let cell = self.cells[stream.below(self.cells.len() as u64) as usize].clone();
            self.points[cell].iter().for_each(&mut take);
        }
    }

    /// Factor on the deviations of resamples that turns them into those of all points.
    pub(crate) fn shrink(&self) -> f64 {
        (self.drawn as f64 / self.cells.len().max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use chance::Purpose;

    use super::*;

    #[test]
    fn cells_are_drawn_whole() {
        let points = [(1, 'a'), (1, 'b'), (2, 'c'), (3, 'd'), (3, 'e'), (3, 'f')];
        let clusters = Clusters::new(&points, |a, b| a.0 == b.0, 100);
        assert_eq!((clusters.points(), clusters.shrink()), (&points[..], 1.0));
        let mut stream = Stream::new(0, Purpose::Test, 0);
        for _ in 0..50 {
            let mut drawn = String::new();
            clusters.draw(&mut stream, |point| drawn.push(point.1));
            let rest = drawn.replace("ab", "").replace("def", "").replace('c', "");
            assert!(rest.is_empty() && !drawn.is_empty(), "{drawn}");
        }
    }

    #[test]
    fn too_many_points_are_thinned_within_cells_first() {
        let points: Vec<(usize, usize)> = (0..1000).map(|i| (i / 500, i)).collect();
        let clusters = Clusters::new(&points, |a, b| a.0 == b.0, 10);
        let kept: Vec<usize> = clusters.points().iter().map(|point| point.1).collect();
        assert_eq!(kept, [50, 150, 250, 350, 450, 550, 650, 750, 850, 950]);
        assert_eq!(clusters.shrink(), 1.0);
        let alone = Clusters::new(&points, |a, b| a.1 == b.1, 10);
        assert_eq!((alone.points().len(), alone.shrink()), (1000, 0.1));
    }
}
