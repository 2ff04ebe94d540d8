"""From bytes to an upright grey picture, or to the reason why not: limits, orientation, alpha, depth.

Nothing that a file can hold ends a run: every exception that Pillow raises over a picture becomes a
`Rejected`. Memory is bounded by `max_pixels`, whatever the number of threads: pictures that together claim
more wait for each other.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from threading import Condition

import numpy as np
import PIL
from PIL import Image, UnidentifiedImageError, features
from PIL.ExifTags import Base

from hashindex.recipe import Recipe
from hashindex.records import Reason, Rejected

MAX_PIXELS = 100_000_000
"""Default limit on claimed pixels: four bytes each while decoding, so about half a gigabyte at a time."""

MAX_BYTES = 64 * 2**20
"""Default limit on the size of a file, bytes."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture with this EXIF orientation tag upright (EXIF 2.3, tag 0x0112)."""

_DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    NotImplementedError,
    EOFError,
    MemoryError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""All that Pillow's plugins have been seen to raise over broken files."""

_SAYS_TRUNCATED = ("truncated", "broken data", "not enough", "expected to read")
"""How Pillow's messages say that a picture ends early or is damaged."""

_RUNS_A_PROGRAM = frozenset({"EPS"})
"""Formats that Pillow decodes by running another program (Ghostscript) over the file."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """An upright picture in 8-bit grey, and its size in pixels."""

    grey: Image.Image
    width: int
    height: int


@cache
def _load_plugins() -> None:
    import pillow_heif  # registering changes Pillow's global state: done on first use only

    pillow_heif.register_heif_opener()
    Image.init()


def made_with() -> str:
    """Name the decoders that bits depend on: Pillow and the libjpeg it was built with."""
    return f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo') or 'absent'}"


class Decoder:
    """Decodes pictures by one recipe, within one budget of pixels shared by all threads."""

    def __init__(self, recipe: Recipe, *, max_pixels: int = MAX_PIXELS) -> None:
        self._recipe, self._max_pixels = recipe, max_pixels
        self._budget = _PixelBudget(max_pixels)

    def decode(self, data: bytes, uri: str) -> Decoded | Rejected:
        """Return the first frame, judged by its content whatever its name; `uri` is for the reject."""
        _load_plugins()
        if not data:
            return Rejected(uri, Reason.NOT_AN_IMAGE, "the file is empty")
        try:
            with Image.open(BytesIO(data)) as image:
                return self.decode_image(image, uri)
        except UnidentifiedImageError:
            return Rejected(uri, Reason.NOT_AN_IMAGE, "the content is no picture that Pillow knows")
        except _DECODER_ERRORS as exc:
            return _rejected(uri, exc)

    def decode_image(self, image: Image.Image, uri: str) -> Decoded | Rejected:
        """Do the same for a picture that Pillow has opened already."""
        width, height = image.size
        if image.format in _RUNS_A_PROGRAM:
            return Rejected(uri, Reason.UNSUPPORTED, f"{image.format} is decoded by running another program")
        if width * height > self._max_pixels:
            detail = f"{width} x {height} pixels, but at most {self._max_pixels} are taken"
            return Rejected(uri, Reason.TOO_MANY_PIXELS, detail)
        with self._budget.spend(width * height):
            try:
                grey = self._upright_grey(image)
            except _DECODER_ERRORS as exc:
                return _rejected(uri, exc)
        if 0 in grey.size:
            return Rejected(uri, Reason.UNSUPPORTED, "the picture has no pixels")
        return Decoded(grey, *grey.size)

    def _upright_grey(self, image: Image.Image) -> Image.Image:
        image.load()
        grey = self._grey(image)
        if self._recipe.orientation == "exif":
            turn = _UPRIGHT.get(image.getexif().get(Base.Orientation, 1))
            return grey if turn is None else grey.transpose(turn)
        return grey

    def _grey(self, image: Image.Image) -> Image.Image:
        if self._recipe.depth == "scaled" and image.mode.startswith(("I", "F")):
            return _scaled_to_8_bits(image)
        if self._recipe.alpha == "white":
            if image.has_transparency_data:
                return _flattened_on_white(image)
            if image.mode == "LAB":  # Pillow converts it to nothing; its first channel is the lightness
                return image.getchannel(0)
        return image.convert("L")


def _flattened_on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        image = image.convert("RGBA")
    white = Image.new("L", image.size, 255)
    white.paste(image.convert("L"), mask=image.getchannel("A"))
    return white


def _scaled_to_8_bits(image: Image.Image) -> Image.Image:
    """Drop the low byte of 16-bit pictures; stretch wider ones from their darkest to their brightest."""
    values = np.asarray(image)
    if image.mode.startswith("I;16") or (values.min() >= 0 and values.max() < 2**16 and image.mode == "I"):
        return Image.fromarray((values >> 8).astype(np.uint8))
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = values.min(), values.max()
    if low == high:
        return Image.new("L", image.size, 0)
    return Image.fromarray(((values - low) * (255 / (high - low))).astype(np.uint8))


def _rejected(uri: str, exc: BaseException) -> Rejected:
    detail = " ".join(str(exc).split()) or type(exc).__name__
    if isinstance(exc, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return Rejected(uri, Reason.TOO_MANY_PIXELS, detail)
    if isinstance(exc, MemoryError):
        return Rejected(uri, Reason.TOO_MANY_PIXELS, "there is not enough memory to decode it")
    if isinstance(exc, NotImplementedError):
        return Rejected(uri, Reason.UNSUPPORTED, detail)
    if isinstance(exc, EOFError) or any(phrase in detail.lower() for phrase in _SAYS_TRUNCATED):
        return Rejected(uri, Reason.TRUNCATED, detail)
    return Rejected(uri, Reason.UNSUPPORTED, detail)


class _PixelBudget:
    """Lets pictures be decoded together while their pixels add up to no more than a capacity."""

    def __init__(self, capacity: int) -> None:
        self._capacity, self._spent = capacity, 0
        self._freed = Condition()

    @contextmanager
    def spend(self, pixels: int) -> Iterator[None]:
        with self._freed:
            self._freed.wait_for(lambda: self._spent == 0 or self._spent + pixels <= self._capacity)
            self._spent += pixels
        try:
            yield
        finally:
            with self._freed:
                self._spent -= pixels
                self._freed.notify_all()
