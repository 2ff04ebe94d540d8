"""What Milvus Lite acknowledged is on disk, also where others lock the file or the disk is full."""

import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hashindex.errors import NotPersistedError, StoreError, StoreUnavailableError
from hashindex.keys import Key
from hashindex.records import Scope
from testing.lite_files import COLLECTION, LOCKS, Lock, child, contents, locked_elsewhere
from testing.lite_writes import NEW, OLD, WriteCase
from testing.making import entry


class TestLockedFile(WriteCase):
    def nothing_is_acknowledged(self, kind: Lock, later: type[StoreError], sentence: str) -> None:
        store = self.open()
        self.put(store, OLD)
        with locked_elsewhere(self.file, kind):
            began = time.monotonic()
            self.says(NotPersistedError, self.not_persisted(), lambda: self.put(store, NEW))
            self.assertLess(time.monotonic() - began, 10)  # not after a minute of trying again
            self.says(later, sentence, lambda: store.count(Scope.ALL))
            self.says(later, sentence, lambda: store.delete([Key(1, 1)]))
            self.says(later, sentence, lambda: store.delete_company(1))
            store.close()
            self.says(later, sentence, self.open)
        self.assertEqual(contents(self.open()), OLD | NEW)
        self.assertFalse(self.journal.path.exists())

    def test_nothing_is_acknowledged_that_is_not_on_disk_where_all_is_locked(self) -> None:
        sentence = (
            f"{self.file} is locked by a program that reads it as an SQLite file; close that one first."
        )
        self.nothing_is_acknowledged("EXCLUSIVE", StoreUnavailableError, sentence)

    def test_nothing_is_acknowledged_that_is_not_on_disk_beside_a_writer(self) -> None:
        self.nothing_is_acknowledged("IMMEDIATE", NotPersistedError, self.not_persisted())

    def test_nothing_is_acknowledged_that_is_not_on_disk_beside_a_reader(self) -> None:
        self.nothing_is_acknowledged("READER", NotPersistedError, self.not_persisted())

    def test_a_delete_that_does_not_reach_the_disk_is_said_and_not_done(self) -> None:
        store = self.open()
        self.put(store, OLD)
        for kind in LOCKS:
            with self.subTest(kind), locked_elsewhere(self.file, kind):
                self.says(NotPersistedError, self.not_persisted(), lambda: store.delete([Key(1, 1)]))
            self.assertEqual(contents(store), OLD)

    def test_the_same_store_goes_on_once_the_lock_is_gone(self) -> None:
        store = self.open()
        self.put(store, OLD)
        with locked_elsewhere(self.file, "IMMEDIATE"):
            self.says(NotPersistedError, self.not_persisted(), lambda: self.put(store, NEW))
        self.assertEqual(store.delete([Key(1, 5), Key(1, 14)]), 2)
        expected = {key: uri for key, uri in (OLD | NEW).items() if key.meta_id not in (5, 14)}
        self.assertEqual(contents(store), expected)
        store.close()
        self.assertEqual(contents(self.open()), expected)


class TestSilence(WriteCase):
    """Lite acknowledges what SQLite did not do. A trigger that ignores a row brings that about at will."""

    def ignoring(self, what: str, key: str) -> None:
        row = {"INSERT": "NEW", "DELETE": "OLD"}[what]
        trigger = f"CREATE TRIGGER ignoring BEFORE {what} ON {COLLECTION} WHEN {row}.milvus_id = '{key}'"
        with closing(sqlite3.connect(self.file)) as database:
            database.execute(f"{trigger} BEGIN SELECT RAISE(IGNORE); END")

    def obeying(self) -> None:
        with closing(sqlite3.connect(self.file)) as database:
            database.execute("DROP TRIGGER ignoring")

    def test_a_row_that_was_not_written_is_missed_at_once(self) -> None:
        store = self.open()
        self.put(store, OLD)
        self.ignoring("INSERT", "1:7")
        self.says(NotPersistedError, self.not_persisted(), lambda: self.put(store, NEW))
        self.says(NotPersistedError, self.not_persisted(), lambda: contents(store))
        self.obeying()
        self.assertEqual(contents(store), OLD | NEW)

    def test_a_row_that_was_not_deleted_is_missed_at_once(self) -> None:
        store = self.open()
        self.put(store, OLD)
        self.ignoring("DELETE", "1:7")
        self.says(NotPersistedError, self.not_persisted(), lambda: store.delete([Key(1, 7)]))
        self.assertEqual(contents(store), OLD)
        self.obeying()
        self.assertEqual(store.delete([Key(1, 7)]), 1)


class TestFullDisk(WriteCase):
    def test_a_full_disk_is_said_and_nothing_acknowledged_is_lost(self) -> None:
        with small_disk(self.folder / "disk") as (disk, grow):
            self.file = disk / "index.db"
            store = self.open()
            self.put(store, OLD)
            large = [entry(2, meta_id, uri="u" * 2_000) for meta_id in range(700)]
            self.says(NotPersistedError, self.not_persisted(), lambda: store.upsert(large))
            full = f"{disk}/index.db.journal: No space left on device; make room there and run again."
            self.says(NotPersistedError, full, lambda: store.count(Scope.ALL))
            self.says(NotPersistedError, full, lambda: self.put(store, NEW))
            grow()
            self.put(store, NEW)
            self.assertEqual(contents(store), OLD | NEW | {item.key: item.picture.uri for item in large})
            store.close()

    def test_a_limit_on_the_size_of_files_is_said(self) -> None:
        store = self.open()
        self.put(store, OLD)
        limit = self.file.stat().st_size + 20_000
        resource.prlimit(child(self.file), resource.RLIMIT_FSIZE, (limit, limit))
        large = [entry(2, meta_id, uri="u" * 1_000) for meta_id in range(100)]
        self.says(
            StoreUnavailableError,
            f"{self.file}: Milvus Lite ended in the middle of a call; run again.",
            lambda: store.upsert(large),
        )
        self.assertEqual(store.count(Scope.company(1)), len(OLD))
        self.assertEqual(store.count(Scope.company(2)), len(large))

    def test_no_room_for_the_journal_is_said_before_anything_is_written(self) -> None:
        store = self.open()
        self.put(store, OLD)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            self.says(
                NotPersistedError,
                f"{self.journal.path}: File too large; make room there and run again.",
                lambda: self.put(store, NEW),
            )
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        self.assertEqual(contents(store), OLD)
        self.assertEqual(sorted(path.name for path in self.folder.glob("[!.]*")), ["index.db"])


@contextmanager
def small_disk(place: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Mount a file system of 3 MB; give its folder, and what makes it larger."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    assert mount is not None
    assert umount is not None
    place.mkdir()
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], check=True)

    def grow() -> None:
        subprocess.run([mount, "-o", "remount,size=60m", place], check=True)

    try:
        yield place, grow
    finally:
        subprocess.run([umount, place], check=True)
