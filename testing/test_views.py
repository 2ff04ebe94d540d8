"""Views: a turned picture has the bits of the turned picture, and is found whichever way it lies."""

import unittest
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.Image import Transpose

from hashindex.answers import Verdict
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.distance import distance
from hashindex.hashing import fingerprint, views_of
from hashindex.index import Index
from hashindex.keys import Key
from hashindex.recipe import DEFAULT, STRICT, Recipe
from hashindex.records import Entry
from hashindex.search import Limits
from hashindex.store.memory import MemoryStore
from hashindex.trimming import trimmed
from hashindex.views import AS_IS, DEFAULT_WAYS, ONLY_AS_IS, Orientation, View, Ways
from testing.inserting import index_of, looked
from testing.making import ORIGIN, encoded, noise, picture
from testing.memory_source import MemorySource
from testing.photographs import photograph

ALL = Ways(orientations=True)

TURNS: dict[Orientation, Callable[[Image.Image], Image.Image]] = {
    Orientation.AS_IS: lambda image: image,
    Orientation.ROTATED_90: lambda image: image.transpose(Transpose.ROTATE_90),
    Orientation.ROTATED_180: lambda image: image.transpose(Transpose.ROTATE_180),
    Orientation.ROTATED_270: lambda image: image.transpose(Transpose.ROTATE_270),
    Orientation.MIRRORED: ImageOps.mirror,
    Orientation.FLIPPED: ImageOps.flip,
    Orientation.TRANSPOSED: lambda image: image.transpose(Transpose.TRANSPOSE),
    Orientation.TRANSVERSED: lambda image: image.transpose(Transpose.TRANSVERSE),
}

UNDONE_BY = {
    **{each: each for each in Orientation},
    Orientation.ROTATED_90: Orientation.ROTATED_270,
    Orientation.ROTATED_270: Orientation.ROTATED_90,
}


class TestViewsOf(unittest.TestCase):
    def test_every_orientation_is_there_once_as_it_is_first(self) -> None:
        found = [view for view, _ in views_of(picture(1).convert("L"), DEFAULT, ALL)]
        self.assertEqual(found[0], AS_IS)
        self.assertEqual(sorted(map(str, found)), sorted(each.value for each in Orientation))

    def test_what_is_asked_for_and_nothing_else(self) -> None:
        framed = ImageOps.expand(picture(1), 20, "white").convert("L")
        for ways, number in (
            (ONLY_AS_IS, 1),
            (DEFAULT_WAYS, 2),
            (ALL, 16),
            (Ways(orientations=True, trimmed=False), 8),
        ):
            self.assertEqual(len({view for view, _ in views_of(framed, DEFAULT, ways)}), number)

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 99), st.integers(9, 200), st.integers(9, 200), st.sampled_from((DEFAULT, STRICT)))
    def test_a_turned_view_has_the_bits_of_the_turned_picture(
        self, seed: int, width: int, height: int, recipe: Recipe
    ) -> None:
        grey = picture(seed, (width, height)).convert("L")
        found = dict(views_of(grey, recipe, Ways(orientations=True, trimmed=False)))
        for orientation, turn in TURNS.items():
            self.assertEqual(found[View(orientation)], fingerprint(turn(grey), recipe), orientation)

    def test_a_trimmed_view_has_the_bits_of_what_is_left(self) -> None:
        inner = picture(3, (200, 150)).convert("L")
        found = dict(views_of(ImageOps.expand(inner, (0, 40), 0), DEFAULT, ALL))
        for orientation, turn in TURNS.items():
            self.assertEqual(found[View(orientation, trimmed=True)], fingerprint(turn(inner), DEFAULT))

    def test_what_is_left_must_say_something(self) -> None:
        grey = Image.new("L", (100, 100), 255)
        faint = Image.linear_gradient("L").resize((60, 60)).point(lambda level: 200 + level // 32)
        grey.paste(faint, (20, 20))
        self.assertIsNotNone(trimmed(grey))
        self.assertEqual([view for view, _ in views_of(grey, DEFAULT, DEFAULT_WAYS)], [AS_IS])

    def test_pictures_that_were_scaled_down_while_decoding(self) -> None:
        grey = picture(5, (401, 301)).convert("L")
        scaled = views_of(grey.reduce(2), DEFAULT, ALL, of=grey.size)
        for (view, whole), (_, part) in zip(views_of(grey, DEFAULT, ALL), scaled, strict=True):
            self.assertLessEqual(distance(whole.ahash, part.ahash), 2, view)

    def test_each_pixel_of_one_scaled_down_counts_as_the_block_that_it_was_made_of(self) -> None:
        part = ImageOps.expand(picture(5, (150, 110)).convert("L"), 20, 255)
        for size, ways in (((380, 300), ALL), ((379, 299), ONLY_AS_IS)):
            whole = part.resize((380, 300), Image.Resampling.NEAREST).crop((0, 0, *size))
            self.assertEqual(views_of(part, DEFAULT, ways, of=size), views_of(whole, DEFAULT, ways))
        rough = noise(5, (20, 14)).convert("L")
        whole = rough.resize((160, 112), Image.Resampling.NEAREST).crop((0, 0, 153, 105))
        self.assertEqual(fingerprint(rough, DEFAULT, of=whole.size), fingerprint(whole, DEFAULT))

    def test_their_text(self) -> None:
        self.assertEqual(
            [str(each) for each in (AS_IS, View(trimmed=True), View(Orientation.FLIPPED, trimmed=True))],
            ["as_is", "trimmed", "trimmed flipped"],
        )


class TestFinding(unittest.TestCase):
    """The whole way, from a picture's file to its match."""

    index: Index

    @classmethod
    def setUpClass(cls) -> None:
        cls.index = index_of(MemoryStore(ORIGIN), MemorySource())

    @classmethod
    def tearDownClass(cls) -> None:
        cls.index.close()

    def store(self, *images: Image.Image) -> None:
        self.index.company(1).delete_all()
        self.index.store.upsert(
            [
                Entry(Key(1, number), looked(self.index.reader, encoded(image)), indexed_time=0)
                for number, image in enumerate(images)
            ]
        )

    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 999), st.integers(40, 160), st.integers(40, 160))
    def test_all_eight_orientations_of_a_picture_are_found_and_told(
        self, seed: int, width: int, height: int
    ) -> None:
        stored = picture(seed, (width, height))
        self.store(stored, *(picture(1_000 + number) for number in range(5)))
        for orientation, turn in TURNS.items():
            copy = encoded(turn(stored), "JPEG", quality=80)
            (match,) = self.index.company(1).search(copy, orientations=True).matches
            self.assertEqual((match.key.meta_id, match.verdict), (0, Verdict.NEAR), orientation)
            self.assertEqual(match.view, View(UNDONE_BY[orientation]))

    def test_turned_pictures_are_not_found_unless_asked_for(self) -> None:
        self.store(picture(1))
        self.assertEqual(self.index.company(1).search(encoded(ImageOps.mirror(picture(1)))).matches, ())

    def test_framed_photographs_are_found_unless_that_is_refused(self) -> None:
        with Image.open(photograph("coffee.png")) as image:
            whole = image.convert("RGB")
        self.store(whole)
        framed = encoded(ImageOps.expand(whole, (0, 120), "black"), "JPEG")
        (match,) = self.index.company(1).search(framed).matches
        self.assertEqual((str(match.view), match.verdict), ("trimmed", Verdict.NEAR))
        (result,) = self.index.company(1).search_many([framed], Limits(ways=ONLY_AS_IS))
        self.assertEqual(result.matches, ())

    def test_exact_copies_are_exact_whatever_the_ways_and_the_rule(self) -> None:
        images = [picture(1), Image.new("RGB", (50, 40), "white"), ImageOps.expand(picture(2), 9, "black")]
        self.store(*images)
        for ways in (ONLY_AS_IS, DEFAULT_WAYS, ALL):
            for rule in (DEFAULT_RULE, WIDE_RULE, Rule(radius=0, joint_radius=0)):
                answers = self.index.company(1).search_many(
                    map(encoded, images), Limits(ways=ways, rule=rule)
                )
                for number, result in enumerate(answers):
                    best = result.matches[0]
                    self.assertEqual(
                        (best.key.meta_id, best.verdict, best.view), (number, Verdict.EXACT, AS_IS)
                    )


if __name__ == "__main__":
    unittest.main()
