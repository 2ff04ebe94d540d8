"""What is joined in tests, and the plain answer."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from hashindex.joining.bands import BITS, Banding, BitStatistics, Plan
from hashindex.joining.distinct import U64
from hashindex.joining.runs import Job, banded_jobs

Hashes = npt.NDArray[np.uint8]
Found = list[tuple[int, int, int]]
"""i, j, distance; sorted."""

BRUTE_ROWS = 256

PLAIN_ORDER = tuple(range(BITS))


def hashes_of(values: Sequence[int] | U64) -> Hashes:
    return np.array(values, dtype=np.uint64).astype(">u8").view(np.uint8).reshape(-1, 8)


def values_of(hashes: Hashes) -> U64:
    return np.ascontiguousarray(hashes).view(">u8").ravel().astype(np.uint64)


def brute_within(hashes: Hashes, radius: int) -> Found:
    return [(i, j, apart) for i, j, apart in brute_between(hashes, hashes, radius) if i < j]


def brute_between(left: Hashes, right: Hashes, radius: int) -> Found:
    """Compare all with all, bit by bit."""
    ours, theirs = (np.unpackbits(side, axis=1) for side in (left, right))
    found: Found = []
    for start in range(0, len(ours), BRUTE_ROWS):
        apart = (ours[start : start + BRUTE_ROWS, None] != theirs[None]).sum(axis=2)
        i, j = np.nonzero(apart <= radius)
        found += zip((i + start).tolist(), j.tolist(), apart[i, j].tolist(), strict=True)
    return found


def listed(answer: tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]) -> Found:
    pairs, distances = answer
    return [(i, j, apart) for (i, j), apart in zip(pairs.tolist(), distances.tolist(), strict=True)]


def met(parts: Sequence[Job]) -> list[tuple[int, int]]:
    """Do jobs one after the other; return the pairs of places as often as they came, sorted."""
    return sorted(
        pair for part in parts for i, j in part() for pair in zip(i.tolist(), j.tolist(), strict=True)
    )


def forced(values: U64, others: U64 | None, radius: int, plan: Plan, *, dealt: bool) -> list[Job]:
    """Return the jobs of a plan that is given; bits dealt as the planner does, or in their own order."""
    order = BitStatistics.of(values).dealt(plan.bands) if dealt and len(values) else PLAIN_ORDER
    return banded_jobs(values, others, radius, Banding(plan, order))


def plans(radius: int, *, most_choices: int) -> Iterator[Plan]:
    """Yield every plan that finds all pairs within the radius, of so many choices at most."""
    for agree in range(1, 7):
        for bands in range(radius + agree, min(radius + agree + 8, BITS) + 1):
            plan = Plan(bands, agree)
            if plan.choices <= most_choices:
                yield plan


def around_edges(centre: int, plan: Plan, radius: int) -> list[int]:
    """Return the centre; it with one bit turned, at each side of every band's edge; and with more of them.

    Turned bits go one to a band first: those that are `radius` away agree on as few bands as they can.
    """
    edges = Banding(plan, PLAIN_ORDER).edges
    sides = sorted({bit % BITS for edge in edges for bit in (edge - 1, edge, edge + 1)})
    values = {centre, *(centre ^ (1 << bit) for bit in sides)}
    for side in (edges[:-1], [edge - 1 for edge in edges[1:]], sides):
        for number in (radius - 1, radius, radius + 1):
            turned = sum(1 << bit for bit in dict.fromkeys(side[: max(number, 0)]))
            values |= {centre ^ turned, centre ^ turned ^ (1 << BITS - 1)}
    return sorted(values)
