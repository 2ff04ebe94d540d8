"""The store in one file: Milvus Lite, with what it needs to be trusted."""

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
    StoreError,
    StoreUnavailableError,
)
from hashindex.keys import Key
from hashindex.records import WAIT_SECONDS, Entry, Origin, Scope
from hashindex.store.collection import CALL_SECONDS, VectorIndex
from hashindex.store.interface import WRITE_BATCH, check_batch
from hashindex.store.journal import Journal
from hashindex.store.lite_opening import ENDED, SQLITE_REFUSED, connected, opened_collection, reading
from hashindex.store.lite_place import check_place
from hashindex.store.lite_process import LiteProcess
from hashindex.store.milvus import MilvusStore, batches, filter_of
from hashindex.store.rows import PRIMARY, row_of
from hashindex.store.vendor import calling

CLOSE_SECONDS = 1.0
"""How long closing waits for a call that is under way; writing a batch takes about half of it."""


def open_lite(
    place: str,
    collection: str,
    *,
    create: Origin | None,
    index_type: str,
    wait_seconds: float = WAIT_SECONDS,
) -> "LiteStore":
    """Open an index in a file, or make one where `create` says how.

    ConfigurationError for a place that Lite cannot use, IndexNotFoundError where there is no index and none
    is to be made, StoreUnavailableError when another process still has it open after `wait_seconds`,
    StoreDamagedError for a file or a journal that cannot be read.
    """
    if index_type == "BIN_IVF_FLAT":
        raise ConfigurationError(
            "Milvus Lite has no BIN_IVF_FLAT, only BIN_FLAT; set the index type to auto, or use a server."
        )
    file = Path(place).expanduser().resolve()
    check_place(file)
    if create is None and not (file.exists() and file.stat().st_size):
        raise IndexNotFoundError(f"there is no index at {file}; `hashindex insert` or `create` makes one.")
    process, journal = LiteProcess(file, wait_seconds), Journal(file.with_name(f"{file.name}.journal"))
    try:
        client = connected(process)
        with reading(file):
            origin, created = opened_collection(client, file, collection, create, journal)
            store = LiteStore(process, client, file, collection, journal, origin=origin, created=created)
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

    Calls are made one at a time, which costs nothing, since Lite does so too: so nobody reads while a row is
    out and not in again, and nobody holds a connection that another thread closes.
    """

    def __init__(
        self,
        process: LiteProcess,
        client: Any,
        file: Path,
        collection: str,
        journal: Journal,
        *,
        origin: Origin,
        created: bool,
    ) -> None:
        super().__init__(
            collection,
            identity=f"{file} {collection}",
            origin=origin,
            created=created,
            index=VectorIndex("BIN_FLAT"),
            backend="Milvus Lite 2.5.1",
            uri=str(file),
        )
        self._process, self._connection, self._file, self._journal = process, client, file, journal
        self._lock = RLock()
        self._closed = False

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
            self._write(*left)

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
        """Stop the process and give the file free. A call that another thread waits for is broken off."""
        self._closed = True
        if not self._lock.acquire(timeout=CLOSE_SECONDS):
            self._process.end_now()
            self._lock.acquire()
        try:
            self._connection.close()
            self._process.stop()
        finally:
            self._lock.release()

    @property
    def _client(self) -> Any:
        if self._closed:
            raise StoreUnavailableError(f"{self._file}: the index was closed; open it again.")
        if not self._process.alive:
            self._connection.close()
            self._process.stop()
            try:
                self._connection = connected(self._process)
                with reading(self._file):
                    self.settle()
            except BaseException:
                self._process.kill()
                raise
        return self._connection

    @contextmanager
    def _calling(self) -> Iterator[None]:
        with self._lock:
            try:
                with calling(str(self._file), unreachable=ENDED):
                    yield
            except StoreUnavailableError:
                self._process.kill()  # one that hangs would do so again
                raise

    def _write(self, collection: str, rows: list[dict[str, Any]]) -> None:
        client = self._client
        with self._killed_on_doubt():
            self._journal.write(collection, rows)
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
        """End the process when a write did not end well: what it has in memory may not be on disk.

        An interruption too: the journal must be settled before the next write, whatever that is.
        """
        try:
            with self._calling():
                yield
        except BaseException as exc:
            self._process.kill()
            if type(exc) is StoreError and any(words in str(exc) for words in SQLITE_REFUSED):
                raise self._not_persisted() from exc
            if isinstance(exc, OSError):
                raise NotPersistedError(
                    f"{self._journal.path}: {exc.strerror}; make room there and run again."
                ) from exc
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
                    f'SELECT milvus_id FROM "{collection}" ORDER BY id DESC LIMIT ?',  # noqa: S608  # a setting, validated
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
