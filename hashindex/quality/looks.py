"""The views of a picture as rows of an array, the ways of asking for them, and distances between them."""

from collections.abc import Mapping
from itertools import product
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from hashindex.confirming import says_little
from hashindex.decoding import Decoded
from hashindex.hashing import Viewed, views_of
from hashindex.recipe import Recipe
from hashindex.records import Fingerprint
from hashindex.views import DEFAULT_WAYS, ONLY_AS_IS, Orientation, View, Ways

Hashes = npt.NDArray[np.uint64]
"""aHash, pHash and dHash in the last axis."""

Distances = npt.NDArray[np.uint8]
"""Of the three hashes, in bits, in the last axis."""

Flags = npt.NDArray[np.bool_]

NONE = 255
"""A distance to what cannot be compared: there is no such view, or it says too little."""

VIEWS = tuple(View(orientation, trimmed) for trimmed, orientation in product((False, True), Orientation))
"""All that a search can ask for; the first is the picture as it is."""

WAYS: Mapping[str, Ways] = MappingProxyType(
    {
        "as is": ONLY_AS_IS,
        "trimmed": DEFAULT_WAYS,
        "orientations": Ways(orientations=True, trimmed=False),
        "orientations, trimmed": Ways(orientations=True, trimmed=True),
    }
)
"""Which views are asked for together; a match by any of them is a match."""

EVERY_WAY = Ways(orientations=True, trimmed=True)


def asked_for(ways: Ways) -> Flags:
    """Return which of `VIEWS` are looked up."""
    return np.array(
        [
            (ways.orientations or view.orientation is Orientation.AS_IS)
            and (ways.trimmed or not view.trimmed)
            for view in VIEWS
        ]
    )


def looks(decoded: Decoded, recipe: Recipe, ways: Ways) -> tuple[Hashes, Flags]:
    """Return the hashes by view, (VIEWS, 3), and which of them are there and say enough to be compared."""
    found = views_of(decoded.grey, recipe, ways, of=(decoded.width, decoded.height))
    return as_rows(found)


def as_rows(found: tuple[Viewed, ...]) -> tuple[Hashes, Flags]:
    """Return what `views_of` gives as rows."""
    rows, usable = np.zeros((len(VIEWS), 3), np.uint64), np.zeros(len(VIEWS), np.bool_)
    for view, prints in found:
        place = VIEWS.index(view)
        rows[place], usable[place] = hashes(prints), not says_little(prints.contrast)
    return rows, usable


def hashes(prints: Fingerprint) -> list[int]:
    """Return the three hashes as numbers."""
    return [int.from_bytes(each, "big") for each in (prints.ahash, prints.phash, prints.dhash)]


def apart(left: Hashes, right: Hashes, usable: Flags) -> Distances:
    """Return the distances of hashes, broadcast against each other; NONE where they are not usable."""
    found: Distances = np.bitwise_count(left ^ right)
    found[~np.broadcast_to(usable, found.shape[:-1])] = NONE
    return found
