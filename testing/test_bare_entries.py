"""Hashes that were imported: found like any other, never dropped, and never said to be more than they are."""

import unittest

from hashindex.answers import Verdict
from hashindex.keys import Key
from hashindex.records import Entry, HashedPicture, Scope
from hashindex.search import Limits, Query, search
from hashindex.store.memory import MemoryStore
from testing.inserting import index_of
from testing.making import ORIGIN, encoded, entry, fingerprint, flipped, picture
from testing.memory_source import MemorySource

ASKED = fingerprint(1)


def bare(meta_id: int, ahash: bytes, company_id: int = 1) -> Entry:
    return Entry(Key(company_id, meta_id), HashedPicture.bare(ahash), indexed_time=5)


class TestSearch(unittest.TestCase):
    def setUp(self) -> None:
        self.store = MemoryStore(ORIGIN)
        far = fingerprint(2, ahash=flipped(ASKED.ahash, 2), phash=flipped(ASKED.phash, 30))
        near = fingerprint(3, ahash=flipped(ASKED.ahash, 3), phash=ASKED.phash, dhash=ASKED.dhash)
        self.store.upsert(
            [
                bare(1, flipped(ASKED.ahash, 1)),
                entry(1, 2, prints=far),
                entry(1, 3, prints=near),
                bare(4, flipped(ASKED.ahash, 30)),
            ]
        )

    def verdicts(self, query: Query, limits: Limits | None = None) -> dict[int, Verdict | None]:
        (result,) = search(self.store, [query], Scope.company(1), limits or Limits())
        return {match.key.meta_id: match.verdict for match in result.matches}

    def test_a_bare_entry_is_shown_without_a_verdict_among_confirmed_matches(self) -> None:
        query = Query(ASKED.ahash, "/a.jpg", ASKED, "d" * 32)
        self.assertEqual(self.verdicts(query), {1: None, 3: Verdict.NEAR})
        shown = self.verdicts(query, Limits(unconfirmed=True))
        self.assertEqual(shown, {1: None, 2: Verdict.WEAK, 3: Verdict.NEAR})

    def test_an_empty_digest_makes_nothing_exact(self) -> None:
        self.assertEqual(self.verdicts(Query(ASKED.ahash, "/a.jpg", ASKED, ""))[1], None)

    def test_what_resembles_a_bare_entry_has_no_verdict(self) -> None:
        found = self.verdicts(Query.like(bare(1, flipped(ASKED.ahash, 1))))
        self.assertEqual(found, {2: None, 3: None})

    def test_itself_takes_no_place_among_the_matches(self) -> None:
        query = Query.like(bare(1, flipped(ASKED.ahash, 1)))
        for others in ([], [Query(bytes(8))]):
            result = search(self.store, [query, *others], Scope.company(1), Limits(limit=2))[0]
            self.assertEqual((len(result.matches), result.truncated), (2, False))

    def test_its_query_has_no_uri(self) -> None:
        self.assertIsNone(Query.like(bare(1, ASKED.ahash)).uri)


class TestInsert(unittest.TestCase):
    def test_a_picture_fills_in_the_bare_entry_of_its_key(self) -> None:
        source = MemorySource()
        uri = source.put("a.png", encoded(picture(1)))
        store = MemoryStore(ORIGIN)
        store.upsert([bare(7, bytes(8))])
        index = index_of(store, source)
        report = index.company(1).insert(uri, meta_id=7)
        self.assertEqual((report.updated, report.rejected), (1, 0))
        filled = index.company(1).get(7)
        assert filled is not None
        self.assertEqual((filled.picture.uri, filled.picture.is_bare), (uri, False))


if __name__ == "__main__":
    unittest.main()
