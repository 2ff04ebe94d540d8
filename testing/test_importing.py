"""Import: as if one by one, nothing overwritten by less than it was, every line an entry or a reject."""

import io
import unittest
from collections.abc import Iterable
from dataclasses import replace
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from hashindex import importing
from hashindex.errors import InvalidArgumentError
from hashindex.importing import Import, imported
from hashindex.interchange.hashes import read_hashes
from hashindex.keys import Key
from hashindex.outcomes import Imported, Incoming, Reject
from hashindex.records import Entry, HashedPicture, Scope
from hashindex.store.interface import Store
from hashindex.store.memory import MemoryStore
from testing.inserting import WatchedStore, free_turns, turns_of
from testing.making import ORIGIN, bits, entry

CONFLICT = "conflict"


def bare(meta_id: int, seed: int) -> Entry:
    return Entry(Key(1, meta_id), HashedPicture.bare(bits(3 * seed)), indexed_time=5)


def outcome(item: Imported | Reject) -> str:
    return item.outcome.value if isinstance(item, Imported) else item.rejected.reason.value


def into(store: Store, *, replace: bool = False) -> Import:
    return Import(store, turns_of(store), replace=replace)


class TestRules(unittest.TestCase):
    def weighed(self, there: Entry | None, new: Entry, *, replacing: bool = False) -> tuple[str, Entry]:
        store = MemoryStore(ORIGIN)
        store.upsert([there] if there else [])
        (done,) = into(store, replace=replacing).run([Incoming(new, 7)])
        return outcome(done), store.get([new.key])[new.key]

    def test_what_is_there_and_what_comes(self) -> None:
        full, other, same_hash = entry(1, 1), entry(1, 1, seed=9), bare(1, 1)
        for there, new, expected, replaced in (
            (None, full, "inserted", "inserted"),
            (None, same_hash, "inserted", "inserted"),
            (full, full, "skipped", "skipped"),
            (full, replace(full, indexed_time=9), "skipped", "skipped"),
            (full, same_hash, "skipped", "skipped"),
            (full, bare(1, 2), CONFLICT, "updated"),
            (full, other, CONFLICT, "updated"),
            (same_hash, same_hash, "skipped", "skipped"),
            (same_hash, bare(1, 2), CONFLICT, "updated"),
            (same_hash, full, "updated", "updated"),
            (same_hash, other, "updated", "updated"),
        ):
            for replacing, said in ((False, expected), (True, replaced)):
                with self.subTest(there=there, new=new, replacing=replacing):
                    changes = said in ("inserted", "updated")
                    self.assertEqual(
                        self.weighed(there, new, replacing=replacing), (said, new if changes else there)
                    )

    def test_a_conflict_says_where_and_with_what(self) -> None:
        store = MemoryStore(ORIGIN)
        store.upsert([entry(1, 1), bare(2, 2)])
        first, second = into(store).run([Incoming(bare(1, 9), 3), Incoming(bare(2, 9), 4)])
        assert isinstance(first, Reject)
        assert isinstance(second, Reject)
        self.assertEqual((first.company_id, first.meta_id, first.line), (1, 1, 3))
        self.assertEqual(
            first.rejected.detail, "its key 1:1 belongs to /pictures/1.jpg; --replace lets it take over"
        )
        self.assertIn(f"belongs to another hash, {bits(6).hex()};", second.rejected.detail)

    @settings(deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=12),
        st.booleans(),
        st.integers(1, 5),
    )
    def test_batches_end_as_one_by_one(
        self, items: list[tuple[int, int, bool]], replacing: bool, size: int
    ) -> None:
        made = [
            Incoming(bare(meta_id, seed) if is_bare else entry(1, meta_id, seed=seed))
            for meta_id, seed, is_bare in items
        ]
        together, singly = MemoryStore(ORIGIN), MemoryStore(ORIGIN)
        with mock.patch.object(importing, "WRITE_BATCH", size):
            found = [outcome(item) for item in into(together, replace=replacing).run(made)]
        expected = [outcome(done) for item in made for done in into(singly, replace=replacing).run([item])]
        self.assertEqual(found, expected)
        keys = [Key(1, meta_id) for meta_id in range(4)]
        self.assertEqual(together.get(keys), singly.get(keys))

    def test_a_batch_is_written_in_the_turn_of_its_companies(self) -> None:
        store, free = WatchedStore(), list[int]()
        store.before_write = lambda: free.extend(free_turns(store, range(4)))
        list(into(store).run([Incoming(entry(1, 1)), Incoming(entry(3, 1))]))
        self.assertEqual((free, free_turns(store, range(4))), ([0, 2], [0, 1, 2, 3]))

    def test_nothing_is_said_before_it_is_stored(self) -> None:
        store = WatchedStore()
        with mock.patch.object(importing, "WRITE_BATCH", 2):
            for number, _ in enumerate(into(store).run(Incoming(bare(i, i)) for i in range(6))):
                self.assertGreater(store.count(Scope.ALL), number)
        self.assertEqual([len(keys) for keys in store.writes], [2, 2, 2])

    def test_the_report_counts(self) -> None:
        store = MemoryStore(ORIGIN)
        store.upsert([entry(1, 1), bare(2, 2), bare(3, 3)])
        items = [bare(1, 1), entry(1, 2), bare(3, 9), bare(4, 4), entry(1, 5)]
        seen: list[Imported | Reject] = []
        report = imported(store, turns_of(store), map(Incoming, items), each=seen.append)
        self.assertEqual(
            (report.inserted, report.updated, report.skipped, report.rejected, report.bare), (2, 1, 1, 1, 1)
        )
        self.assertEqual(
            [outcome(item) for item in seen], ["skipped", "updated", CONFLICT, "inserted", "inserted"]
        )
        self.assertEqual(report.first_rejects, (seen[2],))


class TestHashes(unittest.TestCase):
    def read(self, text: str, company_id: int | None = None) -> list[Incoming | Reject]:
        return list(read_hashes(io.StringIO(text, newline=""), company_id=company_id))

    def keys(self, items: Iterable[Incoming | Reject]) -> list[tuple[str, str, int | None]]:
        return [
            (str(item.entry.key), item.entry.picture.fingerprint.ahash.hex(), item.line)
            for item in items
            if isinstance(item, Incoming)
        ]

    def test_csv_with_columns_in_any_order_and_others_among_them(self) -> None:
        found = self.read(
            'hash,name,meta_id,company_id\n00ff00ff00ff00fF,a,1,2\n\n 0123456789abcdef ,"b\nb", 9 ,0\n'
        )
        self.assertEqual(self.keys(found), [("2:1", "00ff00ff00ff00ff", 2), ("0:9", "0123456789abcdef", 4)])
        for item in found:
            assert isinstance(item, Incoming)
            self.assertTrue(item.entry.picture.is_bare)

    def test_jsonl_and_a_default_company(self) -> None:
        hash_ = '"hash": "00ff00ff00ff00ff"'
        text = f'{{"meta_id": 1, {hash_}}}\n{{"company_id": 3, "meta_id": 1, {hash_}}}\n'
        self.assertEqual([key for key, _, _ in self.keys(self.read(text, 7))], ["7:1", "3:1"])
        self.assertEqual(self.keys(self.read("meta_id,hash\n5,00ff00ff00ff00ff\n", 7))[0][0], "7:5")

    def test_what_cannot_be_read_is_a_reject_with_its_line(self) -> None:
        found = self.read(
            "company_id,meta_id,hash\n1,1,00ff\n1,2,00ff00ff00ff00fg\n1,3,00ff00ff00ff00ff00\n1,-4,00ff00ff00ff00ff\n"
            "x,5,00ff00ff00ff00ff\n,6,00ff00ff00ff00ff\n1,,00ff00ff00ff00ff\n1,8\n1,9,0x00ff00ff00ff00\n"
            "1,9223372036854775808,00ff00ff00ff00ff\n1,10,00ff00ff00ff00ff\n"
        )
        rejects = [item for item in found if isinstance(item, Reject)]
        self.assertEqual(
            [(item.line, item.rejected.reason.value) for item in rejects],
            [
                *((2, "bad_line"), (3, "bad_line"), (4, "bad_line"), (5, "bad_key"), (6, "bad_key")),
                *((7, "bad_line"), (8, "bad_line"), (9, "bad_line"), (10, "bad_line"), (11, "bad_key")),
            ],
        )
        self.assertEqual((rejects[0].company_id, rejects[0].meta_id), (1, 1))
        self.assertEqual(self.keys(found), [("1:10", "00ff00ff00ff00ff", 12)])

    def test_a_file_without_these_columns_is_refused_at_once(self) -> None:
        for text, missing in (
            ("a,b\n1,2\n", "company_id and meta_id and hash"),
            ("1,2,00ff00ff00ff00ff\n", "company_id and meta_id and hash"),
            ("company_id,hash\n", "meta_id"),
        ):
            with self.assertRaises(InvalidArgumentError) as caught:
                read_hashes(io.StringIO(text))
            self.assertEqual(
                str(caught.exception),
                f"the file's first line must name its columns, with {missing} among them.",
            )

    def test_an_empty_file_has_nothing(self) -> None:
        self.assertEqual(self.read(""), [])


if __name__ == "__main__":
    unittest.main()
