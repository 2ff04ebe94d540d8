"""Duplicates among made pictures: against brute force, whatever their order, and as people have decided."""

import unittest
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hashindex.answers import Verdict
from hashindex.confirming import DEFAULT_RULE, LOW_CONTRAST, WIDE_RULE, Rule, confirm
from hashindex.distance import distance
from hashindex.duplicates.columns import Pictures
from hashindex.duplicates.decisions import Decisions, Keep, pair_of
from hashindex.duplicates.finding import (
    DEFAULT_RULES,
    DuplicateRules,
    duplicates_against,
    duplicates_among,
    find,
)
from hashindex.duplicates.groups import Duplicates
from hashindex.duplicates.matching import VERDICTS, matched, verdicts
from hashindex.duplicates.nodes import Nodes, nodes_of
from hashindex.duplicates.values import Group
from hashindex.errors import InvalidArgumentError
from hashindex.records import BareHash, Candidate, Entry, Fingerprint, HashedPicture
from testing.making import bits, entry, fingerprint, flipped, prints_of


def found(entries: Sequence[Entry], rules: DuplicateRules = DEFAULT_RULES) -> Duplicates:
    return find(Pictures.of_entries([entries]), rules)


def found_against(
    new: Sequence[Entry], stored: Sequence[Entry], rules: DuplicateRules = DEFAULT_RULES
) -> Duplicates:
    """Look for the pictures of entries, which are not stored themselves, among others."""
    return duplicates_against((made.picture for made in new), [stored], rules)


def nodes(pictures: Pictures) -> Nodes:
    nowhere = np.zeros(len(pictures), np.bool_)
    return nodes_of(pictures, nowhere, nowhere)


def members(group: Group) -> list[int]:
    return [member.key.meta_id for member in group.members if member.key]


def sets(groups: Duplicates) -> set[frozenset[int]]:
    return {frozenset(members(group)) for group in groups}


def near(
    meta_id: int, seed: int = 0, *, ahash: int = 0, phash: int = 0, pixels: int = 100, at: int = 0
) -> Entry:
    """Return an entry so many bits from the seed's picture; `at` chooses which bits."""
    prints = Fingerprint(
        flipped(bits(3 * seed), ahash, at), flipped(bits(3 * seed + 1), phash, at), bits(3 * seed + 2), 20
    )
    made = entry(1, meta_id, prints=prints)
    return replace(made, picture=replace(made.picture, width=pixels, height=10))


def digest(made: Entry) -> str:
    return made.picture.content_digest


def decided(**decisions: Sequence[tuple[Entry, Entry]]) -> DuplicateRules:
    pairs = {
        name: frozenset(pair_of(digest(a), digest(b)) for a, b in some) for name, some in decisions.items()
    }
    return DuplicateRules(
        decisions=Decisions(pairs.get("duplicate", frozenset()), pairs.get("not_duplicate", frozenset()))
    )


@st.composite
def crowds(draw: st.DrawFn) -> list[Entry]:
    """Draw pictures that crowd around a few, some of them copies, bare, or saying little."""
    made = []
    for number in range(1, draw(st.integers(1, 25))):
        bare, little = draw(st.integers(0, 9)) == 0, draw(st.integers(0, 9)) == 0
        seed = draw(st.integers(0, 2))
        apart, other = draw(st.integers(0, 12)), draw(st.integers(0, 16))
        one = near(
            number, seed, ahash=apart, phash=other, pixels=draw(st.integers(1, 4)), at=draw(st.integers(0, 3))
        )
        prints: Fingerprint | BareHash = prints_of(one.picture)
        if little:
            prints = replace(prints_of(one.picture), contrast=0.5)
        text = digest(one)
        if bare:
            prints, text = BareHash(prints.ahash), ""
        picture = replace(one.picture, fingerprint=prints, content_digest=text)
        made.append(replace(one, picture=picture))
        if not bare and draw(st.integers(0, 4)) == 0:
            copy = entry(1, 100 + number, content_digest=text)
            made.append(replace(copy, picture=replace(copy.picture, fingerprint=prints)))
    return draw(st.permutations(made))


def says_little(picture: HashedPicture) -> bool:
    prints = picture.fingerprint
    return not any(prints.ahash) if isinstance(prints, BareHash) else prints.contrast < LOW_CONTRAST


def match(a: Entry, b: Entry) -> bool:
    """Say by the scalar rules whether two entries are duplicates."""
    left, right = a.picture, b.picture
    if left.content_digest and left.content_digest == right.content_digest:
        return True
    if says_little(left) or says_little(right):
        return False
    if distance(left.fingerprint.ahash, right.fingerprint.ahash) > DEFAULT_RULE.radius:
        return False
    if left.is_bare or right.is_bare:
        return True
    one, other = prints_of(left), prints_of(right)
    return DEFAULT_RULE.confirms(
        distance(one.ahash, other.ahash), distance(one.phash, other.phash), distance(one.dhash, other.dhash)
    )


def best_first(entries: Sequence[Entry]) -> list[Entry]:
    def order(made: Entry) -> tuple[object, ...]:
        picture = made.picture
        return (-picture.width * picture.height, -picture.file_size, picture.uri)

    return sorted(entries, key=order)


def stars_by_force(entries: Sequence[Entry]) -> set[frozenset[int]]:
    left, groups = best_first(entries), set()
    while left:
        kept = left[0]
        taken = [other for other in left if other is kept or match(kept, other)]
        left = [other for other in left if other not in taken]
        if len(taken) > 1:
            groups.add(frozenset(other.key.meta_id for other in taken))
    return groups


class TestAgainstBruteForce(unittest.TestCase):
    @settings(deadline=None, max_examples=80)
    @given(crowds())
    def test_groups_are_the_stars_of_brute_force(self, entries: list[Entry]) -> None:
        groups = found(entries)
        self.assertEqual(sets(groups), stars_by_force(entries))
        by_id = {made.key.meta_id: made for made in entries}
        for group in groups:
            ids = members(group)
            self.assertEqual(best_first([by_id[i] for i in ids])[0].key.meta_id, ids[0])
            hashes = [member.ahash for member in group.members]
            self.assertEqual(group.farthest, max(distance(a, b) for a, b in combinations(hashes, 2)))
            for member, made in zip(group.members, (by_id[i] for i in ids), strict=True):
                self.assertTrue(match(by_id[ids[0]], made))
                self.assertEqual(member.distance, distance(member.ahash, group.kept.ahash))
                self.assertEqual(member.content_digest, digest(made))
                self.assertEqual((member.uri, member.width), (made.picture.uri, made.picture.width))
                self.assertEqual(member.keep, member is group.kept)
            self.assertEqual(
                [other.distance for other in group.others], sorted(o.distance for o in group.others)
            )

    @settings(deadline=None, max_examples=40)
    @given(crowds(), st.randoms(use_true_random=False), st.booleans())
    def test_groups_do_not_depend_on_the_order(
        self, entries: list[Entry], random: object, chain: bool
    ) -> None:
        rules = DuplicateRules(connected=chain)
        shuffled = list(entries)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        self.assertEqual(list(found(entries, rules)), list(found(shuffled, rules)))

    @settings(deadline=None, max_examples=40)
    @given(crowds())
    def test_connected_groups_are_the_components_of_brute_force(self, entries: list[Entry]) -> None:
        left, groups = set(range(len(entries))), set()
        while left:
            waiting, group = [left.pop()], set()
            while waiting:
                at = waiting.pop()
                group.add(at)
                reached = {other for other in left if match(entries[at], entries[other])}
                left -= reached
                waiting += reached
            if len(group) > 1:
                groups.add(frozenset(entries[at].key.meta_id for at in group))
        self.assertEqual(sets(found(entries, DuplicateRules(connected=True))), groups)

    @settings(deadline=None, max_examples=40)
    @given(crowds(), st.data())
    def test_what_is_apart_never_shares_a_group(self, entries: list[Entry], data: st.DataObject) -> None:
        named = [made for made in entries if digest(made)]
        if not named:
            return
        one = st.sampled_from(named)
        apart = data.draw(st.lists(st.tuples(one, one), max_size=6))
        together = data.draw(st.lists(st.tuples(one, one), max_size=3))
        rules = replace(decided(not_duplicate=apart, duplicate=together), connected=data.draw(st.booleans()))
        forbidden = rules.decisions.not_duplicate
        by_id = {made.key.meta_id: made for made in entries}
        for group in found(entries, rules):
            for a, b in combinations([digest(by_id[i]) for i in members(group)], 2):
                self.assertNotIn(pair_of(a, b), forbidden if a and b else ())

    @settings(deadline=None, max_examples=50)
    @given(crowds(), st.integers(0, 24), st.booleans())
    def test_new_ones_stand_with_the_best_stored_one_that_they_match(
        self, entries: list[Entry], number: int, chain: bool
    ) -> None:
        new, stored = entries[:number], best_first(entries[number:])
        expected: dict[str, set[str]] = {}
        for made in new:
            matching = [other.picture.uri for other in stored if match(made, other)]
            if matching:
                expected.setdefault(matching[0], {matching[0]}).add(made.picture.uri)
        groups = found_against(new, stored, DuplicateRules(connected=chain))
        uris = {made.picture.uri for made in stored}
        for group in groups:
            self.assertIsNotNone(group.kept.key)
            for member in group.others:
                self.assertEqual(member.keep, member.key is not None)  # what is stored stays
            if not chain:
                kept = next(made for made in stored if made.picture.uri == group.kept.uri)
                for made in new:
                    if made.picture.uri in {member.uri for member in group.members}:
                        self.assertTrue(match(kept, made))
                # Copies of the kept one are stored too, and said to be.
                named = {member.uri for member in group.members}
                self.assertEqual(expected[group.kept.uri] - uris, named - uris)
        placed = {member.uri for group in groups for member in group.members} - uris
        self.assertEqual(placed, {uri for group in expected.values() for uri in group} - uris)

    @settings(deadline=None, max_examples=40)
    @given(crowds(), st.sampled_from((DEFAULT_RULE, WIDE_RULE)))
    def test_verdicts_are_those_of_a_search(self, entries: list[Entry], rule: Rule) -> None:
        pictures = Pictures.of_entries([entries])
        left, right = np.divmod(np.arange(len(entries) ** 2), max(len(entries), 1))
        for i, j, code in zip(left, right, verdicts(pictures, left, right, rule), strict=True):
            mine, other = entries[i].picture, entries[j].picture
            prints, verdict = other.fingerprint, None
            if mine.content_digest and other.content_digest:  # else one is bare, and nothing confirms
                candidate = Candidate(
                    *(entries[j].key, distance(mine.fingerprint.ahash, prints.ahash)),
                    *(other.uri, other.content_digest),
                    *(prints.phash, prints.dhash, prints.contrast),
                )
                verdict = confirm(mine.fingerprint, mine.content_digest, candidate, rule).verdict
            self.assertEqual(VERDICTS[code], verdict)


class TestGroups(unittest.TestCase):
    def test_a_chain_of_small_steps_is_cut_at_the_kept_one(self) -> None:
        # 1 is 8 bits from 2 and 16 from 3; 2 is 8 from 3.
        middle, one, other = bits(0), flipped(bits(0), 8, 1), flipped(bits(0), 8, 2)
        self.assertGreater(distance(one, other), DEFAULT_RULE.radius)
        entries = [near(number, pixels=pixels) for number, pixels in ((1, 30), (2, 20), (3, 10))]
        entries = [
            replace(made, picture=replace(made.picture, fingerprint=fingerprint(0, ahash=ahash)))
            for made, ahash in zip(entries, (one, middle, other), strict=True)
        ]
        groups = found(entries)
        self.assertEqual(sets(groups), {frozenset({1, 2})})
        self.assertEqual(groups.counts.unplaced, 1)
        whole = found(entries, DuplicateRules(connected=True))
        self.assertEqual((sets(whole), whole.counts.unplaced), ({frozenset({1, 2, 3})}, 0))
        self.assertEqual(next(iter(whole)).farthest, distance(one, other))

    def test_many_copies_are_one_node(self) -> None:
        entries = [entry(1, number, seed=1) for number in range(3_000)] + [near(5_000, 1)]
        self.assertEqual(len(nodes(Pictures.of_entries([entries]))), 1)
        (group,) = found(entries)
        self.assertEqual((len(group.members), group.farthest), (3_001, 0))
        verdict = [other.verdict for other in group.others]
        self.assertEqual((verdict.count(Verdict.EXACT), verdict.count(Verdict.NEAR)), (2_999, 1))

    def test_what_says_little_is_matched_with_exact_copies_only(self) -> None:
        flat = Fingerprint(bytes(8), bits(1), bits(2), contrast=1.9)
        entries = [entry(1, number, prints=flat) for number in (1, 2)]
        entries += [entry(1, number, prints=flat, content_digest="f" * 32) for number in (3, 4)]
        groups = found(entries)
        self.assertEqual(sets(groups), {frozenset({3, 4})})
        self.assertEqual(groups.counts.low_information, 4)

    def test_bare_hashes_have_no_verdict(self) -> None:
        rows = [bits(1), flipped(bits(1), 3), bits(2), bytes(8), bytes(8)]
        hashes = np.array([list(row) for row in rows], np.uint8)
        groups = find(Pictures.of_hashes(hashes))
        (group,) = groups
        self.assertEqual([(member.uri, member.key) for member in group.members], [("0", None), ("1", None)])
        other = group.others[0]
        self.assertEqual((other.verdict, other.distance, other.phash_distance), (None, 3, None))
        self.assertEqual((groups.counts.unjudged, groups.counts.low_information), (1, 2))

    def test_unconfirmed_pairs_are_weak_and_on_request(self) -> None:
        entries = [near(1), near(2, ahash=1, phash=32)]
        self.assertEqual(len(found(entries)), 0)
        (group,) = found(entries, DuplicateRules(unconfirmed=True))
        self.assertIs(group.others[0].verdict, Verdict.WEAK)

    def test_copies_with_other_bits_belong_together_all_the_same(self) -> None:
        same = "a" * 32
        entries = [entry(1, number, seed=number, content_digest=same) for number in (1, 2, 3)]
        (group,) = found(entries)
        self.assertEqual({other.verdict for other in group.others}, {Verdict.EXACT})
        (group,) = found_against(entries[:1], entries[1:])
        self.assertEqual(len(group.members), 3)

    def test_stored_copies_are_no_group_of_their_own_against_new_ones(self) -> None:
        new, best, other = near(1), near(2, pixels=300), near(3, ahash=1)
        groups = found_against([new], [best, other, replace(other, key=entry(1, 4).key)])
        self.assertEqual(
            [[member.key and member.key.meta_id for member in g.members] for g in groups], [[2, None]]
        )
        self.assertEqual(groups.counts.unplaced, 2)

    def test_one_file_under_two_keys_is_never_proposed_for_removal(self) -> None:
        entries = [entry(company, 1, seed=1, uri="/a.jpg") for company in (1, 2)] + [entry(3, 1, seed=1)]
        groups = found(entries)
        (group,) = groups
        self.assertEqual(
            [(member.uri, member.keep) for member in group.members],
            [("/a.jpg", True), ("/a.jpg", True), ("/pictures/1.jpg", False)],
        )
        self.assertEqual(group.others[0].why, "it is the very file that is kept")
        self.assertEqual(groups.counts.removable, 1)

    def test_entries_without_a_uri_are_not_one_file(self) -> None:
        entries = [entry(1, number, seed=1, uri="") for number in (1, 2)]
        (group,) = found(entries)
        self.assertEqual([member.keep for member in group.members], [True, False])

    def test_a_bare_hash_stands_for_itself_only(self) -> None:
        none = bytes(8)
        large, seen, bare = near(1, pixels=300), near(2), near(3, pixels=200)
        prints = replace(prints_of(seen.picture), phash=none)
        seen = replace(seen, picture=replace(seen.picture, fingerprint=prints))
        alone = BareHash(bare.picture.fingerprint.ahash)
        bare = replace(bare, picture=replace(bare.picture, fingerprint=alone, content_digest=""))
        self.assertEqual(sets(found([large, seen, bare])), {frozenset({1, 3})})

    def test_copies_with_other_bits_do_not_depend_on_the_order(self) -> None:
        same = "a" * 32
        entries = [entry(1, number, seed=number, content_digest=same) for number in (1, 2)]
        for seed in (1, 2):
            prints = fingerprint(seed, ahash=flipped(bits(3 * seed), 1))
            entries.append(entry(1, 10 + seed, seed=10 + seed, prints=prints))
        self.assertEqual(list(found(entries)), list(found(entries[::-1])))

    def test_too_many_pairs_are_an_error_that_says_what_to_do(self) -> None:
        pictures = Pictures.of_entries([[near(number, ahash=1, at=number) for number in range(40)]])
        with self.assertRaisesRegex(InvalidArgumentError, "more than 10 pairs match .* smaller --radius"):
            matched(pictures, nodes(pictures), DEFAULT_RULE, max_pairs=10)

    def test_a_picture_that_is_named_twice_is_no_duplicate(self) -> None:
        groups = duplicates_among([near(1).picture, near(1).picture])
        self.assertEqual((len(groups), groups.counts.pictures), (0, 1))

    def test_nothing_has_no_duplicates(self) -> None:
        for entries in ([], [entry(1, 1)]):
            groups = found(entries)
            self.assertEqual((len(groups), list(groups), groups.counts.pictures), (0, [], len(entries)))

    def test_a_radius_out_of_range(self) -> None:
        with self.assertRaises(InvalidArgumentError):
            DuplicateRules(rule=Rule(radius=65, joint_radius=32))


class TestDecisions(unittest.TestCase):
    def setUp(self) -> None:
        self.best, self.good, self.poor = (
            near(number, ahash=number, pixels=100 - number) for number in (1, 2, 3)
        )
        self.stranger = entry(1, 9)
        self.entries = [self.poor, self.stranger, self.best, self.good]

    def test_a_pair_that_is_not_duplicate_does_not_come_back(self) -> None:
        rules = decided(not_duplicate=[(self.best, self.poor)])
        self.assertEqual(sets(found(self.entries, rules)), {frozenset({1, 2})})
        groups = found([self.best, self.poor], rules)
        self.assertEqual((len(groups), groups.counts.unplaced), (0, 0))

    def test_a_new_member_only_asks_about_itself(self) -> None:
        three = (self.best, self.good, self.poor)
        rules = decided(not_duplicate=list(combinations(three, 2)))
        self.assertEqual(len(found(self.entries, rules)), 0)
        new = near(7, ahash=0)
        self.assertEqual(sets(found([*self.entries, new], rules)), {frozenset({1, 7})})

    def test_two_that_hash_alike_are_told_apart(self) -> None:
        alike = [near(number, pixels=100 - number) for number in (1, 2, 3)]
        self.assertEqual(sets(found(alike)), {frozenset({1, 2, 3})})
        rules = decided(not_duplicate=[(alike[0], alike[1])])
        self.assertEqual(sets(found(alike, rules)), {frozenset({1, 3})})

    def test_copies_that_are_wanted(self) -> None:
        copy = replace(self.best, key=entry(2, 2).key)
        entries = [self.best, copy]
        self.assertEqual(len(found(entries)), 1)
        rules = decided(not_duplicate=[(self.best, self.best)])
        groups = found(entries, rules)
        self.assertEqual((len(groups), groups.counts.unplaced), (0, 0))
        self.assertEqual(len(found_against(entries[:1], entries[1:], rules)), 0)
        self.assertEqual([len(group.members) for group in found([*entries, self.poor], rules)], [2])

    def test_stored_ones_do_not_follow_each_other_to_a_new_one(self) -> None:
        rules = decided(duplicate=[(self.best, self.stranger)])
        (group,) = found_against([near(7)], [self.best, self.stranger], rules)
        self.assertEqual(members(group), [1])
        self.assertEqual(found_against([], [self.best, self.stranger], rules).counts.unplaced, 0)

    def test_a_duplicate_is_one_however_far(self) -> None:
        groups = found(self.entries, decided(duplicate=[(self.stranger, self.poor)]))
        # Linked with what goes to the best one, or the best one itself: the stranger is larger than all.
        self.assertIn(frozenset({9, 3}), {frozenset(members(group)[:2]) for group in groups})
        (group,) = (group for group in groups if 9 in members(group))
        other = next(member for member in group.others if member.key == self.poor.key)
        self.assertEqual((other.decided, other.verdict), (True, Verdict.WEAK))

    def test_a_linked_one_follows_where_the_other_goes(self) -> None:
        small = replace(self.stranger, picture=replace(self.stranger.picture, width=1, height=1))
        rules = decided(duplicate=[(small, self.poor)])
        self.assertEqual(
            sets(found([self.poor, self.best, self.good, small], rules)), {frozenset({1, 2, 3, 9})}
        )

    def test_the_one_that_is_decided_on_is_kept(self) -> None:
        decisions = Decisions(keep={digest(self.poor): Keep(None, 1)})
        rules = DuplicateRules(decisions=decisions)
        (group,) = found(self.entries, rules)
        self.assertEqual((members(group)[0], group.why), (3, "decided: a decision keeps it"))


if __name__ == "__main__":
    unittest.main()
