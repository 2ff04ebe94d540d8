"""Hashes without repetition, and where each stood: however often one was given, it is compared once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hashindex.errors import InvalidArgumentError

Hashes = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

Block = tuple[I64, I64]
"""Some pairs: the first of each, and the second of each."""

BYTES = 8

MOST = (1 << 32) - 1
"""Hashes at most: a pair of their numbers is held in 64 bits."""

_LOW = np.uint64(32)
_NUMBER = np.uint64(MOST)

AT_A_TIME = 1 << 18
"""Pairs of members made in one step."""


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """Hashes without repetition, and where each one stood."""

    values: U64
    """Shape (u,), ascending: each hash as a number, its first byte the most significant."""
    members: I64
    """Shape (n,): indexes of the hashes given, first those of the first distinct hash, each ascending."""
    starts: I64
    """Shape (u + 1,): those of distinct hash k are `members[starts[k]:starts[k + 1]]`."""

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, hashes: Hashes, name: str = "hashes") -> "Distinct":
        """Take hashes, uint8 of shape (n, 8), which an error calls by `name`."""
        values = values_of(hashes, name)
        members = np.argsort(values, kind="stable")
        ascending = values[members]
        new = np.ones(len(values), np.bool_)
        np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
        starts = np.flatnonzero(new)
        return cls(ascending[starts], members, np.append(starts, len(values)))

    @property
    def hashes(self) -> Hashes:
        """Shape (u, 8), ascending: the distinct hashes themselves."""
        return self.values.astype(">u8").view(np.uint8).reshape(-1, BYTES)

    @property
    def sizes(self) -> I64:
        """Shape (u,): how often each was given."""
        return np.diff(self.starts)

    @property
    def pairs_inside(self) -> int:
        """How many pairs of members have the same hash."""
        sizes = self.sizes
        return int((sizes * (sizes - 1) // 2).sum())

    def sizes_of(self, numbers: I64) -> I64:
        """Return how often each of these was given."""
        return self.starts[numbers + 1] - self.starts[numbers]

    def members_of(self, k: int) -> I64:
        """Return the indexes, ascending, at which distinct hash `k` was given."""
        return self.members[self.starts[k] : self.starts[k + 1]]

    def inside(self) -> Iterator[Block]:
        """Yield the pairs of members, i < j, that have the same hash, so many at a time."""
        after = np.repeat(self.starts[1:], self.sizes) - np.arange(len(self.members)) - 1
        for place, number in _numbered(after):
            yield self.members[place], self.members[place + 1 + number]


def member_pairs(left: Distinct, right: Distinct, block: Block) -> Iterator[Block]:
    """Yield all members of the first of each pair with all of the second, so many at a time."""
    first, second = block
    height, width = left.sizes_of(first), right.sizes_of(second)
    if height.max(initial=1) == width.max(initial=1) == 1:  # as among random hashes: nothing to multiply
        yield left.members[left.starts[first]], right.members[right.starts[second]]
        return
    for pair, number in _numbered(height * width):
        down, across = np.divmod(number, width[pair])
        yield (
            left.members[left.starts[first[pair]] + down],
            right.members[right.starts[second[pair]] + across],
        )


def packed(i: I64, j: I64) -> U64:
    """Return pairs of numbers in 64 bits each, that sort as the pairs do."""
    return (i.astype(np.uint64) << _LOW) | j.astype(np.uint64)


def unpacked(pairs: U64) -> Block:
    """Return the pairs that were packed."""
    return (pairs >> _LOW).astype(np.int64), (pairs & _NUMBER).astype(np.int64)


def counted(starts: I64, counts: I64) -> I64:
    """Return starts[0], starts[0] + 1, ... (counts[0] of them), starts[1], ..."""
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    numbers: I64 = np.arange(total) + np.repeat(starts - (ends - counts), counts)
    return numbers


def values_of(hashes: Hashes, name: str) -> U64:
    """Check hashes, and return each as a number that sorts as its bytes do."""
    if not isinstance(hashes, np.ndarray) or hashes.dtype != np.uint8 or hashes.shape[1:] != (BYTES,):
        raise InvalidArgumentError(
            f"{name} must be a NumPy array, uint8 of shape (n, {BYTES}), not {_described(hashes)}."
        )
    if len(hashes) > MOST:
        raise InvalidArgumentError(f"{name} are {len(hashes):,}; at most {MOST:,} can be joined at once.")
    return np.ascontiguousarray(hashes).view(">u8").ravel().astype(np.uint64)


def _described(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__


def _numbered(counts: I64) -> Iterator[Block]:
    """Yield (0, 0), (0, 1) ... (0, counts[0] - 1), (1, 0) ... as two arrays, so many at a time."""
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    for start in range(0, total, AT_A_TIME):
        stop = min(start + AT_A_TIME, total)
        low, high = np.searchsorted(ends, (start, stop - 1), "right").tolist()
        inside = np.diff(np.clip(ends[low : high + 1], start, stop), prepend=start)
        which = np.repeat(np.arange(low, high + 1), inside)
        yield which, np.arange(start, stop) - (ends - counts)[which]
