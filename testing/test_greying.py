"""Orientation, transparency and depth, through the decoder that uses them."""

import unittest
import warnings
from io import BytesIO

import imagehash
import numpy as np
import pillow_heif
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from hashindex.decoding import Decoded, Decoder
from hashindex.recipe import DEFAULT, STRICT, Recipe
from testing.making import encoded, picture

NAMED_MODES = (
    "1",
    "L",
    "P",
    "RGB",
    "CMYK",
    "YCbCr",
    "HSV",
    "LAB",
    "I",
    "F",
    "I;16",
    "LA",
    "La",
    "PA",
    "RGBA",
)

Colour = float | tuple[float, ...]


def decoded(data: bytes, recipe: Recipe = DEFAULT) -> Decoded:
    found = Decoder(recipe).decode(data, "u")
    assert isinstance(found, Decoded), found
    return found


def opened(image: Image.Image, recipe: Recipe = DEFAULT) -> Decoded:
    found = Decoder(recipe).decode_image(image, "u")
    assert isinstance(found, Decoded), found
    return found


def levels(found: Decoded) -> list[int]:
    return np.asarray(found.grey).ravel().tolist()


def oriented(tag: object) -> bytes:
    exif = Image.Exif()
    exif[Base.Orientation] = tag
    return exif.tobytes()


class TestOrientation(unittest.TestCase):
    def test_each_tag_is_applied_in_each_format_that_carries_it(self) -> None:
        for form in ("PNG", "JPEG", "WEBP", "AVIF", "TIFF"):
            for tag in range(1, 9):
                with self.subTest(form=form, tag=tag):
                    data = encoded(picture(1), form, exif=oriented(tag))
                    found = decoded(data)
                    with Image.open(BytesIO(data)) as image:
                        upright = ImageOps.exif_transpose(image).convert("L")
                    self.assertEqual((found.width, found.height), (64, 48) if tag < 5 else (48, 64))
                    self.assertEqual(found.grey.tobytes(), upright.tobytes())

    def test_an_upright_copy_and_a_turned_one_with_its_tag_are_one_picture(self) -> None:
        upright = decoded(encoded(picture(1))).grey
        for tag, turn in ((3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)):
            turned = encoded(picture(1).transpose(turn), exif=oriented(tag))
            self.assertEqual(decoded(turned).grey.tobytes(), upright.tobytes())

    def test_heic_is_upright_already(self) -> None:
        pillow_heif.register_heif_opener()
        found = decoded(encoded(picture(1), "HEIF", quality=-1, exif=oriented(6)))
        with Image.open(BytesIO(encoded(picture(1).rotate(-90, expand=True), "HEIF", quality=-1))) as image:
            difference = np.asarray(found.grey, int) - np.asarray(image.convert("L"), int)
        self.assertEqual((found.width, found.height), (48, 64))
        self.assertLess(abs(difference).mean(), 3)

    def test_strict_ignores_the_tag(self) -> None:
        data = encoded(picture(1), exif=oriented(6))
        self.assertEqual(decoded(data, STRICT).grey.tobytes(), picture(1).convert("L").tobytes())

    def test_tags_that_say_nothing_change_nothing(self) -> None:
        upright = decoded(encoded(picture(1), "JPEG")).grey.tobytes()
        little = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01"
        for exif in (
            oriented(0),
            oriented(9),
            oriented(65_535),
            b"Exif\0\0" + b"garbage" * 5,
            b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01",  # ends early
            b"Exif\0\0II*\0\xff\xff\xff\x7f",  # points far behind its end
            little + b"\x02\0\x02\0\0\0" + b"6\0\0\0" + bytes(4),  # ASCII "6"
            little + b"\x05\0\x01\0\0\0" + b"\x1a\0\0\0" + bytes(4) + b"\6\0\0\0" + bytes(4),  # 6/0
        ):
            with self.subTest(exif=exif), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's, over what is broken on purpose
                data = encoded(picture(1), "JPEG", exif=exif)
                self.assertEqual(decoded(data).grey.tobytes(), upright)


class TestTransparency(unittest.TestCase):
    """A picture whose left half is black and whole, and whose right half is grey 50 and transparent."""

    def halves(self, mode: str, opaque: Colour, clear: Colour) -> Image.Image:
        image = Image.new(mode, (20, 10), opaque)
        image.paste(clear, (10, 0, 20, 10))
        return image

    def check(self, data: bytes) -> None:
        grey = np.asarray(decoded(data).grey)
        self.assertEqual(set(grey[:, :10].ravel().tolist()), {0})
        self.assertEqual(set(grey[:, 10:].ravel().tolist()), {255})
        ignored = np.asarray(decoded(data, STRICT).grey)
        self.assertEqual(set(ignored[:, 10:].ravel().tolist()), {50})

    def test_alpha_channels(self) -> None:
        self.check(encoded(self.halves("RGBA", (0, 0, 0, 255), (50, 50, 50, 0))))
        self.check(encoded(self.halves("LA", (0, 255), (50, 0))))
        self.check(encoded(self.halves("RGBA", (0, 0, 0, 255), (50, 50, 50, 0)), "TIFF"))

    def test_transparent_colours(self) -> None:
        self.check(encoded(self.halves("RGB", (0, 0, 0), (50, 50, 50)), transparency=(50, 50, 50)))
        self.check(encoded(self.halves("L", 0, 50), transparency=50))

    def test_palettes(self) -> None:
        image = self.halves("P", 0, 1)
        image.putpalette([0, 0, 0, 50, 50, 50])
        self.check(encoded(image, transparency=1))
        self.check(encoded(image, transparency=b"\xff\x00"))
        self.check(encoded(image, "GIF", transparency=1))

    def test_palettes_with_an_alpha_channel(self) -> None:
        image = self.halves("P", 0, 1)
        image.putpalette([0, 0, 0, 50, 50, 50])
        with_alpha = image.convert("PA")
        with_alpha.putalpha(self.halves("L", 255, 0))
        self.assertEqual(with_alpha.mode, "PA")
        self.assertEqual(set(levels(opened(with_alpha))), {0, 255})

    def test_premultiplied_alpha(self) -> None:
        for mode in ("RGBa", "La"):
            whole = "RGBA" if mode == "RGBa" else "LA"
            image = self.halves(whole, (0,) * (len(whole) - 1) + (255,), (50,) * (len(whole) - 1) + (0,))
            self.assertEqual(set(levels(opened(image.convert(mode)))), {0, 255}, mode)

    def test_half_transparent_is_half_way_to_white(self) -> None:
        grey = levels(decoded(encoded(Image.new("LA", (4, 4), (0, 128)))))
        self.assertEqual(set(grey), {127})

    def test_deep_grey_with_a_transparent_value(self) -> None:
        values = np.full((4, 8), 0x1234, np.uint16)
        values[:, 4:] = 0x5678
        data = encoded(Image.fromarray(values), transparency=0x5678)
        self.assertEqual(set(levels(decoded(data))), {0x12, 255})


class TestDepth(unittest.TestCase):
    def test_every_mode_gives_grey_of_its_own_size(self) -> None:
        for mode in NAMED_MODES:
            with self.subTest(mode=mode):
                if mode in ("La", "PA"):
                    image = picture(1).convert("LA" if mode == "La" else "P").convert(mode)
                else:
                    image = Image.new(mode, (64, 48)) if mode in ("LAB", "I;16") else picture(1).convert(mode)
                found = opened(image)
                self.assertEqual((found.grey.mode, found.grey.size), ("L", (64, 48)))

    def test_ordinary_modes_are_what_pillow_makes_grey(self) -> None:
        for mode in ("1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV"):
            image = picture(1).convert(mode)
            self.assertEqual(opened(image).grey.tobytes(), image.convert("L").tobytes(), mode)

    def test_lab_is_its_lightness(self) -> None:
        image = Image.new("LAB", (4, 4), (77, 128, 128))
        self.assertEqual(set(levels(opened(image))), {77})
        self.assertEqual(set(levels(decoded(encoded(image, "TIFF")))), {77})

    def test_sixteen_bits_lose_the_low_byte_whatever_the_byte_order(self) -> None:
        values = np.arange(0, 65_536, 256, dtype=np.uint16).reshape(16, 16) + 255
        expected = list(range(256))
        for data in (
            encoded(Image.fromarray(values)),
            encoded(Image.fromarray(values), "TIFF"),
            encoded(Image.fromarray(values.astype(">u2")), "TIFF"),
            b"P5 16 16 65535\n" + values.astype(">u2").tobytes(),
        ):
            self.assertEqual(levels(decoded(data)), expected, data[:4])

    def test_strict_clips_sixteen_bits_as_imagehash_does(self) -> None:
        values = np.random.default_rng(1).integers(0, 65_536, (32, 32), dtype=np.uint16)
        data = encoded(Image.fromarray(values))
        with Image.open(BytesIO(data)) as image:
            expected = imagehash.average_hash(image)
        self.assertEqual(imagehash.average_hash(decoded(data, STRICT).grey), expected)

    def test_whole_numbers_of_32_bits(self) -> None:
        def grey(*numbers: int) -> list[int]:
            image = Image.fromarray(np.array([numbers], np.int32))
            return levels(decoded(encoded(image, "TIFF")))

        self.assertEqual(grey(0, 100, 200, 255), [0, 100, 200, 255])  # fits 8 bits: as it is
        self.assertEqual(grey(0, 256, 65_535), [0, 1, 255])  # fits 16: the low byte goes
        self.assertEqual(grey(-1_000, 0, 1_000), [0, 127, 255])  # else stretched
        self.assertEqual(grey(-(2**31), 2**31 - 1), [0, 255])
        self.assertEqual(grey(70_000, 70_000), [0, 0])

    def test_floating_point_is_stretched_over_what_is_finite(self) -> None:
        def grey(*numbers: float) -> list[int]:
            image = Image.fromarray(np.array([numbers], np.float32))
            return levels(decoded(encoded(image, "TIFF")))

        nan, inf = float("nan"), float("inf")
        self.assertEqual(grey(100, 150, 200), [0, 127, 255])
        self.assertEqual(grey(100, nan, 200), [0, 0, 255])
        self.assertEqual(grey(100, inf, -inf, 200), [0, 255, 0, 255])
        self.assertEqual(grey(nan, nan), [0, 0])
        self.assertEqual(grey(inf, -inf), [0, 0])
        self.assertEqual(grey(3.5, 3.5), [0, 0])
        self.assertEqual(grey(-3.4e38, 3.4e38), [0, 255])
        self.assertEqual(grey(0, 1e-45), [0, 255])

    def test_tall_deep_pictures_are_scaled_in_strips_like_in_one_go(self) -> None:
        values = np.random.default_rng(1).normal(size=(1_000, 3)).astype(np.float32)
        low, high = float(values.min()), float(values.max())
        expected = ((values.astype(float) - low) / (high - low) * 255).astype(np.uint8)
        self.assertEqual(levels(decoded(encoded(Image.fromarray(values), "TIFF"))), expected.ravel().tolist())


if __name__ == "__main__":
    unittest.main()
