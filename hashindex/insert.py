"""Insert pictures: skip what is unchanged, read and hash the rest, write in batches, account for each one.

    list -> look up and skip -> read, decode, hash -> write
    1 thread    1 thread         the reader's threads   1 thread

All stages run at once, each bounded, so that memory holds a few thousand entries whatever the number of
pictures. One thread, the caller's, moves things from stage to stage.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

from hashindex.concurrency import Jobs
from hashindex.keys import Key
from hashindex.opened import Opened
from hashindex.outcomes import Ignored, InsertReport, Outcome, Reason, Reject, Rejected, Taken, Wanted
from hashindex.records import MAX_URI_BYTES, Entry, HashedPicture
from hashindex.store.interface import WRITE_BATCH
from hashindex.tally import tally

CHUNK = 1_000
"""Pictures that are listed and looked up together at first, so that reading begins soon."""

LATER_CHUNK = 2_000
"""The same later on: a look-up among 200,000 entries takes Milvus Lite 47 ms, and 7 µs a picture beside."""

_WINDOW_PER_READER = 2
"""Pictures given to the reader's threads, per thread: enough that none of them waits for the next."""

FLUSH_SECONDS = 2.0
"""Longest that a hashed picture waits for others to be written with: all that a kill can undo, and little
beside the half second that Milvus Lite takes for a batch however small."""

Each = Callable[[Taken | Reject | Ignored], object]


@dataclass(frozen=True, slots=True)
class Insert:
    """The use case; one object serves any number of runs."""

    opened: Opened
    replace: bool = False
    """Let a key that belongs to another URI be taken over."""
    refresh: bool = False
    """Read pictures again whose version has not changed."""

    def run(
        self, wanted: Iterable[Wanted | Reject | Ignored]
    ) -> Generator[Taken | Reject | Ignored, None, None]:
        """Yield what became of each item, in no particular order; a `Taken` only after it is stored.

        Closing it ends the run: what is being read or written ends by itself, and is not said any more.

        The index ends as if the items were taken one by one in order, also where a key comes several times.
        """
        return _Run(self, iter(wanted)).outcomes()

    def report(self, wanted: Iterable[Wanted | Reject | Ignored], each: Each | None = None) -> InsertReport:
        """Insert them all, and count; `each` is called with what became of each item, once it is stored."""
        began = time.monotonic()
        counts, rejects = tally(self.run(wanted), each)
        return InsertReport(**counts, seconds=round(time.monotonic() - began, 3), first_rejects=rejects)

    def decide(self, items: list[Wanted]) -> list["Taken | Reject | _ToRead"]:
        """Say for each item why it need not, or must not, be read; `_ToRead` where it is to be read."""
        existing = self.opened.store.get([item.key for item in items])
        return [self._decide(item, existing.get(item.key)) for item in items]

    def read(self, task: "_ToRead") -> "Taken | Reject | _Hashed":
        """Read one picture, unless its source says that it has not changed."""
        item = task.item
        if task.unless_version is not None:
            found = self.opened.source.stat(item.picture.uri)
            if not isinstance(found, Rejected) and found.version == task.unless_version:
                return Taken(item, Outcome.SKIPPED)
        picture = self.opened.reader.read(item.picture.uri)
        if not isinstance(picture, HashedPicture):
            return _rejected(item, picture)
        return _Hashed(item, Entry.now(item.key, picture))

    def write(self, batch: list["_Hashed"]) -> list[Taken | Reject]:
        """Store what was read, in the turn of its companies; say for each whether it is.

        Keys are looked up again: one that another process has written meanwhile may belong to another URI.
        """
        with self.opened.turns.of({hashed.item.key.company_id for hashed in batch}):
            there = self.opened.store.get([hashed.item.key for hashed in batch])
            outcomes = [self._outcome(hashed, there.get(hashed.item.key)) for hashed in batch]
            pairs = zip(batch, outcomes, strict=True)
            self.opened.store.upsert(
                [hashed.entry for hashed, outcome in pairs if isinstance(outcome, Taken)]
            )
        return outcomes

    def _outcome(self, hashed: "_Hashed", there: Entry | None) -> Taken | Reject:
        outcome = Outcome.INSERTED if there is None else Outcome.UPDATED
        taken = Taken(hashed.item, outcome, hashed.entry.picture.file_size)
        return self._refused(hashed.item, there) or taken

    def _refused(self, item: Wanted, there: Entry | None) -> Reject | None:
        refused = refusal(item.key, item.picture.uri, there, replace=self.replace)
        return None if refused is None else _rejected(item, refused)

    def _decide(self, item: Wanted, entry: Entry | None) -> "Taken | Reject | _ToRead":
        refused = self._refused(item, entry)
        if refused is not None:
            return refused
        if entry is not None and entry.picture.uri == item.picture.uri and not self.refresh:
            if item.picture.version is None:
                return _ToRead(item, unless_version=entry.picture.source_version)
            if item.picture.version == entry.picture.source_version:
                return Taken(item, Outcome.SKIPPED)
        return _ToRead(item)


@dataclass(frozen=True, slots=True)
class _ToRead:
    item: Wanted
    unless_version: str | None = None
    """Skip the picture when its source says that it still has this version."""


@dataclass(frozen=True, slots=True)
class _Hashed:
    item: Wanted
    entry: Entry


class _Run:
    """One run: what is where between the stages."""

    def __init__(self, insert: Insert, items: Iterator[Wanted | Reject | Ignored]) -> None:
        self._insert, self._items = insert, items
        self._jobs = Jobs()
        self._chunk = CHUNK
        self._listing = ThreadPoolExecutor(1, "hashindex-list")
        self._looking_up = ThreadPoolExecutor(1, "hashindex-look-up")
        self._readers = ThreadPoolExecutor(insert.opened.reader.in_flight, "hashindex-read")
        self._writing = ThreadPoolExecutor(1, "hashindex-write")
        self._window = _WINDOW_PER_READER * insert.opened.reader.in_flight

        self._is_finding, self._is_writing, self._listed_all = False, False, False
        self._reading = 0
        self._repeated: list[Wanted] = []
        """Their keys were under way when they were listed: each must find the one before it stored."""
        self._to_read: deque[_ToRead] = deque()
        self._hashed: list[_Hashed] = []
        self._write_by = 0.0
        self._keys: set[Key] = set()
        """Of all that is under way: looked up, but without an outcome yet."""
        self._outcomes: list[Taken | Reject | Ignored] = []

    def outcomes(self) -> Generator[Taken | Reject | Ignored, None, None]:
        try:
            self._start_what_can()
            while self._jobs:
                waiting = bool(self._hashed) and not self._is_writing
                self._jobs.handle_next(
                    within_seconds=max(0.0, self._write_by - time.monotonic()) if waiting else None
                )
                self._start_what_can()
                yield from self._outcomes
                self._outcomes.clear()
        finally:
            for executor in (self._listing, self._looking_up, self._readers, self._writing):
                executor.shutdown(wait=False, cancel_futures=True)

    def _start_what_can(self) -> None:
        if not self._is_finding and len(self._to_read) < CHUNK:
            if self._repeated:
                if not self._keys:
                    self._look_up(self._repeated)
            elif not self._listed_all:
                self._is_finding = True
                self._jobs.start(self._listing, self._listed_next, self._chunk, then=self._listed)
                self._chunk = LATER_CHUNK
        while self._to_read and self._reading < self._window and len(self._hashed) < 2 * WRITE_BATCH:
            task = self._to_read.popleft()
            self._reading += 1
            self._jobs.start(self._readers, self._insert.read, task, then=partial(self._read, task.item.key))
        if self._hashed and not self._is_writing and self._is_time_to_write():
            batch, self._hashed = self._hashed[:WRITE_BATCH], self._hashed[WRITE_BATCH:]
            self._is_writing = True
            self._jobs.start(self._writing, self._insert.write, batch, then=partial(self._written, batch))

    def _is_time_to_write(self) -> bool:
        more_is_coming = self._to_read or self._reading or self._is_finding
        full = len(self._hashed) >= WRITE_BATCH
        return full or not more_is_coming or time.monotonic() >= self._write_by

    def _listed_next(self, number: int) -> list[Wanted | Reject | Ignored]:
        return list(islice(self._items, number))

    def _listed(self, items: list[Wanted | Reject | Ignored]) -> None:
        self._listed_all = not items
        self._outcomes += (item for item in items if not isinstance(item, Wanted))
        self._look_up([item for item in items if isinstance(item, Wanted)])

    def _look_up(self, items: list[Wanted]) -> None:
        first: list[Wanted] = []
        self._repeated = []
        for item in items:
            (self._repeated if item.key in self._keys else first).append(item)
            self._keys.add(item.key)
        self._is_finding = bool(first)
        if first:
            self._jobs.start(self._looking_up, self._insert.decide, first, then=partial(self._decided, first))

    def _decided(self, items: list[Wanted], decisions: list[Taken | Reject | _ToRead]) -> None:
        self._is_finding = False
        for item, decision in zip(items, decisions, strict=True):
            if isinstance(decision, _ToRead):
                self._to_read.append(decision)
            else:
                self._finish(item.key, decision)

    def _read(self, key: Key, result: Taken | Reject | _Hashed) -> None:
        self._reading -= 1
        if not isinstance(result, _Hashed):
            self._finish(key, result)
            return
        if not self._hashed:
            self._write_by = time.monotonic() + FLUSH_SECONDS
        self._hashed.append(result)

    def _written(self, batch: list[_Hashed], outcomes: list[Taken | Reject]) -> None:
        self._is_writing = False
        for hashed, outcome in zip(batch, outcomes, strict=True):
            self._finish(hashed.item.key, outcome)

    def _finish(self, key: Key, outcome: Taken | Reject) -> None:
        self._keys.discard(key)
        self._outcomes.append(outcome)


def refusal(key: Key, uri: str, there: Entry | None, *, replace: bool) -> Rejected | None:
    """Say why a picture must not be written under a key that this entry has, where it must not."""
    if len(uri.encode()) > MAX_URI_BYTES:
        detail = f"the URI has more than {MAX_URI_BYTES} bytes, which is all that an entry can hold"
        return Rejected(uri, Reason.URI_TOO_LONG, detail)
    if there is None or replace or there.picture.uri == uri:
        return None
    if there.picture.is_bare:  # a picture fills in a hash that was imported
        return None
    detail = f"its key {key} belongs to {there.picture.uri}; --replace lets it take over"
    return Rejected(uri, Reason.CONFLICT, detail)


def _rejected(item: Wanted, rejected: Rejected) -> Reject:
    return Reject(rejected, item.key.company_id, item.key.meta_id, item.line)
