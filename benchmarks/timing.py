"""Times that can be compared on a busy machine: the peers take turns, and medians are taken."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

Call = Callable[[int], object]
"""What is timed; it is given the number of its round, so that peers work on the same and rounds differ."""


def interleaved(
    calls: Mapping[str, Call], *, rounds: int, before: Call | None = None
) -> dict[str, list[float]]:
    """Return the seconds that each call took in each round.

    A first round is not counted. Every other round runs backwards, so that no call always follows the same.
    `before` is done before every call, and not timed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls.items())
    for number in range(-1, rounds):
        for name, call in order if number % 2 else reversed(order):
            if before:
                before(number)
            began = time.perf_counter()
            call(number)
            if number >= 0:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def paired_ratio(ours: Sequence[float], peer: Sequence[float]) -> float:
    """Return the median of the rounds' own ratios, unmoved by a machine that is slow for a while."""
    return median(mine / other for mine, other in zip(ours, peer, strict=True))
