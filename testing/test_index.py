"""The open index as people hold it in Python: companies, inserts, every kind of query, counts."""

import io
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from PIL import Image

from hashindex import lookup
from hashindex.answers import SearchResult, Verdict
from hashindex.errors import InvalidArgumentError, NotPersistedError
from hashindex.keys import MAX_ID, Key, meta_id_from_stem, meta_id_from_uri
from hashindex.listing import Selection
from hashindex.lookup import QUERIES_PER_CALL
from hashindex.outcomes import Ignored, InsertReport, Reason, Reject, Rejected, Taken
from hashindex.records import Picture
from hashindex.search import Limits
from hashindex.sources.local import LocalSource
from hashindex.sources.routing import RoutedSource
from hashindex.tally import FIRST_REJECTS
from testing.inserting import WatchedStore, index_of
from testing.making import encoded, picture, saved
from testing.memory_source import MemorySource

SIZE = (32, 24)


class IndexCase(unittest.TestCase):
    def setUp(self) -> None:
        self.store, self.memory = WatchedStore(), MemorySource()
        self.index = index_of(self.store, RoutedSource({"": LocalSource(), "memory": self.memory}))

    def put(self, number: int) -> str:
        return self.memory.put(f"{number}.png", encoded(picture(number, SIZE)))

    def folder(self) -> Path:
        return Path(self.enterContext(tempfile.TemporaryDirectory()))


class TestInsert(IndexCase):
    def test_a_folder_a_path_and_a_list(self) -> None:
        folder = self.folder()
        for number in range(3):
            saved(folder / f"{number}.png", number)
        (folder / "notes.txt").write_text("x")
        company = self.index.company(1)
        report = company.insert(folder)
        self.assertEqual(report, InsertReport(inserted=3, ignored=1, seconds=report.seconds))
        report = company.insert(str(folder / "0.png"))
        self.assertEqual(report, InsertReport(skipped=1, seconds=report.seconds))
        report = company.insert([folder / "0.png", str(folder / "gone.png")], refresh=True)
        gone = Rejected(str(folder / "gone.png"), Reason.NOT_FOUND, "there is no such file")
        reject = Reject(gone, 1, meta_id_from_uri(str(folder / "gone.png")))
        self.assertEqual(
            report, InsertReport(updated=1, rejected=1, seconds=report.seconds, first_rejects=(reject,))
        )
        self.assertEqual((company.count(), self.index.company(2).count()), (3, 0))

    def test_one_picture_with_its_own_meta_id(self) -> None:
        company = self.index.company(1)
        company.insert(self.put(1), meta_id=MAX_ID)
        entry = company.get(MAX_ID)
        assert entry is not None
        self.assertEqual(entry.picture.uri, "memory://1.png")
        for names in ([], [self.put(1), self.put(2)], "memory://sub/", [self.folder()]):
            with self.assertRaisesRegex(InvalidArgumentError, "goes with exactly one picture"):
                company.insert(names, meta_id=5)
        for meta_id in (-1, MAX_ID + 1, True):
            with self.assertRaises(InvalidArgumentError):
                company.insert(self.put(1), meta_id=meta_id)
        self.assertEqual(company.count(), 1)

    def test_keys_selection_and_replacing(self) -> None:
        folder = self.folder()
        for number in (7, 8):
            saved(folder / f"{number}.png", number)
        company = self.index.company(1)
        report = company.insert(folder, meta_id_from=meta_id_from_stem, selection=Selection(exclude=("8.*",)))
        self.assertEqual((report.inserted, report.ignored), (1, 1))
        self.assertIsNotNone(company.get(7))
        report = company.insert(self.put(3), meta_id=7)
        self.assertEqual([one.rejected.reason for one in report.first_rejects], [Reason.CONFLICT])
        self.assertEqual(company.insert(self.put(3), meta_id=7, replace=True).updated, 1)

    def test_each_is_called_once_for_every_item_after_it_is_stored(self) -> None:
        seen: list[Taken | Reject | Ignored] = []

        def each(item: Taken | Reject | Ignored) -> None:
            if isinstance(item, Taken):
                self.assertIn(item.wanted.key, self.store.get([item.wanted.key]))
            seen.append(item)

        folder = self.folder()
        saved(folder / "a.png", 1)
        (folder / "b.png").write_bytes(b"")
        (folder / "c.txt").write_bytes(b"")
        self.index.company(1).insert(folder, each=each)
        self.assertEqual(sorted(type(item).__name__ for item in seen), ["Ignored", "Reject", "Taken"])

    def test_only_the_first_rejects_are_kept(self) -> None:
        names = (f"memory://{number}" for number in range(FIRST_REJECTS + 50))
        report = self.index.company(1).insert(names)
        self.assertEqual(report.rejected, FIRST_REJECTS + 50)
        self.assertEqual(len(report.first_rejects), FIRST_REJECTS)

    def test_a_store_that_fails_ends_it(self) -> None:
        self.store.fail_at_write = 0
        with self.assertRaises(NotPersistedError):
            self.index.company(1).insert(self.put(1))

    def test_a_manifest(self) -> None:
        lines = f"uri,meta_id,company_id\n{self.put(1)},1,7\n{self.put(2)},2,\nmemory://gone,3,7\n,4,7\n"
        report = self.index.insert_manifest(io.StringIO(lines, newline=""), company_id=8)
        self.assertEqual((report.inserted, report.rejected), (2, 2))
        self.assertEqual({one.line for one in report.first_rejects}, {4, 5})
        self.assertIsNotNone(self.index.company(7).get(1))
        self.assertIsNotNone(self.index.company(8).get(2))


class TestSearch(IndexCase):
    def setUp(self) -> None:
        super().setUp()
        for number in range(10):
            self.index.company(1 + number % 2).insert(self.put(number), meta_id=number)

    def found(self, result: SearchResult) -> list[tuple[int, Verdict | None]]:
        return [(match.key.meta_id, match.verdict) for match in result.matches]

    def test_every_kind_of_picture(self) -> None:
        data, company = encoded(picture(4, SIZE)), self.index.company(1)
        path = self.folder() / "copy.png"
        path.write_bytes(data)
        with Image.open(path) as image:
            image.load()
        for asked, uri, verdict in (
            (str(path), str(path), Verdict.EXACT),
            (path, str(path), Verdict.EXACT),
            (data, None, Verdict.EXACT),
            ("memory://4.png", "memory://4.png", Verdict.EXACT),
            (Picture("memory://4.png"), "memory://4.png", Verdict.EXACT),
            (image, None, Verdict.NEAR),  # its bytes are not known
            (picture(4, SIZE), None, Verdict.NEAR),
        ):
            with self.subTest(asked=type(asked)):
                result = company.search(asked)
                self.assertEqual((self.found(result), result.uri), ([(4, verdict)], uri))
                self.assertEqual(len(result.ahash or b""), 8)
        again = encoded(picture(4, SIZE).resize((80, 60)), "JPEG")
        self.assertEqual(self.found(company.search(again)), [(4, Verdict.NEAR)])

    def test_a_company_sees_only_its_own(self) -> None:
        asked = picture(4, SIZE)
        self.assertEqual(self.found(self.index.company(2).search(asked)), [])
        self.assertEqual(self.found(self.index.company(3).search(asked)), [])
        (match,) = self.index.all_companies().search(asked).matches
        self.assertEqual(match.key, Key(1, 4))

    def test_companies_that_cannot_be(self) -> None:
        for company_id in (-1, MAX_ID + 1, True, "1", None):
            with self.assertRaises(InvalidArgumentError):
                self.index.company(company_id)  # type: ignore[arg-type]

    def test_limits_reach_the_search(self) -> None:
        company = self.index.company(1)
        company.insert(self.memory.put("copy.png", encoded(picture(4, SIZE))), meta_id=40)
        result = company.search(picture(4, SIZE), limit=1)
        self.assertEqual((self.found(result), result.truncated), ([(4, Verdict.NEAR)], True))
        every = company.search(picture(4, SIZE), radius=64, unconfirmed=True)
        self.assertEqual(len(every.matches), 6)
        with self.assertRaises(InvalidArgumentError):
            company.search(picture(4, SIZE), radius=65)

    def test_rejected_pictures_keep_their_place_over_several_calls(self) -> None:
        asked: list[bytes | str | Picture | Rejected] = []
        expected: list[int | Reason] = []
        for number in range(2 * QUERIES_PER_CALL + 30):
            kind = number % 4
            if kind == 0:
                asked.append(f"memory://{number % 10}.png")
                expected.append(number % 10)
            elif kind == 1:
                asked.append(b"text")
                expected.append(Reason.NOT_AN_IMAGE)
            elif kind == 2:
                asked.append(Rejected("/x", Reason.NOT_FOUND, "from a walk"))
                expected.append(Reason.NOT_FOUND)
            else:
                asked.append(Picture("memory://gone"))
                expected.append(Reason.NOT_FOUND)
        results = list(self.index.all_companies().search_many(asked))
        got = [one.rejected.reason if one.rejected else one.matches[0].key.meta_id for one in results]
        self.assertEqual(got, expected)
        for one in results:
            self.assertEqual(one.ahash is None, one.rejected is not None)
        self.assertEqual([one.uri for one in results[:4]], ["memory://0.png", None, "/x", "memory://gone"])

    def test_answers_do_not_depend_on_the_batch(self) -> None:
        asked = [f"memory://{number % 11}.png" for number in range(25)]
        place = self.index.all_companies()
        whole = list(place.search_many(asked))
        with mock.patch.object(lookup, "QUERIES_PER_CALL", 3):
            self.assertEqual(list(place.search_many(asked)), whole)
        self.assertEqual(list(place.search_many(asked[::-1])), whole[::-1])
        self.assertEqual([place.search(one) for one in asked], whole)

    def test_a_single_name_is_not_taken_letter_by_letter(self) -> None:
        company = self.index.company(1)
        for many in (company.search_many, company.check_many, company.insert_many_if_new):
            with self.assertRaisesRegex(InvalidArgumentError, "given as a list"):
                list(many("memory://1.png"))

    def test_pictures_are_asked_for_lazily(self) -> None:
        taken = 0

        def endless() -> Iterator[str]:
            nonlocal taken
            while True:
                taken += 1
                yield "memory://1.png"

        results = self.index.company(2).search_many(endless())
        next(results)
        self.assertLessEqual(taken, QUERIES_PER_CALL + 4 * 4)

    def test_bare_hashes(self) -> None:
        hashes = [self.index.company(1).search(picture(number, SIZE)).ahash or b"" for number in (2, 4)]
        results = list(self.index.company(1).search_hashes(hashes))
        self.assertEqual([self.found(one) for one in results], [[(2, None)], [(4, None)]])
        with self.assertRaises(InvalidArgumentError):
            list(self.index.company(1).search_hashes([b"short"]))

    def test_like_a_stored_entry(self) -> None:
        company = self.index.company(1)
        company.insert(self.memory.put("copy.png", encoded(picture(4, SIZE))), meta_id=40)
        company.insert(self.memory.put("jpeg.jpg", encoded(picture(4, SIZE), "JPEG")), meta_id=41)
        result = company.search_like(4)
        self.assertEqual(sorted(self.found(result)), [(40, Verdict.EXACT), (41, Verdict.NEAR)])
        self.assertEqual(result.uri, "memory://4.png")
        self.assertEqual(len(company.search_like(4, Limits(limit=1)).matches), 1)

    def test_like_an_entry_that_is_not_there(self) -> None:
        detail = "company 1 has no entry with meta_id 5"  # it is company 2 that has one
        self.assertEqual(
            self.index.company(1).search_like(5),
            SearchResult(uri=None, ahash=None, rejected=Rejected(None, Reason.NOT_FOUND, detail)),
        )

    def test_pictures_lists_without_what_is_ignored(self) -> None:
        folder = self.folder()
        saved(folder / "a.png", 1)
        (folder / "b.txt").write_text("x")
        self.assertEqual(
            list(self.index.pictures([str(folder)])), [LocalSource().stat(str(folder / "a.png"))]
        )


class TestTheRest(IndexCase):
    def test_counts_deletions_and_stats(self) -> None:
        for number in range(6):
            self.index.company(number % 3).insert(self.put(number), meta_id=number)
        self.assertEqual(self.index.companies(), {0: 2, 1: 2, 2: 2})
        self.assertEqual((self.index.all_companies().count(), self.index.stats().total), (6, 6))
        self.assertEqual(self.index.company(0).delete(0, 0, 1, 99), 1)  # 1 is company 1's
        self.assertEqual(self.index.company(1).delete_all(), 2)
        self.assertEqual(self.index.company(1).delete_all(), 0)
        self.assertEqual(self.index.companies(), {0: 1, 2: 2})
        self.assertIsNone(self.index.company(0).get(0))
        self.assertTrue(self.index.created)

    def test_closing_closes_both_and_the_store_whatever_the_source_does(self) -> None:
        with mock.patch.object(self.store, "close") as closed, self.index:
            pass
        closed.assert_called_once()
        self.assertTrue(self.memory.closed)
        with (
            mock.patch.object(self.memory, "close", side_effect=OSError),
            mock.patch.object(self.store, "close") as closed,
            self.assertRaises(OSError),
        ):
            self.index.close()
        closed.assert_called_once()


if __name__ == "__main__":
    unittest.main()
