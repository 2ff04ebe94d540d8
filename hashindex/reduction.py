"""Pillow's reductions of a grey picture as matrix products: Lanczos to the bit, three times as fast.

Pillow makes whole numbers of the filter's coefficients (units of 2^-22), sums up every row, rounds to 8 bits,
and does the same with the columns. With the same whole numbers a product of float64 matrices is exact in
whatever order it adds, as no sum reaches 2^53 of those units. So there are two ways to come out differently,
and both are left to Pillow: a coefficient so near to a half that another last bit of a sine would round it
to the other side, and a Pillow that reduces in some other way, which a check on first use finds.

A picture that was scaled down while it was decoded is reduced as if each of its pixels still were the block
that it was made of. Taken as a picture of its own, the borders of the cells would lie elsewhere, and two to
five times as many bits of pHash and dHash would turn over (docs/benchmarks.md).

Source: https://github.com/python-pillow/Pillow/blob/13.0.0/src/libImaging/Resample.c (`precompute_coeffs`,
`normalize_coeffs_8bpc`, `ImagingResampleInner`).
"""

import logging
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

Size = tuple[int, int]
"""Width and height."""

Floats = npt.NDArray[np.float64]

_UNIT = 2.0**-22
"""Of coefficients (PRECISION_BITS)."""

_EDGE = 1e-7
"""How near to a half a coefficient may come, in units. Ours are within 1e-8 of Pillow's before rounding."""

_SMALLEST_SIDE = 64
"""Below there is nothing to gain."""

_LARGEST_SIDE = 2**13
"""Beyond there is little to gain, as decoding takes the time, and coefficients take half a megabyte."""

_AT_ONCE = 2**18
"""Multiplications in one product: with more OpenBLAS starts threads of its own (GEMM_MULTITHREAD_THRESHOLD),
which get into the way of ours."""

_log = logging.getLogger(__name__)


def reduced(grey: Image.Image, cells: Size, *, of: Size | None = None) -> Floats:
    """Return the levels of `grey.resize(cells, LANCZOS)`, of a picture in mode L, in rows from the top.

    `of` is the size that the picture had before it was scaled down while decoding, if it was.
    """
    levels = None
    if of is not None and of != grey.size:
        levels = _by_products(grey, cells, of)
    elif _sums_rows_first(grey.size, cells) and _pillow_agrees():
        levels = _by_products(grey, cells, grey.size)
    return _by_pillow(grey, cells) if levels is None else levels


def averaged(grey: Image.Image, cells: Size, *, of: Size | None = None) -> Image.Image:
    """Return `grey.resize(cells, BOX)`; `of` as above."""
    if of is None or of == grey.size:
        return grey.resize(cells, Resampling.BOX)
    step = round(of[0] / grey.width)
    rows = _means(np.asarray(grey), of[0], cells[0], step)
    return Image.fromarray(_means(rows.T, of[1], cells[1], step).T)


def _sums_rows_first(size: Size, cells: Size) -> bool:
    """Say whether Pillow sums up the rows before the columns: since version 13 not in tall pictures."""
    return min(size) >= _SMALLEST_SIDE and size[1] - cells[1] <= 2 * (size[0] - cells[0])


def _by_pillow(grey: Image.Image, cells: Size) -> Floats:
    return np.asarray(grey.resize(cells, Resampling.LANCZOS), dtype=np.float64)


def _by_products(grey: Image.Image, cells: Size, of: Size) -> Floats | None:
    if max(grey.size) > _LARGEST_SIDE:
        return None
    step = round(of[0] / grey.width)
    across, down = (_coefficients(pixels, number, step) for pixels, number in zip(of, cells, strict=True))
    if across is None or down is None:
        return None
    return _rounded(_product(down.T, _rounded(_product(np.asarray(grey), across))))


def _product(left: npt.NDArray[Any], right: Floats) -> Floats:
    rows = max(1, _AT_ONCE // right.size)
    product = np.empty((len(left), right.shape[1]))
    for top in range(0, len(left), rows):
        np.matmul(left[top : top + rows], right, out=product[top : top + rows])
    return product


def _rounded(levels: Floats) -> Floats:
    """Round to 8 bits, in place (`clip8`)."""
    levels += 0.5
    np.floor(levels, out=levels)
    return np.clip(levels, 0, 255, out=levels)


@lru_cache(maxsize=128)
def _coefficients(pixels: int, cells: int, step: int) -> Floats | None:
    """Return what each block of `step` pixels of a side counts in each cell; None where it is uncertain.

    A pixel d cells from the middle of a cell counts sinc(d) sinc(d / 3); here sin(3x) is made of sin(x).
    """
    begins = np.arange(0.0, pixels, step)[:, None]
    ends = np.minimum(begins + step, pixels)
    centres = (np.arange(cells) + 0.5) * (pixels / cells)
    angles = ((begins + ends) / 2 - centres) * (np.pi / 3 * cells / pixels)
    sines = np.sin(angles)
    ratios = np.divide(sines, angles, out=np.ones_like(angles), where=angles != 0)
    weights = np.where(abs(angles) < np.pi, ratios**2 * (1 - 4 / 3 * sines**2), 0)
    units = weights / ((weights * (ends - begins)).sum(axis=0) * _UNIT)
    whole = np.rint(units)
    if step == 1 and abs(units - whole).max() > 0.5 - _EDGE:
        return None
    coefficients: Floats = whole * (ends - begins) * _UNIT
    return coefficients


def _means(levels: npt.NDArray[np.uint8], pixels: int, cells: int, step: int) -> npt.NDArray[np.uint8]:
    """Return the means of each row's cells, where a level stands for `step` pixels of it."""
    borders = np.floor(np.arange(cells + 1) * (pixels / cells) + 0.5).astype(int)
    whole, rest = np.divmod(borders, step)
    sums = np.zeros((len(levels), levels.shape[1] + 1), np.int32)
    np.cumsum(levels, axis=1, out=sums[:, 1:])
    below = step * sums[:, whole] + rest * np.take(levels, whole, axis=1, mode="clip")
    coefficients = np.rint(1 / (np.diff(borders) * _UNIT)) * _UNIT
    return _rounded(np.diff(below) * coefficients).astype(np.uint8)


@cache
def _pillow_agrees() -> bool:
    """Compare a few pictures of noise, which are the most sensitive; once in the life of a process."""
    chance = np.random.default_rng(1)
    for width, height, cells in (
        *((481, 321, (8, 8)), (300, 400, (8, 8)), (200, 392, (8, 8)), (1000, 70, (8, 8))),
        *((64, 64, (9, 8)), (64, 64, (32, 32))),
    ):
        for brightest in (1, 255):
            noise = chance.integers(0, brightest + 1, (height, width), dtype=np.uint8)
            grey = Image.fromarray(noise * np.uint8(255 // brightest))
            levels = _by_products(grey, cells, grey.size)
            if levels is not None and not np.array_equal(levels, _by_pillow(grey, cells)):
                _log.warning("this Pillow reduces pictures in a way of its own; its resize is used, slower")
                return False
    return True
