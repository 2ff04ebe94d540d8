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
from PIL.Image import Resampling

from hashindex.recipe import Recipe
from hashindex.records import Fingerprint

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


def fingerprint(grey: Image.Image, recipe: Recipe) -> Fingerprint:
    """Return the bits of a picture in mode L."""
    small = grey.resize((64, 64), Resampling.BOX)
    spectrum = _spectrum(small)
    median = np.median(spectrum)
    if recipe.confirm == "imagehash":
        phash, dhash = imagehash.phash(grey).hash, imagehash.dhash(grey).hash
    else:
        phash = spectrum > median
        steps = np.asarray(small.resize((9, 8), Resampling.LANCZOS))
        dhash = steps[:, 1:] > steps[:, :-1]
    return Fingerprint(
        ahash=_packed(imagehash.average_hash(grey).hash),
        phash=_packed(phash),
        dhash=_packed(dhash),
        contrast=float(np.float32(np.median(np.abs(spectrum - median)) / _FULL_SWING)),  # as it is stored
    )


def says_little(contrast: float) -> bool:
    """Say whether a picture of this contrast is low in information."""
    return contrast < LOW_CONTRAST


def _spectrum(small: Image.Image) -> npt.NDArray[np.float64]:
    pixels = np.asarray(small.resize((_SIZE, _SIZE), Resampling.LANCZOS), dtype=np.float64)
    return np.asarray(_DCT @ pixels @ _DCT.T)


def _packed(bits: npt.NDArray[np.bool_]) -> bytes:
    return np.packbits(bits.ravel()).tobytes()
