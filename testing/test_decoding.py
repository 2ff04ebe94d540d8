"""What files are taken, what is rejected and why; nothing raises; memory is bounded by the budget."""

import struct
import subprocess
import unittest
import warnings
import zlib
from unittest import mock

import numpy as np
import pillow_heif
from PIL import Image

from hashindex.decoding import MAX_SIDE, Decoded, Decoder, made_with
from hashindex.outcomes import Reason, Rejected
from hashindex.recipe import DEFAULT
from hashindex.records import MAX_PIXELS
from testing.making import encoded, picture
from testing.photographs import photograph


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Decoded | Rejected:
    return Decoder(DEFAULT, max_pixels=max_pixels).decode(data, "/a.jpg")


def png_of(width: int, height: int, data: bytes = b"") -> bytes:
    """Return a grey PNG that claims a size, whatever it holds."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


class TestFormats(unittest.TestCase):
    def test_each_format_gives_about_the_same_grey(self) -> None:
        pillow_heif.register_heif_opener()
        exact = np.asarray(picture(1).convert("L"), int)
        for form in (
            "PNG",
            "JPEG",
            "WEBP",
            "AVIF",
            "HEIF",
            "TIFF",
            "BMP",
            "GIF",
            "JPEG2000",
            "PPM",
            "SGI",
            "PCX",
        ):
            with self.subTest(form=form):
                found = decode(encoded(picture(1), form))
                assert isinstance(found, Decoded), found
                self.assertEqual((found.grey.mode, found.width, found.height), ("L", 64, 48))
                self.assertLess(abs(np.asarray(found.grey, int) - exact).mean(), 6)

    def test_the_first_frame_of_an_animation_counts(self) -> None:
        frames = [picture(2).quantize(64).convert("RGB"), picture(3)]
        for form in ("GIF", "PNG", "WEBP", "TIFF"):
            with self.subTest(form=form):
                options = {"lossless": True} if form == "WEBP" else {}
                moving = decode(encoded(picture(1), form, save_all=True, append_images=frames, **options))
                still = decode(encoded(picture(1), form, **options))
                assert isinstance(moving, Decoded), moving
                assert isinstance(still, Decoded), still
                self.assertEqual(moving.grey.tobytes(), still.grey.tobytes())

    def test_content_decides_not_the_name(self) -> None:
        found = Decoder(DEFAULT).decode(encoded(picture(1), "WEBP"), "/a.jpg")
        self.assertIsInstance(found, Decoded)

    def test_the_smallest_and_odd_shapes(self) -> None:
        for size in ((1, 1), (3, 500), (500, 3)):
            found = decode(encoded(picture(1, size)))
            assert isinstance(found, Decoded), found
            self.assertEqual(found.grey.size, size)

    def test_made_with_names_the_decoders(self) -> None:
        self.assertRegex(made_with(), r"^Pillow \d+\.\d.*, libjpeg-turbo \d+\.\d")


class TestRejected(unittest.TestCase):
    def setUp(self) -> None:
        quiet = warnings.catch_warnings()  # Pillow's, over what is broken on purpose
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)
        warnings.simplefilter("ignore")

    def check(self, data: bytes, reason: Reason, detail: str, **options: int) -> None:
        found = decode(data, **options)
        assert isinstance(found, Rejected), found
        self.assertEqual((found.uri, found.reason), ("/a.jpg", reason), found.detail)
        self.assertIn(detail, found.detail)
        self.assertNotIn("0x", found.detail)  # no object of Python's in a sentence for people
        self.assertNotIn("\n", found.detail)

    def test_empty(self) -> None:
        self.check(b"", Reason.NOT_AN_IMAGE, "the file is empty")

    def test_text_and_other_files(self) -> None:
        for data in (
            b"This is no picture at all.\n" * 50,
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"%PDF-1.7\n",
            b"PK\x03\x04" + bytes(100),
            b"MZ" + bytes(500),
            bytes(1_000),
            b"\xff" * 1_000,
            b"#define x_width 16\n#define x_height 16\n",
            b"SQLite format 3\0" + bytes(100),
            encoded(picture(1), "ICO"),
            encoded(picture(1), "TGA"),
        ):
            with self.subTest(data=data[:20]):
                self.check(data, Reason.NOT_AN_IMAGE, "no picture of a format that is taken")

    def test_truncated(self) -> None:
        pillow_heif.register_heif_opener()
        for form in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "JPEG2000", "PPM"):
            data = encoded(picture(1, (200, 200)), form)
            for kept in (0.3, 0.5, 0.9):
                with self.subTest(form=form, kept=kept):
                    self.check(data[: int(kept * len(data))], Reason.TRUNCATED, "")

    def test_truncated_within_the_header(self) -> None:
        for form in ("PNG", "GIF"):
            with self.subTest(form=form):
                self.check(
                    encoded(picture(1), form)[:9], Reason.TRUNCATED, "its header is damaged, ends early"
                )
        self.check(encoded(picture(1), "JPEG")[:9], Reason.TRUNCATED, "")

    def test_a_damaged_checksum(self) -> None:
        data = bytearray(encoded(picture(1)))
        data[16] ^= 1  # the width in the header, against its CRC
        self.check(bytes(data), Reason.TRUNCATED, "")

    def test_bombs_are_refused_by_their_header(self) -> None:
        self.check(png_of(3_000_000, 2_000_000), Reason.TOO_MANY_PIXELS, "6000000000000 pixels")
        self.check(
            png_of(10_001, 10_000), Reason.TOO_MANY_PIXELS, "10001 x 10000 pixels, but at most 100000000"
        )
        bmp = bytearray(encoded(Image.new("1", (8, 8)), "BMP"))
        bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
        self.check(bytes(bmp), Reason.TOO_MANY_PIXELS, "")

    def test_over_max_pixels(self) -> None:
        self.check(
            encoded(picture(1)), Reason.TOO_MANY_PIXELS, "64 x 48 pixels, but at most 3071", max_pixels=3071
        )
        self.assertIsInstance(decode(encoded(picture(1)), max_pixels=3072), Decoded)

    def test_endless_sides(self) -> None:
        self.check(png_of(MAX_SIDE + 1, 1), Reason.TOO_MANY_PIXELS, "a side has at most 1000000")

    def test_eps_is_not_run(self) -> None:
        script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n"
        with mock.patch.object(subprocess, "Popen", side_effect=AssertionError("a program was started")):
            self.check(script + b"(hashindex) print\n", Reason.UNSUPPORTED, "EPS is decoded by running")

    def test_pictures_of_a_kind_that_pillow_cannot_decode(self) -> None:
        tiff = bytearray(encoded(picture(1), "TIFF"))
        offset = tiff.index(struct.pack("<HHI", 259, 3, 1))  # the compression
        tiff[offset + 8 : offset + 10] = struct.pack("<H", 34_712)
        self.check(bytes(tiff), Reason.NOT_AN_IMAGE, "no picture of a format that is taken")

    def test_no_pixels(self) -> None:
        found = Decoder(DEFAULT).decode_image(Image.new("F", (0, 5)), None)
        self.assertEqual(found, Rejected(None, Reason.UNSUPPORTED, "the picture has no pixels"))

    def test_a_closed_picture(self) -> None:
        with Image.open(photograph("coins.png")) as image:
            pass
        found = Decoder(DEFAULT).decode_image(image, None)
        assert isinstance(found, Rejected), found
        self.assertIn("Pillow fails over it with AssertionError", found.detail)

    def test_whatever_pillow_raises_is_a_reject(self) -> None:
        for error, reason in (
            (MemoryError(), Reason.TOO_MANY_PIXELS),
            (EOFError(), Reason.TRUNCATED),
            (OSError("image file is truncated (3 bytes not processed)"), Reason.TRUNCATED),
            (NotImplementedError("that kind"), Reason.UNSUPPORTED),
            (AssertionError(), Reason.UNSUPPORTED),
            (KeyError(259), Reason.UNSUPPORTED),
            (UserWarning("raised where warnings are errors"), Reason.UNSUPPORTED),
            (Image.DecompressionBombWarning("big"), Reason.TOO_MANY_PIXELS),
        ):
            with self.subTest(error=error), mock.patch.object(Image.Image, "convert", side_effect=error):
                found = decode(encoded(picture(1)))
                assert isinstance(found, Rejected), found
                self.assertEqual(found.reason, reason)
                self.assertTrue(found.detail)

    def test_a_number_alone_is_no_detail(self) -> None:
        with mock.patch.object(Image.Image, "convert", side_effect=KeyError(259)):
            self.check(encoded(picture(1)), Reason.UNSUPPORTED, "Pillow fails over it with KeyError: 259")

    def test_warnings_made_errors_reject_only_that_picture(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.check(png_of(9_999, 9_999), Reason.TOO_MANY_PIXELS, "decompression bomb")


if __name__ == "__main__":
    unittest.main()
