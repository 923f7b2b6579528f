"""The driver of the comparison: installs peers, runs them in interleaved slices, forms ratios."""
