//! Which runs: budgets and grids become specs, and specs minus records become work.
