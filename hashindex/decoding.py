"""From bytes to an upright grey picture, or to the reason why not: formats, limits, what Pillow raises.

Nothing that a file can hold ends a run: every exception that Pillow raises over a picture becomes a
`Rejected`. Memory is bounded by `max_pixels`, whatever the number of threads: pictures that together claim
more wait for each other. On top comes the grey of the pictures that are just being hashed, a byte a pixel.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from threading import Lock
from typing import TypeVar

import PIL
from PIL import Image, UnidentifiedImageError, features

from hashindex.concurrency import Budget
from hashindex.greying import upright_grey, upright_size, upright_small
from hashindex.outcomes import Reason, Rejected
from hashindex.recipe import Recipe
from hashindex.records import MAX_PIXELS

MAX_SIDE = 1_000_000
"""Limit on width and height: resizing takes 50 bytes for each pixel of a side, 5 GB for 100,000,000 x 1."""

FAST_SIDE = 320
"""What `decode=fast` leaves at least of either side of a JPEG, pixels, when it halves them up to three times.
aHash then drifts from exact by less than 0.1 bits on average (docs/benchmarks.md). Part of the recipe:
another number is another version."""

_SAYS_TRUNCATED = (
    *("truncated", "broken data", "not enough", "expected to read", "end of file"),
    "could not create decoder object",  # WebP
)
"""How Pillow's messages say that a picture ends early or is damaged."""

_RUNS_A_PROGRAM = frozenset({"EPS"})
"""Formats that Pillow decodes by running another program (Ghostscript) over the file."""

_FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "DIB", "JPEG2000"),
    *("PPM", "PCX", "PSD", "QOI", "SGI"),
    *_RUNS_A_PROGRAM,  # known, so that the reason is said
)
"""What files are tried as. Of the others that Pillow knows, some have no signature, so that anything passes
for one (TGA), and some hold a second picture (ICO, IPTC), decoded before anyone can look at its size."""

_BEGINNING = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|....ftyp(?:avi[fs]|hei[cmsx]|hev[cmsx]|mif1|msf1)",
    re.DOTALL,
)
"""How a JPEG, PNG, GIF, WebP, AVIF or HEIC begins, be its header readable or not."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decoded:
    """An upright picture in 8-bit grey, and its size in pixels."""

    grey: Image.Image
    """Of that size; with `decode=fast` perhaps a half, a quarter or an eighth of it, rounded up."""
    width: int
    height: int


_plugins_lock = Lock()
_plugins_loaded = False


def _load_plugins() -> None:
    """Let Pillow know every format, HEIC among them: once, on first use, as it changes Pillow for all."""
    global _plugins_loaded  # noqa: PLW0603  # it mirrors Pillow's own, which is global
    with _plugins_lock:
        if _plugins_loaded:
            return
        import pillow_heif

        pillow_heif.register_heif_opener()
        Image.init()
        _plugins_loaded = True


def made_with() -> str:
    """Name the decoders that bits depend on: Pillow and the libjpeg it was built with."""
    return f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo') or 'absent'}"


class Decoder:
    """Decodes pictures by one recipe, within one budget of pixels shared by all threads."""

    def __init__(self, recipe: Recipe, *, max_pixels: int = MAX_PIXELS) -> None:
        self._recipe, self._max_pixels = recipe, max_pixels
        self._budget = Budget(max_pixels)
        if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
            Image.MAX_IMAGE_PIXELS = -(-max_pixels // 2)  # Pillow refuses more than twice its own limit

    def decode(self, data: bytes, uri: str | None) -> Decoded | Rejected:
        """Return the first frame, judged by its content whatever its name; `uri` is for the reject."""
        grey = self._scaled_grey if self._recipe.decode == "fast" else self._grey
        return _opened(data, uri, partial(self._taken, take=grey))

    def small(self, data: bytes, uri: str | None, *, side: int) -> Image.Image | Rejected:
        """Return it upright in RGB for people to look at, at most `side` pixels wide and high."""
        shrunk = partial(upright_small, side=side, recipe=self._recipe)
        return _opened(data, uri, partial(self._taken, take=shrunk))

    def decode_image(self, image: Image.Image, uri: str | None) -> Decoded | Rejected:
        """Do the same for a picture that Pillow has opened already; it is somebody's own, so never scaled."""
        return self._taken(image, uri, take=self._grey)

    def _grey(self, image: Image.Image) -> Decoded:
        grey = upright_grey(image, self._recipe)
        return Decoded(grey, *grey.size)

    def _scaled_grey(self, image: Image.Image) -> Decoded:
        size = image.size
        image.draft("L", (FAST_SIDE, FAST_SIDE))  # does nothing to what is no JPEG
        if image.size == size:
            return self._grey(image)
        grey = upright_grey(image, self._recipe)
        return Decoded(grey, *upright_size(size, image, self._recipe))

    def _taken(
        self, image: Image.Image, uri: str | None, *, take: Callable[[Image.Image], T]
    ) -> T | Rejected:
        """Return what is made of it, within the limits."""
        width, height = image.size
        if image.format in _RUNS_A_PROGRAM:
            return Rejected(uri, Reason.UNSUPPORTED, f"{image.format} is decoded by running another program")
        if not width or not height:
            return Rejected(uri, Reason.UNSUPPORTED, "the picture has no pixels")
        if width * height > self._max_pixels:
            detail = f"{width} x {height} pixels, but at most {self._max_pixels} are taken"
            return Rejected(uri, Reason.TOO_MANY_PIXELS, detail)
        if max(width, height) > MAX_SIDE:
            detail = f"{width} x {height} pixels, but a side has at most {MAX_SIDE}"
            return Rejected(uri, Reason.TOO_MANY_PIXELS, detail)
        with self._budget.account() as spend:
            spend(width * height)
            try:
                return take(image)
            except Exception as exc:  # noqa: BLE001  # as below
                return _rejected(uri, exc)


def _opened(
    data: bytes, uri: str | None, use: Callable[[Image.Image, str | None], T | Rejected]
) -> T | Rejected:
    _load_plugins()
    if not data:
        return Rejected(uri, Reason.NOT_AN_IMAGE, "the file is empty")
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            return use(image, uri)
    except UnidentifiedImageError:
        if _BEGINNING.match(data):
            detail = "it begins like a picture, but its header is damaged, ends early or is unusual"
            return Rejected(uri, Reason.TRUNCATED, detail)
        return Rejected(uri, Reason.NOT_AN_IMAGE, "the content is no picture of a format that is taken")
    except Exception as exc:  # noqa: BLE001  # Pillow's plugins raise anything over broken files
        return _rejected(uri, exc)


def _rejected(uri: str | None, exc: Exception) -> Rejected:
    _log.debug("%s cannot be decoded:", uri, exc_info=exc)
    detail = " ".join(str(exc).split())
    if isinstance(exc, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return Rejected(uri, Reason.TOO_MANY_PIXELS, detail)
    if isinstance(exc, MemoryError):
        return Rejected(uri, Reason.TOO_MANY_PIXELS, "there is not enough memory to decode it")
    if isinstance(exc, EOFError) or any(phrase in detail.lower() for phrase in _SAYS_TRUNCATED):
        return Rejected(uri, Reason.TRUNCATED, detail or "the picture ends early")
    if not isinstance(exc, OSError | SyntaxError | NotImplementedError) or not detail:
        detail = f"Pillow fails over it with {type(exc).__name__}{': ' * bool(detail)}{detail}"
    return Rejected(uri, Reason.UNSUPPORTED, detail)
