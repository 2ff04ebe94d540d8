"""From an upright grey picture to its bits: aHash, and the pHash and dHash that confirm its matches.

aHash is imagehash's, to the bit. The other two follow the same definitions (DCT of 32x32; neighbours of a
9x8 grid) but start from one cheap reduction to 64x64 instead of two more of the whole picture: equal in
quality on 1,500 photographs, and 1.5 to 1.7 times the throughput (docs/benchmarks.md). They are not
imagehash's bits unless the recipe says `confirm=imagehash`.

Sources: https://www.hackerfactor.com/blog/index.php?/archives/432-Looks-Like-It.html (aHash, pHash),
https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html (dHash).
"""

from collections.abc import Iterator

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Transpose

from hashindex.confirming import says_little
from hashindex.recipe import Recipe
from hashindex.records import Fingerprint
from hashindex.reduction import Size, averaged, reduced
from hashindex.trimming import trimmed
from hashindex.views import AS_IS, Orientation, View, Ways

Viewed = tuple[View, Fingerprint]
"""A view of a picture, and its bits."""

_TURNS = {
    Orientation.ROTATED_90: Transpose.ROTATE_90,
    Orientation.ROTATED_180: Transpose.ROTATE_180,
    Orientation.ROTATED_270: Transpose.ROTATE_270,
    Orientation.MIRRORED: Transpose.FLIP_LEFT_RIGHT,
    Orientation.FLIPPED: Transpose.FLIP_TOP_BOTTOM,
    Orientation.TRANSPOSED: Transpose.TRANSPOSE,
    Orientation.TRANSVERSED: Transpose.TRANSVERSE,
}

_ON_ITS_SIDE = frozenset(
    {
        *(Orientation.ROTATED_90, Orientation.ROTATED_270),
        *(Orientation.TRANSPOSED, Orientation.TRANSVERSED),
    }
)
"""Width and height change places."""

_BOX = 64
_SIZE = 32
_SCALE = 4096
_DCT = np.rint(_SCALE * np.cos(np.pi * np.arange(8)[:, None] * (2 * np.arange(_SIZE) + 1) / (2 * _SIZE)))
"""The eight lowest frequencies of the 32-point DCT-II, as whole numbers: every sum stays below 2^53, so the
coefficients are exact in float64 and the same on every machine, whatever the order of the additions."""

_FULL_SWING = _SCALE**2 * 16.0
"""What brings the coefficients to the order of grey levels."""


def fingerprint(grey: Image.Image, recipe: Recipe, *, of: Size | None = None) -> Fingerprint:
    """Return the bits of a picture in mode L; `of` is its size before decoding scaled it down, if it did."""
    cells = reduced(grey, (8, 8), of=of)
    small = averaged(grey, (_BOX, _BOX), of=of)
    spectrum = _DCT @ reduced(small, (_SIZE, _SIZE)) @ _DCT.T
    median = np.median(spectrum)
    if recipe.confirm == "imagehash":
        phash, dhash = imagehash.phash(grey).hash, imagehash.dhash(grey).hash
    else:
        phash = spectrum > median
        steps = reduced(small, (9, 8))
        dhash = steps[:, 1:] > steps[:, :-1]
    return Fingerprint(
        ahash=_packed(cells > cells.mean()),
        phash=_packed(phash),
        dhash=_packed(dhash),
        contrast=float(np.float32(np.median(np.abs(spectrum - median)) / _FULL_SWING)),  # as it is stored
    )


def views_of(grey: Image.Image, recipe: Recipe, ways: Ways, *, of: Size | None = None) -> tuple[Viewed, ...]:
    """Return the bits of a picture in every view that is asked for, as it is first.

    A turned view has the bits of the turned picture, each of them. Views without borders are left out where
    there are none, and where what is left says too little to be told from others.
    """
    whole = of or grey.size
    found = [(AS_IS, fingerprint(grey, recipe, of=whole))]
    if ways.orientations:
        found += _turned(grey, recipe, whole, without_borders=False)
    inner = trimmed(grey) if ways.trimmed else None
    if inner is not None:
        step = round(whole[0] / grey.width)
        size = inner.width * step, inner.height * step
        if min(size) < _BOX:  # narrower than what it is reduced to, so it is taken as it is
            size = inner.size
        prints = fingerprint(inner, recipe, of=size)
        if not says_little(prints.contrast):
            found.append((View(trimmed=True), prints))
            if ways.orientations:
                found += _turned(inner, recipe, size, without_borders=True)
    return tuple(found)


def _turned(grey: Image.Image, recipe: Recipe, of: Size, *, without_borders: bool) -> Iterator[Viewed]:
    for orientation, turn in _TURNS.items():
        size = of[::-1] if orientation in _ON_ITS_SIDE else of
        yield View(orientation, without_borders), fingerprint(grey.transpose(turn), recipe, of=size)


def _packed(bits: npt.NDArray[np.bool_]) -> bytes:
    return np.packbits(bits.ravel()).tobytes()
