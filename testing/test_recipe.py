"""Recipes: their text is pinned, read back whole, and refused when any part of it is unknown."""

import unittest
from itertools import product

from hashindex.errors import InvalidArgumentError
from hashindex.recipe import DEFAULT, NAMED, STRICT, Recipe

DEFAULT_TEXT = "ahash/1 confirm=box64 orientation=exif alpha=white depth=scaled decode=exact"
STRICT_TEXT = "ahash/1 confirm=imagehash orientation=ignored alpha=ignored depth=clipped decode=exact"


class TestRecipe(unittest.TestCase):
    def test_texts_are_pinned(self) -> None:
        self.assertEqual(str(DEFAULT), DEFAULT_TEXT)
        self.assertEqual(str(STRICT), STRICT_TEXT)
        self.assertEqual(NAMED, {"default": DEFAULT, "strict": STRICT})
        self.assertEqual(Recipe(), DEFAULT)

    def test_every_recipe_is_read_back(self) -> None:
        texts = set()
        choices = {
            "confirm": ("box64", "imagehash"),
            "orientation": ("exif", "ignored"),
            "alpha": ("white", "ignored"),
            "depth": ("scaled", "clipped"),
            "decode": ("exact", "fast"),
        }
        for chosen in product(*choices.values()):
            recipe = Recipe(**dict(zip(choices, chosen, strict=True)))  # type: ignore[arg-type]
            self.assertEqual(Recipe.parse(str(recipe)), recipe)
            self.assertTrue(str(recipe).isprintable())
            texts.add(str(recipe))
        self.assertEqual(len(texts), 32)

    def test_short_names(self) -> None:
        self.assertEqual(Recipe.parse("default"), DEFAULT)
        self.assertEqual(Recipe.parse("strict"), STRICT)

    def test_anything_else_is_refused(self) -> None:
        for text in (
            "",
            " ",
            "Default",
            "ahash/1",
            "ahash/2" + DEFAULT_TEXT.removeprefix("ahash/1"),
            DEFAULT_TEXT.replace("white", "black"),
            DEFAULT_TEXT.replace("alpha", "beta"),
            DEFAULT_TEXT.replace("exact", "faster"),
            DEFAULT_TEXT + " more=1",
            DEFAULT_TEXT + " ",
            DEFAULT_TEXT.replace(" decode=exact", ""),
            DEFAULT_TEXT + " confirm=imagehash",  # said twice
            DEFAULT_TEXT.replace("confirm=box64", "confirm=box64 confirm=imagehash"),
            " ".join(["ahash/1", *reversed(DEFAULT_TEXT.split()[1:])]),  # never written so
            "=",
            "ahash/1 = = = = =",
        ):
            with self.subTest(text=text), self.assertRaisesRegex(InvalidArgumentError, "^recipe "):
                Recipe.parse(text)


if __name__ == "__main__":
    unittest.main()
