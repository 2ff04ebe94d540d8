"""Calls that keep a core busy in Python, made by processes of our own."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Lock, Thread
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from hashindex.errors import ConfigurationError

P = ParamSpec("P")
R = TypeVar("R")


class Processes:
    """So many processes; where one is enough, calls are made by the callers, one at a time."""

    def __init__(self, number: int) -> None:
        self._turn = Lock()
        self._pool = (
            ProcessPoolExecutor(
                number, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
            )
            if number > 1
            else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=exc is None, cancel_futures=True)

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what it returns, once it is its turn; ConfigurationError when its process is killed."""
        if self._pool is None:
            with self._turn:
                return function(*args, **kwargs)
        try:
            return self._pool.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as exc:
            raise ConfigurationError(
                "a process that measures pictures was ended from outside, most likely for want of memory; "
                "lower HASHINDEX_WORKERS or HASHINDEX_MAX_PIXELS."
            ) from exc


def _end_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it does, however that comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()
