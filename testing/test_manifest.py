"""Manifests: whatever a good line looks like it goes in, and memory is bounded."""

import tracemalloc
import unittest
from collections.abc import Iterator
from itertools import islice
from typing import TextIO, cast

from hypothesis import given
from hypothesis import strategies as st

from hashindex.keys import MAX_ID, Key, meta_id_from_stem, meta_id_from_uri
from hashindex.manifest import Manifest
from hashindex.outcomes import Wanted
from testing.manifests import HEADER, SOURCE, jsonl, read, wanted


class TestGoodLines(unittest.TestCase):
    def test_csv(self) -> None:
        self.assertEqual(
            read(HEADER + "/a.jpg,1,7\noss://photos/k.jpg,2,8\n"),
            [wanted("/a.jpg", 1, 7, 2), wanted("oss://photos/k.jpg", 2, 8, 3)],
        )

    def test_jsonl(self) -> None:
        text = jsonl(
            {"uri": "/a.jpg", "meta_id": 1, "company_id": 7},
            {"uri": "/b.jpg", "meta_id": "2", "company_id": "8"},
        )
        self.assertEqual(read(text), [wanted("/a.jpg", 1, 7, 1), wanted("/b.jpg", 2, 8, 2)])

    def test_byte_order_marks_line_ends_and_blank_lines(self) -> None:
        expected = [wanted("/a.jpg", 1, 7, 3), wanted("/b.jpg", 2, 7, 5)]
        for end in ("\n", "\r\n", "\r"):
            for bom in ("", "\ufeff"):
                csv = f"{bom}{end}uri,meta_id,company_id{end}/a.jpg,1,7{end}{end}/b.jpg,2,7{end}"
                self.assertEqual(read(csv), expected, repr(csv))
        rows = [
            '{"uri": "/a.jpg", "meta_id": 1, "company_id": 7}',
            '{"uri": "/b.jpg", "meta_id": 2, "company_id": 7}',
        ]
        self.assertEqual(read(f"\ufeff\r\n\n{rows[0]}\r\n  \n{rows[1]}"), expected)

    def test_a_byte_order_mark_right_before_the_first_word(self) -> None:
        self.assertEqual(read("\ufeff" + HEADER + "/a.jpg,1,7\n"), [wanted("/a.jpg", 1, 7, 2)])
        row = jsonl({"uri": "/a.jpg", "meta_id": 1, "company_id": 7})
        self.assertEqual(read("\ufeff " + row), [wanted("/a.jpg", 1, 7, 1)])

    def test_other_columns_are_ignored_in_any_order(self) -> None:
        self.assertEqual(
            read("note, company_id ,uri,x,meta_id\nhi,7,/a.jpg,,1\n"), [wanted("/a.jpg", 1, 7, 2)]
        )
        self.assertEqual(
            read(jsonl({"x": [1], "uri": "/a.jpg", "company_id": 7, "meta_id": 1})),
            [wanted("/a.jpg", 1, 7, 1)],
        )

    def test_quotes_commas_and_newlines_within_values(self) -> None:
        text = HEADER + '"/a ""b"", c\nd.jpg",1,7\n/e.jpg,2,7\n'
        self.assertEqual(read(text), [wanted('/a "b", c\nd.jpg', 1, 7, 2), wanted("/e.jpg", 2, 7, 4)])

    def test_a_company_of_its_own_beats_the_one_given(self) -> None:
        text = "uri,meta_id,company_id\n/a.jpg,1,\n/b.jpg,2,8\n/c.jpg,3,0\n"
        keys = [item.key for item in read(text, company_id=7) if isinstance(item, Wanted)]
        self.assertEqual(keys, [Key(7, 1), Key(8, 2), Key(0, 3)])

    def test_without_a_meta_id_it_is_made_of_the_uri(self) -> None:
        (item,) = read(jsonl({"uri": "/55.jpg"}), company_id=7)
        self.assertEqual(item, wanted("/55.jpg", meta_id_from_uri("/55.jpg"), 7, 1))
        (item,) = read("uri\n/55.jpg\n", company_id=7, meta_id_from=meta_id_from_stem)
        self.assertEqual(item, wanted("/55.jpg", 55, 7, 2))

    def test_the_edges_of_the_ids(self) -> None:
        self.assertEqual(
            read(HEADER + f"/a.jpg,{MAX_ID},0\n/b.jpg, 007 ,{MAX_ID}\n"),
            [wanted("/a.jpg", MAX_ID, 0, 2), wanted("/b.jpg", 7, MAX_ID, 3)],
        )

    def test_versions_are_handed_on(self) -> None:
        self.assertEqual(
            read("uri,meta_id,company_id,source_version\n/a.jpg,1,7,abc\n/b.jpg,2,7,\n"),
            [wanted("/a.jpg", 1, 7, 2, "abc"), wanted("/b.jpg", 2, 7, 3)],
        )

    def test_uris_are_canonical_and_undecodable_bytes_come_back(self) -> None:
        (item,) = read(jsonl({"uri": "/x//y/../%FF.jpg", "meta_id": 1, "company_id": 7}))
        self.assertEqual(item, wanted("/x/%FF.jpg", 1, 7, 1))

    def test_duplicates_are_handed_on(self) -> None:
        self.assertEqual(len(read(HEADER + "/a.jpg,1,7\n" * 3)), 3)

    def test_an_empty_file_asks_for_nothing(self) -> None:
        for text in ("", "\n", "\ufeff", " \r\n\t\n"):
            self.assertEqual(read(text), [])
        self.assertEqual(read(HEADER), [])

    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
    def test_any_name_survives_jsonl(self, name: str) -> None:
        uri = SOURCE.canonical("/" + name)
        (item,) = read(jsonl({"uri": uri, "meta_id": 1, "company_id": 7}))
        self.assertEqual(item, wanted(uri, 1, 7, 1))


class TestMemory(unittest.TestCase):
    def peak(self, lines: Iterator[str], traced_from: int = 90_000) -> tuple[int, int]:
        class Lines:
            def readline(self) -> str:
                return next(lines, "")

            def __iter__(self) -> Iterator[str]:
                return lines

        manifest = Manifest(SOURCE, company_id=7, meta_id_from=meta_id_from_uri)
        found = manifest.read(cast("TextIO", Lines()))
        count = sum(1 for _ in islice(found, traced_from))  # tracing is slow, and growth would go on
        tracemalloc.start()
        try:
            count += sum(1 for _ in found)
            return count, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_100_000_lines_of_csv_in_bounded_memory(self) -> None:
        lines = (f"/{number}.jpg,{number},7\n" for number in range(100_000))
        count, peak = self.peak(self.headed(lines))
        self.assertEqual(count, 100_000)
        self.assertLess(peak, 300_000)

    def test_100_000_lines_of_jsonl_in_bounded_memory(self) -> None:
        lines = (f'{{"uri": "/{number}.jpg", "meta_id": {number}}}\n' for number in range(100_000))
        count, peak = self.peak(lines)
        self.assertEqual(count, 100_000)
        self.assertLess(peak, 300_000)

    def test_open_quotes_everywhere_in_bounded_memory(self) -> None:
        lines = (f'"/{number}""x,{number},7\n' for number in range(3_000))
        count, peak = self.peak(self.headed(lines), 1_000)
        self.assertEqual(count, 3_000)
        self.assertLess(peak, 300_000)

    def headed(self, lines: Iterator[str]) -> Iterator[str]:
        yield HEADER
        yield from lines


if __name__ == "__main__":
    unittest.main()
