"""Rules and verdicts: exact by digest, near by the other hashes, at the very bits where they change."""

import unittest

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hashindex.confirming import (
    DEFAULT_RULE,
    LOW_CONTRAST,
    WIDE_RULE,
    Rule,
    confirm,
    says_little,
    unconfirmed,
)
from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import Candidate, Verdict
from hashindex.views import AS_IS, View
from testing.making import fingerprint, flipped

ASKED = fingerprint(1)

RULES = st.builds(
    Rule, radius=st.integers(0, 64), phash_radius=st.integers(0, 64), joint_radius=st.integers(0, 128)
)


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
        self.assertEqual(DEFAULT_RULE, Rule(radius=8, phash_radius=12))
        self.assertEqual(WIDE_RULE, Rule(radius=16, joint_radius=28))

    def test_what_a_rule_confirms_by(self) -> None:
        rule = Rule(radius=8, phash_radius=12, joint_radius=20)
        for phash, dhash, confirmed in (
            (0, 0, True),
            (12, 8, True),
            (12, 9, False),
            (13, 0, False),
            (0, 20, True),
            (0, 21, False),
        ):
            with self.subTest(phash=phash, dhash=dhash):
                self.assertEqual(rule.confirms(phash, dhash), confirmed)

    @given(RULES)
    def test_many_are_judged_as_one_is(self, rule: Rule) -> None:
        phash, dhash = (each.astype(np.uint8) for each in np.divmod(np.arange(65 * 65), 65))
        one_by_one = [rule.confirms(p, d) for p, d in zip(phash.tolist(), dhash.tolist(), strict=True)]
        self.assertEqual(rule.confirms(phash, dhash).tolist(), one_by_one)

    @given(RULES)
    def test_the_same_hashes_are_always_confirmed(self, rule: Rule) -> None:
        self.assertIs(confirm(ASKED, None, candidate(0), rule).verdict, Verdict.NEAR)

    def test_its_text_names_what_it_limits(self) -> None:
        self.assertEqual(str(DEFAULT_RULE), "aHash <= 8 and pHash <= 12")
        self.assertEqual(str(WIDE_RULE), "aHash <= 16 and pHash + dHash <= 28")
        self.assertEqual(str(Rule(radius=5)), "aHash <= 5")

    def test_a_radius_out_of_range(self) -> None:
        for wrong in ({"radius": -1}, {"radius": 65}, {"phash_radius": 65}, {"joint_radius": 129}):
            with self.subTest(wrong), self.assertRaisesRegex(InvalidArgumentError, f"{next(iter(wrong))} is"):
                Rule(**{"radius": 8, **wrong})


class TestVerdicts(unittest.TestCase):
    def test_near_up_to_the_phash_radius_and_weak_beyond(self) -> None:
        for bits in range(65):
            match = confirm(ASKED, "a" * 32, candidate(bits))
            self.assertEqual(match.phash_distance, bits)
            self.assertEqual(match.verdict, Verdict.NEAR if bits <= 12 else Verdict.WEAK)

    def test_dhash_is_told_but_decides_nothing_by_the_default_rule(self) -> None:
        match = confirm(ASKED, "a" * 32, candidate(0, dhash_bits=64))
        self.assertEqual((match.dhash_distance, match.verdict), (64, Verdict.NEAR))

    def test_both_decide_by_the_wide_rule(self) -> None:
        for phash, dhash, verdict in ((14, 14, Verdict.NEAR), (14, 15, Verdict.WEAK), (28, 0, Verdict.NEAR)):
            self.assertIs(confirm(ASKED, None, candidate(phash, dhash), WIDE_RULE).verdict, verdict)

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
        match = unconfirmed(candidate(0))
        self.assertEqual((match.distance, match.phash_distance, match.dhash_distance), (3, None, None))
        self.assertIsNone(match.verdict)


if __name__ == "__main__":
    unittest.main()
