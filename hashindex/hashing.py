"""From an upright grey picture to its bits: aHash, and the pHash and dHash that confirm its matches.

aHash is imagehash's, to the bit. The other two follow the same definitions (DCT of 32x32; neighbours of a
9x8 grid) but start from one cheap reduction to 64x64 instead of two more of the whole picture: equal in
quality on 584 photographs, and 1.5 to 1.7 times the throughput (docs/benchmarks.md). They are not imagehash's
bits unless the recipe says `confirm=imagehash`.

Sources: https://www.hackerfactor.com/blog/index.php?/archives/432-Looks-Like-It.html (aHash, pHash),
https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html (dHash).
"""

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from hashindex.recipe import Recipe
from hashindex.records import Fingerprint
from hashindex.reduction import Size, averaged, reduced

LOW_CONTRAST = 2.0
"""Below this contrast a picture says nothing that could tell it from others: white, black, noise on white,
smooth gradients. 0 of 500 photographs of BSDS500 lie below it. Applied on reading, so it may change."""

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
    small = averaged(grey, (64, 64), of=of)
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


def says_little(contrast: float) -> bool:
    """Say whether a picture of this contrast is low in information."""
    return contrast < LOW_CONTRAST


def _packed(bits: npt.NDArray[np.bool_]) -> bytes:
    return np.packbits(bits.ravel()).tobytes()
