"""The hashes by their definitions, step by step with imagehash, Pillow and NumPy: what ours must equal."""

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from hashindex.hashing import _DCT as DCT
from hashindex.hashing import _FULL_SWING as FULL_SWING
from hashindex.records import Fingerprint


def reference(grey: Image.Image) -> Fingerprint:
    """Return the bits of the default recipe of a picture in mode L."""
    spectrum = _spectrum(grey)
    steps = np.asarray(grey.resize((64, 64), Resampling.BOX).resize((9, 8), Resampling.LANCZOS))
    return Fingerprint(
        ahash=_packed(imagehash.average_hash(grey).hash),
        phash=_packed(spectrum > np.median(spectrum)),
        dhash=_packed(steps[:, 1:] > steps[:, :-1]),
        contrast=_contrast(spectrum),
    )


def strict_reference(grey: Image.Image) -> Fingerprint:
    """Return those of the strict one."""
    return Fingerprint(
        ahash=_packed(imagehash.average_hash(grey).hash),
        phash=_packed(imagehash.phash(grey).hash),
        dhash=_packed(imagehash.dhash(grey).hash),
        contrast=_contrast(_spectrum(grey)),
    )


def _spectrum(grey: Image.Image) -> npt.NDArray[np.float64]:
    small = grey.resize((64, 64), Resampling.BOX).resize((32, 32), Resampling.LANCZOS)
    spectrum: npt.NDArray[np.float64] = DCT @ np.asarray(small, dtype=np.float64) @ DCT.T
    return spectrum


def _contrast(spectrum: npt.NDArray[np.float64]) -> float:
    return float(np.float32(np.median(np.abs(spectrum - np.median(spectrum))) / FULL_SWING))


def _packed(bits: npt.NDArray[np.bool_]) -> bytes:
    return np.packbits(bits.ravel()).tobytes()
