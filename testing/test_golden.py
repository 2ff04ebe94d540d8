"""The bits never change: pinned ones, and those of imagehash itself."""

import json
import unittest
from pathlib import Path

import imagehash
from PIL import Image, UnidentifiedImageError

from hashindex.decoding import Decoder
from hashindex.hashing import fingerprint
from hashindex.outcomes import Rejected
from hashindex.recipe import DEFAULT, NAMED, STRICT, Recipe
from hashindex.records import Fingerprint
from testing.golden.draw import BITS, FLAT_FOR_IMAGEHASH, FOLDER, bits_of, pictures
from testing.photographs import photographs

EIGHT_BIT_MODES = {"1", "L", "P", "RGB", "CMYK"}


def shipped() -> list[Path]:
    return sorted(file for file in photographs().iterdir() if file.suffix in {".jpg", ".png", ".gif", ".tif"})


class TestGolden(unittest.TestCase):
    def test_bits_and_recipes_are_the_pinned_ones(self) -> None:
        pinned = json.loads(BITS.read_text())
        self.assertEqual(pinned.keys(), NAMED.keys())
        for name, values in pinned.items():
            self.assertEqual(str(NAMED[name]), values["recipe"])
            for file, bits in values["bits"].items():
                with self.subTest(recipe=name, file=file):
                    self.assertEqual(bits_of(FOLDER / file, NAMED[name]), bits)

    def test_every_picture_is_pinned(self) -> None:
        names = {file.name for file in pictures()}
        self.assertGreater(len(names), 10)
        pinned = json.loads(BITS.read_text())
        self.assertEqual(pinned["default"]["bits"].keys(), names)
        self.assertEqual(pinned["strict"]["bits"].keys(), names - set(FLAT_FOR_IMAGEHASH))


class TestImagehash(unittest.TestCase):
    """The pictures that scikit-image ships, and the golden ones."""

    def hashed(self, data: bytes, recipe: Recipe) -> Fingerprint | Rejected:
        decoded = Decoder(recipe).decode(data, "picture")
        return decoded if isinstance(decoded, Rejected) else fingerprint(decoded.grey, recipe)

    def test_ahash_by_default_is_that_of_imagehash(self) -> None:
        compared = 0
        for file in shipped():
            if file.name == "multipage_rgb.tif":  # Pillow cannot open it
                continue
            with Image.open(file) as image:
                ordinary = image.mode in EIGHT_BIT_MODES and not image.has_transparency_data
                if not ordinary or 0x0112 in image.getexif():
                    continue
                expected = str(imagehash.average_hash(image))
            with self.subTest(file=file.name):
                prints = self.hashed(file.read_bytes(), DEFAULT)
                assert isinstance(prints, Fingerprint)
                self.assertEqual(prints.ahash.hex(), expected)
            compared += 1
        self.assertGreater(compared, 20)

    def test_strict_is_imagehash_for_whatever_both_can_open(self) -> None:
        compared = 0
        for file in [*shipped(), *pictures()]:
            if file.name in FLAT_FOR_IMAGEHASH:
                continue
            try:
                with Image.open(file) as image:
                    expected = [
                        str(algorithm(image))
                        for algorithm in (imagehash.average_hash, imagehash.phash, imagehash.dhash)
                    ]
            except UnidentifiedImageError:
                self.assertIsInstance(self.hashed(file.read_bytes(), STRICT), Rejected, file.name)
                continue
            with self.subTest(file=file.name):
                prints = self.hashed(file.read_bytes(), STRICT)
                assert isinstance(prints, Fingerprint)
                self.assertEqual([prints.ahash.hex(), prints.phash.hex(), prints.dhash.hex()], expected)
            compared += 1
        self.assertGreater(compared, 35)


if __name__ == "__main__":
    unittest.main()
