"""Tests of the harness that need nothing but Python: `python3 -m unittest` in scripts/peers."""
