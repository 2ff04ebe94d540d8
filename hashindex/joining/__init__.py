"""All pairs of 64-bit hashes within a radius, exactly and each once. docs/joining.md explains how.

Here hashes become distinct ones, and pairs of distinct ones become pairs of those given. `scanning` finds the
pairs on all cores, `plan` chooses by cost how to cut 64 bits into bands, `bands` cuts, `runs` sorts by bands,
and `compare` compares what then stands together.
"""

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from hashindex.errors import InvalidArgumentError
from hashindex.joining.distinct import (
    AT_A_TIME,
    I64,
    U64,
    Block,
    Distinct,
    Hashes,
    member_pairs,
    packed,
    unpacked,
    values_of,
)
from hashindex.joining.scanning import scan

__all__ = ["MAX_PAIRS", "Distinct", "Join", "join_between", "join_within", "pairs_between", "pairs_within"]

Pairs = npt.NDArray[np.int64]
Distances = npt.NDArray[np.uint8]

MAX_PAIRS = 50_000_000
"""Pairs at most where nothing else is asked for: 850 MB, and up to twice that while they are made."""


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """Pairs among distinct hashes: what repeats is one node, however often it was given."""

    left: Distinct
    right: Distinct
    """The same object as `left` where hashes were joined among themselves."""
    pairs: Pairs
    """Shape (p, 2), sorted: numbers of distinct hashes of left, and of right; within one side i < j.

    That one side gave a hash twice is no pair here; its `members` say it.
    """
    distances: Distances
    """Shape (p,), bits; 0 only between two sides."""

    @property
    def total(self) -> int:
        """How many pairs there are of the hashes given, repetitions and all."""
        first, second = self.pairs.T
        pairs = int((self.left.sizes_of(first) * self.right.sizes_of(second)).sum())
        return pairs + (self.left.pairs_inside if self.right is self.left else 0)


def pairs_within(hashes: Hashes, radius: int, *, max_pairs: int = MAX_PAIRS) -> tuple[Pairs, Distances]:
    """Return every pair of hashes within `radius` bits, exactly, each once.

    `hashes` is uint8 of shape (n, 8). Returns pairs, int64 of shape (m, 2), indexes `i < j`, sorted by i,
    then j; and their distances in bits, uint8 of shape (m,).

    InvalidArgumentError when there are more than `max_pairs`; it says how many, for which they are counted to
    the end, though no longer kept.
    """
    distinct = Distinct.of(hashes)
    found = _Found(distinct, None, max_pairs, of_members=True)
    scan(distinct, None, radius, found.take)
    expanded = found.of_members()
    values = values_of(hashes, "hashes")
    return _sorted(expanded, values, values)


def pairs_between(
    left: Hashes, right: Hashes, radius: int, *, max_pairs: int = MAX_PAIRS
) -> tuple[Pairs, Distances]:
    """Return every pair of a hash of `left` and one of `right` within `radius` bits, exactly, each once.

    Pairs inside either are not looked for. Both are uint8 of shape (n, 8). Returns pairs, int64 of shape
    (m, 2), indexes into left and right, sorted; and distances in bits, uint8 of shape (m,). Errors as
    `pairs_within`.
    """
    ours, theirs = Distinct.of(left, "left"), Distinct.of(right, "right")
    found = _Found(ours, theirs, max_pairs, of_members=True)
    scan(ours, theirs, radius, found.take)
    return _sorted(found.of_members(), values_of(left, "left"), values_of(right, "right"))


def join_within(hashes: Hashes, radius: int, *, max_pairs: int = MAX_PAIRS) -> Join:
    """Return the pairs of distinct hashes within `radius` bits, and where each hash was given.

    As `pairs_within`, but a hash that was given a hundred thousand times is one node, and `max_pairs` counts
    pairs of distinct hashes. Where even those are too many to hold, `scanning.scan` gives them as they are
    found.
    """
    distinct = Distinct.of(hashes)
    found = _Found(distinct, None, max_pairs)
    scan(distinct, None, radius, found.take)
    return Join(distinct, distinct, *_sorted(found.together(), distinct.values, distinct.values))


def join_between(left: Hashes, right: Hashes, radius: int, *, max_pairs: int = MAX_PAIRS) -> Join:
    """Return the pairs of distinct hashes of `left` with those of `right`; else as `join_within`."""
    ours, theirs = Distinct.of(left, "left"), Distinct.of(right, "right")
    found = _Found(ours, theirs, max_pairs)
    scan(ours, theirs, radius, found.take)
    return Join(ours, theirs, *_sorted(found.together(), ours.values, theirs.values))


class _Found:
    """Pairs as left << 32 | right, kept while they are no more than allowed, and counted to the end."""

    def __init__(
        self, left: Distinct, right: Distinct | None, max_pairs: int, *, of_members: bool = False
    ) -> None:
        try:
            self._most = operator.index(max_pairs)
        except TypeError:
            raise InvalidArgumentError(f"max_pairs must be a whole number, not {max_pairs!r}.") from None
        if self._most < 0:
            raise InvalidArgumentError(f"max_pairs must be 0 or more, not {max_pairs}.")
        self._left, self._right = left, left if right is None else right
        self._within, self._of_members = right is None, of_members
        self._number = left.pairs_inside if of_members and right is None else 0
        self._blocks: list[U64] = []
        self._lock = Lock()

    def take(self, i: I64, j: I64) -> None:
        """Count pairs of distinct hashes, or, where that is asked for, of their members."""
        number = self._weight(i, j)
        pairs = packed(i, j)
        with self._lock:
            self._number += number
            if self._number <= self._most:
                self._blocks.append(pairs)
            else:
                self._blocks.clear()

    def _weight(self, i: I64, j: I64) -> int:
        return int((self._left.sizes_of(i) * self._right.sizes_of(j)).sum()) if self._of_members else len(i)

    def together(self) -> U64:
        """Return the pairs of distinct hashes, in no order; InvalidArgumentError where they are too many."""
        if self._number > self._most:
            raise InvalidArgumentError(
                f"there are {self._number:,} pairs within the radius, more than max_pairs, {self._most:,}:"
                " take a smaller radius or a greater max_pairs."
            )
        pairs = np.empty(sum(map(len, self._blocks)), np.uint64)
        filled = 0
        while self._blocks:  # each goes when it is copied, so that pairs are not held twice
            block = self._blocks.pop()
            pairs[filled : filled + len(block)] = block
            filled += len(block)
        return pairs

    def of_members(self) -> U64:
        """Return the same of members."""
        found = self.together()
        expanded = np.empty(self._number, np.uint64)
        filled = 0
        for i, j in self._expanded(found):
            first, second = (np.minimum(i, j), np.maximum(i, j)) if self._within else (i, j)
            expanded[filled : filled + len(i)] = packed(first, second)
            filled += len(i)
        assert filled == len(expanded)
        return expanded

    def _expanded(self, found: U64) -> Iterator[Block]:
        for start in range(0, len(found), AT_A_TIME):
            yield from member_pairs(self._left, self._right, unpacked(found[start : start + AT_A_TIME]))
        if self._within:
            yield from self._left.inside()


def _sorted(found: U64, left: U64, right: U64) -> tuple[Pairs, Distances]:
    """Sort pairs in place, and measure them."""
    found.sort()
    pairs = np.empty((len(found), 2), np.int64)
    distances = np.empty(len(found), np.uint8)
    for start in range(0, len(found), AT_A_TIME):
        part = slice(start, start + AT_A_TIME)
        i, j = unpacked(found[part])
        pairs[part, 0], pairs[part, 1] = i, j
        np.bitwise_count(left[i] ^ right[j], out=distances[part])
    return pairs, distances
