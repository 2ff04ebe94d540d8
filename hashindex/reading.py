"""From a URI to a hashed picture: read, digest, decode, hash."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Semaphore
from typing import TypeVar

from PIL import Image

from hashindex.concurrency import Budget, ordered_map
from hashindex.decoding import Decoded, Decoder
from hashindex.errors import InvalidArgumentError
from hashindex.hashing import fingerprint
from hashindex.listing import Selection, listed
from hashindex.recipe import Recipe
from hashindex.records import Content, Fingerprint, HashedPicture, Ignored, Picture, Reason, Rejected
from hashindex.sources.interface import Source
from hashindex.uris import printable

BYTES_IN_FLIGHT = 128 * 2**20
"""Most bytes of files that are held at once, unless one alone is larger; what has been read waits for its
turn to be decoded."""

THUMBNAIL_SIDE = 200
"""Pixels, at most."""
THUMBNAIL_QUALITY = 60
"""Of the JPEG: some kilobytes a picture."""

T = TypeVar("T")
R = TypeVar("R")

_log = logging.getLogger(__name__)


class PictureReader:
    """Reads pictures of one source by one recipe, several at a time."""

    def __init__(
        self,
        source: Source,
        recipe: Recipe,
        *,
        max_pixels: int,
        max_bytes: int,
        workers: int,
        in_flight: int,
    ) -> None:
        """Read up to `in_flight` pictures at once, of which `workers` are decoded and hashed."""
        self._source, self._recipe = source, recipe
        self._decoder = Decoder(recipe, max_pixels=max_pixels)
        self._max_bytes, self.in_flight = max_bytes, in_flight
        self._contents = Budget(BYTES_IN_FLIGHT)
        # Threads of their own, as every thread that ever decoded keeps some of that memory (glibc's arenas):
        # with 8,000 photographs 880 MB, decoding in those that fetch, and 340 in these.
        self._decoding = ThreadPoolExecutor(workers, "hashindex-decode")
        self._unsaid = Semaphore(1 if recipe.oss else 0)
        """What is still to be said once, by whichever thread comes first."""

    def read_all(
        self,
        names: Iterable[str],
        selection: Selection,
        *,
        each_ignored: Callable[[], object] = lambda: None,
    ) -> Iterator[HashedPicture | Rejected]:
        """Yield what becomes of every picture that the names stand for, in order; takes them lazily.

        `each_ignored` is called for each file that a walk passes over.
        """

        def taken() -> Iterator[Picture | Rejected]:
            for item in listed(self._source, names, selection):
                if isinstance(item, Ignored):
                    each_ignored()
                else:
                    yield item

        return self.map(lambda item: item if isinstance(item, Rejected) else self.read(item.uri), taken())

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield `function(item)` in order, computed by as many threads as pictures are read with."""
        return ordered_map(function, items, workers=self.in_flight)

    def read_named(self, name: str) -> HashedPicture | Rejected:
        """Return the hashed picture of what a caller named, or why it could not be taken."""
        try:
            return self.read(self._source.canonical(name))
        except InvalidArgumentError as exc:
            return Rejected(printable(name), Reason.UNSUPPORTED, str(exc))

    def read(self, uri: str) -> HashedPicture | Rejected:
        """Return the hashed picture of a canonical URI, or why it could not be taken."""
        with self._contents.account() as reserve:
            content = self._source.read(uri, max_bytes=self._max_bytes, reserve=reserve)
            return content if isinstance(content, Rejected) else self._hashed(content, uri)

    def canonical(self, name: str) -> str:
        """Return the canonical URI of what a caller named; InvalidArgumentError where it has none."""
        return self._source.canonical(name)

    def thumbnail(self, uri: str) -> bytes | Rejected:
        """Return the picture of a canonical URI as a small JPEG, or why there is none."""
        with self._contents.account() as reserve:
            content = self._source.read(uri, max_bytes=self._max_bytes, reserve=reserve)
            if isinstance(content, Rejected):
                return content
            small = self._decoding.submit(
                self._decoder.small, content.data, uri, side=THUMBNAIL_SIDE
            ).result()
        if isinstance(small, Rejected):
            return small
        file = BytesIO()
        small.save(file, "JPEG", quality=THUMBNAIL_QUALITY)
        return file.getvalue()

    def read_bytes(self, data: bytes) -> HashedPicture | Rejected:
        """Return the hashed picture of a file's bytes; its URI is empty."""
        return self._hashed(Content(data, version="", modified_ms=0), "")

    def fingerprint(self, image: Image.Image) -> Fingerprint | Rejected:
        """Return the bits of a picture that Pillow has opened."""
        self._as_it_is()
        decoded = self._decoder.decode_image(image, None)
        return decoded if isinstance(decoded, Rejected) else self._fingerprint(decoded)

    def close(self) -> None:
        """End the threads that decode; nothing is read afterwards."""
        self._decoding.shutdown(wait=False, cancel_futures=True)

    def _as_it_is(self) -> None:
        """Say that a picture did not come the way that the recipe tells."""
        if self._unsaid.acquire(blocking=False):
            _log.warning(
                "pictures that do not come from OSS are hashed without %s: a few of their bits may differ "
                "from those of their copies there, and no match between the two is exact.",
                self._recipe.oss,
            )

    def _hashed(self, content: Content, uri: str) -> HashedPicture | Rejected:
        if content.file_size is None:
            self._as_it_is()
        return self._decoding.submit(self._decoded_and_hashed, content, uri).result()

    def _decoded_and_hashed(self, content: Content, uri: str) -> HashedPicture | Rejected:
        decoded = self._decoder.decode(content.data, uri or None)
        if isinstance(decoded, Rejected):
            return decoded
        prints, content_digest = self._fingerprint(decoded), digest(content.data)
        return HashedPicture(
            uri=uri,
            fingerprint=prints,
            content_digest=content_digest,
            source_version=content.version,
            width=decoded.width,
            height=decoded.height,
            file_size=len(content.data) if content.file_size is None else content.file_size,
            upload_time=content.modified_ms,
        )

    def _fingerprint(self, decoded: Decoded) -> Fingerprint:
        return fingerprint(decoded.grey, self._recipe, of=(decoded.width, decoded.height))


def digest(data: bytes) -> str:
    """Return BLAKE2b with 128 bits (RFC 7693) as 32 hex digits: equal for exact copies only."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
