//! The points of a table in the forms that estimators take them in.

use crate::fit::Point;
use crate::group;
use crate::point::{self, LogPoint};

/// Rows, and what stands for those of one compute: they are replicates of one setting.
pub(crate) struct Table {
    /// All rows, by rising compute.
    pub points: Vec<LogPoint>,
    /// How many different computes there are.
    pub cells: usize,
    /// The mean log error of each compute, or of a few neighbours where there are too many for a thousand fits.
    pub middles: Vec<LogPoint>,
    /// The log of the mean error of each compute, as a sweep takes the seeds of a setting: counts of few errors
    /// scatter more below their mean than above it on logarithms.
    pub means: Vec<LogPoint>,
    /// As `means`, few enough for a thousand fits.
    pub mean_middles: Vec<LogPoint>,
}

impl Table {
    pub(crate) fn new(points: &[Point]) -> Table {
        let mut points: Vec<LogPoint> =
            points.iter().map(|point| LogPoint::new(point.compute, point.error)).collect();
        points.sort_unstable_by(|a, b| {
            a.log_compute.total_cmp(&b.log_compute).then(a.log_error.total_cmp(&b.log_error))
        });
        let cells = point::cells(&points);
        let middles = few(&cells);
        let count = cells.len();
        drop(cells);
        let means = point::means(&points);
        let mean_middles = few(&means);
        Table { points, cells: count, middles, means, mean_middles }
    }
}

/// Points, or groups of them where there are too many for a thousand fits.
pub(crate) fn few(points: &[LogPoint]) -> Vec<LogPoint> {
    let middle = |group: group::Group| group::middle(points[group].iter().copied());
    group::groups(points).into_iter().map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicates_are_one_cell_by_either_mean() {
        let rows = [(10.0, 0.1), (1.0, 0.2), (10.0, 0.4)].map(|(compute, error)| Point { compute, error });
        let table = Table::new(&rows);
        assert_eq!((table.points.len(), table.cells, table.means.len()), (3, 2, 2));
        let last = |points: &[LogPoint]| (points[1].log_error.exp(), points[1].weight);
        let ((of_logs, twice), (of_errors, weight)) = (last(&table.middles), last(&table.mean_middles));
        assert!((of_logs - 0.2).abs() < 1e-12 && (of_errors - 0.25).abs() < 1e-12, "{of_logs} {of_errors}");
        assert_eq!((twice, weight), (2.0, 2.0));
        // A lone row keeps every bit.
        assert_eq!(table.means[0], table.points[0]);
    }
}
