"""How far long work is: a bar on a terminal, a line now and then elsewhere, both on stderr."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from hashindex.cli.output import say
from hashindex.errors import HashIndexError

PATIENCE_SECONDS = 1.0
"""Work that is done within this shows no progress."""

LINE_SECONDS = 10.0
"""Between two lines where stderr is no terminal."""

_REFRESH_SECONDS = 0.2
_RATE_SECONDS = 30.0
"""The rate, and the time left, are of the last half minute: what is skipped goes faster than what is read."""


class Progress:
    """What has been done. Counted by the thread that works, read by the one that shows it."""

    def __init__(self, what: str, then: str | None = None) -> None:
        self._what, self._then = what, then
        self.done = 0
        """Pictures of any outcome."""
        self.size = 0
        """Bytes read."""
        self.rejected = 0
        self.total: int | None = None
        """Pictures in all, where that is known."""
        self._past = deque([(time.monotonic(), 0)])

    def add(self, number: int = 1, *, size: int = 0, rejected: bool = False) -> None:
        """Count more pictures."""
        self.done += number
        self.size += size
        self.rejected += rejected

    def said(self) -> str:
        """Return it as words; each call adds to what the rate is taken of."""
        now, done = time.monotonic(), self.done
        if self._then and done == self.total:
            return f"{self._then}: {done:,} pictures"
        self._past.append((now, done))
        while self._past[0][0] < now - _RATE_SECONDS and len(self._past) > 2:  # noqa: PLR2004  # the ends of a span
            self._past.popleft()
        began, before = self._past[0]
        rate = (done - before) / max(now - began, 1e-3)
        parts = [f"{done:,} pictures" if self.total is None else f"{done:,} of {self.total:,} pictures"]
        parts.append(f"{rate:,.0f}/s" if rate >= 10 or not rate else f"{rate:.1f}/s")  # noqa: PLR2004  # two digits
        if self.size:
            parts.append(_bytes(self.size))
        if self.rejected:
            parts.append(f"{self.rejected:,} rejected")
        if rate and self.total is not None and self.total >= done:
            parts.append(f"{_duration((self.total - done) / rate)} left")
        return f"{self._what}: {', '.join(parts)}"


@contextmanager
def progress(
    what: str,
    *,
    then: str | None = None,
    bar: bool = True,
    items: Callable[[], Iterable[object]] | None = None,
) -> Iterator[Progress]:
    """Show how far the work inside is, once it takes longer than a moment.

    `items` gives the work again, to be counted in the background; without it the total is not known. `then`
    is what goes on once the total is reached. Without `bar`, a terminal is left alone.
    """
    shown, ended = Progress(what, then), Event()
    on_terminal = sys.stderr.isatty()
    if on_terminal and not bar:
        yield shown
        return
    show = Thread(target=_show, args=(shown, ended, items, on_terminal), daemon=True)
    show.start()
    try:
        yield shown
    finally:
        ended.set()
        show.join()


def _show(
    shown: Progress, ended: Event, items: Callable[[], Iterable[object]] | None, on_terminal: bool
) -> None:
    if ended.wait(PATIENCE_SECONDS):
        return
    if items is not None:
        counting = Thread(target=_count, args=(shown, ended, items), name="hashindex-count", daemon=True)
        counting.start()
    if on_terminal:
        _draw(shown, ended)
    else:
        while not ended.wait(LINE_SECONDS):
            say(f"{shown.said()}.")


def _count(shown: Progress, ended: Event, items: Callable[[], Iterable[object]]) -> None:
    total = 0
    try:
        for total, _ in enumerate(items(), start=1):  # noqa: B007  # the last one is the number
            if ended.is_set():
                return
    except (HashIndexError, OSError):  # the work itself meets it too, and says so
        return
    shown.total = total


def _draw(shown: Progress, ended: Event) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = BarColumn(bar_width=20), TextColumn("{task.description}", markup=False)
    bar = Bar(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
    task = bar.add_task("", total=None)
    with bar:
        while not ended.wait(_REFRESH_SECONDS):
            bar.update(task, description=shown.said(), completed=shown.done, total=shown.total)


def _bytes(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004  # the SI's step
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
