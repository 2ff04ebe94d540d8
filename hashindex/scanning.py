"""Reading all entries of a scope, for what must know that it has seen every one of them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from hashindex.errors import StoreError
from hashindex.records import Entry, Scope
from hashindex.store.interface import Store

Progress = Callable[[str, int, int], object]
"""Called with what is being done, and how many entries of how many are done."""


def scanned(store: Store, scope: Scope, what: str, each: Progress | None = None) -> Iterator[Sequence[Entry]]:
    """Yield the entries page by page, each page read while the one before is worked on.

    StoreError at the end when there were fewer than the store had counted.
    """
    expected, number = store.count(scope), 0
    for page in _read_ahead(store.scan(scope)):
        yield page
        number += len(page)
        if each:
            each(what, number, expected)
    if number < expected:
        raise StoreError(
            f"{store.info().uri}: a scan gave {number} of {expected} entries; run again while nothing writes."
        )


def _read_ahead(pages: Iterator[Sequence[Entry]]) -> Iterator[Sequence[Entry]]:
    reading = ThreadPoolExecutor(1, "hashindex-scan")
    try:
        coming = reading.submit(next, pages, ())
        while page := coming.result():
            coming = reading.submit(next, pages, ())
            yield page
    finally:
        reading.shutdown(wait=False, cancel_futures=True)
