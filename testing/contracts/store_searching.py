"""What every store does with searches: the oracle is a comparison of all hashes, one by one."""

from unittest import mock

import numpy as np

from hashindex.distance import distance
from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import MAX_CANDIDATES, Candidate, Entry, Scope
from hashindex.store import milvus
from testing.contracts.store_case import CENTRE, CROWD, SPREAD, StoreCase
from testing.making import bits, entry, fingerprint, flipped


class SearchingContract(StoreCase):
    def test_it_finds_what_a_comparison_of_all_finds(self) -> None:
        entries = self.spread()
        first = Scope.company(entries[0].key.company_id)
        for scope, radius, limit in (  # within 0, 4, 10 and 14 bits lie 200, 1,000, 2,200 and 3,000 of both
            (Scope.ALL, 0, 10),
            (Scope.ALL, 4, 64),
            (Scope.ALL, 10, 1_023),
            (Scope.ALL, 14, 20_000),
            (first, 4, 20_000),
        ):
            with self.subTest(scope=scope, radius=radius, limit=limit):
                query = flipped(CENTRE, 1, seed=5)
                (found,) = self.store.search([query], scope, radius=radius, limit=limit, exhaustive=True)
                expected = _within(query, [item for item in entries if item.key in scope], radius)
                self.assertTrue(found.exhaustive)
                self.assertEqual(found.truncated, len(expected) > limit)
                if found.truncated:  # which of the farthest are left out is the engine's choice
                    distances = [hit.distance for hit in found.found]
                    self.assertEqual(distances, [hit.distance for hit in expected[:limit]])
                    self.assertLessEqual(set(found.found), set(expected))
                else:
                    self.assertEqual(list(found.found), expected)

    def test_hits_of_one_distance_come_by_company_and_meta_id(self) -> None:
        high, low = sorted([self.company(), self.company()], reverse=True)
        prints = fingerprint(self.company())
        far = fingerprint(0, ahash=flipped(prints.ahash, 2))
        keys = [(low, 9, far), (high, 2, prints), (low, 30, prints), (low, 4, prints), (high, 11, prints)]
        self.store.upsert([entry(owner, meta_id, prints=made) for owner, meta_id, made in keys])
        (found,) = self.store.search([prints.ahash], Scope.ALL, radius=2, limit=10)
        self.assertEqual(
            [(hit.distance, hit.key) for hit in found.found],
            [
                (0, Key(low, 4)),
                (0, Key(low, 30)),
                (0, Key(high, 2)),
                (0, Key(high, 11)),
                (2, Key(low, 9)),
            ],
        )

    def test_the_radius_is_within(self) -> None:
        owner = self.company()
        centre = bits(owner)
        entries = [
            entry(owner, count, prints=fingerprint(count, ahash=flipped(centre, count)))
            for count in range(65)
        ]
        self.store.upsert(entries)
        for radius in (0, 1, 8, 63, 64):
            (found,) = self.store.search([centre], Scope.company(owner), radius=radius, limit=100)
            self.assertEqual([hit.key.meta_id for hit in found.found], list(range(radius + 1)))
            self.assertFalse(found.truncated)

    def test_more_than_the_engine_gives_is_said(self) -> None:
        scope = Scope.company(self.crowd())
        (found,) = self.store.search([fingerprint(7).ahash], scope, radius=0, limit=CROWD)
        self.assertEqual(len(found.found), MAX_CANDIDATES)
        self.assertTrue(found.truncated)
        self.assertEqual(len({hit.key for hit in found.found}), MAX_CANDIDATES)

    def test_a_scope_never_leaks(self) -> None:
        prints = fingerprint(self.company())
        owners = [self.company() for _ in range(3)]
        self.store.upsert([entry(owner, meta_id, prints=prints) for owner in owners for meta_id in range(3)])
        for owner in owners:
            (found,) = self.store.search([prints.ahash], Scope.company(owner), radius=64, limit=5_000)
            self.assertEqual([hit.key for hit in found.found], [Key(owner, meta_id) for meta_id in range(3)])
        (nothing,) = self.store.search([prints.ahash], Scope.company(self.company()), radius=64, limit=10)
        self.assertEqual((nothing.found, nothing.truncated), ((), False))

    def test_many_queries_are_answered_in_order(self) -> None:
        scope = Scope.company(self.spread()[0].key.company_id)
        own = self.spread()[:SPREAD]
        asked = [item.picture.fingerprint.ahash for item in own[:150]]
        with mock.patch.object(milvus, "HITS_PER_CALL", 64 * 60):  # 60 of them in a call
            answers = self.store.search(asked, scope, radius=0, limit=100, exhaustive=True)
        self.assertEqual(len(answers), len(asked))
        for query, found in zip(asked, answers, strict=True):
            self.assertEqual(list(found.found), _within(query, own, 0))
        self.assertEqual(self.store.search([], scope, radius=0, limit=1), [])

    def test_queries_that_need_more_steps_stand_beside_others(self) -> None:
        entries = self.spread()
        near, far = CENTRE, bytes(255 - byte for byte in CENTRE)
        scope = Scope.company(entries[0].key.company_id)
        answers = self.store.search(
            [far, near, far, near, near], scope, radius=14, limit=2_000, exhaustive=True
        )
        expected = _within(near, entries[:SPREAD], 14)
        self.assertEqual([len(found.found) for found in answers], [0, SPREAD, 0, SPREAD, SPREAD])
        self.assertEqual(list(answers[4].found), expected)

    def test_a_query_of_the_wrong_length_is_refused(self) -> None:
        for wrong in (b"", b"7 bytes", b"9 bytes.."):
            with self.assertRaises(InvalidArgumentError) as caught:
                self.store.search([bits(1), wrong], Scope.ALL, radius=1, limit=1)
            self.assertEqual(str(caught.exception), "a query hash is not 8 bytes long.")


def _within(query: bytes, entries: list[Entry], radius: int) -> list[Candidate]:
    stored = np.array([np.frombuffer(item.picture.fingerprint.ahash, np.uint8) for item in entries])
    distances = np.bitwise_count(stored ^ np.frombuffer(query, np.uint8)).sum(axis=1)
    found = [
        Candidate(
            key=item.key,
            distance=distance(query, item.picture.fingerprint.ahash),
            uri=item.picture.uri,
            content_digest=item.picture.content_digest,
            phash=item.picture.fingerprint.phash,
            dhash=item.picture.fingerprint.dhash,
            contrast=item.picture.fingerprint.contrast,
        )
        for item, bits_apart in zip(entries, distances, strict=True)
        if bits_apart <= radius
    ]
    return sorted(found, key=lambda hit: (hit.distance, hit.key))
