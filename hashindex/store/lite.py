"""The store in one file: Milvus Lite, with what it needs to be trusted."""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from hashindex.errors import (
    ConfigurationError,
    IndexNotFoundError,
    NotPersistedError,
    StoreDamagedError,
    StoreUnavailableError,
)
from hashindex.keys import Key
from hashindex.records import Entry, Origin, Scope
from hashindex.store.interface import WRITE_BATCH, check_batch
from hashindex.store.journal import Journal
from hashindex.store.lite_process import LiteProcess
from hashindex.store.milvus import (
    CALL_SECONDS,
    MilvusStore,
    VectorIndex,
    batches,
    filter_of,
    origin_of,
    schema_for,
)
from hashindex.store.rows import PRIMARY, VECTOR, row_of
from hashindex.store.vendor import calling, pymilvus

_NAME = re.compile(r"[A-Za-z0-9._-]{1,33}\.db")
_SQLITE = b"SQLite format 3\0"


def open_lite(place: str, collection: str, *, create: Origin | None, index_type: str) -> "LiteStore":
    """Open an index in a file, or make one where `create` says how.

    ConfigurationError for a place that Lite cannot use, IndexNotFoundError where there is no index and none
    is to be made, StoreUnavailableError while another process has it open.
    """
    if index_type == "BIN_IVF_FLAT":
        raise ConfigurationError(
            "Milvus Lite has no BIN_IVF_FLAT, only BIN_FLAT; set the index type to auto, or use a server."
        )
    file = Path(place).expanduser().resolve()
    _check_place(file)
    if create is None and not (file.exists() and file.stat().st_size):
        raise IndexNotFoundError(f"there is no index at {file}; `hashindex insert` or `create` makes one.")
    process = LiteProcess(file)
    try:
        client = _connected(process)
        origin, created = _opened_collection(client, file, collection, create)
        store = LiteStore(process, client, file, collection, origin=origin, created=created)
        store.settle()
    except BaseException:
        process.stop()
        raise
    return store


class LiteStore(MilvusStore):
    """One collection in one file.

    A write is journalled, sent, and looked for in the file itself: Lite acknowledges rows that it failed to
    write while another program holds the file locked, or the disk is full. After any doubt the process is
    killed, since it shows rows that are not on disk, and the next call starts it again.
    """

    def __init__(
        self, process: LiteProcess, client: Any, file: Path, collection: str, *, origin: Origin, created: bool
    ) -> None:
        super().__init__(
            collection,
            origin=origin,
            created=created,
            index=VectorIndex("BIN_FLAT"),
            backend="Milvus Lite 2.5.1",
            uri=str(file),
        )
        self._process, self._connection, self._file = process, client, file
        self._journal = Journal(file.with_name(f"{file.name}.journal"))
        self._lock = RLock()

    def settle(self) -> None:
        """After a start: see that all rows were loaded, and finish the write that was broken off."""
        with self._calling():
            if self._rows_in_memory() != self._rows_in_file():  # loading fails silently over a locked file
                self._connection.release_collection(self._collection)
                self._connection.load_collection(self._collection, timeout=CALL_SECONDS)
            loaded, stored = self._rows_in_memory(), self._rows_in_file()
        if loaded != stored:
            raise StoreUnavailableError(
                f"{self._file}: Milvus Lite loaded {loaded} of {stored} rows, because another program has "
                "the file locked; close that one and run again."
            )
        left = self._journal.read()
        if left is not None:
            collection, rows = left
            for row in rows:
                row[VECTOR] = bytes.fromhex(row[VECTOR])
            self._write(collection, rows)

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Replace or add rows: each batch is in the file, whole, when the next one begins."""
        check_batch(entries)
        with self._lock:
            for some in batches(entries, WRITE_BATCH):
                self._write(self._collection, [row_of(entry) for entry in some])

    def delete(self, keys: Sequence[Key]) -> int:
        """Remove rows by primary key."""
        return sum(self._remove(ids=[str(key) for key in some]) for some in batches(set(keys), WRITE_BATCH))

    def delete_company(self, company_id: int) -> int:
        """Remove all rows of a company in one transaction."""
        return self._remove(filter=filter_of(Scope.company(company_id)))

    def close(self) -> None:
        """Stop the process and give the file free."""
        with self._lock:
            self._connection.close()
            self._process.stop()

    @property
    def _client(self) -> Any:
        with self._lock:
            if not self._process.alive:
                self._connection.close()
                self._process.stop()
                self._connection = _connected(self._process)
                self.settle()
            return self._connection

    @contextmanager
    def _calling(self) -> Iterator[None]:
        with calling(str(self._file)):
            yield

    def _write(self, collection: str, rows: list[dict[str, Any]]) -> None:
        client = self._client
        try:
            self._journal.write(collection, rows)
        except OSError as exc:
            raise NotPersistedError(
                f"{self._journal.path}: {exc.strerror}; make room there and run again."
            ) from exc
        with self._killed_on_doubt():
            client.upsert(collection, rows, timeout=CALL_SECONDS)
            if self._last_ids_in_file(collection, len(rows)) != {row[PRIMARY] for row in rows}:
                raise self._not_persisted()
        self._journal.clear()

    def _remove(self, **what: object) -> int:
        with self._lock:
            client = self._client
            with self._killed_on_doubt():
                before = self._rows_in_file()
                answer = client.delete(self._collection, timeout=CALL_SECONDS, **what)
                # A list of the keys that there were; something else where there were none.
                deleted = len(answer) if isinstance(answer, list) else 0
                if before - self._rows_in_file() != deleted:
                    raise self._not_persisted()
        return deleted

    @contextmanager
    def _killed_on_doubt(self) -> Iterator[None]:
        """End the process when a write did not end well: what it has in memory may not be on disk."""
        try:
            with self._calling():
                yield
        except BaseException:
            self._process.kill()
            raise

    def _rows_in_memory(self) -> int:
        rows = self._connection.query(
            self._collection, filter="", output_fields=["count(*)"], timeout=CALL_SECONDS
        )
        return int(rows[0]["count(*)"])

    def _rows_in_file(self) -> int:
        return int(self._connection.get_collection_stats(self._collection)["row_count"])

    def _last_ids_in_file(self, collection: str, number: int) -> set[str]:
        """Return the primary keys of the rows written last, read from the file itself.

        Rows are appended there, replaced ones too. Must not run while Lite writes: a reader makes it fail.
        """
        try:
            with closing(sqlite3.connect(f"{self._file.as_uri()}?mode=ro", uri=True, timeout=1)) as file:
                last = file.execute(
                    f'SELECT milvus_id FROM "{collection}" ORDER BY id DESC LIMIT ?',  # noqa: S608  # a setting, validated  # validated
                    (number,),
                )
                return {row[0] for row in last}
        except sqlite3.Error as exc:
            raise self._not_persisted() from exc

    def _not_persisted(self) -> NotPersistedError:
        return NotPersistedError(
            f"{self._file}: Milvus Lite did not write all rows, because another program has the file locked "
            "or the disk is full; mend that and run again."
        )


def _connected(process: LiteProcess) -> Any:
    process.start()
    try:
        with calling(process.address):
            # Dedicated, because a pooled connection would outlive `close` and the process behind it.
            return pymilvus().MilvusClient(process.address, dedicated=True, timeout=CALL_SECONDS)
    except BaseException:
        process.stop()
        raise


def _opened_collection(
    client: Any, file: Path, collection: str, create: Origin | None
) -> tuple[Origin, bool]:
    with calling(str(file)):
        if client.has_collection(collection, timeout=CALL_SECONDS):
            return origin_of(collection, client.describe_collection(collection, timeout=CALL_SECONDS)), False
        if create is None:
            raise IndexNotFoundError(
                f"{file} has no collection {collection}; `hashindex insert` or `create` makes one."
            )
        milvus = pymilvus()
        index = milvus.MilvusClient.prepare_index_params()
        index.add_index(VECTOR, index_type="BIN_FLAT", metric_type="HAMMING")
        client.create_collection(
            collection,
            schema=schema_for(milvus, create, partition_key=False),  # accepted by Lite, then filters fail
            index_params=index,
            timeout=CALL_SECONDS,
        )
    return create, True


def _check_place(file: Path) -> None:
    """Say what is wrong with a place before Lite does so in words of its own, or not at all."""
    if not _NAME.fullmatch(file.name):
        raise ConfigurationError(
            f"{file.name} is no name for an index: it takes up to 36 letters, digits, dots, dashes and "
            "underscores, and ends in .db."
        )
    if not file.parent.is_dir():
        raise ConfigurationError(f"{file.parent} is no folder; make it first, or name another place.")
    if not os.access(file.parent, os.W_OK):
        raise ConfigurationError(f"{file.parent} cannot be written to; an index needs its folder too.")
    if file.is_dir():
        raise StoreDamagedError(
            f"{file} is a folder, as milvus-lite 3 makes them, without binary vectors; name another place."
        )
    if file.exists():
        _check_file(file)


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise ConfigurationError(f"{file} is no regular file; name another place.")
    if not os.access(file, os.R_OK | os.W_OK):
        raise ConfigurationError(f"{file} cannot be read and written; mend its permissions.")
    with file.open("rb") as start:
        head = start.read(len(_SQLITE))
    if head and head != _SQLITE:
        raise StoreDamagedError(
            f"{file} is no index of Milvus Lite; restore a backup, or name another place."
        )
    if not head:
        return
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as database:
            found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'collection_meta'").fetchone()
    except sqlite3.DatabaseError:
        return  # a write that was broken off, or damage: Lite mends the one and reports the other
    if found is None:
        raise ConfigurationError(f"{file} is an SQLite file of another program; name another place.")
