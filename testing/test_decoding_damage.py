"""Small valid files with bytes flipped, cut out, put in or cut off: `decode` never raises and never hangs."""

import time
import unittest
import warnings
from functools import cache

import pillow_heif
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hashindex.decoding import Decoded, Decoder
from hashindex.hashing import fingerprint
from hashindex.outcomes import Rejected
from hashindex.recipe import DEFAULT, STRICT, Recipe
from testing.making import encoded, picture

FORMS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000", "PCX", "PPM", "SGI")
MAX_PIXELS = 300_000
LONGEST_SECONDS = 10.0

Change = tuple[str, float, int, bytes]


@cache
def small(form: str, variant: int) -> bytes:
    pillow_heif.register_heif_opener()
    image = picture(1, (24, 18))
    if variant == 1 and form in ("PNG", "TIFF", "GIF"):
        image = image.quantize(16)
    if variant == 2 and form in ("PNG", "TIFF", "WEBP"):
        image.putalpha(128)
    options: dict[str, object] = {"compression": "tiff_lzw"} if form == "TIFF" and variant else {}
    options |= {"progressive": True} if form == "JPEG" and variant else {}
    return encoded(image, form, **options)


def changed(data: bytes, changes: list[Change]) -> bytes:
    for kind, where, value, more in changes:
        place = int(where * len(data))
        if kind == "flip":
            data = data[:place] + bytes([data[place] ^ value]) + data[place + 1 :] if data else data
        elif kind == "cut out":
            data = data[:place] + data[place + value :]
        elif kind == "put in":
            data = data[:place] + more + data[place:]
        else:
            data = data[:place]
    return data


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("flip", "flip", "flip", "cut out", "put in", "cut off")),
        st.one_of(st.floats(0, 0.999), st.floats(0, 0.1)),  # half of them in the header
        st.integers(1, 255),
        st.sampled_from((b"\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"%!PS", b"\xff\xd8")),
    ),
    min_size=1,
    max_size=6,
)


class TestDamage(unittest.TestCase):
    @settings(max_examples=1_000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(FORMS), st.integers(0, 2), CHANGES, st.sampled_from((DEFAULT, STRICT)))
    def test_damaged_files(self, form: str, variant: int, changes: list[Change], recipe: Recipe) -> None:
        data = changed(small(form, variant), changes)
        began = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, over what is broken on purpose
            found = Decoder(recipe, max_pixels=MAX_PIXELS).decode(data, "u")
        self.assertLess(time.monotonic() - began, LONGEST_SECONDS)
        if isinstance(found, Rejected):
            self.assertEqual(found.uri, "u")
            self.assertTrue(found.detail)
        else:
            assert isinstance(found, Decoded)
            self.assertEqual(found.grey.mode, "L")
            self.assertLessEqual(found.width * found.height, MAX_PIXELS)
            self.assertEqual(len(fingerprint(found.grey, recipe).ahash), 8)

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        self.assertIsInstance(Decoder(DEFAULT, max_pixels=MAX_PIXELS).decode(data, "u"), Decoded | Rejected)

    def test_every_length_of_a_cut_off_file(self) -> None:
        for form in FORMS:
            whole = small(form, 0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for length in range(0, len(whole), max(1, len(whole) // 150)):
                    found = Decoder(DEFAULT).decode(whole[:length], "u")
                    self.assertIsInstance(found, Decoded | Rejected)


if __name__ == "__main__":
    unittest.main()
