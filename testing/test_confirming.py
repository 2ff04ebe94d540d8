"""Rules and verdicts: exact by digest, near by the other hashes, at the very bits where they change."""

import unittest
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hashindex.answers import Verdict
from hashindex.confirming import (
    DEFAULT_RULE,
    LOW_CONTRAST,
    TURNED_JOINT_RADIUS,
    WIDE_RULE,
    Rule,
    confirm,
    says_little,
    unconfirmed,
)
from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import Candidate
from hashindex.views import AS_IS, Orientation, View
from testing.making import fingerprint, flipped

ASKED = fingerprint(1)

RULES = st.builds(Rule, radius=st.integers(0, 64), joint_radius=st.integers(3, 192))
TURNED = View(Orientation.MIRRORED)


def candidate(
    phash_bits: int, dhash_bits: int = 0, digest: str = "b" * 32, contrast: float = 20
) -> Candidate:
    return Candidate(
        key=Key(1, 2),
        distance=3,
        uri="/a.jpg",
        content_digest=digest,
        phash=flipped(ASKED.phash, phash_bits),
        dhash=flipped(ASKED.dhash, dhash_bits),
        contrast=contrast,
    )


class TestRules(unittest.TestCase):
    def test_constants_are_pinned(self) -> None:
        self.assertEqual(DEFAULT_RULE, Rule(radius=8, joint_radius=32))
        self.assertEqual(WIDE_RULE, Rule(radius=16, joint_radius=36))
        self.assertEqual(TURNED_JOINT_RADIUS, 28)

    def test_near_up_to_the_joint_radius_and_no_farther(self) -> None:
        rule = Rule(radius=8, joint_radius=20)
        for distances in ((0, 0, 20), (0, 20, 0), (8, 6, 6), (0, 0, 0)):
            self.assertTrue(rule.confirms(*distances), distances)
        for distances in ((0, 0, 21), (1, 20, 0), (8, 7, 6), (0, 64, 64)):
            self.assertFalse(rule.confirms(*distances), distances)

    def test_a_turned_view_must_be_nearer_and_a_trimmed_one_need_not(self) -> None:
        for rule, most in ((WIDE_RULE, 28), (DEFAULT_RULE, 28), (Rule(radius=8, joint_radius=5), 5)):
            for orientation in Orientation:
                for trimmed in (False, True):
                    view = View(orientation, trimmed)
                    farthest = rule.joint_radius if orientation is Orientation.AS_IS else most
                    self.assertTrue(rule.confirms(0, 0, farthest, view))
                    self.assertFalse(rule.confirms(0, 1, farthest, view))

    @given(RULES, st.sampled_from((AS_IS, TURNED)))
    def test_many_are_judged_as_one_is(self, rule: Rule, view: View) -> None:
        phash, dhash = (each.astype(np.uint8) for each in np.divmod(np.arange(65 * 65), 65))
        ahash = np.arange(65 * 65).astype(np.uint8) % np.uint8(65)
        distances = zip(ahash.tolist(), phash.tolist(), dhash.tolist(), strict=True)
        one_by_one = [rule.confirms(a, p, d, view) for a, p, d in distances]
        self.assertEqual(rule.confirms(ahash, phash, dhash, view).tolist(), one_by_one)

    @given(RULES)
    def test_the_same_hashes_are_always_confirmed(self, rule: Rule) -> None:
        self.assertIs(confirm(ASKED, None, candidate(0), rule).verdict, Verdict.NEAR)

    def test_its_text(self) -> None:
        self.assertEqual(str(DEFAULT_RULE), "aHash <= 8 and aHash + pHash + dHash <= 32")

    def test_a_radius_out_of_range(self) -> None:
        for wrong in ({"radius": -1}, {"radius": 65}, {"joint_radius": 193}, {"joint_radius": -1}):
            with self.subTest(wrong), self.assertRaisesRegex(InvalidArgumentError, f"{next(iter(wrong))} is"):
                Rule(**{"radius": 8, "joint_radius": 32, **wrong})


class TestVerdicts(unittest.TestCase):
    def test_all_three_distances_count(self) -> None:
        for phash, dhash, verdict in ((29, 0, Verdict.NEAR), (0, 29, Verdict.NEAR), (15, 15, Verdict.WEAK)):
            match = confirm(ASKED, "a" * 32, candidate(phash, dhash))  # 3 bits apart by their aHashes
            self.assertEqual((match.phash_distance, match.dhash_distance), (phash, dhash))
            self.assertIs(match.verdict, verdict)

    def test_the_view_counts(self) -> None:
        for rule, verdict in ((WIDE_RULE, Verdict.WEAK), (DEFAULT_RULE, Verdict.WEAK)):
            self.assertIs(confirm(ASKED, None, candidate(30), rule, TURNED).verdict, verdict)
        self.assertIs(confirm(ASKED, None, candidate(30), WIDE_RULE).verdict, Verdict.NEAR)

    @given(RULES, st.integers(0, 64), st.integers(0, 64), st.floats(0, 100))
    def test_equal_content_is_exact_whatever_the_rest(
        self, rule: Rule, phash: int, dhash: int, contrast: float
    ) -> None:
        found = confirm(ASKED, "b" * 32, candidate(phash, dhash, contrast=contrast), rule)
        self.assertIs(found.verdict, Verdict.EXACT)

    def test_no_digest_is_never_exact(self) -> None:
        for digest in (None, ""):
            self.assertEqual(confirm(ASKED, digest, candidate(0, digest="")).verdict, Verdict.NEAR)

    def test_nothing_is_near_to_what_says_little(self) -> None:
        low, high = LOW_CONTRAST - 0.01, LOW_CONTRAST
        self.assertEqual((says_little(low), says_little(high)), (True, False))
        for asked, stored, verdict in (
            (low, 20, Verdict.WEAK),
            (20, low, Verdict.WEAK),
            (high, high, Verdict.NEAR),
        ):
            with self.subTest(asked=asked, stored=stored):
                found = confirm(fingerprint(1, contrast=asked), None, candidate(0, contrast=stored))
                self.assertIs(found.verdict, verdict)

    def test_what_the_match_carries(self) -> None:
        view = View(trimmed=True)
        match = confirm(ASKED, None, candidate(5, 6), DEFAULT_RULE, view)
        self.assertEqual((match.key, match.uri, match.distance, match.view), (Key(1, 2), "/a.jpg", 3, view))
        self.assertEqual(confirm(ASKED, None, candidate(5, 6)).view, AS_IS)

    def test_a_bare_hash_has_no_verdict(self) -> None:
        bare = replace(candidate(0), phash=None, dhash=None, contrast=None)
        for match, view in (
            (unconfirmed(candidate(0)), AS_IS),
            (confirm(ASKED, None, bare, view=TURNED), TURNED),
        ):
            self.assertEqual((match.distance, match.phash_distance, match.dhash_distance), (3, None, None))
            self.assertEqual((match.verdict, match.view), (None, view))


if __name__ == "__main__":
    unittest.main()
