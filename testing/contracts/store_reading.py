"""What every store does with reads of entries, counts and scans."""

from collections import Counter

from hashindex.errors import InvalidArgumentError
from hashindex.keys import MAX_ID, Key
from hashindex.records import Scope
from hashindex.store.interface import MAX_COPIES
from testing.contracts.store_case import CROWD, StoreCase
from testing.making import ORIGIN, entry


class ReadingContract(StoreCase):
    def test_get_leaves_out_what_is_missing(self) -> None:
        owner = self.company()
        self.store.upsert([entry(owner, 5)])
        self.assertEqual(self.store.get([]), {})
        self.assertEqual(self.store.get([Key(owner, 4), Key(MAX_ID, MAX_ID)]), {})
        found = self.store.get([Key(owner, 4), Key(owner, 5), Key(owner, 5)])
        self.assertEqual(found, {Key(owner, 5): entry(owner, 5)})

    def test_get_of_thousands_of_keys(self) -> None:
        owner = self.crowd()
        keys = [Key(owner, meta_id) for meta_id in range(CROWD - 4_500, CROWD + 500)]
        self.assertEqual(self.store.get(keys).keys(), set(keys[:4_500]))

    def test_count_of_a_scope(self) -> None:
        owner, other = self.company(), self.company()
        before = self.store.count(Scope.ALL)
        self.store.upsert([entry(owner, meta_id) for meta_id in range(3)] + [entry(other, 0)])
        self.assertEqual(self.store.count(Scope.company(owner)), 3)
        self.assertEqual(self.store.count(Scope.company(other)), 1)
        self.assertEqual(self.store.count(Scope.company(self.company())), 0)
        self.assertEqual(self.store.count(Scope.ALL), before + 4)
        self.assertEqual(self.store.info().total, before + 4)

    def test_a_scan_gives_each_entry_once_over_many_batches(self) -> None:
        owner = self.crowd()
        seen = Counter(item.key for some in self.store.scan(Scope.company(owner)) for item in some)
        self.assertEqual(seen, Counter(Key(owner, meta_id) for meta_id in range(CROWD)))

    def test_a_scan_of_all_gives_what_the_companies_have(self) -> None:
        owners = [self.company(), self.company()]
        self.store.upsert([entry(owner, meta_id) for owner in owners for meta_id in range(3)])
        everything = self.scanned(Scope.ALL)
        self.assertEqual(len(everything), self.store.count(Scope.ALL))
        for owner in owners:
            own = [item for item in everything if item.key.company_id == owner]
            self.assertEqual(own, [entry(owner, meta_id) for meta_id in range(3)])

    def test_a_scan_of_nothing_is_empty(self) -> None:
        self.assertEqual([len(some) for some in self.store.scan(Scope.company(self.company()))], [])

    def test_a_scan_can_be_left_early(self) -> None:
        owner = self.company()
        self.store.upsert([entry(owner, 1)])
        scan = self.store.scan(Scope.company(owner))
        next(iter(scan))
        del scan
        self.assertEqual(self.store.count(Scope.company(owner)), 1)

    def test_exact_copies_of_a_scope(self) -> None:
        owner, other = self.company(), self.company()
        digest = f"c{owner:031x}"  # which no entry made of a number has
        mine = [entry(owner, meta_id, content_digest=digest) for meta_id in range(3)]
        theirs = entry(other, 1, content_digest=digest)
        self.store.upsert([*mine, theirs, entry(owner, 9)])
        found = self.store.copies(digest, Scope.company(owner))
        self.assertEqual(sorted(found, key=lambda item: item.key), mine)
        self.assertEqual(len(self.store.copies(digest, Scope.ALL)), 4)
        self.assertEqual(list(self.store.copies("f" * 32, Scope.company(owner))), [])
        for text in ("", "F" * 32, "0" * 31, "0" * 33, '" or id != "'):
            with self.assertRaises(InvalidArgumentError):
                self.store.copies(text, Scope.ALL)

    def test_no_more_copies_than_a_hundred(self) -> None:
        owner = self.company()
        self.store.upsert([entry(owner, each, content_digest="a" * 32) for each in range(MAX_COPIES + 1)])
        self.assertEqual(len(self.store.copies("a" * 32, Scope.company(owner))), MAX_COPIES)

    def test_it_says_how_it_was_made(self) -> None:
        self.assertEqual(self.store.origin, ORIGIN)
        self.assertTrue(self.store.created)
        self.assertTrue(self.store.identity)
        self.assertEqual(self.store.info().origin, ORIGIN)

    def test_closing_twice_is_no_error(self) -> None:
        other = self.open_store()
        other.close()
        other.close()
