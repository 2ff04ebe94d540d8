"""A count out of many, with the interval that it leaves for the true share."""

from dataclasses import dataclass
from functools import cache

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many, with a 95% interval.

    Clopper and Pearson's, which errs to the wide side. Where none or all were counted it is one-sided: none
    of n leaves at most about 3/n. It takes what was counted as independent of each other. Pairs of pictures
    are not: one that resembles everything makes many false ones, and one that is missed in a group of n is
    missed n - 1 times. So read intervals of pairs (false pairs, precision and recall of groups) as narrow.
    (Biometrika 26, 1934, 404-413; https://doi.org/10.1093/biomet/26.4.404)
    """

    count: int
    of: int

    @property
    def share(self) -> float | None:
        """None of nothing has no share."""
        return self.count / self.of if self.of else None

    @property
    def low(self) -> float:
        """Lower bound of the share."""
        return _interval(self.count, self.of)[0]

    @property
    def high(self) -> float:
        """Upper bound of the share."""
        return _interval(self.count, self.of)[1]


@cache
def _interval(count: int, of: int) -> tuple[float, float]:
    """Return the bounds of the share; all is possible where there was nothing to count."""
    from scipy.special import betaincinv

    left_out = 1 - CONFIDENCE if count in (0, of) else (1 - CONFIDENCE) / 2
    low = float(betaincinv(count, of - count + 1, left_out)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - left_out)) if count < of else 1.0
    return low, high
