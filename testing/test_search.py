"""Search over stored entries: verdicts, limits after confirmation, order, what is cut is said."""

import unittest
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from hashindex.answers import SearchResult, Verdict
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.distance import distance
from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import Candidates, Entry, Scope
from hashindex.search import LIMIT, Limits, Query, answer, search
from hashindex.store import memory
from hashindex.store.memory import MemoryStore
from hashindex.views import Orientation, View
from testing.making import ORIGIN, entry, fingerprint, flipped

ASKED = fingerprint(1)
DIGEST = "a" * 32
QUERY = Query(ASKED.ahash, "/asked.jpg", ASKED, DIGEST)
ONE = Scope.company(1)


def near(
    meta_id: int, ahash_bits: int, phash_bits: int, *, company_id: int = 1, digest: str | None = None
) -> Entry:
    prints = fingerprint(
        1, ahash=flipped(ASKED.ahash, ahash_bits, meta_id), phash=flipped(ASKED.phash, phash_bits, meta_id)
    )
    return entry(company_id, meta_id, prints=prints, content_digest=digest)


def store_of(entries: Sequence[Entry]) -> MemoryStore:
    store = MemoryStore(ORIGIN)
    store.upsert(entries)
    return store


def ask(entries: Sequence[Entry], query: Query = QUERY, scope: Scope = ONE, **limits: object) -> SearchResult:
    (result,) = search(store_of(entries), [query], scope, Limits(**limits))  # type: ignore[arg-type]
    return result


def meta_ids(result: SearchResult) -> list[int]:
    return [match.key.meta_id for match in result.matches]


class TestVerdicts(unittest.TestCase):
    def test_exact_near_and_weak(self) -> None:
        entries = [near(1, 0, 0, digest=DIGEST), near(2, 8, 24), near(3, 8, 25), near(4, 9, 0)]
        self.assertEqual(
            [(match.key.meta_id, match.verdict) for match in ask(entries).matches],
            [(1, Verdict.EXACT), (2, Verdict.NEAR)],
        )
        self.assertEqual(
            [(match.key.meta_id, match.verdict) for match in ask(entries, unconfirmed=True).matches],
            [(1, Verdict.EXACT), (2, Verdict.NEAR), (3, Verdict.WEAK)],
        )

    def test_the_result_names_the_query(self) -> None:
        result = ask([])
        self.assertEqual((result.uri, result.ahash, result.matches), ("/asked.jpg", ASKED.ahash, ()))
        self.assertEqual((result.truncated, result.exhaustive, result.rejected), (False, True, None))

    def test_a_bare_hash_confirms_nothing_and_leaves_out_nothing(self) -> None:
        entries = [near(1, 0, 0, digest=DIGEST), near(2, 8, 60)]
        result = ask(entries, Query(ASKED.ahash))
        self.assertEqual([match.verdict for match in result.matches], [None, None])
        self.assertEqual(meta_ids(result), [1, 2])
        self.assertIsNone(result.uri)

    def test_like_leaves_itself_out_and_finds_its_copies(self) -> None:
        entries = [near(1, 0, 0, digest=DIGEST), near(2, 0, 0, digest=DIGEST), near(3, 1, 1)]
        query = Query.like(entries[0])
        self.assertEqual(meta_ids(ask(entries, query)), [2, 3])
        self.assertEqual(
            [match.verdict for match in ask(entries, query).matches], [Verdict.EXACT, Verdict.NEAR]
        )
        self.assertEqual(meta_ids(ask(entries, query, limit=1)), [2])
        self.assertTrue(ask(entries, query, limit=1).truncated)
        self.assertFalse(ask(entries, query, limit=2).truncated)

    def test_the_same_meta_id_of_another_company_is_not_left_out(self) -> None:
        entries = [near(1, 0, 0), near(1, 0, 0, company_id=2)]
        self.assertEqual(
            [match.key for match in ask(entries, Query.like(entries[0]), Scope.ALL).matches], [Key(2, 1)]
        )


class TestLimits(unittest.TestCase):
    def test_defaults(self) -> None:
        limits = Limits()
        self.assertEqual((limits.rule, limits.limit, LIMIT), (DEFAULT_RULE, 100, 100))
        self.assertEqual((limits.ways.orientations, limits.ways.trimmed), (False, True))
        self.assertEqual((limits.unconfirmed, limits.exhaustive), (False, False))

    def test_the_limit_counts_what_is_confirmed(self) -> None:
        entries = [near(number, 1, 40) for number in range(50)] + [near(100 + n, 5, 0) for n in range(3)]
        result = ask(entries, limit=3)
        self.assertEqual((meta_ids(result), result.truncated), ([100, 101, 102], False))
        result = ask(entries, limit=2)
        self.assertEqual((meta_ids(result), result.truncated), ([100, 101], True))

    def test_a_bare_hash_that_has_more_than_the_limit_says_so(self) -> None:
        entries = [near(number, 1, 40) for number in range(5)]
        self.assertTrue(ask(entries, Query(ASKED.ahash), limit=4).truncated)
        self.assertFalse(ask(entries, Query(ASKED.ahash), limit=5).truncated)

    def test_more_candidates_than_the_engine_gives_are_said_though_none_is_confirmed(self) -> None:
        entries = [near(number, 1, 40) for number in range(6)]
        with mock.patch("hashindex.search.MAX_CANDIDATES", 5), mock.patch.object(memory, "MAX_CANDIDATES", 5):
            result = ask(entries)
        self.assertEqual((result.matches, result.truncated), ((), True))

    def test_order_is_distance_company_meta_id(self) -> None:
        entries = [
            near(meta_id, ahash_bits, 0, company_id=company_id)
            for meta_id, ahash_bits, company_id in (
                (9, 2, 1),
                (1, 3, 1),
                (5, 2, 2),
                (4, 2, 1),
                (7, 0, 3),
                (2, 2, 2),
            )
        ]
        Random(1).shuffle(entries)
        result = ask(entries, scope=Scope.ALL)
        self.assertEqual(
            [(match.distance, match.key.company_id, match.key.meta_id) for match in result.matches],
            [(0, 3, 7), (2, 1, 4), (2, 1, 9), (2, 2, 2), (2, 2, 5), (3, 1, 1)],
        )

    def test_the_radius_is_inclusive(self) -> None:
        entries = [near(number, number, 0) for number in range(20)]
        for radius in (0, 1, 8, 19):
            found = ask(entries, rule=Rule(radius=radius, joint_radius=20))
            self.assertEqual(meta_ids(found), list(range(radius + 1)))

    def test_companies_are_kept_apart(self) -> None:
        entries = [near(1, 0, 0), near(2, 0, 0, company_id=2)]
        self.assertEqual(meta_ids(ask(entries, scope=Scope.company(2))), [2])
        self.assertEqual(ask(entries, scope=Scope.company(3)).matches, ())

    def test_limits_out_of_range(self) -> None:
        for limits in ({"limit": 0}, {"limit": -5}):
            with self.subTest(limits=limits), self.assertRaises(InvalidArgumentError):
                Limits(**limits)  # type: ignore[arg-type]


class TestViews(unittest.TestCase):
    """Of what a picture looks like turned, mirrored and trimmed, the best match is told."""

    def setUp(self) -> None:
        self.mirrored, self.trimmed = View(Orientation.MIRRORED), View(trimmed=True)

    def asked(self, *others: tuple[View, int]) -> Query:
        """Return a query with further views, each so many bits of its aHash from the stored picture."""
        views = tuple((view, fingerprint(1, ahash=flipped(ASKED.ahash, far, 9))) for view, far in others)
        own = fingerprint(7, ahash=b"8 bytes!")
        return Query(own.ahash, "/a.jpg", own, DIGEST, other_views=views)

    def test_the_match_says_which_view_found_it(self) -> None:
        for view in (self.mirrored, self.trimmed):
            (match,) = ask([near(1, 0, 0)], self.asked((view, 5))).matches
            self.assertEqual((match.view, match.distance, match.verdict), (view, 5, Verdict.NEAR))

    def test_each_entry_comes_once_by_the_view_that_is_nearest(self) -> None:
        (match,) = ask([near(1, 0, 0)], self.asked((self.trimmed, 6), (self.mirrored, 2))).matches
        self.assertEqual((match.view, match.distance), (self.mirrored, 2))
        (match,) = ask([near(1, 0, 0)], self.asked((self.trimmed, 3), (self.mirrored, 3))).matches
        self.assertEqual(match.view, self.trimmed)  # the first of equals

    def test_a_confirmed_view_is_better_than_a_nearer_one_that_is_not(self) -> None:
        weak = (self.mirrored, fingerprint(5, ahash=ASKED.ahash))
        query = self.asked((self.trimmed, 6))
        query = replace(query, other_views=(weak, *query.other_views))
        (match,) = ask([near(1, 0, 0)], query, unconfirmed=True).matches
        self.assertEqual((match.view, match.verdict), (self.trimmed, Verdict.NEAR))

    def test_matches_of_all_views_are_in_one_order(self) -> None:
        other = fingerprint(3)
        query = self.asked((self.mirrored, 5))
        query = replace(query, other_views=(*query.other_views, (self.trimmed, other)))
        result = ask([near(1, 0, 0), near(2, 0, 0), entry(1, 3, prints=other)], query)
        self.assertEqual(
            [(match.distance, match.key.meta_id) for match in result.matches], [(0, 3), (5, 1), (5, 2)]
        )

    def test_of_views_equally_near_by_ahash_the_one_that_phash_confirms_better_is_told(self) -> None:
        worse = fingerprint(1, ahash=flipped(ASKED.ahash, 3, 9), phash=flipped(ASKED.phash, 2))
        query = self.asked((self.mirrored, 3))
        query = replace(query, other_views=((self.trimmed, worse), *query.other_views))
        (match,) = ask([near(1, 0, 0)], query).matches
        self.assertEqual((match.view, match.phash_distance), (self.mirrored, 0))

    def test_everything_was_compared_only_if_it_was_for_each_view(self) -> None:
        whole, part = (Candidates((), truncated=False, exhaustive=each) for each in (True, False))
        query = self.asked((self.mirrored, 0))
        self.assertTrue(answer(query, [whole, whole], Limits()).exhaustive)
        self.assertFalse(answer(query, [whole, part], Limits()).exhaustive)

    def test_more_candidates_than_the_engine_gives_for_any_view_are_said(self) -> None:
        entries = [near(number, 1, 40) for number in range(6)]
        with mock.patch("hashindex.search.MAX_CANDIDATES", 5), mock.patch.object(memory, "MAX_CANDIDATES", 5):
            self.assertTrue(ask(entries, self.asked((self.mirrored, 0))).truncated)


class Calls(MemoryStore):
    """A store that remembers how many hashes each call asked for."""

    def __init__(self) -> None:
        super().__init__(ORIGIN)
        self.upsert([near(number, 1, 0) for number in range(3)])
        self.asked: list[int] = []

    def search(self, hashes: Sequence[bytes], scope: Scope, **how: Any) -> list[Candidates]:
        self.asked.append(len(hashes))
        return super().search(hashes, scope, **how)


class TestCalls(unittest.TestCase):
    """What is held at once is bounded, and the views of one picture are never parted."""

    def test_few_hashes_a_call_where_the_radius_is_wide(self) -> None:
        views = tuple((View(each), ASKED) for each in Orientation if each is not Orientation.AS_IS)
        queries = [replace(QUERY, other_views=views)] * 30
        for rule, calls in ((DEFAULT_RULE, [200, 40]), (WIDE_RULE, [24] * 10)):
            store = Calls()
            answers = search(store, queries, ONE, Limits(rule=rule))
            self.assertEqual(store.asked, calls)
            self.assertEqual([len(answer.matches) for answer in answers], [3] * 30)


class TestLowInformation(unittest.TestCase):
    """What says too little is matched with exact copies only, and never with a silent nothing."""

    def test_only_exact_copies_match_and_it_is_said(self) -> None:
        flat = replace(QUERY, fingerprint=replace(ASKED, contrast=0.5))
        entries = [near(1, 0, 0, digest=DIGEST), near(2, 0, 0)]
        result = ask(entries, flat)
        self.assertEqual((meta_ids(result), result.low_information), ([1], True))
        shown = ask(entries, flat, unconfirmed=True)
        self.assertEqual([match.verdict for match in shown.matches], [Verdict.EXACT, Verdict.WEAK])
        self.assertFalse(ask(entries).low_information)

    def test_a_stored_one_is_near_to_nothing(self) -> None:
        stored = near(1, 0, 0)
        flat = replace(ASKED, contrast=0.5)
        entries = [replace(stored, picture=replace(stored.picture, fingerprint=flat))]
        self.assertEqual(ask(entries).matches, ())

    def test_its_inside_can_still_match(self) -> None:
        flat = fingerprint(7, ahash=bytes(8), contrast=0)
        query = Query(flat.ahash, "/a.jpg", flat, None, other_views=((View(trimmed=True), ASKED),))
        result = ask([near(1, 1, 1)], query)
        self.assertEqual((meta_ids(result), result.low_information), ([1], True))


class TestManyQueries(unittest.TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 12), st.integers(0, 20)), max_size=30),
        st.lists(st.integers(0, 9), min_size=1, max_size=12),
        st.integers(0, 12),
        st.integers(1, 8),
        st.booleans(),
    )
    def test_answers_do_not_depend_on_who_else_is_asked_and_equal_brute_force(
        self,
        stored: list[tuple[int, int]],
        asked: list[int],
        radius: int,
        limit: int,
        unconfirmed: bool,
    ) -> None:
        entries = [near(number, *distances) for number, distances in enumerate(stored)]
        limits = Limits(rule=Rule(radius=radius, joint_radius=20), limit=limit, unconfirmed=unconfirmed)
        queries = [_query(number) for number in asked]
        store = store_of(entries)
        together = search(store, queries, ONE, limits)
        self.assertEqual(together, [search(store, [query], ONE, limits)[0] for query in queries])
        self.assertEqual(together, search(store, queries[::-1], ONE, limits)[::-1])
        for query, result in zip(queries, together, strict=True):
            self.assertEqual(
                [(match.distance, match.key.meta_id) for match in result.matches],
                _brute_force(entries, query, limits)[:limit],
            )
            self.assertEqual(result.truncated, len(_brute_force(entries, query, limits)) > limit)

    def test_no_queries_have_no_answers(self) -> None:
        self.assertEqual(search(store_of([]), [], ONE, Limits()), [])


def _query(number: int) -> Query:
    """Return a picture for even numbers and a bare hash for odd ones, near what is stored."""
    ahash = flipped(ASKED.ahash, number % 5, number)
    if number % 2:
        return Query(ahash)
    return Query(ahash, f"/{number}.jpg", fingerprint(1, ahash=ahash), None)


def _brute_force(entries: list[Entry], query: Query, limits: Limits) -> list[tuple[int, int]]:
    found = []
    for stored in entries:
        prints = stored.picture.fingerprint
        far = distance(query.ahash, prints.ahash)
        asked = query.fingerprint.phash if query.fingerprint else None
        confirmed = (
            asked is None
            or prints.phash is None
            or far + distance(asked, prints.phash) <= limits.rule.joint_radius
        )
        if far <= limits.rule.radius and (confirmed or limits.unconfirmed):
            found.append((far, stored.key.meta_id))
    return sorted(found)


if __name__ == "__main__":
    unittest.main()
