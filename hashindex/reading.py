"""From a URI to a hashed picture: read, digest, decode, hash."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from PIL import Image

from hashindex.concurrency import ordered_map
from hashindex.decoding import Decoder
from hashindex.errors import InvalidArgumentError
from hashindex.hashing import fingerprint
from hashindex.listing import Selection, listed
from hashindex.recipe import Recipe
from hashindex.records import Content, Fingerprint, HashedPicture, Ignored, Reason, Rejected
from hashindex.sources.interface import Source
from hashindex.uris import printable

T = TypeVar("T")
R = TypeVar("R")


class PictureReader:
    """Reads pictures of one source by one recipe, several at a time."""

    def __init__(
        self, source: Source, recipe: Recipe, *, max_pixels: int, max_bytes: int, workers: int
    ) -> None:
        self._source, self._recipe = source, recipe
        self._decoder = Decoder(recipe, max_pixels=max_pixels)
        self._max_bytes, self._workers = max_bytes, workers

    def read_all(self, names: Iterable[str], selection: Selection) -> Iterator[HashedPicture | Rejected]:
        """Yield what becomes of every picture that the names stand for, in order; takes them lazily."""
        found = listed(self._source, names, selection)
        pictures = (item for item in found if not isinstance(item, Ignored))
        return self.map(lambda item: item if isinstance(item, Rejected) else self.read(item.uri), pictures)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield `function(item)` in order, computed by as many threads as pictures are read with."""
        return ordered_map(function, items, workers=self._workers)

    def read_named(self, name: str) -> HashedPicture | Rejected:
        """Return the hashed picture of what a caller named, or why it could not be taken."""
        try:
            return self.read(self._source.canonical(name))
        except InvalidArgumentError as exc:
            return Rejected(printable(name), Reason.UNSUPPORTED, str(exc))

    def read(self, uri: str) -> HashedPicture | Rejected:
        """Return the hashed picture of a canonical URI, or why it could not be taken."""
        content = self._source.read(uri, max_bytes=self._max_bytes)
        return content if isinstance(content, Rejected) else self._hashed(content, uri)

    def read_bytes(self, data: bytes) -> HashedPicture | Rejected:
        """Return the hashed picture of a file's bytes; its URI is empty."""
        return self._hashed(Content(data, version="", modified_ms=0), "")

    def fingerprint(self, image: Image.Image) -> Fingerprint | Rejected:
        """Return the bits of a picture that Pillow has opened."""
        decoded = self._decoder.decode_image(image, None)
        return decoded if isinstance(decoded, Rejected) else fingerprint(decoded.grey, self._recipe)

    def _hashed(self, content: Content, uri: str) -> HashedPicture | Rejected:
        decoded = self._decoder.decode(content.data, uri or None)
        if isinstance(decoded, Rejected):
            return decoded
        return HashedPicture(
            uri=uri,
            fingerprint=fingerprint(decoded.grey, self._recipe),
            content_digest=digest(content.data),
            source_version=content.version,
            width=decoded.width,
            height=decoded.height,
            file_size=len(content.data),
            upload_time=content.modified_ms,
        )


def digest(data: bytes) -> str:
    """Return BLAKE2b with 128 bits (RFC 7693) as 32 hex digits: equal for exact copies only."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
