"""What sets a listing apart from the entries of an index, worked out on disk: memory grows with neither."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Any, Self

from hashindex.errors import ConfigurationError
from hashindex.records import Picture

PAGE = 1_000
"""Rows that are taken from the database together."""

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;  -- KiB, all that is held in memory

CREATE TABLE entry (uri TEXT, meta_id INTEGER, version TEXT, PRIMARY KEY (uri, meta_id)) WITHOUT ROWID;
CREATE TABLE listed (uri TEXT PRIMARY KEY, version TEXT, is_taken INTEGER, meta_id INTEGER) WITHOUT ROWID;
CREATE VIEW unknown AS SELECT * FROM listed
    WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.uri = listed.uri);
"""
_ENTRIES = "SELECT 1 FROM entry"
_NEW = "SELECT uri, version FROM unknown WHERE is_taken"
_IGNORED = "SELECT 1 FROM unknown WHERE NOT is_taken"
_CHANGED = """SELECT uri, entry.meta_id, listed.version FROM entry JOIN listed USING (uri)
    WHERE listed.version IS NOT entry.version OR ?"""
_VANISHED = """SELECT uri, meta_id, version FROM entry
    WHERE NOT EXISTS (SELECT 1 FROM listed WHERE listed.uri = entry.uri)"""
_IN_THE_WAY = f"{_VANISHED} AND meta_id IN (SELECT meta_id FROM unknown WHERE is_taken)"  # noqa: S608  # ours
_UNSEEN = """SELECT uri FROM listed WHERE version IS NULL AND EXISTS (
    SELECT 1 FROM entry WHERE entry.uri > listed.uri || '/' AND entry.uri < listed.uri || '0')"""
"""In the order of texts `0` comes right after `/`."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Something that a source lists."""

    uri: str
    version: str | None
    is_taken: bool
    """Where there is no entry of it."""
    meta_id: int | None = None
    """The key that it would get."""


@dataclass(frozen=True, slots=True)
class Known:
    """What matters of an entry here: its URI, its key in its company, and its version."""

    uri: str
    meta_id: int
    version: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pictures (`new`, `ignored`) and entries (the others) there are of each kind."""

    entries: int
    new: int
    """Listed and taken, with no entry of their URI."""
    changed: int
    """Listed with another version, or without one; every one that is listed, where that was asked for."""
    vanished: int
    """Not listed."""
    ignored: int
    """Listed, not taken, and without an entry."""


class Difference:
    """A listing and entries, matched by URI; a URI may have several entries. A context manager.

    The database is a file without a name in SQLite's temporary folder, gone with the process however that
    ends. ConfigurationError when it cannot be written.
    """

    def __init__(self, *, every: bool = False) -> None:
        """With `every` all entries that are listed count as changed."""
        self._every = every
        self._lock = Lock()
        with _writable():
            self._database = sqlite3.connect("", check_same_thread=False)  # the pages are read in any thread
            self._database.executescript(_TABLES)

    def add_entries(self, entries: Iterable[Known]) -> None:
        """Take entries; before anything is asked."""
        rows = ((entry.uri, entry.meta_id, entry.version) for entry in entries)
        with _writable():
            self._database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", rows)

    def add_listed(self, listed: Iterable[Listed]) -> None:
        """Take a listing, before anything is asked; what comes twice counts once."""
        rows = ((found.uri, found.version, found.is_taken, found.meta_id) for found in listed)
        with _writable():
            self._database.executemany("INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?)", rows)

    def counts(self) -> Counts:
        """Count what there is of each kind."""
        return Counts(
            entries=self._count(_ENTRIES),
            new=self._count(_NEW),
            changed=self._count(_CHANGED, self._every),
            vanished=self._count(_VANISHED),
            ignored=self._count(_IGNORED),
        )

    def unseen(self) -> Iterator[str]:
        """Yield the URIs of what is listed without a version though entries lie behind it, as in a folder."""
        return (uri for (uri,) in self._rows(_UNSEEN))

    def new(self) -> Iterator[Picture]:
        """Yield what is listed and taken, and has no entry."""
        return (Picture(*row) for row in self._rows(_NEW))

    def changed(self) -> Iterator[Known]:
        """Yield the entries that have changed, with the version that is listed."""
        return (Known(*row) for row in self._rows(_CHANGED, self._every))

    def vanished(self) -> Iterator[Known]:
        """Yield the entries that are not listed, as they were."""
        return (Known(*row) for row in self._rows(_VANISHED))

    def in_the_way(self) -> Iterator[Known]:
        """Yield those of the vanished whose key is that of something new."""
        return (Known(*row) for row in self._rows(_IN_THE_WAY))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:  # a thread that an interruption left behind may be reading
            self._database.close()

    def _count(self, query: str, *values: object) -> int:
        ((number,),) = self._rows(f"SELECT count(*) FROM ({query})", *values)  # noqa: S608  # ours
        return int(number)

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with _writable(), self._lock:
            cursor = self._database.execute(query, values)
        while True:
            with _writable(), self._lock:
                page = cursor.fetchmany(PAGE)
            if not page:
                return
            yield from page


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as exc:
        raise ConfigurationError(
            f"what is listed cannot be kept in the temporary folder: {exc}; make room there, or name another "
            "folder in SQLITE_TMPDIR."
        ) from exc
