"""Small pictures for people to look at: upright, in colour, on white, and never of what cannot be read."""

import unittest
from io import BytesIO

import numpy as np
from PIL import Image

from hashindex.decoding import Decoder
from hashindex.outcomes import Reason, Rejected
from hashindex.reading import THUMBNAIL_SIDE
from hashindex.recipe import DEFAULT, STRICT
from testing.inserting import reader_of
from testing.making import encoded, picture
from testing.memory_source import MemorySource

RED, GREEN, WHITE = (255, 0, 0), (0, 128, 0), (255, 255, 255)


def small(image: Image.Image, form: str = "PNG", *, side: int = 50, **options: object) -> Image.Image:
    """Return what a decoder makes small of a file with this picture."""
    found = Decoder(DEFAULT).small(encoded(image, form, **options), "u", side=side)
    assert not isinstance(found, Rejected), found
    return found


class TestSmall(unittest.TestCase):
    def test_it_is_within_the_side_and_keeps_its_shape(self) -> None:
        for form in ("PNG", "JPEG"):
            with self.subTest(form):
                self.assertEqual(small(picture(1, (400, 200)), form).size, (50, 25))
                self.assertEqual(small(picture(1, (200, 400)), form).size, (25, 50))
                self.assertEqual(small(picture(1, (20, 10)), form).size, (20, 10))

    def test_it_looks_like_the_picture(self) -> None:
        whole = picture(1, (400, 300))
        expected = np.asarray(whole.resize((48, 36), Image.Resampling.BOX), dtype=float)
        for form in ("PNG", "JPEG"):
            found = np.asarray(small(whole, form, side=48), dtype=float)
            self.assertLess(abs(found - expected).mean(), 4, form)

    def test_it_is_upright(self) -> None:
        lying = Image.new("RGB", (100, 60), GREEN)
        lying.paste(RED, (0, 0, 100, 30))
        exif = Image.Exif()
        exif[0x0112] = 6  # the top is at the right
        found = small(lying, exif=exif.tobytes())
        self.assertEqual(found.size, (30, 50))
        self.assertEqual((found.getpixel((2, 25)), found.getpixel((27, 25))), (GREEN, RED))

    def test_what_is_transparent_is_white(self) -> None:
        clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
        palette = Image.new("P", (40, 40), 0)
        palette.putpalette([9, 9, 9])
        for image, options in ((clear, {}), (clear.convert("LA"), {}), (palette, {"transparency": 0})):
            data = encoded(image, "PNG", **options)
            found = Decoder(DEFAULT).small(data, "u", side=50)
            assert not isinstance(found, Rejected), found
            self.assertEqual(found.getpixel((20, 20)), WHITE, image.mode)

    def test_deep_pictures_are_scaled_not_clipped(self) -> None:
        deep = Image.fromarray(np.full((40, 40), 128 << 8, np.uint16))
        self.assertEqual(small(deep).getpixel((20, 20)), (128, 128, 128))

    def test_every_mode_can_be_shown(self) -> None:
        for mode, form in (
            ("1", "PNG"),
            ("L", "PNG"),
            ("P", "PNG"),
            ("CMYK", "JPEG"),
            ("F", "TIFF"),
            ("LAB", "TIFF"),
        ):
            self.assertEqual(small(Image.new(mode, (60, 60)), form).mode, "RGB", mode)

    def test_limits_are_those_of_hashing(self) -> None:
        data = encoded(picture(1))
        tight = Decoder(DEFAULT, max_pixels=1_000)
        self.assertEqual(tight.small(data, "u", side=50), tight.decode(data, "u"))
        for bad in (b"", b"text", data[:200]):
            found = Decoder(STRICT).small(bad, "u", side=50)
            self.assertIsInstance(found, Rejected)
            self.assertEqual(found, Decoder(STRICT).decode(bad, "u"))


class TestThumbnail(unittest.TestCase):
    def test_it_is_a_small_jpeg(self) -> None:
        source = MemorySource()
        found = reader_of(source).thumbnail(source.put("a.png", encoded(picture(1, (400, 300)))))
        assert isinstance(found, bytes), found
        with Image.open(BytesIO(found)) as image:
            self.assertEqual((image.format, image.size), ("JPEG", (THUMBNAIL_SIDE, 150)))

    def test_what_cannot_be_read_says_why(self) -> None:
        source = MemorySource()
        for uri, reason in (
            ("memory://missing", Reason.NOT_FOUND),
            (source.put("b.png", b"text"), Reason.NOT_AN_IMAGE),
        ):
            found = reader_of(source).thumbnail(uri)
            assert isinstance(found, Rejected), found
            self.assertEqual((found.uri, found.reason), (uri, reason))


if __name__ == "__main__":
    unittest.main()
