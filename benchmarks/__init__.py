"""Seeded benchmarks: ratios against named peers in the same run."""
