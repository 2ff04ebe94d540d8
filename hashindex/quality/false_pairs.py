"""All pairs of different pictures: how far apart they are, and how often each search takes them for one."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hashindex.quality.asking import Asked
from hashindex.quality.looks import VIEWS
from hashindex.quality.pairs import Near, NearestPairs, Places, near_pairs
from hashindex.quality.population import Part, Population
from hashindex.quality.spread import SHAPE, spread

_ROWS = 300_000
"""Pairs that are counted at once."""

MOST_SHOWN = 100
"""Pairs that are named; the counts are of all."""


class FalsePairs:
    """What one search makes of all pairs of pictures that do not belong together."""

    def __init__(self, population: Population, asked: Asked) -> None:
        self._population, self._asked = population, asked
        self.accepted = np.zeros(len(Part), np.int64)
        """By `Part`: pairs that are taken for one picture."""
        self.candidates = 0
        """Pairs near enough by their aHash alone."""
        self.nearest = NearestPairs(population.uris, most=MOST_SHOWN)
        """Of those that are accepted."""

    def add(self, near: Near) -> None:
        """Judge pairs of different pictures."""
        asked = self._asked
        candidates = near.where(asked.views[near.view] & (near.distances[:, 0] <= asked.rule.radius))
        self.candidates += len(candidates.once().left)
        hits = candidates.where(asked.confirms(candidates)).once()
        self.accepted += np.bincount(_parts(self._population, hits.left, hits.right), minlength=len(Part))
        self.nearest.add(hits)


def false_pairs(population: Population, asked: Sequence[Asked], nearest: NearestPairs) -> list[FalsePairs]:
    """Compare every picture with every other, by every view; one group's pairs are left out.

    `nearest` gets all that are candidates of any search, taken for one picture or not.
    """
    found = [FalsePairs(population, one) for one in asked]
    radius = max(one.rule.radius for one in asked)
    every = np.ones(len(VIEWS), np.bool_)
    for near in near_pairs(population.hashes, population.usable, every, radius=radius):
        strangers = near.where(population.groups[near.left] != population.groups[near.right])
        for one in found:
            one.add(strangers)
        nearest.add(strangers.once(by_joint=True))
    return found


def spread_of_strangers(population: Population) -> npt.NDArray[np.int64]:
    """Return by `Part` the distances of all pairs of different pictures, as they are."""
    counted: npt.NDArray[np.int64] = np.zeros((len(Part), *SHAPE), np.int64)
    number = len(population.uris)
    rows = max(1, _ROWS // max(1, number))
    for top in range(0, number, rows):
        left, right = np.meshgrid(
            np.arange(top, min(top + rows, number)), np.arange(top, number), indexing="ij"
        )
        taken = (left < right) & (population.groups[left] != population.groups[right])
        left, right = left[taken], right[taken]
        apart = np.bitwise_count(population.hashes[left, 0] ^ population.hashes[right, 0])
        part = _parts(population, left, right)
        for each in Part:
            counted[each] += spread(apart[part == each])
    return counted


def _parts(population: Population, left: Places, right: Places) -> Places:
    halves = population.halves.astype(np.int64)
    return np.where(halves[left] == halves[right], halves[left], Part.ACROSS)
