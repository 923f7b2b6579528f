//! Checks against plain loops.
