"""Insert pictures: skip what is unchanged, read and hash the rest, write in batches, account for each one."""

import time
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from hashindex.concurrency import ordered_map
from hashindex.keys import Key
from hashindex.reading import PictureReader
from hashindex.records import (
    MAX_URI_BYTES,
    Entry,
    HashedPicture,
    Ignored,
    Outcome,
    Picture,
    Reason,
    Reject,
    Rejected,
    Taken,
    Wanted,
)
from hashindex.sources.interface import Source
from hashindex.store.interface import Store

CHUNK = 1_000
"""Pictures that are looked up, read and written together: all that an interruption can leave undone."""


@dataclass(frozen=True, slots=True)
class Insert:
    """The use case; one object serves any number of runs."""

    store: Store
    source: Source
    reader: PictureReader
    workers: int
    replace: bool = False
    """Let a key that belongs to another URI be taken over."""
    refresh: bool = False
    """Read pictures again whose version has not changed."""

    def run(self, wanted: Iterable[Wanted | Reject | Ignored]) -> Iterator[Taken | Reject | Ignored]:
        """Yield what became of each item; a `Taken` only after it is stored.

        The result is that of taking the items one by one in order, also where a key comes several times.
        Memory holds one chunk, whatever their number.
        """
        items = iter(wanted)
        while chunk := list(islice(items, CHUNK)):
            while chunk:
                once, chunk = _first_of_each_key(chunk)
                yield from self._chunk(once)

    def _chunk(self, chunk: list[Wanted | Reject | Ignored]) -> Iterator[Taken | Reject | Ignored]:
        wanted = [item for item in chunk if isinstance(item, Wanted)]
        yield from (item for item in chunk if not isinstance(item, Wanted))
        existing = self.store.get([item.key for item in wanted]) if wanted else {}
        to_read: list[Wanted] = []
        for item, refusal in zip(wanted, self._refusals(wanted, existing), strict=True):
            if refusal is None:
                to_read.append(item)
            else:
                yield refusal
        yield from self._read_and_write(to_read, existing.keys())

    def _refusals(
        self, wanted: list[Wanted], existing: Mapping[Key, Entry]
    ) -> Iterator[Taken | Reject | None]:
        """Say for each item why it need not, or must not, be read; None where it is to be read."""

        def decide(item: Wanted) -> Taken | Reject | None:
            if len(item.picture.uri.encode()) > MAX_URI_BYTES:
                detail = f"the URI has more than {MAX_URI_BYTES} bytes, which is all that an entry can hold"
                return _reject(item, Reason.URI_TOO_LONG, detail)
            entry = existing.get(item.key)
            if entry is None:
                return None
            if entry.picture.uri != item.picture.uri:
                if self.replace:
                    return None
                detail = f"its key {item.key} belongs to {entry.picture.uri}; --replace lets it take over"
                return _reject(item, Reason.CONFLICT, detail)
            if not self.refresh and self._version(item.picture) == entry.picture.source_version:
                return Taken(item, Outcome.SKIPPED)
            return None

        return ordered_map(decide, wanted, workers=self.workers)

    def _version(self, picture: Picture) -> str | None:
        """Return the picture's version, asking its source where the listing did not say."""
        if picture.version is not None:
            return picture.version
        found = self.source.stat(picture.uri)
        return None if isinstance(found, Rejected) else found.version

    def _read_and_write(self, wanted: list[Wanted], existing: Container[Key]) -> Iterator[Taken | Reject]:
        entries: list[Entry] = []
        taken: list[Taken] = []
        for item, picture in zip(
            wanted, self.reader.map(self.reader.read, [item.picture.uri for item in wanted]), strict=True
        ):
            if isinstance(picture, HashedPicture):
                entries.append(Entry(item.key, picture, indexed_time=time.time_ns() // 1_000_000))
                taken.append(Taken(item, Outcome.UPDATED if item.key in existing else Outcome.INSERTED))
            else:
                yield Reject(picture, item.key.company_id, item.key.meta_id, item.line)
        if entries:
            self.store.upsert(entries)
        yield from taken


def _reject(item: Wanted, reason: Reason, detail: str) -> Reject:
    rejected = Rejected(item.picture.uri, reason, detail)
    return Reject(rejected, item.key.company_id, item.key.meta_id, item.line)


def _first_of_each_key(
    chunk: list[Wanted | Reject | Ignored],
) -> tuple[list[Wanted | Reject | Ignored], list[Wanted | Reject | Ignored]]:
    """Part what can be done together from what repeats a key, and so must see the first one stored."""
    once: list[Wanted | Reject | Ignored] = []
    repeated: list[Wanted | Reject | Ignored] = []
    seen: set[Key] = set()
    for item in chunk:
        if isinstance(item, Wanted) and item.key in seen:
            repeated.append(item)
        else:
            once.append(item)
            if isinstance(item, Wanted):
                seen.add(item.key)
    return once, repeated
