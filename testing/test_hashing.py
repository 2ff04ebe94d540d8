"""Bits of grey pictures: layout, flat pictures, contrast, distance."""

import unittest

import imagehash
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hashindex.confirming import LOW_CONTRAST, says_little
from hashindex.distance import distance
from hashindex.hashing import fingerprint
from hashindex.recipe import DEFAULT, STRICT
from testing.making import bits, flipped, picture
from testing.photographs import photograph


def grey(seed: int) -> Image.Image:
    return picture(seed).convert("L")


class TestBits(unittest.TestCase):
    def test_ahash_is_packed_in_rows_from_the_top_left_most_significant_bit_first(self) -> None:
        cells = np.zeros((8, 8), np.uint8)
        cells[0, 0] = cells[1, 7] = cells[7, 0] = 255
        ahash = fingerprint(Image.fromarray(cells), DEFAULT).ahash
        self.assertEqual(ahash.hex(), "8001000000000080")

    def test_all_three_are_8_bytes_and_ahash_is_that_of_imagehash(self) -> None:
        for seed in range(20):
            for recipe in (DEFAULT, STRICT):
                prints = fingerprint(grey(seed), recipe)
                self.assertEqual({len(prints.ahash), len(prints.phash), len(prints.dhash)}, {8})
                self.assertEqual(prints.ahash.hex(), str(imagehash.average_hash(grey(seed))))

    def test_strict_has_the_phash_and_dhash_of_imagehash(self) -> None:
        for seed in range(20):
            prints = fingerprint(grey(seed), STRICT)
            self.assertEqual(prints.phash.hex(), str(imagehash.phash(grey(seed))))
            self.assertEqual(prints.dhash.hex(), str(imagehash.dhash(grey(seed))))

    def test_the_cheap_phash_and_dhash_stay_near_those_of_imagehash(self) -> None:
        for name in ("coffee.png", "chelsea.png", "astronaut.png", "rocket.jpg"):
            with Image.open(photograph(name)) as image:
                prints = fingerprint(image.convert("L"), DEFAULT)
                self.assertLessEqual(distance(prints.phash, _packed(imagehash.phash(image))), 6)
                self.assertLessEqual(distance(prints.dhash, _packed(imagehash.dhash(image))), 6)

    def test_any_shape_can_be_hashed(self) -> None:
        for size in ((1, 1), (3, 500), (500, 3), (1, 7), (8, 8), (9, 8), (64, 64), (2000, 1)):
            with self.subTest(size=size):
                prints = fingerprint(picture(1, size).convert("L"), DEFAULT)
                self.assertEqual(len(prints.ahash), 8)

    def test_the_same_picture_twice_has_the_same_print(self) -> None:
        self.assertEqual(fingerprint(grey(3), DEFAULT), fingerprint(grey(3), DEFAULT))


class TestContrast(unittest.TestCase):
    def test_flat_pictures_have_the_same_bits_whatever_their_grey_and_size(self) -> None:
        for level in (0, 1, 77, 127, 128, 254, 255):
            for size in ((1, 1), (3, 500), (64, 64), (640, 480), (1001, 37)):
                with self.subTest(level=level, size=size):
                    prints = fingerprint(Image.new("L", size, level), DEFAULT)
                    self.assertEqual(prints.ahash, bytes(8))
                    self.assertEqual(prints.dhash, bytes(8))
                    # Only the mean, the first coefficient, is above the median; of black not even that.
                    self.assertEqual(prints.phash.hex(), "8000000000000000" if level else "0" * 16)
                    self.assertEqual(prints.contrast, 0.0)
                    self.assertTrue(says_little(prints.contrast))

    def test_smooth_slopes_and_faint_noise_say_little(self) -> None:
        slope = Image.linear_gradient("L").resize((300, 200))
        faint = np.random.default_rng(1).integers(250, 256, (200, 300), dtype=np.uint8)
        for image in (slope, Image.fromarray(faint)):
            self.assertTrue(says_little(fingerprint(image, DEFAULT).contrast))

    def test_photographs_say_something(self) -> None:
        for name in ("coffee.png", "chelsea.png", "astronaut.png", "rocket.jpg", "motorcycle_left.png"):
            with Image.open(photograph(name)) as image:
                self.assertGreater(fingerprint(image.convert("L"), DEFAULT).contrast, LOW_CONTRAST)

    def test_contrast_survives_storage_as_a_float32(self) -> None:
        for seed in range(10):
            contrast = fingerprint(grey(seed), DEFAULT).contrast
            self.assertEqual(float(np.float32(contrast)), contrast)


class TestDistance(unittest.TestCase):
    @given(st.integers(0, 1_000), st.integers(0, 64))
    def test_distance_counts_the_bits_that_differ(self, seed: int, count: int) -> None:
        value = bits(seed)
        self.assertEqual(distance(value, flipped(value, count, seed)), count)


def _packed(value: imagehash.ImageHash) -> bytes:
    return bytes.fromhex(str(value))


if __name__ == "__main__":
    unittest.main()
