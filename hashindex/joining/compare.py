"""The inner loops: hashes that stand together are compared, a shift at a time.

All in NumPy, whose XOR, bit count and sort are compiled for the processor at hand (AVX2, AVX-512, NEON) and
release the interpreter's lock on arrays, so that threads help.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from hashindex.joining.distinct import I64, U64, Block, counted

Found = tuple[I64, I64, U64]
"""The places of pairs within the radius, and in which bits each pair differs."""

TILE = 1 << 17
"""Comparisons at a time: 8 bytes each, so that they stay in the processor's cache."""
_HIGH = 16
"""Rows of a tile where all are compared with all."""

LAG_NS, MOVE_NS = 0.7, 15.0
"""Comparing a hash with one so many places on; putting a hash beside those of runs as long as its own."""


def in_runs(hashes: U64, lengths: I64, radius: int) -> Iterator[Found]:
    """Compare all pairs of each run, and, at short lags, also some across the ends of runs; i < j.

    At short lags most hashes have a neighbour in their run, so all are compared. What is left, longer runs,
    is put in the order of length: those that reach a lag then stand together at the beginning.
    """
    if not len(lengths):
        return
    lags = _lags_for_all(lengths)
    yield from _at_lags(hashes, range(1, lags + 1), [len(hashes)] * (lags + 1), radius)
    longer = np.flatnonzero(lengths > lags + 1)
    if not len(longer):
        return
    longer = longer[_longest_first(lengths[longer])]
    each = lengths[longer]
    places = counted((lengths.cumsum() - lengths)[longer], each)
    ends = np.concatenate(([0], each.cumsum()))[_reaching(each)].tolist()
    for i, j, apart in _at_lags(hashes[places], range(lags + 1, len(ends)), ends, radius):
        yield places[i], places[j], apart


def in_ranges(  # noqa: PLR0917
    left: U64, i: I64, right: U64, first: I64, counts: I64, radius: int
) -> Iterator[Found]:
    """Compare each `left[i]` with `counts` hashes of `right` from `first` on."""
    order = _longest_first(counts)
    i, first, counts = i[order], first[order], counts[order]
    for start in range(0, len(i), TILE):
        some, begin, each = i[start : start + TILE], first[start : start + TILE], counts[start : start + TILE]
        mine = left[some]
        found = _Gathered()
        for lag, alive in enumerate(_reaching(each).tolist()):
            there = begin[:alive] + lag
            apart = mine[:alive] ^ right[there]
            close = np.flatnonzero(np.bitwise_count(apart) <= radius)
            yield from found.add(some[close], there[close], apart[close])
        yield found.rest()


def square(left: U64, right: U64 | None, radius: int, rows: range) -> Iterator[Block]:
    """Compare these rows of `left` with all of `right`, or, where that is None, with what follows each."""
    others = left if right is None else right
    wide = max(1, TILE // _HIGH)
    for top in range(rows.start, rows.stop, _HIGH):
        some = left[top : min(top + _HIGH, rows.stop), None]
        for start in range(top + 1 if right is None else 0, len(others), wide):
            close = np.bitwise_count(some ^ others[start : start + wide]) <= radius
            flat = np.flatnonzero(close)
            if len(flat):
                i, j = np.divmod(flat, close.shape[1])
                i, j = i + top, j + start
                after = j > i if right is None else slice(None)
                yield i[after], j[after]


class _Gathered:
    """Found pairs of many lags, given on together: most lags find few."""

    def __init__(self) -> None:
        self._parts: list[Found] = []
        self._number = 0

    def add(self, i: I64, j: I64, apart: U64) -> Iterator[Found]:
        """Keep them; yield what was kept when that is much."""
        if len(i):
            self._parts.append((i, j, apart))
            self._number += len(i)
            if self._number > TILE:
                yield self.rest()

    def rest(self) -> Found:
        """Return what was kept, and forget it."""
        parts, self._parts, self._number = self._parts, [], 0
        if not parts:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint64)
        i, j, apart = (np.concatenate(part) for part in zip(*parts, strict=True))
        return i, j, apart


def _at_lags(hashes: U64, lags: range, ends: Sequence[int], radius: int) -> Iterator[Found]:
    """Compare every hash before `ends[lag]`, which never grows, with the one `lag` places on."""
    apart = np.empty(TILE, np.uint64)
    bits = np.empty(TILE, np.uint8)
    for start in range(0, ends[lags.start] if lags else 0, TILE):
        found = _Gathered()
        for lag in lags:
            later = hashes[start + lag : min(start + TILE, ends[lag]) + lag]
            if not len(later):
                break
            some = np.bitwise_xor(hashes[start : start + len(later)], later, out=apart[: len(later)])
            close = np.flatnonzero(np.bitwise_count(some, out=bits[: len(later)]) <= radius)
            yield from found.add(close + start, close + (start + lag), some[close])
        yield found.rest()


def _lags_for_all(lengths: I64) -> int:
    """Return up to which lag to compare all hashes, before longer runs are picked out."""
    held = np.bincount(lengths) * np.arange(int(lengths.max()) + 1)  # hashes in runs of each length
    longer = np.append(held[::-1].cumsum()[::-1], (0, 0))  # in runs at least so long
    compared = longer[::-1].cumsum()[::-1]  # at all lags that runs at least so long reach
    lags = np.arange(len(longer) - 2)
    return int(np.argmin(LAG_NS * (lags * longer[0] + compared[2:]) + MOVE_NS * longer[2:]))


def _longest_first(lengths: I64) -> I64:
    return np.argsort(-lengths.astype(np.int16), kind="stable")  # of 16 bits: a radix sort


def _reaching(longest_first: I64) -> I64:
    """Return, for each lag from 0 on, how many are longer than it."""
    return np.searchsorted(-longest_first, -np.arange(int(longest_first.max(initial=0))), "left")
