"""Which rule finds most, for a number of false pairs that is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, log, log1p

import numpy as np

from hashindex.confirming import BITS, Rule
from hashindex.quality.intervals import CONFIDENCE, Proportion
from hashindex.quality.spread import Spread, accepted

RADII = range(21)
"""Of the aHash. Beyond, a twentieth of all pictures is a candidate."""

RULES = tuple(Rule(radius=BITS, joint_radius=joint) for joint in range(4, 73))
"""What is tried with each radius."""

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
    is_shown: bool
    """Even the upper bound of its false pairs is within what was asked for. Otherwise only the count is:
    there are too few pairs to show more."""


def pairs_to_show(per_million: float) -> int | None:
    """Return how many pairs without a false one show that a rate is kept; None where no number does."""
    return ceil(log(1 - CONFIDENCE) / log1p(-per_million / 1e6)) if per_million > 0 else None


def best_by_radius(strangers: Spread, copies: Spread, *, copied: int, per_million: float) -> Iterator[Choice]:
    """Yield the best rule for each radius of the aHash.

    That is the one with the greatest recall among those whose false pairs are few enough by their upper
    bound, or by their count where no rule's upper bound is; of equals the one with fewer false pairs, then
    with the smaller joint radius.

    Args:
        strangers: Pairs of different pictures.
        copies: Pictures and their copies; all kinds count the same.
        copied: How many copies there are, those too that cannot be compared.
        per_million: False pairs that may be taken, of a million.

    """
    pairs = int(strangers.sum())
    if not pairs or not copied:
        return
    most, is_shown = _most(pairs, per_million / 1e6)
    wrong, right = (np.array([accepted(each, rule) for rule in RULES]) for each in (strangers, copies))
    near = strangers.sum(axis=(1, 2)).cumsum()
    for radius in RADII:
        order = np.lexsort((wrong[:, radius], -right[:, radius]))  # stable: the smaller joint radius first
        fitting = order[wrong[order, radius] <= most]
        if len(fitting):
            best = fitting[0]
            yield Choice(
                rule=replace(RULES[best], radius=radius),
                false_pairs=Proportion(int(wrong[best, radius]), pairs),
                candidates=Proportion(int(near[radius]), pairs),
                recall=int(right[best, radius]) / copied,
                is_shown=is_shown,
            )


def recommended(choices: Sequence[Choice]) -> dict[str, Choice]:
    """Return the best within each limit on candidates, by what it is for; none that may exceed the limit."""
    found = {}
    for name, most in MOST_CANDIDATES.items():
        fitting = [each for each in choices if each.candidates.high <= most]
        if fitting:
            found[name] = max(fitting, key=lambda each: (each.recall, -each.rule.radius))
    return found


def _most(pairs: int, share: float) -> tuple[int, bool]:
    """Return how many false pairs may be seen, and whether that shows that the true share is within."""
    if Proportion(0, pairs).high > share:
        return int(share * pairs), False
    low, high = 0, int(share * pairs) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if Proportion(middle, pairs).high <= share else (low, middle)
    return low, True
