"""A count out of many, with the interval that it leaves for the true share."""

from dataclasses import dataclass
from functools import cached_property

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Proportion:
    """So many of so many, with a 95% interval.

    Clopper and Pearson's, which errs to the wide side. Where none or all were counted it is one-sided: none
    of n leaves at most about 3/n. It takes what was counted as independent of each other. Pairs of pictures
    are not quite: one picture that resembles everything makes many, so read intervals of false pairs as
    narrow. (Biometrika 26, 1934, 404-413; https://doi.org/10.1093/biomet/26.4.404)
    """

    count: int
    of: int

    @property
    def share(self) -> float | None:
        """None of nothing has no share."""
        return self.count / self.of if self.of else None

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound of the share; all is possible where there was nothing to count."""
        if not self.of:
            return 0.0, 1.0
        from scipy.stats import binomtest  # half a second

        side = {0: "less", self.of: "greater"}.get(self.count, "two-sided")
        found = binomtest(self.count, self.of, alternative=side).proportion_ci(CONFIDENCE, "exact")
        return float(found.low), float(found.high)

    @property
    def low(self) -> float:
        """Lower bound of the share."""
        return self.interval[0]

    @property
    def high(self) -> float:
        """Upper bound of the share."""
        return self.interval[1]
