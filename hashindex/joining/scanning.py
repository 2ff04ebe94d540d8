"""The join itself: pairs of distinct hashes within a radius, handed over as they are found, on all cores."""

import operator
import os
from collections.abc import Callable
from threading import Event

from hashindex.concurrency import ordered_map
from hashindex.errors import InvalidArgumentError
from hashindex.joining.bands import BITS
from hashindex.joining.distinct import I64, Distinct
from hashindex.joining.runs import Job, jobs

WORKSPACE_BYTES = 2 << 30
"""Memory that the threads may work in; fewer run at once where the hashes are so many."""
WORKSPACE_PER_HASH = 48
"""Bytes a thread works in, per distinct hash: what is sorted, its places, hashes and runs."""


def scan(left: Distinct, right: Distinct | None, radius: int, take: Callable[[I64, I64], object]) -> None:
    """Find every pair of distinct hashes within `radius` bits, exactly, each once, and give it to `take`.

    Pairs are of `left` with `right`, or, where that is None, among `left`, and then i < j. `take(i, j)` gets
    numbers of distinct hashes, int64, some pairs at a time, in no order; it is called from many threads at
    once. What it raises ends the scan and is raised. Nothing is kept here: memory is 48 bytes for each
    distinct hash and thread, however many pairs there are. That one side gave a hash twice is no pair;
    `Distinct.inside` has those, and `member_pairs` turns pairs of distinct hashes into those of members.

    InvalidArgumentError when the radius is not 0 to 64.
    """
    radius = _checked(radius)
    parts = jobs(left.values, None if right is None else right.values, radius)
    stopped = Event()

    def run(part: Job) -> None:
        try:
            for i, j in part():
                if stopped.is_set():
                    return
                take(i, j)
        except BaseException:
            stopped.set()  # the others need not work on until their turn comes
            raise

    hashes = len(left) + (0 if right is None else len(right))
    fitting = WORKSPACE_BYTES // (WORKSPACE_PER_HASH * max(hashes, 1))
    try:
        for _ in ordered_map(run, parts, workers=max(1, min(_cores(), fitting))):
            pass
    finally:
        stopped.set()  # after an error or an interruption, every thread ends at its next pairs


def _checked(radius: int) -> int:
    try:
        radius = operator.index(radius)
    except TypeError:
        raise InvalidArgumentError(f"radius must be a whole number of bits, not {radius!r}.") from None
    if not 0 <= radius <= BITS:
        raise InvalidArgumentError(f"radius must be 0 to {BITS} bits, not {radius}.")
    return radius


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
