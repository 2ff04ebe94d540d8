"""The account of a run: how many of its items ended how, and the first rejects."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from hashindex.outcomes import Ignored, Imported, Reject, Removed, Taken

FIRST_REJECTS = 100
"""How many rejects a report keeps; `each` sees all of them."""

T = TypeVar("T", bound=Taken | Imported | Reject | Removed | Ignored)


def tally(items: Iterable[T], each: Callable[[T], object] | None) -> tuple[Counter[str], tuple[Reject, ...]]:
    """Call `each` with every item; return the counts by the names that reports use, and the first rejects."""
    counts: Counter[str] = Counter()
    rejects: list[Reject] = []
    for item in items:
        counts[_outcome(item)] += 1
        if isinstance(item, Reject) and len(rejects) < FIRST_REJECTS:
            rejects.append(item)
        if each:
            each(item)
    return counts, tuple(rejects)


def _outcome(item: Taken | Imported | Reject | Removed | Ignored) -> str:
    if isinstance(item, Taken | Imported):
        return item.outcome.value
    if isinstance(item, Reject):
        return "rejected"
    return "removed" if isinstance(item, Removed) else "ignored"
