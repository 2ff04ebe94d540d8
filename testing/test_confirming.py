"""Verdicts: exact by digest, near by pHash, weak otherwise, at the very bits where they change."""

import unittest

from hashindex.confirming import PHASH_RADIUS, RADIUS, confirm, unconfirmed
from hashindex.keys import Key
from hashindex.records import Candidate, Verdict
from testing.making import fingerprint, flipped

ASKED = fingerprint(1)


def candidate(phash_bits: int, dhash_bits: int = 0, digest: str = "b" * 32) -> Candidate:
    return Candidate(
        key=Key(1, 2),
        distance=3,
        uri="/a.jpg",
        content_digest=digest,
        phash=flipped(ASKED.phash, phash_bits),
        dhash=flipped(ASKED.dhash, dhash_bits),
    )


class TestVerdicts(unittest.TestCase):
    def test_constants_are_pinned(self) -> None:
        self.assertEqual((RADIUS, PHASH_RADIUS), (8, 12))

    def test_near_up_to_the_phash_radius_and_weak_beyond(self) -> None:
        for bits in range(65):
            match = confirm(ASKED, "a" * 32, candidate(bits))
            self.assertEqual(match.phash_distance, bits)
            self.assertEqual(match.verdict, Verdict.NEAR if bits <= 12 else Verdict.WEAK)

    def test_dhash_is_told_but_decides_nothing(self) -> None:
        match = confirm(ASKED, "a" * 32, candidate(0, dhash_bits=64))
        self.assertEqual((match.dhash_distance, match.verdict), (64, Verdict.NEAR))

    def test_equal_content_is_exact_whatever_the_hashes(self) -> None:
        self.assertEqual(confirm(ASKED, "b" * 32, candidate(0)).verdict, Verdict.EXACT)
        self.assertEqual(confirm(ASKED, "b" * 32, candidate(64)).verdict, Verdict.EXACT)

    def test_no_digest_is_never_exact(self) -> None:
        for digest in (None, ""):
            self.assertEqual(confirm(ASKED, digest, candidate(0, digest="")).verdict, Verdict.NEAR)

    def test_what_the_match_carries(self) -> None:
        match = confirm(ASKED, None, candidate(5, 6))
        self.assertEqual((match.key, match.uri, match.distance), (Key(1, 2), "/a.jpg", 3))

    def test_a_bare_hash_has_no_verdict(self) -> None:
        match = unconfirmed(candidate(0))
        self.assertEqual((match.distance, match.phash_distance, match.dhash_distance), (3, None, None))
        self.assertIsNone(match.verdict)


if __name__ == "__main__":
    unittest.main()
