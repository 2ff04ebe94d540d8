"""Every copy that the figures are about: none is missing, each does what its name says, chance is seeded."""

import re
import unittest
from io import BytesIO

import numpy as np
from PIL import Image

from benchmarks.quality import KINDS
from hashindex.quality.transformations import TRANSFORMATIONS, chance
from testing.commands import REPOSITORY
from testing.making import encoded, picture

PROMISED = (  # what copies are measured for, one by one
    *("JPEG 90", "JPEG 75", "JPEG 50", "JPEG 30", "JPEG 10", "WebP 80", "PNG palette"),
    *("half size", "quarter size", "128-pixel thumbnail", "upscaling"),
    *("grey", "sepia", "brightness +20%", "brightness -20%", "contrast +20%", "contrast -20%"),
    *("gamma 0.67", "gamma 1.5", "blur 1", "blur 2", "blur 4", "noise", "sharpening"),
    *("light watermark", "watermark 6%", "caption", "sticker"),
    *("crop 2%", "crop 5%", "crop 10%", "crop 20%", "crop 5%, aside", "crop 10%, aside"),
    *("white border 3%", "white border 10%", "black border 3%", "black border 10%"),
    *("letterbox", "screenshot with bars"),
    *("white border 3%, sent on", "black border 10%, sent on", "screenshot, sent on"),
    *("turn by 1 degree", "turn by 2 degrees", "turn by 5 degrees"),
    *("turn by 90 degrees", "turn by 180 degrees", "turn by 270 degrees", "mirror"),
    *("aspect +5%", "aspect +10%"),
)
BY_CHANCE = {"noise", "sticker", "crop 5%, aside", "crop 10%, aside"}
SIZES = {
    "half size": (150, 100),
    "quarter size": (75, 50),
    "128-pixel thumbnail": (128, 85),
    "upscaling": (600, 400),
    "crop 2%": (294, 196),
    "crop 5%": (284, 190),
    "crop 10%": (270, 180),
    "crop 20%": (240, 160),
    "crop 5%, aside": (285, 190),
    "crop 10%, aside": (270, 180),
    "white border 3%": (312, 212),
    "white border 10%": (340, 240),
    "black border 3%": (312, 212),
    "black border 10%": (340, 240),
    "letterbox": (300, 533),
    "screenshot with bars": (300, 650),
    "white border 3%, sent on": (156, 106),
    "black border 10%, sent on": (170, 120),
    "screenshot, sent on": (150, 325),
    "turn by 90 degrees": (200, 300),
    "turn by 270 degrees": (200, 300),
    "aspect +5%": (315, 200),
    "aspect +10%": (330, 200),
}


class TestTransformations(unittest.TestCase):
    image: Image.Image
    files: dict[str, bytes]

    @classmethod
    def setUpClass(cls) -> None:
        cls.image = picture(1, (300, 200))
        cls.files = {name: made(cls.image, name) for name in TRANSFORMATIONS}

    def test_every_promised_row_is_there_and_no_other(self) -> None:
        self.assertEqual(tuple(TRANSFORMATIONS), PROMISED)

    def test_every_row_stands_in_every_table_of_the_page(self) -> None:
        page = (REPOSITORY / "docs" / "quality.md").read_text()
        for block in ("held out", "tuning", "peers", "peers without false pairs"):
            made = page.partition(f"<!-- made: {block} -->")[2].partition("<!-- end -->")[0]
            rows = re.findall(r"(?m)^\| (.+?) +\|", made)
            with self.subTest(block):
                self.assertEqual([row for row in rows if row in TRANSFORMATIONS], list(TRANSFORMATIONS))

    def test_every_row_stands_behind_one_line_of_readme(self) -> None:
        told = [name for names in KINDS.values() for name in names]
        self.assertEqual(sorted(told), sorted(TRANSFORMATIONS))
        readme = (REPOSITORY / "README.md").read_text().partition("<!-- made: kinds of edits -->")[2]
        rows = re.findall(r"(?m)^\| (.+?) +\|", readme.partition("<!-- end -->")[0])
        self.assertEqual([row for row in rows if row in KINDS], list(KINDS))

    def test_each_is_a_picture_of_the_size_that_its_name_says(self) -> None:
        for name, data in self.files.items():
            with self.subTest(name), Image.open(BytesIO(data)) as copy:
                copy.load()
                self.assertEqual(copy.size, SIZES.get(name, (300, 200)))

    def test_no_two_rows_are_the_same(self) -> None:
        self.assertEqual(len(set(self.files.values())), len(TRANSFORMATIONS))

    def test_the_same_seed_makes_the_same_copy(self) -> None:
        for name, data in self.files.items():
            with self.subTest(name):
                self.assertEqual(made(self.image, name), data)

    def test_another_seed_or_picture_changes_what_is_left_to_chance(self) -> None:
        for name, data in self.files.items():
            with self.subTest(name):
                others = made(self.image, name, seed=2), made(self.image, name, digest="b")
                self.assertEqual([other != data for other in others], [name in BY_CHANCE] * 2)

    def test_files_are_of_the_kind_that_the_name_says(self) -> None:
        kinds = {"WebP 80": ("WEBP", "RGB"), "PNG palette": ("PNG", "P"), "grey": ("JPEG", "L")}
        for name, data in self.files.items():
            with self.subTest(name), Image.open(BytesIO(data)) as copy:
                self.assertEqual((copy.format, copy.mode), kinds.get(name, ("JPEG", "RGB")))
        sizes = [len(self.files[f"JPEG {quality}"]) for quality in (90, 75, 50, 30, 10)]
        self.assertEqual(sizes, sorted(sizes, reverse=True))

    def test_files_are_of_the_quality_that_the_name_says(self) -> None:
        for quality in (90, 75, 50, 30, 10):
            self.assertEqual(self.files[f"JPEG {quality}"], encoded(self.image, "JPEG", quality=quality))
        self.assertEqual(self.files["WebP 80"], encoded(self.image, "WEBP", quality=80))

    def test_how_much_is_what_the_name_says(self) -> None:
        level = Image.new("RGB", (200, 200), (100, 100, 100))
        for name, expected in (
            *(("brightness +20%", 120), ("brightness -20%", 80)),
            *(("gamma 1.5", 255 * (100 / 255) ** 1.5), ("gamma 0.67", 255 * (100 / 255) ** 0.67)),
        ):
            self.assertAlmostEqual(edited(level, name).mean(), expected, delta=1)
        self.assertAlmostEqual(edited(level, "noise").std(), 6.7, delta=0.3)  # 10 in each channel
        primaries = Image.fromarray(np.array([[[100, 0, 0], [0, 100, 0], [0, 0, 100]]], np.uint8))
        sepia = TRANSFORMATIONS["sepia"].edit(primaries, np.random.default_rng(1))
        self.assertEqual(np.asarray(sepia)[0].T.tolist(), [[39, 77, 19], [35, 69, 17], [27, 53, 13]])
        halves = Image.fromarray(np.repeat(np.array([[100, 140]], np.uint8), 50, axis=0)).convert("RGB")
        for name, step in (("contrast +20%", 48), ("contrast -20%", 32)):
            self.assertAlmostEqual(np.ptp(edited(halves, name)), step, delta=1)
        point = Image.new("RGB", (61, 61))
        point.paste("white", (28, 28, 33, 33))
        for radius in (1, 2, 4):
            light = edited(point, f"blur {radius}").sum(axis=0)
            variance = (
                light * (np.arange(61) - 30) ** 2
            ).sum() / light.sum() - 2  # 2 of five pixels themselves
            self.assertAlmostEqual(variance**0.5, radius, delta=0.2)
        line = Image.new("RGB", (400, 400))
        line.paste("white", (0, 199, 400, 201))
        for name, degrees in (("turn by 1 degree", 1), ("turn by 2 degrees", 2), ("turn by 5 degrees", 5)):
            turned = edited(line, name)
            first, last = turned[:, 100].argmax(), turned[:, 300].argmax()
            self.assertAlmostEqual(np.degrees(np.arctan((first - last) / 200)), degrees, delta=0.4)

    def test_tones_go_where_their_names_say(self) -> None:
        before = np.asarray(self.image.convert("L"), dtype=float)
        for name, brighter in (
            ("brightness +20%", 1),
            ("brightness -20%", -1),
            ("gamma 0.67", 1),
            ("gamma 1.5", -1),
        ):
            with self.subTest(name):
                self.assertEqual(np.sign(self.grey(name).mean() - before.mean()), brighter)
        for name, wider in (("contrast +20%", 1), ("contrast -20%", -1), ("blur 4", -1)):
            with self.subTest(name):
                self.assertEqual(np.sign(self.grey(name).std() - before.std()), wider)

    def test_what_covers_the_picture_covers_as_much_as_is_said(self) -> None:
        before = np.asarray(self.image.convert("L"), dtype=float)
        black = Image.new("RGB", self.image.size)
        for name, least, most in (("watermark 6%", 0.05, 0.07), ("light watermark", 0.01, 0.06)):
            with self.subTest(name), Image.open(BytesIO(made(black, name))) as copy:
                share = (np.asarray(copy.convert("L")) > 128).mean()
                self.assertTrue(least < share < most, share)
        for name, share in (("caption", 0.1), ("sticker", 0.03)):
            with self.subTest(name):
                changed = (abs(self.grey(name) - before) > 12).mean()
                self.assertTrue(share * 0.5 < changed < share * 1.5, changed)

    def test_a_letterbox_is_seen_around_any_picture(self) -> None:
        for size, frame in (((90, 60), (90, 160)), ((60, 90), (160, 90)), ((90, 90), (160, 90))):
            with (
                self.subTest(size),
                Image.open(BytesIO(made(Image.new("RGB", size, "white"), "letterbox"))) as copy,
            ):
                grey = np.asarray(copy.convert("L"), dtype=int)
                self.assertEqual(copy.size, frame)
                self.assertLess(max(grey[0, 0], grey[-1, -1]), 20)
                lit = grey > 128
                self.assertAlmostEqual(lit.sum() / (size[0] * size[1]), 1, delta=0.03)

    def test_a_screenshot_has_its_bars_above_and_below(self) -> None:
        screen = edited(Image.new("RGB", (300, 200), "white"), "screenshot with bars")
        height = len(screen)
        self.assertEqual(
            np.flatnonzero(screen[:, 0] == 255).tolist(),
            list(range((height - 200) // 2, (height + 200) // 2)),
        )
        bar = round(height * 0.04)
        self.assertEqual(np.unique(screen[height - bar :, :50]).tolist(), [32])
        buttons = np.flatnonzero(screen[height - bar // 2] == 255)
        self.assertEqual(round(buttons.mean()), 150)
        self.assertAlmostEqual(len(buttons) / 3, 0.4 * bar, delta=2)

    def test_turns_are_exact(self) -> None:
        left = picture(1, (64, 48)).convert("L")
        with Image.open(BytesIO(made(left.convert("RGB"), "mirror"))) as copy:
            mirrored = np.asarray(copy.convert("L"), dtype=int)
        self.assertLess(abs(mirrored - np.asarray(left, dtype=int)[:, ::-1]).mean(), 3)

    def test_the_smallest_pictures_are_copied_too(self) -> None:
        for size in ((1, 1), (2, 1), (1, 40), (9, 7)):
            for name in TRANSFORMATIONS:
                with self.subTest(name, size=size), Image.open(BytesIO(made(picture(2, size), name))) as copy:
                    copy.load()

    def grey(self, name: str) -> np.ndarray:
        with Image.open(BytesIO(self.files[name])) as copy:
            return np.asarray(copy.convert("L"), dtype=float)


def edited(image: Image.Image, name: str) -> np.ndarray:
    edit = TRANSFORMATIONS[name].edit
    return np.asarray(edit(image, np.random.default_rng(1)).convert("L"), dtype=float)


def made(image: Image.Image, name: str, *, seed: int = 1, digest: str = "a") -> bytes:
    return TRANSFORMATIONS[name](image, chance(seed, digest, name))
