"""One picture measured: its hashes by every view, and how far its copies are from it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hashindex.decoding import Decoded, Decoder
from hashindex.outcomes import Rejected
from hashindex.quality.looks import EVERY_WAY, VIEWS, Distances, Flags, Hashes, apart, looks
from hashindex.quality.transformations import LARGEST_SIDE, TRANSFORMATIONS, chance
from hashindex.reading import digest
from hashindex.recipe import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What is kept of a picture: 400 bytes, and 2,800 where its copies were measured."""

    uri: str
    content_digest: str
    hashes: Hashes
    """(VIEWS, 3); the first is what an index stores."""
    usable: Flags
    """(VIEWS): the view is there, and says enough to be compared."""
    copies: Distances | None
    """(transformations, VIEWS, 3): of the stored hashes from those of the copy by each view."""


@dataclass(frozen=True, slots=True)
class Work:
    """How pictures are measured; plain values, so that other processes can be told."""

    recipe: str
    max_pixels: int
    seed: int

    def __call__(self, data: bytes, uri: str, *, copies: bool) -> Measured | Rejected:
        """Measure the file of a picture."""
        recipe = Recipe.parse(self.recipe)
        decoder = Decoder(recipe, max_pixels=self.max_pixels)
        decoded = decoder.decode(data, uri)
        if isinstance(decoded, Rejected):
            return decoded
        small = decoder.small(data, uri, side=LARGEST_SIDE)
        if isinstance(small, Rejected):
            return small
        own, usable = looks(decoded, recipe, EVERY_WAY)
        content_digest = digest(data)
        made = made_copies(small, content_digest, self.seed) if copies and usable[0] else None
        return Measured(
            uri=uri,
            content_digest=content_digest,
            hashes=own,
            usable=usable,
            copies=None if made is None else _apart(own[0], made, decoder, recipe),
        )


def made_copies(image: Image.Image, content_digest: str, seed: int) -> Iterator[bytes]:
    """Yield the files of a picture's copies in the order of `TRANSFORMATIONS`."""
    for name, transformation in TRANSFORMATIONS.items():
        yield transformation(image, chance(seed, content_digest, name))


def _apart(stored: Hashes, copies: Iterator[bytes], decoder: Decoder, recipe: Recipe) -> Distances:
    found = np.zeros((len(TRANSFORMATIONS), len(VIEWS), 3), np.uint8)
    for row, data in enumerate(copies):
        decoded = decoder.decode(data, None)
        assert isinstance(decoded, Decoded), "a copy that was just made is a picture"
        found[row] = apart(stored, *looks(decoded, recipe, EVERY_WAY))
    return found
