"""Pairs of 64-bit hashes within a radius, each exactly once: sort by bands of bits, compare within runs.

For every choice of bands, hashes that agree on them stand in one run after sorting. A pair is taken where the
bands chosen are the first on which it agrees, so that other choices that meet it pass it over. A run too long
to be compared with itself is a smaller join, with bands of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from hashindex.joining.bands import BITS, Banding
from hashindex.joining.compare import in_ranges, in_runs, square
from hashindex.joining.distinct import I64, U64, Block, counted
from hashindex.joining.plan import banding_for

Job = Callable[[], Iterator[Block]]
"""A part of a join that knows nothing of the others; they may run at once, and in any order."""

LONG_RUN = 2_048
"""Hashes in a run that make a smaller join of it."""
DEEPEST = 3
"""Joins within joins; below, all are compared with all."""
MOST_COMPARED = 1 << 24
"""Comparisons of a job that compares all with all: some 15 ms."""


def jobs(left: U64, right: U64 | None, radius: int, *, depth: int = 0) -> list[Job]:
    """Return the jobs that find all pairs of `left` with `right`, or, where that is None, among `left`.

    Hashes of one side are distinct. A pair comes once, as its places in left and right; within `left` the
    lesser place is first.
    """
    if right is None and radius == 0:
        return []  # distinct hashes differ
    banding = banding_for(left, right, radius) if depth < DEEPEST else None
    if banding is None:
        return _all_with_all(left, right, radius)
    return banded_jobs(left, right, radius, banding, depth=depth)


def banded_jobs(left: U64, right: U64 | None, radius: int, banding: Banding, *, depth: int = 0) -> list[Job]:
    """Return a job for every choice of bands."""
    left = banding.moved(left)
    right = None if right is None else banding.moved(right)

    def job(choice: tuple[int, ...]) -> Job:
        if right is None:
            return lambda: _within(left, radius, banding, choice, depth)
        return lambda: _between(left, right, radius, banding, choice, depth)

    plan = banding.plan
    return [job(choice) for choice in combinations(range(plan.bands), plan.agree)]


def _all_with_all(left: U64, right: U64 | None, radius: int) -> list[Job]:
    rows = max(1, MOST_COMPARED // max(1, len(left if right is None else right)))

    def job(start: int) -> Job:
        return lambda: square(left, right, radius, range(start, min(start + rows, len(left))))

    return [job(start) for start in range(0, len(left), rows)]


class _Sorted:
    """Moved hashes, sorted by the bands chosen, and cut into runs that agree on them."""

    def __init__(self, hashes: U64, banding: Banding, choice: Sequence[int], most: int) -> None:
        number = np.uint64(most.bit_length())
        packed = banding.keys(hashes, choice, BITS - int(number))
        packed <<= number
        packed |= np.arange(len(hashes), dtype=np.uint64)
        packed.sort()
        self.places: I64 = (packed & ((np.uint64(1) << number) - np.uint64(1))).astype(np.int64)
        """Where each stood before; ascending in a run."""
        packed >>= number
        new = np.ones(len(packed), np.bool_)
        np.not_equal(packed[1:], packed[:-1], out=new[1:])
        self.starts: I64 = np.flatnonzero(new)
        self.keys: U64 = packed[self.starts]
        """What each run agrees on."""
        self.lengths: I64 = np.diff(self.starts, append=len(hashes))
        self.hashes: U64 = hashes[self.places]


class _First:
    """Tells by the bits in which a pair differs whether the bands chosen are the first on which it agrees."""

    def __init__(self, banding: Banding, choice: Sequence[int]) -> None:
        masks = banding.masks()
        self._chosen = np.bitwise_or.reduce([masks[band] for band in choice])
        self._before = [masks[band] for band in range(choice[-1]) if band not in choice]

    def __call__(self, apart: U64) -> npt.NDArray[np.bool_]:
        kept: npt.NDArray[np.bool_] = (apart & self._chosen) == 0
        for mask in self._before:
            kept &= (apart & mask) != 0
        return kept


def _within(hashes: U64, radius: int, banding: Banding, choice: Sequence[int], depth: int) -> Iterator[Block]:
    runs = _Sorted(hashes, banding, choice, len(hashes))
    inside, places, lengths = runs.hashes, runs.places, runs.lengths
    own = _First(banding, choice)
    long = lengths > LONG_RUN
    for start, length in zip(runs.starts[long].tolist(), lengths[long].tolist(), strict=True):
        run = inside[start : start + length]
        for job in jobs(run, None, radius, depth=depth + 1):
            for i, j in job():
                kept = own(run[i] ^ run[j])
                yield places[start + i[kept]], places[start + j[kept]]
    del runs
    if long.any():
        short = np.repeat(~long, lengths)
        inside, places, lengths = inside[short], places[short], lengths[~long]
    for i, j, apart in in_runs(inside, lengths, radius):
        kept = own(apart)
        yield places[i[kept]], places[j[kept]]


def _between(  # noqa: PLR0917
    left: U64, right: U64, radius: int, banding: Banding, choice: Sequence[int], depth: int
) -> Iterator[Block]:
    most = max(len(left), len(right))  # the same for both, so that equal keys are cut alike
    ours, theirs = _Sorted(left, banding, choice, most), _Sorted(right, banding, choice, most)
    own = _First(banding, choice)
    if not (len(left) and len(right)):
        return
    at = np.minimum(np.searchsorted(theirs.keys, ours.keys), len(theirs.keys) - 1)
    mine = np.flatnonzero(theirs.keys[at] == ours.keys)
    other = at[mine]
    long = np.maximum(ours.lengths[mine], theirs.lengths[other]) > LONG_RUN
    for run, other_run in zip(mine[long].tolist(), other[long].tolist(), strict=True):
        start, first = int(ours.starts[run]), int(theirs.starts[other_run])
        some = ours.hashes[start : start + int(ours.lengths[run])]
        others = theirs.hashes[first : first + int(theirs.lengths[other_run])]
        for job in jobs(some, others, radius, depth=depth + 1):
            for i, j in job():
                kept = own(some[i] ^ others[j])
                yield ours.places[start + i[kept]], theirs.places[first + j[kept]]
    mine, other = mine[~long], other[~long]
    each = ours.lengths[mine]
    i = counted(ours.starts[mine], each)
    begin, counts = np.repeat(theirs.starts[other], each), np.repeat(theirs.lengths[other], each)
    for block_i, block_j, apart in in_ranges(ours.hashes, i, theirs.hashes, begin, counts, radius):
        kept = own(apart)
        yield ours.places[block_i[kept]], theirs.places[block_j[kept]]
