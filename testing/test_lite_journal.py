"""The journal beside a Milvus Lite file: a write that was broken off is finished, and no other."""

import sqlite3
from contextlib import closing
from unittest import mock

from hashindex.errors import StoreDamagedError
from hashindex.keys import Key
from hashindex.records import Scope
from hashindex.store.journal import Journal
from hashindex.store.lite import open_lite
from hashindex.store.rows import row_of
from testing.lite_files import COLLECTION, contents, kill_child
from testing.lite_writes import NEW, OLD, WriteCase
from testing.making import ORIGIN, entry


class TestJournal(WriteCase):
    def test_a_replacement_killed_between_its_two_halves_is_finished(self) -> None:
        store = self.open()
        self.put(store, OLD)
        store.close()
        self.left(NEW)
        with closing(sqlite3.connect(self.file)) as database:  # what Lite has done when it is killed there
            database.execute(f"DELETE FROM {COLLECTION} WHERE milvus_id >= '1:5'")
            database.commit()
        again = self.open(create=None)
        self.assertEqual(contents(again), OLD | NEW)
        again.close()
        self.assertFalse(self.journal.path.exists())
        self.assertEqual(contents(self.open()), OLD | NEW)

    def test_every_field_survives_it(self) -> None:
        self.open().close()
        items = [entry(1, 1, uri="it's\n\0图\u2028"), entry(2**63 - 1, 0)]
        self.journal.write(COLLECTION, [row_of(item) for item in items])
        self.assertEqual(self.open().get([item.key for item in items]), {item.key: item for item in items})

    def test_the_rows_of_another_collection_go_there(self) -> None:
        self.open().close()
        open_lite(str(self.file), "other", create=ORIGIN, index_type="auto").close()
        self.left(NEW)
        other = open_lite(str(self.file), "other", create=None, index_type="auto")
        self.addCleanup(other.close)
        self.assertEqual(contents(other), {})
        other.close()
        self.assertEqual(contents(self.open()), NEW)

    def test_what_an_index_left_that_was_removed_does_not_come_back(self) -> None:
        self.open().close()
        self.left(NEW)
        self.file.unlink()
        self.assertEqual(contents(self.open()), {})
        self.assertFalse(self.journal.path.exists())

    def test_a_write_that_was_interrupted_does_not_undo_what_comes_after(self) -> None:
        store = self.open()
        with (
            mock.patch.object(Journal, "clear", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.put(store, OLD)
        self.assertEqual(store.delete([Key(1, 0)]), 1)
        store.close()
        self.assertNotIn(Key(1, 0), contents(self.open()))

    def test_one_that_is_damaged_is_said_until_it_is_moved_away(self) -> None:
        store = self.open()
        self.put(store, OLD)
        sentence = (
            f"{self.journal.path} is damaged, so the last write may be lost; move it away, and insert again "
            "what was inserted last."
        )
        for data in (
            b"",
            b"\xff",
            b'{"collection": "image_hash", "ro',
            b'{"rows": []}',
            b"[]",
            b'{"rows": [2]}',
        ):
            with self.subTest(data):
                self.journal.path.write_bytes(data)
                kill_child(self.file)
                for _ in range(2):
                    self.says(StoreDamagedError, sentence, lambda: store.count(Scope.ALL))
                self.says(StoreDamagedError, sentence, self.open)
                self.journal.path.unlink()
                self.assertEqual(contents(store), OLD)

    def test_a_draft_that_was_not_finished_is_nothing(self) -> None:
        self.open().close()
        self.journal.path.with_name("index.db.journal-new").write_bytes(b'{"collection"')
        store = self.open()
        self.put(store, OLD)
        self.assertEqual(contents(store), OLD)
        self.assertEqual(sorted(path.name for path in self.folder.glob("[!.]*")), ["index.db"])

    def left(self, uris: dict[Key, str]) -> None:
        """Leave a journal as a killed process does."""
        rows = [row_of(entry(key.company_id, key.meta_id, uri=uri)) for key, uri in uris.items()]
        self.journal.write(COLLECTION, rows)
