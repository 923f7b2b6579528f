//! Estimates how error falls with compute, with intervals, on plain numbers.
