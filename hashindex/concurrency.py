"""Work on many things at once, a bounded number in flight, results in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_WINDOW_PER_WORKER = 4
"""Results that may wait for a slow one before them, per worker: enough to keep every worker busy."""


def ordered_map(function: Callable[[T], R], items: Iterable[T], *, workers: int) -> Iterator[R]:
    """Yield `function(item)` for every item in order, computed by `workers` threads.

    Items are taken only as results are asked for, at most `4 * workers` ahead. When the consumer stops or an
    error passes, what has not begun is cancelled and what runs is left to end by itself.
    """
    waiting: deque[Future[R]] = deque()
    executor = ThreadPoolExecutor(workers, thread_name_prefix="hashindex")
    try:
        for item in items:
            waiting.append(executor.submit(function, item))
            if len(waiting) >= workers * _WINDOW_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
