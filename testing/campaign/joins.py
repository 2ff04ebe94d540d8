"""Joins against brute force: many more sets that Hypothesis thinks of, and large ones, for real bands."""

from collections.abc import Iterator

import numpy as np

from hashindex.joining import pairs_between, pairs_within
from hashindex.joining.distinct import I64, U64
from testing.campaign.machine import explored
from testing.campaign.run import Options, Run
from testing.joins import hashes_of

EXAMPLES = 5_000
"""Sets of each kind that Hypothesis thinks of."""
RUNS = 40
"""Large sets."""
LARGEST = 40_000
MOST_NEAR = 16

_ROWS = 256


def runs(options: Options) -> Iterator[Run]:
    """Let Hypothesis think of small sets, then draw large ones."""
    examples = options.examples or EXAMPLES
    yield explored("test_joining", f"{examples} small sets of each kind", options.seed, examples)
    for seed in options.seeds(RUNS):
        yield _large(seed)


def _large(seed: int) -> Run:
    chance = np.random.default_rng(seed)
    values = _drawn(chance)
    radius = int(chance.integers(0, MOST_NEAR + 1))
    others = values[: len(values) // 5] ^ (np.uint64(1) << np.uint64(chance.integers(0, 64)))
    wanted, between = _brute(values, None, radius), _brute(others, values, radius)
    what = f"{len(values):,} hashes, {len(np.unique(values)):,} of them distinct, radius {radius}"
    found = f"{len(wanted):,} pairs within, {len(between):,} between"
    faults = []
    for name, expected, (pairs, distances) in (
        ("within", wanted, pairs_within(hashes_of(values), radius)),
        (
            "between",
            between,
            pairs_between(hashes_of(others), hashes_of(values), radius),
        ),
    ):
        left = values if name == "within" else others
        apart = np.bitwise_count(left[pairs[:, 0]] ^ values[pairs[:, 1]])
        if not np.array_equal(pairs, expected) or not np.array_equal(distances, apart):
            faults.append(f"{len(pairs):,} pairs {name} are not those of brute force")
    return Run(seed, what, found, tuple(faults))


def _drawn(chance: np.random.Generator) -> U64:
    """Draw hashes: some random, some in few bits, some in clusters of all widths, some that repeat."""
    parts = [chance.integers(0, 2**64, int(chance.integers(1, LARGEST // 2)), dtype=np.uint64)]
    few = chance.permutation(64)[: chance.integers(8, 30)].astype(np.uint64)
    bits = chance.integers(0, 2, (int(chance.integers(1, LARGEST // 10)), len(few)), dtype=np.uint64)
    parts.append(np.bitwise_or.reduce(bits << few, axis=1))
    for _ in range(int(chance.integers(0, 5))):
        near = np.repeat(chance.choice(parts[0], 1), int(chance.integers(1, LARGEST // 20)))
        for _ in range(int(chance.integers(0, 20))):
            near ^= np.uint64(1) << chance.integers(0, 64, len(near), dtype=np.uint64)
        parts.append(near)
    parts.append(chance.choice(np.concatenate(parts), int(chance.integers(0, LARGEST // 20))))
    return chance.permutation(np.concatenate(parts))


def _brute(left: U64, right: U64 | None, radius: int) -> I64:
    """Return all pairs, sorted, comparing all with all."""
    others = left if right is None else right
    found = []
    for start in range(0, len(left), _ROWS):
        i, j = np.nonzero(np.bitwise_count(left[start : start + _ROWS, None] ^ others) <= radius)
        found.append(np.stack((i + start, j), axis=1)[slice(None) if right is not None else j > i + start])
    return np.concatenate(found)
