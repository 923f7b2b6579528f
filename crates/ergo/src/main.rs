//! The command line of ergometer.
fn main() {}
