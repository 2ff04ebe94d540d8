"""Borders, letterboxes and bars are cut away, and pictures without them are left alone."""

import unittest
import warnings
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from hashindex.distance import distance
from hashindex.hashing import fingerprint, views_of
from hashindex.recipe import DEFAULT
from hashindex.trimming import trimmed
from hashindex.views import DEFAULT_WAYS
from testing.making import encoded, noise, picture
from testing.photographs import photograph

NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")


class TestTrimming(unittest.TestCase):
    def test_what_was_framed_comes_back(self) -> None:
        inner = picture(1, (200, 150)).convert("L")
        for colour in (0, 128, 255):
            for left, top, right, bottom in ((10, 10, 10, 10), (0, 40, 0, 40), (30, 0, 0, 0), (5, 90, 5, 20)):
                with self.subTest(colour=colour, sides=(left, top, right, bottom)):
                    found = trimmed(ImageOps.expand(inner, (left, top, right, bottom), colour))
                    assert found is not None
                    self.assertEqual(found.size, inner.size)
                    self.assertEqual(found.tobytes(), inner.tobytes())

    def test_bars_with_something_in_them_go_too(self) -> None:
        inner = picture(2, (200, 150)).convert("L")
        screen = ImageOps.expand(inner, (0, 120, 0, 130), 0)
        draw = ImageDraw.Draw(screen)
        draw.text((8, 4), "12:30", fill=255)
        draw.rectangle((90, 380, 110, 392), fill=200)
        found = trimmed(screen)
        assert found is not None
        self.assertEqual(found.tobytes(), inner.tobytes())

    def test_large_pictures_are_cut_as_exactly_as_they_were_looked_at(self) -> None:
        inner = picture(3, (3000, 2000)).convert("L")
        found = trimmed(ImageOps.expand(inner, 200, 255))
        assert found is not None
        self.assertLess(abs(found.width - 3000), 20)
        self.assertLess(abs(found.height - 2000), 20)

    def test_photographs_without_borders_are_left_alone(self) -> None:
        for name in NAMES:
            with self.subTest(name), Image.open(photograph(name)) as image:
                self.assertIsNone(trimmed(image.convert("L")))

    def test_framed_photographs_are_found_by_what_is_left(self) -> None:
        for name in NAMES:
            with Image.open(photograph(name)) as image:
                whole = image.convert("RGB")
            own = fingerprint(whole.convert("L"), DEFAULT)
            for kind, (across, down) in {
                "border": (0.05, 0.05),
                "letterbox": (0, 0.3),
                "pillars": (0.2, 0),
            }.items():
                sides = round(whole.width * across), round(whole.height * down)
                framed = Image.open(BytesIO(encoded(ImageOps.expand(whole, sides, "white"), "JPEG")))
                with self.subTest(name, kind=kind):
                    found = trimmed(framed.convert("L"))
                    assert found is not None
                    inner = fingerprint(found, DEFAULT)
                    self.assertLessEqual(distance(own.ahash, inner.ahash), 4)

    def test_a_frame_that_was_halved_and_saved_again_is_found(self) -> None:
        for name in NAMES:
            with Image.open(photograph(name)) as image:
                whole = image.convert("RGB")
            whole.thumbnail((512, 512))
            for colour in ("white", "black"):
                framed = ImageOps.expand(whole, 10, colour)
                sent = Image.open(BytesIO(encoded(framed, "JPEG", quality=90))).reduce(2)
                copy = Image.open(BytesIO(encoded(sent, "JPEG", quality=75))).convert("L")
                with self.subTest(name, colour=colour):
                    found = trimmed(copy)
                    assert found is not None
                    self.assertLess(abs(found.width - whole.width / 2), 5)
                    self.assertLess(abs(found.height - whole.height / 2), 5)

    def test_how_far_an_edge_is_smeared(self) -> None:
        inner = noise(1, (100, 100)).convert("L")
        for lines, level, spread, left in (
            *((6, 248, 4, 100), (7, 248, 4, 102)),  # twice three lines on each side, and no more,
            *((4, 246, 4, 108), (4, 248, 6, 108)),  # near the border's level, and of little spread
        ):
            canvas = Image.new("L", (200, 200), 255)
            half = np.resize(np.array([level - spread, level + spread], np.uint8), (100 + 2 * lines, 200))
            canvas.paste(Image.fromarray(half), (0, 50 - lines))
            canvas.paste(inner, (50, 50))
            found = trimmed(canvas.crop((50, 0, 150, 200)))
            with self.subTest(lines=lines, level=level, spread=spread):
                assert found is not None
                self.assertEqual(found.height, left)

    def test_an_edge_that_is_smeared_on_one_side_only(self) -> None:
        canvas = Image.new("L", (100, 200), 255)
        canvas.paste(Image.fromarray(np.resize(np.array([244, 252], np.uint8), (4, 100))), (0, 150))
        canvas.paste(noise(1, (100, 100)).convert("L"), (0, 50))
        for turned in (canvas, canvas.transpose(Image.Transpose.ROTATE_180)):
            found = trimmed(turned)
            assert found is not None
            self.assertEqual(found.size, (100, 100))

    def test_a_picture_that_is_faint_all_over_stays_whole(self) -> None:
        canvas = Image.new("L", (100, 200), 255)
        canvas.paste(Image.fromarray(np.resize(np.array([248, 254], np.uint8), (6, 100))), (0, 100))
        found = trimmed(canvas)
        assert found is not None
        self.assertEqual(found.height, 6)

    def test_a_border_that_is_smeared_all_over_is_known_when_it_is_white_or_black(self) -> None:
        for level, is_trimmed in ((251, True), (4, True), (128, False)):
            board = np.indices((200, 200)).sum(axis=0) % 2
            canvas = Image.fromarray(np.where(board, level - 3, level + 3).astype(np.uint8))
            canvas.paste(noise(1, (194, 194)).convert("L"), (3, 3))
            with self.subTest(level=level):
                found = trimmed(canvas)
                self.assertEqual(None if found is None else found.size, (194, 194) if is_trimmed else None)

    def test_a_line_in_an_empty_picture_does_no_harm_wherever_it_lies(self) -> None:
        for top in range(0, 588, 7):
            grey = Image.new("L", (990, 590), 255)
            grey.paste(noise(1, (990, 2)).convert("L"), (0, top))
            for of in (None, (1980, 1180)):  # decoded whole, or to a half of its size
                with warnings.catch_warnings(action="error"):
                    self.assertTrue(views_of(grey, DEFAULT, DEFAULT_WAYS, of=of))

    def test_less_than_a_pixel_is_no_picture(self) -> None:
        canvas = Image.new("L", (520, 520), 255)
        canvas.paste(noise(1, (520, 1)).convert("L"), (0, 99))
        self.assertIsNone(trimmed(canvas))
        self.assertIsNone(trimmed(canvas.transpose(Image.Transpose.ROTATE_90)))

    def test_what_is_empty_or_tiny_is_left_alone(self) -> None:
        for size in ((1, 1), (1, 50), (60, 40), (2000, 3)):
            self.assertIsNone(trimmed(Image.new("L", size, 200)))
        self.assertIsNone(trimmed(Image.fromarray(np.tile(np.array([0, 255], np.uint8), (9, 5)))))

    def test_up_to_what_a_line_counts_as_empty(self) -> None:
        inner = noise(1, (200, 200)).convert("L")
        board = np.indices((300, 300)).sum(axis=0) % 2
        for low, high, is_empty in ((99, 101, True), (98, 101, False), (98, 102, False)):
            canvas = Image.fromarray(np.where(board, low, high).astype(np.uint8))
            canvas.paste(inner, (50, 50))
            self.assertEqual(trimmed(canvas) is not None, is_empty)

    def test_how_short_a_bar_is_and_how_narrow_a_border(self) -> None:
        for bar, kept in ((29, 100), (30, 150)):  # of 200 lines: with 15% it is a part of the picture
            canvas = Image.new("L", (80, 200), 255)
            canvas.paste(noise(1, (80, 100)).convert("L"), (0, 0))
            canvas.paste(noise(2, (80, bar)).convert("L"), (0, 150 - bar))
            found = trimmed(canvas)
            assert found is not None
            self.assertEqual(found.height, kept)
        for lines, is_trimmed in ((1, False), (3, True)):  # of 200: 1% at least
            canvas = Image.new("L", (200, 200), 255)
            canvas.paste(noise(1, (200, 200 - lines)).convert("L"), (0, 0))
            self.assertEqual(trimmed(canvas) is not None, is_trimmed)

    def test_a_large_picture_is_looked_at_reduced_so_that_a_grainy_border_is_empty(self) -> None:
        grain = np.random.default_rng(1).integers(96, 105, (2048, 2048), dtype=np.uint8)
        canvas = Image.fromarray(grain)
        self.assertGreater(grain.std(), 2)
        canvas.paste(picture(1, (1024, 1024)).convert("L"), (512, 512))
        found = trimmed(canvas)
        assert found is not None
        self.assertEqual(found.size, (1024, 1024))
