"""What is kept, in which order of criteria, and how it is put in words."""

import unittest
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hashindex.duplicates.columns import Pictures
from hashindex.duplicates.decisions import Keep
from hashindex.duplicates.keeping import NO_DECISIONS, KeepPolicy, Ranking, is_under
from hashindex.errors import InvalidArgumentError
from hashindex.records import Entry
from testing.making import entry

NOON = 1_700_000_000_000


def made(
    meta_id: int, uri: str, *, size: tuple[int, int] = (400, 300), file_size: int = 10, time: int = NOON
) -> Entry:
    one = entry(1, meta_id, uri=uri)
    picture = replace(one.picture, width=size[0], height=size[1], file_size=file_size, upload_time=time)
    return replace(one, picture=picture)


def ranked(
    policy: KeepPolicy, *entries: Entry, decided: Mapping[str, Keep] = NO_DECISIONS
) -> tuple[list[str], str, str]:
    """Return URIs in order, why the first is kept, and why the last is not."""
    pictures = Pictures.of_entries([entries])
    ranking = Ranking(policy, pictures, np.arange(len(entries)), decided=decided)
    order = ranking.order.tolist()
    uris = [ranking.uris[place] for place in order]
    return uris, ranking.why(order), ranking.why_not(order[0], order[-1])


class TestCriteria(unittest.TestCase):
    def test_each_has_its_words(self) -> None:
        small = made(1, "/b", size=(40, 30), file_size=5, time=NOON + 1_500)
        large = made(2, "/a/long.jpg", file_size=1_234_567)
        for criterion, first, why, why_not in (
            ("resolution", "/a/long.jpg", "largest: 400 x 300, others at most 40 x 30", "smaller: 40 x 30"),
            (
                "size",
                "/a/long.jpg",
                "largest file: 1,234,567 bytes, others at most 5 bytes",
                "smaller file: 5 bytes",
            ),
            (
                "earliest",
                "/a/long.jpg",
                "earliest: 2023-11-14 22:13:20.000 UTC, others not before 2023-11-14 22:13:21.500 UTC",
                "later: 2023-11-14 22:13:21.500 UTC",
            ),
            (
                "latest",
                "/b",
                "latest: 2023-11-14 22:13:21.500 UTC, others not after 2023-11-14 22:13:20.000 UTC",
                "earlier: 2023-11-14 22:13:20.000 UTC",
            ),
            (
                "shortest-path",
                "/b",
                "shortest path: 2 characters, others at least 11 characters",
                "longer path: 11 characters",
            ),
        ):
            with self.subTest(criterion):
                uris, said, said_not = ranked(KeepPolicy(criteria=(criterion,)), small, large)
                self.assertEqual((uris[0], said, said_not), (first, why, why_not))

    def test_ties_go_on_to_the_next_and_to_the_name(self) -> None:
        a, b, c = made(1, "/a"), made(2, "/b", file_size=9), made(3, "/c", size=(4, 3))
        uris, why, _ = ranked(KeepPolicy(), c, b, a)
        self.assertEqual(uris, ["/a", "/b", "/c"])
        self.assertEqual(
            why, "2 of 3 are largest: 400 x 300; of these largest file: 10 bytes, others at most 9 bytes"
        )
        d = made(4, "/d")
        uris, why, why_not = ranked(KeepPolicy(), d, a)
        self.assertEqual((uris, why_not), (["/a", "/d"], "alike; later by name"))
        self.assertEqual(why, "alike by resolution, size, earliest; of these the first by name")

    def test_equal_names_go_by_key(self) -> None:
        pictures = Pictures.of_entries([[made(9, "/a"), made(2, "/a"), made(5, "/a")]])
        self.assertEqual(Ranking(KeepPolicy(), pictures, np.arange(3)).order.tolist(), [1, 2, 0])

    def test_a_time_that_is_not_known_is_never_the_earliest(self) -> None:
        for criterion in ("earliest", "latest"):
            uris, why, _ = ranked(KeepPolicy(criteria=(criterion,)), made(1, "/a", time=0), made(2, "/b"))
            self.assertEqual(uris, ["/b", "/a"])
            self.assertTrue(why.endswith("unknown"), why)

    def test_preferred_prefixes_in_order(self) -> None:
        policy = KeepPolicy(criteria=("prefix",), prefer=("/best", "/good"))
        uris, why, why_not = ranked(policy, made(1, "/a"), made(2, "/good/a"), made(3, "/best/z"))
        self.assertEqual(uris, ["/best/z", "/good/a", "/a"])
        self.assertEqual(why, "preferred: under /best, others at best under /good")
        self.assertEqual(why_not, "less preferred: elsewhere")

    def test_what_is_protected_is_no_better_for_it(self) -> None:
        small, large = made(1, "/safe/a"), made(2, "/b", size=(999, 999))
        ranking = Ranking(KeepPolicy(protect=("/safe",)), Pictures.of_entries([[small, large]]), np.arange(2))
        self.assertEqual((ranking.order.tolist(), ranking.protected.tolist()), ([1, 0], [True, False]))

    def test_a_decision_comes_before_all_and_the_later_wins(self) -> None:
        large, one, two = made(1, "/a", size=(999, 999)), made(2, "/b"), made(3, "/c")
        digests = [each.picture.content_digest for each in (one, two)]
        decided = {digests[0]: Keep(None, 2), digests[1]: Keep(None, 1)}
        uris, why, why_not = ranked(KeepPolicy(), large, one, two, decided=decided)
        self.assertEqual((uris, why), (["/b", "/c", "/a"], "decided: a decision keeps it"))
        self.assertEqual(why_not, "not decided on: a decision keeps another")

    def test_a_decision_names_one_of_several_copies(self) -> None:
        copies = [
            replace(made(number, uri), picture=made(1, uri).picture) for number, uri in ((1, "/a"), (2, "/b"))
        ]
        decided = {copies[0].picture.content_digest: Keep("/b", 1)}
        self.assertEqual(ranked(KeepPolicy(), *copies, decided=decided)[0], ["/b", "/a"])

    def test_what_is_stored_comes_first_on_request(self) -> None:
        new, old = Pictures.of_pictures([[made(1, "/a").picture]]), Pictures.of_entries([[made(2, "/b")]])
        for stored_first, expected in ((True, ["/b", "/a"]), (False, ["/a", "/b"])):
            ranking = Ranking(KeepPolicy(), new.followed_by(old), np.arange(2), stored_first=stored_first)
            order = ranking.order.tolist()
            self.assertEqual([ranking.uris[place] for place in order], expected)
        self.assertEqual(
            ranking.why(order), "alike by resolution, size, earliest; of these the first by name"
        )
        ranking = Ranking(KeepPolicy(), new.followed_by(old), np.arange(2), stored_first=True)
        self.assertEqual(ranking.why([1, 0]), "stored: in the index")
        self.assertEqual(ranking.why_not(1, 0), "new: not in the index")

    def test_any_time_can_be_said(self) -> None:
        _, why, _ = ranked(KeepPolicy(criteria=("latest",)), made(1, "/a", time=1 << 60), made(2, "/b"))
        self.assertRegex(why, r"^latest: \d+-.* UTC, others not after 2023-11-14 22:13:20.000 UTC$")

    def test_wrong_policies(self) -> None:
        for wrong in (
            {"criteria": ("beauty",)},
            {"criteria": ("size", "size")},
            {"criteria": ("prefix",)},
            {"prefer": ("/a",)},
        ):
            with self.subTest(wrong), self.assertRaises(InvalidArgumentError):
                KeepPolicy(**wrong)


class TestPrefixes(unittest.TestCase):
    def test_they_end_at_the_boundaries_of_a_path(self) -> None:
        for uri, prefix, expected in (
            ("/a/b", "/a", True),
            ("/a", "/a", True),
            ("/ab", "/a", False),
            ("/a/b", "/", True),
            ("oss://bucket/x/1.jpg", "oss://bucket/x/", True),
            ("oss://bucket/x/1.jpg", "oss://bucket/x", True),
            ("oss://bucket/xy.jpg", "oss://bucket/x", False),
            ("oss://bucket2/x", "oss://bucket", False),
        ):
            with self.subTest((uri, prefix)):
                self.assertEqual(is_under(uri, prefix), expected)


if __name__ == "__main__":
    unittest.main()
