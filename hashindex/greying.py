"""From a picture of any mode to an upright one in 8-bit grey: orientation, transparency, depth.

And to a small one in colour, for people to look at.
"""

import logging

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.ExifTags import Base

from hashindex.recipe import Recipe

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

_ROWS = 256
"""Rows of a deep picture that are scaled at a time, so that only a strip of it is held as float64."""

_log = logging.getLogger(__name__)


def upright_grey(image: Image.Image, recipe: Recipe) -> Image.Image:
    """Return the picture in mode L, as the recipe says; raises whatever Pillow raises over a broken one."""
    image.load()  # first, as decoding can still change the mode and add to what is known
    grey = _grey(image, recipe)
    return _turned(grey, image) if recipe.orientation == "exif" else grey


def upright_small(image: Image.Image, side: int, recipe: Recipe) -> Image.Image:
    """Return the picture in mode RGB, at most `side` pixels wide and high; raises as `upright_grey` does."""
    image.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded to a part of its size
    image.load()
    if image.mode.startswith(("I", "F", "LAB")):
        small = _grey(image, recipe)
    elif image.has_transparency_data:
        small = _flattened_on_white(image, "RGB")
    else:
        small = image.convert("RGB")
    small.thumbnail((side, side))
    return _turned(small.convert("RGB"), image)


def _turned(picture: Image.Image, by: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(_orientation(by))
    return picture if turn is None else picture.transpose(turn)


def upright_size(size: tuple[int, int], image: Image.Image, recipe: Recipe) -> tuple[int, int]:
    """Return the size that a picture with the tag of this one has when it is upright."""
    on_its_side = recipe.orientation == "exif" and _orientation(image) in range(5, 9)
    return (size[1], size[0]) if on_its_side else size


def _grey(image: Image.Image, recipe: Recipe) -> Image.Image:
    on_white = recipe.alpha == "white"
    if recipe.depth == "scaled" and image.mode.startswith(("I", "F")):
        return _scaled_to_8_bits(image, blank=image.info.get("transparency") if on_white else None)
    if on_white:
        if image.has_transparency_data:
            return _flattened_on_white(image, "L")
        if image.mode == "LAB":  # Pillow converts it to nothing; its first channel is the lightness
            return image.getchannel(0)
    return image.convert("L")


def _orientation(image: Image.Image) -> int:
    try:
        tag = image.getexif().get(Base.Orientation)
    except Exception as exc:  # noqa: BLE001  # Pillow raises anything; the pixels are whole, and the tag says nothing
        _log.debug("the EXIF data cannot be read, so the picture is taken as upright: %r", exc)
        return 1
    return tag if isinstance(tag, int) else 1


def _flattened_on_white(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == "La":
        image = image.convert("LA")
    elif image.mode not in ("LA", "RGBA"):
        image = image.convert("RGBA")
    white = Image.new(mode, image.size, "white")
    white.paste(image.convert(mode), mask=image.getchannel("A"))
    return white


def _scaled_to_8_bits(image: Image.Image, blank: object) -> Image.Image:
    """Drop the low byte of 16-bit pictures; stretch wider ones from their darkest to their brightest.

    Numbers that are no brightness (NaN, infinite) are taken as darkest or brightest; what equals `blank`, the
    transparent value of a 16-bit PNG, is white.
    """
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        grey = (values >> 8).astype(np.uint8)
        if isinstance(blank, int):
            grey[values == blank] = 255
        return Image.fromarray(grey)
    low, high = _finite_range(values)
    if image.mode == "I" and low >= 0 and high < 2**16:
        return Image.fromarray((values >> 8 if high >= 2**8 else values).astype(np.uint8))
    grey = np.zeros(values.shape, np.uint8)
    if low < high:
        for top in range(0, len(values), _ROWS):
            rows = values[top : top + _ROWS].astype(np.float64)
            rows = np.nan_to_num(rows, nan=low, neginf=low, posinf=high)
            grey[top : top + _ROWS] = (rows - low) / (high - low) * 255
    return Image.fromarray(grey)


def _finite_range(values: npt.NDArray[np.int32] | npt.NDArray[np.float32]) -> tuple[float, float]:
    strips = (values[top : top + _ROWS] for top in range(0, len(values), _ROWS))
    finite = (strip[np.isfinite(strip)] for strip in strips)
    ends = [(float(part.min()), float(part.max())) for part in finite if part.size]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0.0, 0.0)
