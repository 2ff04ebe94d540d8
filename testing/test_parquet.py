"""Entries as Parquet: whole or not at all, back as they were, and no file of anybody else's."""

import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from hashindex.errors import ConfigurationError, IndexMismatchError, InvalidArgumentError, StoreDamagedError
from hashindex.interchange import parquet
from hashindex.interchange.parquet import is_parquet, read_parquet, write_parquet
from hashindex.keys import Key
from hashindex.outcomes import Incoming, Reject
from hashindex.records import Entry, HashedPicture, Origin
from testing.commands import REPOSITORY
from testing.making import ORIGIN, entry
from testing.property.entries import entries, ids

COLUMNS = (
    *("company_id", "meta_id", "hash", "indexed_time", "uri", "phash", "dhash", "contrast"),
    *("content_digest", "source_version", "width", "height", "file_size", "upload_time"),
)

FULL_DISK = """
import resource, sys
from hashindex.errors import ConfigurationError
from hashindex.interchange import parquet
from testing.making import ORIGIN, entry
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
parquet.ROWS_PER_GROUP = 200
pages = ([entry(1, 200 * page + i) for i in range(200)] for page in range(20))
try:
    parquet.write_parquet(sys.argv[1], ORIGIN, pages)
except ConfigurationError as exc:
    print(exc)
"""


class ParquetCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.file = self.folder / "all.parquet"

    def write(self, *items: Entry, origin: Origin = ORIGIN) -> None:
        self.assertEqual(write_parquet(self.file, origin, [items]), len(items))

    def read(self) -> list[Entry]:
        found = list(read_parquet(self.file))
        self.assertEqual([item.line for item in found], list(range(1, len(found) + 1)))
        self.assertEqual(len(read_parquet(self.file)), len(found))
        return [item.entry for item in found if isinstance(item, Incoming)]

    def assert_untouched(self, *names: str) -> None:
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))


class TestRoundTrip(ParquetCase):
    @settings(deadline=None, max_examples=60)
    @given(st.lists(entries(ids, ids), max_size=6))
    def test_entries_come_back_as_they_were(self, items: list[Entry]) -> None:
        self.write(*items)
        self.assertEqual(self.read(), items)

    def test_origin_and_columns(self) -> None:
        origin = Origin("a recipe = 1", "Pillow 1, libjpeg 2")
        self.write(entry(1, 2), origin=origin)
        self.assertEqual(read_parquet(self.file).origin, origin)
        table = pq.read_table(self.file)
        self.assertEqual(tuple(table.column_names), COLUMNS)
        self.assertEqual(table.schema.field("hash").type, pa.binary(8))

    def test_what_is_not_known_is_null(self) -> None:
        self.write(Entry(Key(1, 2), HashedPicture.bare(b"8 bytes."), indexed_time=5))
        (row,) = pq.read_table(self.file).to_pylist()
        known = {"company_id": 1, "meta_id": 2, "hash": b"8 bytes.", "indexed_time": 5}
        self.assertEqual({name: value for name, value in row.items() if value is not None}, known)

    def test_groups_of_rows_are_bounded_by_number_and_by_size(self) -> None:
        long = "/" + "u" * 4_000
        for limit, value, uri in (("ROWS_PER_GROUP", 10, None), ("BYTES_PER_GROUP", 30_000, long)):
            with self.subTest(limit), mock.patch.object(parquet, limit, value):
                pages = [[entry(1, 5 * page + i, uri=uri) for i in range(5)] for page in range(8)]
                write_parquet(self.file, ORIGIN, pages)
                with pq.ParquetFile(self.file) as file:
                    self.assertEqual(file.num_row_groups, 4)
                self.assertEqual(self.read(), [item for page in pages for item in page])


class TestWriting(ParquetCase):
    def test_an_earlier_file_stays_until_the_new_one_is_whole(self) -> None:
        self.write(entry(1, 1))

        def broken() -> Iterator[Sequence[Entry]]:
            yield [entry(1, 2)]
            self.assertEqual(self.read(), [entry(1, 1)])
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            write_parquet(self.file, ORIGIN, broken())
        self.assertEqual(self.read(), [entry(1, 1)])
        self.assert_untouched("all.parquet")
        self.write(entry(1, 3))
        self.assertEqual(self.read(), [entry(1, 3)])

    def test_nothing_else_is_written_over(self) -> None:
        self.file.write_bytes(b"SQLite format 3\0")
        for place in (self.file, self.folder):
            with self.assertRaisesRegex(InvalidArgumentError, "holds no export of hashindex"):
                write_parquet(place, ORIGIN, [])
        self.assertEqual(self.file.read_bytes(), b"SQLite format 3\0")
        self.assert_untouched("all.parquet")
        self.file.write_bytes(b"")
        self.write(entry(1, 1))
        self.assertEqual(self.read(), [entry(1, 1)])

    def test_a_full_disk_leaves_nothing(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", FULL_DISK, self.file],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        said = (
            f"the export cannot be written to {self.file}: File too large; make room there, or name another"
        )
        self.assertEqual(done.stdout, f"{said} file.\n", done.stderr)
        self.assert_untouched()

    def test_memory_does_not_grow_with_the_number_of_entries(self) -> None:
        held = []

        def pages() -> Iterator[Sequence[Entry]]:
            for page in range(30):
                held.append(pa.total_allocated_bytes())
                yield [entry(1, 100 * page + i) for i in range(100)]

        with mock.patch.object(parquet, "ROWS_PER_GROUP", 200):
            write_parquet(self.file, ORIGIN, pages())
        self.assertLess(max(held[15:]), 1.2 * max(held[:15]))
        self.assertEqual(sum(1 for _ in read_parquet(self.file)), 3_000)


class TestReading(ParquetCase):
    def setUp(self) -> None:
        super().setUp()
        self.write(*(entry(1, meta_id) for meta_id in range(200)))
        self.data = self.file.read_bytes()

    def test_a_file_that_is_cut_off(self) -> None:
        for length in (4, 8, 100, len(self.data) // 2, len(self.data) - 1):
            self.file.write_bytes(self.data[:length])
            self.assertTrue(is_parquet(self.file))
            with self.subTest(length), self.assertRaisesRegex(StoreDamagedError, "damaged or cut off"):
                list(read_parquet(self.file))

    def test_a_flipped_bit_in_a_page_is_found_out(self) -> None:
        with pq.ParquetFile(self.file) as file:
            column = file.metadata.row_group(0).column(COLUMNS.index("hash"))
        place = column.data_page_offset + column.total_compressed_size // 2
        self.file.write_bytes(self.data[:place] + bytes([self.data[place] ^ 1]) + self.data[place + 1 :])
        with self.assertRaisesRegex(StoreDamagedError, "damaged or cut off"):
            list(read_parquet(self.file))

    def test_fewer_entries_than_it_says(self) -> None:
        opened = read_parquet(self.file)
        self.write(entry(1, 1))
        with self.assertRaisesRegex(StoreDamagedError, "damaged or cut off"):
            list(opened)

    def test_parquet_of_another_program(self) -> None:
        pq.write_table(pa.table({"company_id": [1]}), self.file)
        with self.assertRaisesRegex(IndexMismatchError, "was not written by `hashindex export`"):
            read_parquet(self.file)

    def test_columns_of_another_version(self) -> None:
        table = pq.read_table(self.file)
        for other in (
            table.drop_columns(["width"]),
            table.replace_schema_metadata({**(table.schema.metadata or {}), b"hashindex": b"2"}),
        ):
            pq.write_table(other, self.file)
            with self.assertRaisesRegex(IndexMismatchError, "has other columns than this version"):
                read_parquet(self.file)

    def test_rows_that_somebody_changed_are_rejects_with_their_numbers(self) -> None:
        table = pq.read_table(self.file, columns=list(COLUMNS)).slice(0, 5)
        rows = table.to_pylist()
        rows[0]["company_id"] = -1
        rows[1]["phash"] = None
        rows[2]["uri"] = "u" * 5_000
        rows[3]["content_digest"] = None
        pq.write_table(pa.Table.from_pylist(rows, table.schema), self.file)
        found = list(read_parquet(self.file))
        rejects = [item for item in found if isinstance(item, Reject)]
        self.assertEqual(
            [(item.line, item.rejected.reason.value) for item in rejects],
            [(1, "bad_key"), (2, "bad_line"), (3, "bad_line"), (4, "bad_line")],
        )
        self.assertEqual(found[4], Incoming(entry(1, 4), 5))

    def test_without_pyarrow_the_mend_is_named(self) -> None:
        with mock.patch.dict(sys.modules, {"pyarrow": None}):
            for call in (lambda: read_parquet(self.file), lambda: write_parquet(self.file, ORIGIN, [])):
                with self.assertRaisesRegex(ConfigurationError, "`pip install pyarrow` adds it"):
                    call()

    def test_what_is_parquet(self) -> None:
        self.assertTrue(is_parquet(self.file))
        for data in (b"", b"PAR", b"company_id,meta_id,hash\n"):
            self.file.write_bytes(data)
            self.assertFalse(is_parquet(self.file))
        self.assertFalse(is_parquet(self.folder))
        self.assertFalse(is_parquet("-"))


if __name__ == "__main__":
    unittest.main()
