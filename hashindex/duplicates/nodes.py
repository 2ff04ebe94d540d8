"""Pictures that need not be told from each other: a hundred thousand copies are one node, not 5e9 pairs."""

from dataclasses import dataclass

import numpy as np

from hashindex.confirming import LOW_CONTRAST
from hashindex.duplicates.columns import I64, U64, Mask, Pictures

Rows = I64
"""Numbers of rows of `Pictures`."""


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Rows as nodes: one for exact copies, and one for pictures whose three hashes are equal."""

    of_row: I64
    """Shape (n,): the node of each row."""
    row: Rows
    """Shape (k,): the row whose hashes stand for each node."""
    tells: Mask
    """Shape (k,): whether it says enough to be near to anything; else only exact copies are looked for."""
    exact: I64
    """Shape (e, 2): nodes of the two sides that hold the same bytes."""

    def __len__(self) -> int:
        return len(self.row)


def nodes_of(pictures: Pictures, side: Mask, apart: Mask) -> Nodes:
    """Make nodes of rows that are of the same `side`; where `apart` is true, of exact copies only.

    A bare hash without any bit is taken for what says nothing: that is the aHash of white, of black, and of
    every other picture of one colour.
    """
    number = len(pictures)
    seen, sides = pictures.seen.astype(np.uint64), side.astype(np.uint64)
    stands_for, across = _copies(pictures, sides)

    tells = np.where(pictures.seen, pictures.contrast >= LOW_CONTRAST, pictures.ahash != 0)
    rows = np.flatnonzero(tells & ~apart & (stands_for == np.arange(number)))
    rows = rows[_repeated(pictures.ahash[rows])]
    keys = (pictures.ahash, pictures.phash, pictures.dhash, seen, sides)
    rows = rows[np.lexsort([column[rows] for column in reversed(keys)])]
    alike = np.arange(number)
    alike[rows] = _first_of_run(rows, _equal_to_last(rows, *keys))
    stands_for = alike[stands_for]

    stand = stands_for == np.arange(number)
    numbers = stand.cumsum() - 1
    row = np.flatnonzero(stand)
    return Nodes(numbers[stands_for], row, tells[row], exact=numbers[stands_for[across]])


def _copies(pictures: Pictures, sides: U64) -> tuple[Rows, I64]:
    """Return which row of its side stands for the bytes of each row, and the pairs of rows of two sides."""
    high, low = pictures.digest[:, 0], pictures.digest[:, 1]
    rows = _repeated(high)
    rows = rows[(high[rows] != 0) | (low[rows] != 0)]
    # The hashes are keys too, so that the same row stands for copies whatever their order.
    keys = (high, low, sides, pictures.ahash, pictures.phash, pictures.dhash)
    rows = rows[np.lexsort([column[rows] for column in reversed(keys)])]
    same_bytes = _equal_to_last(rows, high, low)
    same = same_bytes & _equal_to_last(rows, sides)
    stands_for = np.arange(len(pictures))
    stands_for[rows] = _first_of_run(rows, same)
    across = np.flatnonzero(same_bytes & ~same)
    return stands_for, np.stack((rows[across - 1], rows[across]), axis=1)


def _repeated(values: U64) -> Rows:
    """Return the indexes of values that stand there more than once."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    same = np.zeros(len(values) + 1, np.bool_)
    np.equal(ascending[1:], ascending[:-1], out=same[1 : len(values)])
    return np.sort(order[same[1:] | same[:-1]])


def _equal_to_last(rows: Rows, *columns: U64) -> Mask:
    """Say of each row whether it equals the one before it in all columns."""
    same = np.ones(len(rows), np.bool_)
    same[:1] = False
    for column in columns:
        same[1:] &= column[rows[1:]] == column[rows[:-1]]
    return same


def _first_of_run(rows: Rows, same: Mask) -> Rows:
    starts = np.flatnonzero(~same)
    return rows[starts[(~same).cumsum() - 1]] if len(rows) else rows
