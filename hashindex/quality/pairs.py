"""All pairs of pictures, each looked up by its views among the others as they are stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hashindex.quality.looks import NONE, VIEWS, Distances, Flags, Hashes
from hashindex.views import View

_BLOCK = 200_000
"""Pairs that are compared at once; where a radius admits them all, and by every view, they take 170 MB."""

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, and the distances of their hashes in bits, by the view that brings them nearest."""

    left: str
    right: str
    distance: int | None
    """Of the aHashes. None, like the others, where one says too little: it is matched as exact only."""
    phash_distance: int | None
    dhash_distance: int | None
    view: View | None


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Pairs within a radius by their aHash, as arrays; a pair stands once for each view that finds it."""

    left: Places
    right: Places
    """The places of the two pictures; the left one is always the lower."""
    view: Places
    """The place in `VIEWS`."""
    distances: Distances
    """(pairs, 3)"""

    def where(self, which: Flags) -> "Near":
        """Return some of them."""
        return Near(self.left[which], self.right[which], self.view[which], self.distances[which])

    @property
    def joint(self) -> Places:
        """The sum of the three distances."""
        return np.asarray(self.distances.sum(axis=1, dtype=np.int64))

    def once(self, *, by_joint: bool = False) -> "Near":
        """Return each pair once, by the view that brings its aHash nearest, or all three hashes together."""
        first_by = [self.joint] if by_joint else []
        order = np.lexsort((self.view, *self.distances.T[::-1], *first_by, self.right, self.left))
        left, right = self.left[order], self.right[order]
        first = np.ones(len(order), np.bool_)
        first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
        return self.where(order[first])  # type: ignore[arg-type]  # places choose as flags do


def near_pairs(hashes: Hashes, usable: Flags, views: Flags, *, radius: int) -> Iterator[Near]:
    """Yield the pairs within a radius by their aHash, in blocks of pictures; a pair is in one block only.

    Args:
        hashes: (pictures, VIEWS, 3); what is stored is the first view.
        usable: (pictures, VIEWS): what says enough to be compared.
        views: Which of `VIEWS` are looked up. Either picture of a pair is looked up, the other is stored.
        radius: Greatest distance of the aHashes, bits.

    """
    number = len(hashes)
    rows = max(1, _BLOCK // max(1, number))
    for top in range(0, number, rows):
        these, those = slice(top, top + rows), slice(top, number)
        later = np.arange(top, min(top + rows, number))[:, None] < np.arange(top, number)
        found: list[Near] = []
        for view in np.flatnonzero(views):
            for left, right in {(0, int(view)), (int(view), 0)}:
                close = np.bitwise_count(hashes[these, left, None, 0] ^ hashes[those, right, 0]) <= radius
                close &= later & usable[these, left, None] & usable[those, right]
                i, j = (top + each for each in np.nonzero(close))
                apart = np.bitwise_count(hashes[i, left] ^ hashes[j, right])
                found.append(Near(i, j, np.full(len(i), view), apart))
        yield joined(found)


def joined(some: Sequence[Near]) -> Near:
    """Put them one behind the other."""
    names = ("left", "right", "view", "distances")
    return Near(*(np.concatenate([getattr(each, name) for each in some]) for name in names))


class NearestPairs:
    """Keeps the nearest of the pairs that it is given, by all three hashes together, and counts all."""

    def __init__(self, uris: Sequence[str], *, most: int) -> None:
        self._uris, self._most = uris, most
        self._kept: list[tuple[int, ...]] = []
        self.count = 0

    def add(self, some: Near) -> None:
        """Add pairs, each given once."""
        self.count += len(some.left)
        rows = np.column_stack((some.joint, some.distances, some.left, some.right, some.view))
        nearest = np.lexsort(rows.T[::-1])[: self._most]
        self._kept = sorted(self._kept + [tuple(row) for row in rows[nearest].tolist()])[: self._most]

    def named(self) -> tuple[Pair, ...]:
        """Return them, nearest first."""
        named = []
        for _, ahash, phash, dhash, left, right, view in self._kept:
            pair = self._uris[left], self._uris[right]
            if ahash == NONE:
                named.append(Pair(*pair, None, None, None, None))
            else:
                named.append(Pair(*pair, ahash, phash, dhash, VIEWS[view]))
        return tuple(named)
