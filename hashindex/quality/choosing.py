"""Which rule finds most, for a number of false pairs that is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log, log1p

import numpy as np
import numpy.typing as npt

from hashindex.confirming import BITS, Rule
from hashindex.quality.intervals import CONFIDENCE, Proportion
from hashindex.quality.spread import Spread, accepted

RADII = range(21)
"""Of the aHash. At 20, 7% of all pairs of 1,605 photographs are candidates."""

JOINTS = np.arange(4, 73)
"""Joint radii that are tried with each of them."""

_TAIL = (5, 500)
"""How many false pairs, by a joint radius, are enough and few enough to tell how fast they fall off."""
_POINTS = 3
"""Different numbers of them that a line is drawn through."""

MOST_CANDIDATES = {"narrow": 0.003, "wide": 0.03}
"""Greatest share of all entries that a search may have to look at, by what a rule is for: 300 and 3,000 of a
hundred thousand."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule, by what it did on the tuning half."""

    rule: Rule
    false_pairs: Proportion
    candidates: Proportion
    recall: float
    """Of all copies."""
    expected: float
    """Share of false pairs to expect of other pictures: as counted, or more by how they fall off."""
    is_shown: bool
    """Even the upper bound of what was counted is within what was asked for."""


def pairs_to_show(per_million: float) -> int | None:
    """Return how many pairs without a false one show that a rate is kept; None where no number does."""
    return ceil(log(1 - CONFIDENCE) / log1p(-per_million / 1e6)) if per_million > 0 else None


class Fall:
    """How false pairs become fewer towards nearer pairs, and so how many are to be expected of a rule."""

    def __init__(self, strangers: Spread) -> None:
        self.counts = _by_joint(strangers)
        """Pairs that are taken for one picture: a row for each of `JOINTS`, a column for each radius."""
        self.pairs = int(strangers.sum())

    def expected(self, radius: int) -> npt.NDArray[np.float64]:
        """Return the share of false pairs to expect of other pictures, for each of `JOINTS`.

        A line through the logarithms of what was counted, drawn on to where little or nothing was. Towards
        nearer pairs their number mostly falls off faster than exponentially, and then this errs to the safe
        side: it does within 8 bits of aHash, not always within 16 (docs/quality.md). Where there is nothing
        to draw it through, it is the upper bound of what was counted.
        """
        counts = self.counts[:, radius]
        few, many = _TAIL
        tail = (counts >= few) & (counts <= many)
        if len(np.unique(counts[tail])) < _POINTS:
            return np.array([Proportion(int(count), self.pairs).high for count in counts])
        slope, base = np.polyfit(JOINTS[tail], np.log(counts[tail]), 1)
        return np.asarray(np.maximum(counts, np.exp(base + slope * JOINTS)) / self.pairs)

    def of(self, rule: Rule) -> float:
        """Return that of a rule with one of `JOINTS`."""
        return float(self.expected(rule.radius)[rule.joint_radius - JOINTS[0]])


def _by_joint(counted: Spread) -> npt.NDArray[np.int64]:
    rules = (Rule(radius=BITS, joint_radius=int(joint)) for joint in JOINTS)
    return np.array([accepted(counted, rule) for rule in rules])


def best_by_radius(strangers: Spread, copies: Spread, *, copied: int, per_million: float) -> Iterator[Choice]:
    """Yield the best rule for each radius of the aHash, if any does.

    That is the one with the greatest recall among those of which few enough false pairs are to be expected;
    of equals the one with the smaller joint radius.

    Args:
        strangers: Pairs of different pictures.
        copies: Pictures and their copies; all kinds count the same.
        copied: How many copies there are, those too that cannot be compared.
        per_million: False pairs that may be taken, of a million.

    """
    fall = Fall(strangers)
    if not copied:
        return
    share = per_million / 1e6
    right = _by_joint(copies)
    near = strangers.sum(axis=(1, 2)).cumsum()
    for radius in RADII:
        expected = fall.expected(radius)
        fitting = np.flatnonzero(expected <= share)
        if len(fitting):
            best = fitting[right[fitting, radius].argmax()]  # the first of equals
            false_pairs = Proportion(int(fall.counts[best, radius]), fall.pairs)
            yield Choice(
                rule=Rule(radius=radius, joint_radius=int(JOINTS[best])),
                false_pairs=false_pairs,
                candidates=Proportion(int(near[radius]), fall.pairs),
                recall=int(right[best, radius]) / copied,
                expected=float(expected[best]),
                is_shown=false_pairs.high <= share,
            )


def recommended(choices: Sequence[Choice]) -> dict[str, Choice]:
    """Return the best within each limit on candidates, by what it is for; none that may exceed the limit."""
    found = {}
    for name, most in MOST_CANDIDATES.items():
        fitting = [each for each in choices if each.candidates.high <= most]
        if fitting:
            found[name] = max(fitting, key=lambda each: (each.recall, -each.rule.radius))
    return found
