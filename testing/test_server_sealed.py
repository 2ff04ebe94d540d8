"""Rows that a Milvus server has flushed and indexed, beside rows that it has not."""

from typing import ClassVar
from unittest import TestCase, mock

from hashindex.distance import distance
from hashindex.keys import Key
from hashindex.records import Candidates, Entry, Scope
from hashindex.store.server import ServerStore
from testing import on_server
from testing.lite_files import contents
from testing.making import entry

ROWS = 4_000


class TestSealed(TestCase):
    """Rows that the server has flushed and indexed beside rows that it has not."""

    name: ClassVar[str]
    store: ClassVar[ServerStore]
    entries: ClassVar[list[Entry]]
    replaced: ClassVar[list[Entry]]
    added: ClassVar[list[Entry]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.name = on_server.fresh_name(cls)
        bare = on_server.client()
        with mock.patch.object(type(bare), "load_collection"):  # once is enough, with the index
            cls.store = on_server.opened(cls, cls.name, nlist=16, nprobe=1)
        cls.entries = [entry(number % 3, number) for number in range(ROWS)]
        cls.store.upsert(cls.entries)
        bare.flush(cls.name)
        bare.load_collection(cls.name)
        bare.close()
        cls.replaced = [entry(number % 3, number, seed=number + ROWS) for number in range(0, 2_000, 2)]
        cls.added = [entry(number % 3, number) for number in range(ROWS, ROWS + 500)]
        cls.store.upsert(cls.replaced + cls.added)
        cls.store.delete([item.key for item in cls.entries[-100:]])

    def expected(self) -> dict[Key, Entry]:
        there = {item.key: item for item in self.entries[:-100]}
        return there | {item.key: item for item in self.replaced + self.added}

    def test_a_scan_crosses_both_and_gives_each_entry_once(self) -> None:
        found = [item for some in self.store.scan(Scope.ALL) for item in some]
        self.assertEqual(len(found), len(self.expected()))
        self.assertEqual({item.key: item for item in found}, self.expected())

    def test_few_probes_find_less_and_say_so_and_all_of_them_find_everything(self) -> None:
        everything = self.expected()
        query = [self.entries[0].picture.fingerprint.ahash]

        def probed() -> Candidates:
            (found,) = self.store.search(query, Scope.ALL, radius=64, limit=ROWS * 2)
            return found

        self.assertLess(len(probed().found), len(everything))
        self.assertFalse(probed().exhaustive)
        for radius in (20, 26, 64):
            (found,) = self.store.search(query, Scope.ALL, radius=radius, limit=ROWS * 2, exhaustive=True)
            self.assertTrue(found.exhaustive)
            right = {
                key: apart
                for key, item in everything.items()
                if (apart := distance(query[0], item.picture.fingerprint.ahash)) <= radius
            }
            self.assertEqual({hit.key: hit.distance for hit in found.found}, right)

    def test_counts_know_what_was_replaced_and_deleted(self) -> None:
        self.assertEqual(self.store.count(Scope.ALL), len(self.expected()))
        self.assertEqual(contents(self.store).keys(), self.expected().keys())
