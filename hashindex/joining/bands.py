"""Bands: 64 bits cut so that each says about as much, and how they are taken from many hashes at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hashindex.joining.distinct import U64

BITS = 64

CORRELATED = 4_096
"""Hashes looked at to see which bits repeat which."""
CONSTANT = 1e-9
"""A bit of no greater variance is the same everywhere in the sample."""


@dataclass(frozen=True, slots=True)
class Plan:
    """So many bands, of which so many must agree."""

    bands: int
    agree: int

    @property
    def choices(self) -> int:
        """How many choices of bands there are, each sorted for once."""
        return math.comb(self.bands, self.agree)


@dataclass(frozen=True, slots=True)
class Banding:
    """Which bits stand in which band: band b is bits `edges[b]` up to `edges[b + 1]` of a moved hash."""

    plan: Plan
    order: tuple[int, ...]
    """The bit of a hash that becomes bit 0, 1, ... of a moved one."""

    @property
    def edges(self) -> list[int]:
        """Where bands begin, and 64."""
        return [-(-BITS * band // self.plan.bands) for band in range(self.plan.bands + 1)]

    def masks(self) -> list[np.uint64]:
        """Return the bits of each band."""
        edges = self.edges
        return [_ones(end - start) << np.uint64(start) for start, end in pairwise(edges)]

    def moved(self, hashes: U64) -> U64:
        """Return the hashes with their bits in the bands' order; distances stay what they are."""
        return moved(hashes, self.order)

    def keys(self, hashes: U64, choice: Sequence[int], most_bits: int) -> U64:
        """Return the bits of the bands chosen, of moved hashes, as one number of at most `most_bits` bits.

        Where they do not fit, each band gives fewer: more falls together, and nothing is missed.
        """
        edges, share = self.edges, most_bits // len(choice)
        keys = np.zeros(len(hashes), np.uint64)
        for band in choice:
            width = min(edges[band + 1] - edges[band], share)
            keys <<= np.uint64(width)
            keys |= (hashes >> np.uint64(edges[band])) & _ones(width)
        return keys


def moved(hashes: U64, order: Sequence[int]) -> U64:
    """Return the hashes with bit `order[i]` as bit i, a byte at a time through tables."""
    result = np.zeros(len(hashes), np.uint64)
    place = np.empty(BITS, np.uint64)
    place[list(order)] = np.arange(BITS, dtype=np.uint64)
    byte = np.arange(256, dtype=np.uint64)
    for first in range(0, BITS, 8):
        table = np.zeros(256, np.uint64)
        for bit in range(8):
            table |= ((byte >> np.uint64(bit)) & np.uint64(1)) << place[first + bit]
        result |= table[((hashes >> np.uint64(first)) & np.uint64(255)).astype(np.intp)]
    return result


@dataclass(frozen=True, slots=True)
class BitStatistics:
    """How much each bit says, and how much of it others say too."""

    spread: npt.NDArray[np.float64]
    """Shape (64,): the variance of each bit; 0.25 is a fair coin."""
    shared: npt.NDArray[np.float64]
    """Shape (64, 64): squared correlations, 0 with itself."""

    @classmethod
    def of(cls, hashes: U64) -> "BitStatistics":
        """Measure them."""
        some = hashes[:: -(-len(hashes) // CORRELATED)]
        octets = some.astype("<u8").view(np.uint8).reshape(-1, 8)
        columns = np.packbits(np.unpackbits(octets, axis=1, bitorder="little").T, axis=1)
        both = np.bitwise_count(columns[:, None] & columns[None]).sum(axis=2, dtype=np.float64) / len(some)
        mean = both.diagonal()
        covariance = both - np.outer(mean, mean)
        spread = covariance.diagonal().copy()
        scale = np.sqrt(np.outer(spread, spread))
        shared = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > CONSTANT) ** 2
        np.fill_diagonal(shared, 0.0)
        return cls(spread, shared)

    def dealt(self, bands: int) -> tuple[int, ...]:
        """Deal the bits out to bands that all say about as much; return the order of `Banding`.

        Bits that say most are dealt first, one to each band a round, each to the band whose bits it repeats
        least. Neighbouring bits of photographs repeat each other: bands of neighbours would crowd.
        """
        edges = Banding(Plan(bands, 1), ()).edges
        room = np.diff(edges)
        members: list[list[int]] = [[] for _ in range(bands)]
        repeated = np.zeros((bands, BITS))
        for bit in np.argsort(-self.spread, kind="stable").tolist():
            held = np.array([len(band) for band in members])
            open_now = held == held[held < room].min()
            open_now &= held < room
            band = int(np.argmin(np.where(open_now, repeated[:, bit], np.inf)))
            members[band].append(bit)
            repeated[band] += self.shared[bit]
        return tuple(bit for band in members for bit in band)


def _ones(width: int) -> np.uint64:
    return np.uint64((1 << width) - 1)
