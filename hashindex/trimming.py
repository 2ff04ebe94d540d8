"""Uniform borders, letterboxes, and the bars of a screenshot: found, and cut away."""

from math import ceil, floor

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

_SIDE = 512
"""Pixels, to which a picture is reduced before it is looked at: borders are found to half a percent."""

_UNIFORM = 1.5
"""Levels of grey: a line whose standard deviation is less holds nothing. Of 100 framed photographs, saved as
JPEG of quality 50 or 90, 95 to 100 were found by what was left; from 3 on, skies are cut away as well."""

_LEAST_SHARE = 0.15
"""Of a side: what is shorter is taken for a bar rather than for the picture."""

_TAKEN = 0.01
"""Of a side: at least this is trimmed, or nothing is."""


def trimmed(grey: Image.Image) -> Image.Image | None:
    """Return the picture without what surrounds it; None where nothing does.

    A line of pixels is empty when it is of one level. Between empty lines, the longest run of others is the
    picture; shorter ones are bars (a telephone's clock, buttons), unless two are long. First lines across,
    then lines down, then across again, as columns can be empty only beside what is left.
    """
    small = grey
    if max(grey.size) > _SIDE:
        small = grey.copy()
        small.thumbnail((_SIDE, _SIDE), Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32) - 128
    height, width = pixels.shape
    top, bottom, left, right = 0, height, 0, width
    for _ in range(2):
        first, last = _content(pixels[top:bottom, left:right])
        top, bottom = top + first, top + last
        first, last = _content(pixels[top:bottom, left:right].T)
        left, right = left + first, left + last
        if (bottom - top, right - left) == (height, width):
            return None
    if (bottom - top) > height * (1 - _TAKEN) and (right - left) > width * (1 - _TAKEN):
        return None
    x, y = grey.width / width, grey.height / height
    box = ceil(left * x), ceil(top * y), floor(right * x), floor(bottom * y)
    return grey.crop(box) if box[0] < box[2] and box[1] < box[3] else None  # less than a pixel is left


def _content(lines: npt.NDArray[np.float32]) -> tuple[int, int]:
    """Return at which line the picture begins and before which it ends; the levels are -128 to 127."""
    number = lines.shape[1]  # at most 512, so the sums are whole numbers below 2^24, and exact
    variances = np.einsum("ij,ij->i", lines, lines) / number - (lines.sum(axis=1) / number) ** 2
    full = np.concatenate(([False], variances >= _UNIFORM**2, [False]))
    begins = np.flatnonzero(full[1:] & ~full[:-1])
    ends = np.flatnonzero(~full[1:] & full[:-1])
    if not len(begins):
        return 0, len(lines)
    long = ends - begins >= _LEAST_SHARE * len(lines)
    if not long.any():
        return int(begins[0]), int(ends[-1])
    return int(begins[long][0]), int(ends[long][-1])
