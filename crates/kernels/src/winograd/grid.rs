//! How a plane is cut into square patches: overlapping ones of an input, disjoint ones of an output.

use crate::plane::Plane;

/// The patches of every image, numbered through row by row and image after image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    plane: Plane,
    /// Pixels along each side of a patch.
    size: usize,
    /// Pixels from one patch to the next.
    step: usize,
    /// Row and column of the first patch's first pixel.
    origin: isize,
    /// Rows and columns that may be touched, counted from the origin.
    limits: [usize; 2],
    down: usize,
    across: usize,
}

/// One patch: where it begins, and how much of it lies inside the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patch {
    pub(crate) place: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Grid {
    /// Patches of `size` output pixels a side; the last of a row or column may hang over the edge.
    pub(crate) fn of_outputs(y: Plane, size: usize) -> Grid {
        let (down, across) = (y.height.div_ceil(size), y.width.div_ceil(size));
        Grid { plane: y, size, step: size, origin: 0, limits: [y.height, y.width], down, across }
    }

    /// What the patches of `outputs` are computed from: two pixels more a side, as far as the border goes.
    pub(crate) fn of_inputs(x: Plane, padding: usize, outputs: Grid) -> Grid {
        let limits = [x.height + padding + x.border, x.width + padding + x.border];
        Grid { plane: x, size: outputs.size + 2, origin: -(padding as isize), limits, ..outputs }
    }

    /// The activation that is cut.
    pub(crate) fn plane(&self) -> Plane {
        self.plane
    }

    /// Patches of one image.
    pub(crate) fn patches(&self) -> usize {
        self.down * self.across
    }

    /// A patch by its number.
    #[inline(always)]
    pub(crate) fn patch(&self, number: usize) -> Patch {
        let (image, number) = (number / self.patches(), number % self.patches());
        let (row, column) = (number / self.across * self.step, number % self.across * self.step);
        let corner = self.plane.place(row as isize + self.origin, column as isize + self.origin);
        Patch {
            place: image * self.plane.values() + corner,
            rows: self.size.min(self.limits[0] - row),
            columns: self.size.min(self.limits[1] - column),
        }
    }
}
