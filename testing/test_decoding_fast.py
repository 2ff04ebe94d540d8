"""`decode=fast`: which JPEGs are scaled and how far, what stays as ever, and how near the bits are."""

import unittest
from dataclasses import replace
from io import BytesIO
from statistics import mean

import numpy as np
from PIL import Image
from PIL.ExifTags import Base

from hashindex.decoding import FAST_SIDE, Decoded, Decoder
from hashindex.distance import distance
from hashindex.hashing import fingerprint
from hashindex.outcomes import Reason, Rejected
from hashindex.recipe import DEFAULT, STRICT, Recipe
from hashindex.records import Fingerprint
from testing.inserting import looked, reader_of
from testing.making import encoded, noise, picture
from testing.memory_source import MemorySource
from testing.photographs import photograph

FAST = replace(DEFAULT, decode="fast")

NAMES = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "retina.jpg")


def decoded(data: bytes, recipe: Recipe = FAST) -> Decoded:
    found = Decoder(recipe).decode(data, "u")
    assert isinstance(found, Decoded), found
    return found


def hashed(data: bytes, recipe: Recipe = FAST) -> Fingerprint:
    found = decoded(data, recipe)
    return fingerprint(found.grey, recipe, of=(found.width, found.height))


def jpeg(size: tuple[int, int], **options: object) -> bytes:
    return encoded(picture(1, size), "JPEG", quality=90, **options)


def oriented(tag: int) -> bytes:
    exif = Image.Exif()
    exif[Base.Orientation] = tag
    return exif.tobytes()


class TestScaling(unittest.TestCase):
    def test_each_side_keeps_so_many_pixels_and_the_stored_size_is_that_of_the_file(self) -> None:
        side = FAST_SIDE
        for size, step in (
            ((2 * side - 1, 2 * side - 1), 1),
            ((2 * side, 2 * side), 2),
            ((8 * side, 2 * side), 2),
            ((4 * side - 1, 4 * side + 5), 2),
            ((4 * side, 4 * side + 5), 4),
            ((8 * side + 7, 8 * side), 8),
        ):
            for tag in (1, 6):
                with self.subTest(size=size, tag=tag):
                    found = decoded(jpeg(size, exif=oriented(tag)))
                    scaled = (-(-size[0] // step), -(-size[1] // step))
                    self.assertEqual(found.grey.size, scaled if tag == 1 else scaled[::-1])
                    self.assertEqual((found.width, found.height), size if tag == 1 else size[::-1])

    def test_a_square_on_its_side_after_scaling_keeps_its_width_and_height(self) -> None:
        found = decoded(jpeg((8 * FAST_SIDE + 1, 8 * FAST_SIDE + 2), exif=oriented(8)))
        self.assertEqual(found.grey.width, found.grey.height)
        self.assertEqual((found.width, found.height), (8 * FAST_SIDE + 2, 8 * FAST_SIDE + 1))

    def test_other_formats_are_decoded_as_ever(self) -> None:
        for form in ("PNG", "WEBP", "TIFF", "GIF"):
            data = encoded(picture(1, (660, 650)), form, exif=oriented(6))
            exact, fast = decoded(data, DEFAULT), decoded(data)
            self.assertEqual(fast.grey.tobytes(), exact.grey.tobytes())
            self.assertEqual((fast.width, fast.height), (exact.width, exact.height))
            self.assertEqual(hashed(data), hashed(data, DEFAULT))

    def test_every_kind_of_jpeg(self) -> None:
        image = picture(1, (1_400, 1_300))
        for kind, data in {
            "progressive": encoded(image, "JPEG", progressive=True),
            "grey": encoded(image.convert("L"), "JPEG"),
            "CMYK": encoded(image.convert("CMYK"), "JPEG"),
            "full colour": encoded(image, "JPEG", subsampling=0),
            "RGB": encoded(image, "JPEG", keep_rgb=True),
            "MPO": encoded(image, "MPO", save_all=True, append_images=[picture(2, (1_400, 1_300))]),
        }.items():
            with self.subTest(kind):
                found = decoded(data)
                self.assertEqual((found.grey.size, found.width, found.height), ((350, 325), 1_400, 1_300))
                exact = np.asarray(decoded(data, DEFAULT).grey.reduce(4), int)
                self.assertLess(abs(np.asarray(found.grey, int) - exact).max(), 4)

    def test_a_picture_that_somebody_else_opened_is_left_as_it_is(self) -> None:
        with Image.open(BytesIO(jpeg((1_400, 1_300)))) as image:
            found = Decoder(FAST).decode_image(image, None)
            assert isinstance(found, Decoded), found
            self.assertEqual((image.mode, image.size, found.grey.size), ("RGB", *((1_400, 1_300),) * 2))


class TestLimits(unittest.TestCase):
    def test_claimed_pixels_count_not_scaled_ones(self) -> None:
        found = Decoder(FAST, max_pixels=1_400 * 1_300 - 1).decode(jpeg((1_400, 1_300)), "u")
        assert isinstance(found, Rejected), found
        self.assertEqual(found.reason, Reason.TOO_MANY_PIXELS)

    def test_truncated_ones_are_rejected(self) -> None:
        data = jpeg((1_400, 1_300))
        for kept in (0.1, 0.5, 0.9):
            found = Decoder(FAST).decode(data[: int(kept * len(data))], "u")
            assert isinstance(found, Rejected), found
            self.assertEqual(found.reason, Reason.TRUNCATED)


class TestBits(unittest.TestCase):
    def test_they_are_pinned(self) -> None:
        self.assertEqual(FAST_SIDE, 320)
        for size, pinned in PINNED.items():
            prints = hashed(encoded(noise(1, size), "JPEG"))
            self.assertEqual((prints.ahash.hex(), prints.phash.hex(), prints.dhash.hex()), pinned)

    def test_what_is_read_is_reduced_as_the_whole(self) -> None:
        data = jpeg((1_003, 901), exif=oriented(6))
        found = looked(reader_of(MemorySource(), recipe=FAST), data)
        self.assertEqual(found.fingerprint, hashed(data))
        self.assertEqual((found.width, found.height), (901, 1_003))

    def test_photographs_stay_near_exact(self) -> None:
        drifts = []
        for name in NAMES:
            with Image.open(photograph(name)) as image:
                large = image.convert("RGB").resize((1_999, 1_501), Image.Resampling.BICUBIC)
            data = encoded(large, "JPEG", quality=90)
            exact, fast = hashed(data, DEFAULT), hashed(data)
            drifts.append(
                [distance(getattr(exact, n), getattr(fast, n)) for n in ("ahash", "phash", "dhash")]
            )
        for each in zip(*drifts, strict=True):
            self.assertLessEqual(mean(each), 0.5)
            self.assertLessEqual(max(each), 2)

    def test_strict_can_be_fast_too(self) -> None:
        data = jpeg((1_400, 1_300), exif=oriented(6))
        fast = hashed(data, replace(STRICT, decode="fast"))
        exact = hashed(data, STRICT)
        self.assertLessEqual(distance(fast.ahash, exact.ahash), 1)
        self.assertLessEqual(distance(fast.phash, exact.phash), 2)

    def test_all_orientations_of_a_scene_have_about_the_same_bits(self) -> None:
        upright = picture(3, (1_403, 1_301))
        turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
        expected = hashed(encoded(upright, "JPEG", quality=95))
        for tag, turn in turns.items():
            found = hashed(encoded(upright.transpose(turn), "JPEG", quality=95, exif=oriented(tag)))
            self.assertLessEqual(distance(found.ahash, expected.ahash), 1)
            self.assertLessEqual(distance(found.phash, expected.phash), 2)


PINNED = {
    (300, 200): ("95fcb8ccc6571fbe", "deea8f30da8acc0c", "35886219aca5a46a"),
    (650, 640): ("c664a90ee7c3b17c", "fd33c0e5901fad0a", "0888490884524181"),
}

if __name__ == "__main__":
    unittest.main()
