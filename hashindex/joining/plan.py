"""How to cut 64 bits into bands, so that the join over them costs least: weighed on the data itself.

Two hashes within `radius` bits differ in at most `radius` of `bands` bands, so they agree on at least
`bands - radius` of them. A plan sorts once for every choice of `agree` bands out of `bands`, and compares
what agrees on those. More bands to agree on: more sorts, fewer comparisons.

Source: Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", 2014; with
more than one band to agree on, Manku, Jain, Das Sarma, "Detecting Near-Duplicates for Web Crawling", 2007.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hashindex.joining.bands import BITS, Banding, BitStatistics, Plan
from hashindex.joining.distinct import U64

SORT_NS = 20.0
"""Sorting one hash by one choice of bands, and putting it in its place."""
COMPARE_NS = 1.3
"""Comparing two hashes that agree on the bands chosen."""
BRUTE_NS = 0.9
"""Comparing two hashes where all are compared with all. All three: measured on an AVX-512 machine, one
thread, NumPy 2.4; only their ratios matter."""
OVERHEAD_NS = 250_000.0
"""One choice of bands, however few the hashes: some thirty calls of NumPy."""

SAMPLE = 16_384
"""Hashes looked at to see how many fall together."""
CHOICES_SEEN = 12
"""Choices of bands that are tried on the sample, of each plan that is weighed."""
MOST_AGREE = 6
MOST_EXTRA_BANDS = 8
"""Bands beyond the `radius + agree` that a plan needs at least; no optimum was seen beyond half of it."""


def banding_for(left: U64, right: U64 | None, radius: int) -> Banding | None:
    """Return the cheapest banding to join `left` with `right`, or with itself; None to compare all with all.

    Plans are weighed in the order of what they would cost on random hashes, which none undercuts, until the
    next could not beat the best.
    """
    sides = Sides.of(left, right)
    best, least = None, sides.comparisons * BRUTE_NS
    bits = None
    for floor, plan in sorted(_plans(sides, radius), key=lambda item: item[0]):
        if floor >= least:
            break
        if bits is None:
            bits = BitStatistics.of(sides.sample)
        banding = Banding(plan, bits.dealt(plan.bands))
        cost = sides.fixed_cost(plan) + sides.collisions(banding) * COMPARE_NS
        if cost < least:
            best, least = banding, cost
    return best


def _plans(sides: "Sides", radius: int) -> Iterator[tuple[float, Plan]]:
    for agree in range(1, MOST_AGREE + 1):
        fewest = radius + agree
        for bands in range(fewest, min(fewest + MOST_EXTRA_BANDS, BITS) + 1):
            plan = Plan(bands, agree)
            floor = sides.comparisons * plan.choices / 2.0 ** (BITS * agree / bands)
            yield sides.fixed_cost(plan) + floor * COMPARE_NS, plan


@dataclass(frozen=True, slots=True)
class Sides:
    """What is joined, as far as its cost goes."""

    left: U64
    right: U64 | None
    """A sample of each; right is None where left is joined with itself."""
    sorted_each_time: int
    comparisons: float
    """Of all with all."""
    comparisons_in_sample: float

    @classmethod
    def of(cls, left: U64, right: U64 | None) -> "Sides":
        """Take samples."""
        some = _sampled(left)
        if right is None:
            return cls(some, None, len(left), _half(len(left)), _half(len(some)))
        other = _sampled(right)
        return cls(some, other, len(left) + len(right), len(left) * len(right), float(len(some) * len(other)))

    @property
    def sample(self) -> U64:
        """Hashes of both sides."""
        return self.left if self.right is None else np.concatenate((self.left, self.right))

    def fixed_cost(self, plan: Plan) -> float:
        """Return nanoseconds of all but the comparisons."""
        return plan.choices * (OVERHEAD_NS + self.sorted_each_time * SORT_NS)

    def collisions(self, banding: Banding) -> float:
        """Return how many pairs will fall together, over all choices of bands."""
        plan = banding.plan
        if plan.choices <= CHOICES_SEEN:
            some = list(combinations(range(plan.bands), plan.agree))
        else:
            draw = np.random.default_rng(0)
            some = [tuple(sorted(draw.permutation(plan.bands)[: plan.agree])) for _ in range(CHOICES_SEEN)]
        left = banding.moved(self.left)
        right = None if self.right is None else banding.moved(self.right)
        found = 0.0
        for choice in some:
            keys = banding.keys(left, choice, BITS)
            if right is None:
                _, counts = np.unique(keys, return_counts=True)
                found += float((counts * (counts - 1.0) / 2).sum())
            else:
                keys.sort()
                others = banding.keys(right, choice, BITS)
                found += float((np.searchsorted(keys, others, "right") - np.searchsorted(keys, others)).sum())
        seen = found / len(some) / max(self.comparisons_in_sample, 1.0)
        # A sample too small to see any collision still knows that there are as many as in random hashes.
        share = max(seen, float(2.0 ** (-BITS * plan.agree / plan.bands)))
        return plan.choices * self.comparisons * share


def _sampled(hashes: U64) -> U64:
    if len(hashes) <= SAMPLE:
        return hashes
    return hashes[np.random.default_rng(0).choice(len(hashes), SAMPLE, replace=False)]


def _half(number: int) -> float:
    return number * (number - 1) / 2
