//! Clocks, energy counters and estimates: what a run cost.
