"""Distances counted by their three values, so that any rule can be judged without the pictures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hashindex.confirming import BITS, Rule
from hashindex.quality.intervals import Proportion
from hashindex.quality.looks import Distances

SHAPE = (BITS + 1,) * 3

Spread = npt.NDArray[np.int64]
"""(65, 65, 65): how often each three distances (aHash, pHash, dHash) came together."""

RADII = range(33)
"""Half of the bits: beyond, strangers are as near as copies."""

_GRID = np.indices(SHAPE, dtype=np.uint8)
"""The three distances of every cell."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One hash alone: what it finds and what it confuses."""

    name: str
    false_pairs: tuple[Proportion, ...]
    """By radius: pairs of different pictures within it."""
    recall: tuple[Proportion, ...]
    """By radius: copies within it."""


def spread(distances: Distances) -> Spread:
    """Count distances (..., 3); those to what cannot be compared are left out."""
    near = distances[(distances <= BITS).all(axis=-1)].astype(np.int64)
    cells = np.bincount(np.ravel_multi_index(tuple(near.T), SHAPE), minlength=(BITS + 1) ** 3)
    return cells.reshape(SHAPE)


def accepted(counted: Spread, rule: Rule) -> npt.NDArray[np.int64]:
    """Return (65) how many distances a rule accepts, by radius of the aHash in place of its own."""
    return np.asarray((counted * rule.confirms(*_GRID)).sum(axis=(1, 2)).cumsum())


def curves(pairs: Spread, copies: Spread, *, copied: int) -> tuple[Curve, ...]:
    """Return the curves of the three hashes, from different pictures and from so many copies."""
    found = []
    for axis, name in enumerate(("aHash", "pHash", "dHash")):
        others = tuple(each for each in range(3) if each != axis)
        wrong, right = (each.sum(axis=others).cumsum() for each in (pairs, copies))
        found.append(
            Curve(
                name,
                tuple(Proportion(int(wrong[radius]), int(wrong[-1])) for radius in RADII),
                tuple(Proportion(int(right[radius]), copied) for radius in RADII),
            )
        )
    return tuple(found)
