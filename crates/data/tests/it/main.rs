//! Tests on the real data sets, each skipped aloud where its files are not at hand.

#[cfg(test)]
mod at_hand;
#[cfg(test)]
mod real;
