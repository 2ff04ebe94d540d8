"""Work on many things at once, a bounded number in flight."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Condition
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


class Jobs:
    """Calls under way in any number of executors, each with what is to be done with its result."""

    def __init__(self) -> None:
        self._ended: SimpleQueue[tuple[Future[object], Callable[[object], object]]] = SimpleQueue()
        self._number = 0

    def __len__(self) -> int:
        """Return how many calls have not been handed to their `then` yet."""
        return self._number

    def start(
        self, executor: Executor, call: Callable[[T], R], item: T, *, then: Callable[[R], object]
    ) -> None:
        """Call it in the executor; `then` gets the result, in the thread that calls `handle_next`."""
        self._number += 1
        executor.submit(call, item).add_done_callback(lambda future: self._ended.put((future, then)))  # type: ignore[arg-type]  # `then` takes what this very call returns

    def handle_next(self, *, within_seconds: float | None = None) -> None:
        """Wait until a call has ended and handle its result; raise what it raised. Give up after a while."""
        try:
            future, then = self._ended.get(timeout=within_seconds)
        except Empty:
            return
        self._number -= 1
        then(future.result())


class Budget:
    """Lets things be held together while their sizes add up to no more than a capacity.

    What is larger than the capacity is let in alone, so that nothing waits for ever.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity, self._spent = capacity, 0
        self._freed = Condition()

    @contextmanager
    def account(self) -> Iterator[Callable[[int], None]]:
        """Give a function that spends a size, waiting until it fits; it is given back at the end.

        Called again, it gives back first: two that each hold a part and wait for more would wait for ever.
        """
        held = 0

        def spend(size: int) -> None:
            nonlocal held
            with self._freed:
                self._spent -= held
                self._freed.notify_all()
                self._freed.wait_for(lambda: not self._spent or self._spent + size <= self._capacity)
                self._spent += size
                held = size

        try:
            yield spend
        finally:
            with self._freed:
                self._spent -= held
                self._freed.notify_all()
