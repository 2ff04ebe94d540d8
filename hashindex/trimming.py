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

_SMEARED = 3
"""Lines that go in each of the two rounds, as compression and resizing carry an edge into a border. Of 700
photographs with a white border of 3%, shrunk to 256 pixels and saved as JPEG of quality 75, 99.6% are found
by what is left, and without this 75.6%; in a clean letterbox 96.0%, and without this 96.9%."""

_SMEARED_DEVIATION = 5.0
"""Levels of grey: a line that is smeared has a standard deviation of less. It was 4.6 in 99 of 100."""

_SMEARED_LEVELS = 8.0
"""Of grey, by which its mean differs from the border's."""

_LEAST_SHARE = 0.15
"""Of a side: what is shorter is taken for a bar rather than for the picture."""

_TAKEN = 0.01
"""Of a side: at least this is trimmed, or nothing is."""


def trimmed(grey: Image.Image) -> Image.Image | None:
    """Return the picture without what surrounds it; None where nothing does.

    A line of pixels is empty when it is of one level. Between empty lines, the longest run of others is the
    picture; shorter ones are bars (a telephone's clock, buttons), unless two are long. A few lines more go
    where the picture's edge is smeared into the border, of which nothing else may be left when it is narrow:
    then white and black ones are known. First lines across, then lines down, then across again, as columns
    can be empty only beside what is left.
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
    levels = lines.sum(axis=1) / number
    variances = np.einsum("ij,ij->i", lines, lines) / number - levels**2
    full = variances >= _UNIFORM**2
    if not full.any():
        return 0, len(lines)
    first, last = _between_empty(full)
    before = levels[first - 1] if first else _extreme(levels[0])
    behind = levels[last] if last < len(lines) else _extreme(levels[-1])
    levels, variances = levels[first:last], variances[first:last]
    first_inside = first + _smeared(levels, variances, before)
    last_inside = last - _smeared(levels[::-1], variances[::-1], behind)
    return (first_inside, last_inside) if first_inside < last_inside else (first, last)


def _between_empty(full: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return where the longest run of full lines begins and ends; of several long ones, all of them."""
    edges = np.diff(np.concatenate(([False], full, [False])).astype(np.int8))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    long = ends - begins >= _LEAST_SHARE * len(full)
    if not long.any():
        return int(begins[0]), int(ends[-1])
    return int(begins[long][0]), int(ends[long][-1])


def _extreme(level: float) -> float:
    """Return the level of a border, white or black, of which the outermost line may be."""
    return 127.0 if level > 0 else -128.0


def _smeared(levels: npt.NDArray[np.float32], variances: npt.NDArray[np.float32], border: float) -> int:
    """Return how many of the first lines an edge is smeared over, beside a border of that level."""
    even = variances[:_SMEARED] < _SMEARED_DEVIATION**2
    near = abs(levels[:_SMEARED] - border) < _SMEARED_LEVELS
    return int(np.argmin(np.append(even & near, False)))
