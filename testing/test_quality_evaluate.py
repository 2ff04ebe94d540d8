"""Evaluation against brute force, and against what a person would count by hand."""

import tempfile
import unittest
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from unittest import mock

import numpy as np

from hashindex.compose import open_reader
from hashindex.confirming import LOW_CONTRAST, Rule
from hashindex.listing import EVERY_PICTURE
from hashindex.outcomes import Reason
from hashindex.quality import comparison, pairs
from hashindex.quality.asking import ASKED, Asked
from hashindex.quality.comparison import RANKINGS, Comparison
from hashindex.quality.evaluate import Evaluation, evaluate
from hashindex.quality.looks import VIEWS
from hashindex.reading import Looked
from hashindex.records import Fingerprint, HashedPicture
from hashindex.views import AS_IS, DEFAULT_WAYS, ONLY_AS_IS, Orientation, View, Ways
from testing.making import encoded, flipped, picture, saved

RADIUS = 12
EVERY = [
    Asked(Rule(radius=6, joint_radius=17), ways)
    for ways in (ONLY_AS_IS, DEFAULT_WAYS, Ways(orientations=True))
]


def made_up(number: int) -> list[Looked]:
    """Return pictures around few centres, some of equal content, some that say little, with some views."""
    chance = np.random.default_rng(number)
    centres = [chance.bytes(8) for _ in range(4)]
    looked: list[Looked] = []
    for i in range(number):
        views = []
        for k, view in enumerate(VIEWS):
            if not k or chance.random() < 0.2:
                centre = centres[(i if not k else i + k) % 4]
                ahash, phash, dhash = (
                    flipped(centre, int(chance.integers(0, 6)), seed=70 * i + 3 * k + h) for h in range(3)
                )
                low = chance.random() < 0.15
                views.append((view, Fingerprint(ahash, phash, dhash, LOW_CONTRAST + (-1 if low else 1))))
        digest = f"{i:032x}"
        if looked and chance.random() < 0.15:
            views, digest = list(looked[-1].views), looked[-1].picture.content_digest
        looked.append(Looked(HashedPicture(f"/{i}.jpg", views[0][1], digest, "1", 9, 9, 9, 0), tuple(views)))
    return looked


def truth_of(pictures: list[Looked]) -> dict[str, str]:
    return {each.picture.uri: str(i % 4) if i % 3 else "0" for i, each in enumerate(pictures) if i % 5}


def bits(left: bytes, right: bytes) -> int:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).bit_count()


class TestComparison(unittest.TestCase):
    """Forty pictures, in blocks that do not divide them, beside the same work done pair by pair."""

    def setUp(self) -> None:
        self.pictures = made_up(40)
        self.truth = truth_of(self.pictures)

    def compared(self, asked: Asked) -> Comparison:
        with mock.patch.object(pairs, "_BLOCK", 290):  # seven rows at a time
            return Comparison(self.pictures, self.truth, asked, radius=RADIUS)

    def apart(self, asked: Asked, one: Looked, other: Looked) -> Iterator[tuple[tuple[int, int, int], View]]:
        """Yield the distances by which a search with either can find the other, with the view."""
        if one.picture.content_digest == other.picture.content_digest:
            yield (0, 0, 0), AS_IS
        for stored, looked in ((one, other), (other, one)):
            kept = stored.picture.fingerprint
            assert isinstance(kept, Fingerprint)
            for view, prints in looked.views:
                is_asked = asked.views[VIEWS.index(view)]
                if is_asked and min(kept.contrast, prints.contrast) >= LOW_CONTRAST:
                    yield (
                        (
                            bits(kept.ahash, prints.ahash),
                            bits(kept.phash, prints.phash),
                            bits(kept.dhash, prints.dhash),
                        ),
                        view,
                    )

    def together(self, left: Looked, right: Looked) -> bool:
        left_uri, right_uri = left.picture.uri, right.picture.uri
        return self.truth.get(left_uri, left_uri) == self.truth.get(right_uri, right_uri)

    def test_pairs_are_counted_as_one_by_one(self) -> None:
        for asked in EVERY:
            candidates, confirmed = np.zeros((2, 2, RADIUS + 1), int)
            wrong: list[tuple[str, str]] = []
            missed: list[tuple[str, str]] = []
            for left, right in combinations(self.pictures, 2):
                together = self.together(left, right)
                every = [each for each in self.apart(asked, left, right) if each[0][0] <= RADIUS]
                near = [apart for apart, _ in every]
                sure = [apart for apart, view in every if asked.rule.confirms(*apart, view)]
                for counts, some in ((candidates, near), (confirmed, sure)):
                    if some:
                        counts[int(together), min(some)[0]] += 1
                if (is_found := any(each[0] <= asked.rule.radius for each in sure)) != together:
                    (wrong if is_found else missed).append((left.picture.uri, right.picture.uri))
            compared = self.compared(asked)
            with self.subTest(asked):
                self.assertEqual(compared.candidates.tolist(), candidates.tolist())
                self.assertEqual(compared.confirmed.tolist(), confirmed.tolist())
                self.assertGreater(min(len(wrong), len(missed)), 5)
                for kept, expected in ((compared.wrong, wrong), (compared.missed, missed)):
                    self.assertEqual(kept.count, len(expected))
                    self.assertEqual(
                        sorted((each.left, each.right) for each in kept.named()), sorted(expected)
                    )

    def test_average_precision_is_that_of_the_definition(self) -> None:
        for asked in EVERY:
            compared = self.compared(asked)
            for place, ranking in enumerate(RANKINGS):
                expected = []
                for one in self.pictures:
                    others = [each for each in self.pictures if each is not one]
                    partners = [each for each in others if self.together(one, each)]
                    ranked = [
                        (min(each[place] for each, _ in apart), other)
                        for other in others
                        if (apart := list(self.apart(asked, one, other)))
                    ]
                    total = 0.0
                    for distance, each in ranked:
                        if self.together(one, each):
                            within = [other for d, other in ranked if d <= distance]
                            total += sum(self.together(one, other) for other in within) / len(within)
                    if partners:
                        expected.append(total / len(partners))
                with self.subTest(asked, ranking=ranking):
                    np.testing.assert_allclose(compared.precisions[ranking], expected)

    def test_the_nearest_pairs_are_the_ones_that_are_named(self) -> None:
        every = self.compared(EVERY[-1]).wrong.named()
        with mock.patch.object(comparison, "MOST_SHOWN", 4):
            few = self.compared(EVERY[-1]).wrong
        self.assertEqual((few.named(), few.count), (every[:4], len(every)))
        joint = [
            (each.distance or 0) + (each.phash_distance or 0) + (each.dhash_distance or 0) for each in every
        ]
        self.assertEqual(joint, sorted(joint))


class TestEvaluate(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def evaluate(self, truth: dict[str, str], asked: Asked = ASKED["default"]) -> Evaluation:
        with open_reader() as reader:
            named = {str(self.folder / name): group for name, group in truth.items()}
            return evaluate(reader, str(self.folder), EVERY_PICTURE, named, asked)

    def test_what_a_person_would_count(self) -> None:
        for seed in (1, 2, 3):
            saved(self.folder / f"{seed}.png", seed)
        (self.folder / "1-small.jpg").write_bytes(encoded(picture(1, (32, 24)), "JPEG", quality=90))
        (self.folder / "1-turned.png").write_bytes(encoded(picture(1).rotate(90, expand=True)))
        (self.folder / "2-again.png").write_bytes((self.folder / "2.png").read_bytes())
        truth = {"1.png": "a", "1-small.jpg": "a", "1-turned.png": "a", "2.png": "b"}
        found = self.evaluate(truth)
        self.assertEqual((found.pictures, found.grouped, found.groups), (6, 3, 1))
        # a has three pairs, of which one is found; the second copy of 2 belongs to nobody
        self.assertEqual((found.found.right, found.found.missed, found.found.wrong), (1, 2, 1))
        self.assertEqual(found.found.f1, 2 * 1 / (2 * 1 + 1 + 2))
        self.assertEqual(found.found.precision.share, 0.5)
        self.assertEqual(
            [(each.left, each.right) for each in found.wrong_pairs],
            [(str(self.folder / "2-again.png"), str(self.folder / "2.png"))],
        )
        self.assertEqual(len(found.missed_pairs), 2)
        self.assertEqual([each.radius for each in found.radii], list(range(21)))
        turned = self.evaluate(truth, ASKED["default, orientations"])
        self.assertEqual((turned.found.right, turned.found.missed, turned.found.wrong), (3, 0, 1))
        self.assertEqual(turned.mean_average_precision["aHash"], 1.0)

    def test_a_perfect_answer(self) -> None:
        for seed in range(4):
            saved(self.folder / f"{seed}.png", seed)
            (self.folder / f"{seed}.jpg").write_bytes(encoded(picture(seed), "JPEG", quality=80))
        found = self.evaluate({f"{seed}.{form}": str(seed) for seed in range(4) for form in ("png", "jpg")})
        self.assertEqual((found.found.f1, found.found.missed, found.found.wrong), (1.0, 0, 0))
        self.assertEqual(found.mean_average_precision, {"aHash": 1.0, "pHash": 1.0, "dHash": 1.0})

    def test_pictures_that_say_little_are_found_as_exact_only(self) -> None:
        for name, level in (("a", 255), ("b", 255), ("c", 250)):
            (self.folder / f"{name}.png").write_bytes(encoded(picture(1).point([level] * 768)))
        found = self.evaluate({f"{name}.png": "white" for name in "abc"})
        self.assertEqual((found.low_information, found.found.right, found.found.missed), (3, 1, 2))
        self.assertEqual([(each.distance, each.view) for each in found.missed_pairs], [(None, None)] * 2)

    def test_a_pair_says_by_which_view_it_was_found(self) -> None:
        saved(self.folder / "1.png", 1)
        (self.folder / "1-turned.png").write_bytes(encoded(picture(1).rotate(90, expand=True)))
        (pair,) = self.evaluate({}, ASKED["default, orientations"]).wrong_pairs
        self.assertIn(pair.view, [View(each) for each in (Orientation.ROTATED_90, Orientation.ROTATED_270)])

    def test_nothing_is_dropped_in_silence(self) -> None:
        saved(self.folder / "1.png", 1)
        (self.folder / "2.png").write_text("hello")
        found = self.evaluate({"1.png": "a", "2.png": "a", "3.png": "a"})
        self.assertEqual(
            {Path(each.uri or "").name: each.reason for each in found.rejected},
            {"2.png": Reason.NOT_AN_IMAGE, "3.png": Reason.NOT_FOUND},
        )
        self.assertEqual((found.pictures, found.groups, found.mean_average_precision), (1, 0, {}))
        self.assertIsNone(found.found.f1)
        self.assertIsNone(found.found.precision.share)

    def test_the_rule_decides(self) -> None:
        saved(self.folder / "1.png", 1)
        saved(self.folder / "2.png", 2)
        for radius, wrong in ((64, 1), (0, 0)):
            asked = Asked(Rule(radius=radius, joint_radius=192))
            self.assertEqual(self.evaluate({}, asked).found.wrong, wrong)
