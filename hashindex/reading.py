"""From a URI to a hashed picture: read, digest, decode, hash."""

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from threading import Semaphore
from typing import TypeVar

from PIL import Image

from hashindex.concurrency import Budget, ordered_map
from hashindex.decoding import Decoded, Decoder
from hashindex.errors import InvalidArgumentError
from hashindex.hashing import Viewed, views_of
from hashindex.listing import Selection, pictures
from hashindex.outcomes import Reason, Rejected
from hashindex.recipe import Recipe
from hashindex.records import Content, HashedPicture, Picture
from hashindex.sources.interface import Source
from hashindex.uris import printable
from hashindex.views import ONLY_AS_IS, Ways

BYTES_IN_FLIGHT = 128 * 2**20
"""Most bytes of files that are held at once, unless one alone is larger; what has been read waits for its
turn to be decoded."""

THUMBNAIL_SIDE = 200
"""Pixels, at most."""
THUMBNAIL_QUALITY = 60
"""Of the JPEG: some kilobytes a picture."""

ImageLike = str | os.PathLike[str] | bytes | Image.Image | Picture
"""A path, an `oss://` URI, the bytes of a file, a picture that Pillow has opened, or one that was listed."""

_NO_FILE = Content(b"", version="", modified_ms=0)

T = TypeVar("T")
R = TypeVar("R")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """A picture that is searched for."""

    picture: HashedPicture
    """Without digest where Pillow had opened it: its bytes are not known."""
    views: tuple[Viewed, ...]
    """As it is first."""


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
        self._source, self.recipe = source, recipe
        self._decoder, self.max_pixels = Decoder(recipe, max_pixels=max_pixels), max_pixels
        self._max_bytes, self.in_flight = max_bytes, in_flight
        self._contents = Budget(BYTES_IN_FLIGHT)
        # Threads of their own, as every thread that ever decoded keeps some of that memory (glibc's arenas):
        # with 8,000 photographs 880 MB, decoding in those that fetch, and 340 in these.
        self._decoding = ThreadPoolExecutor(workers, "hashindex-decode")
        self._closed = False
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
        taken = pictures(self._source, names, selection, each_ignored=each_ignored)
        return self.map(lambda item: item if isinstance(item, Rejected) else self.read(item.uri), taken)

    def listed(
        self,
        names: Iterable[str],
        selection: Selection,
        *,
        each_ignored: Callable[[], object] = lambda: None,
    ) -> Iterator[Picture | Rejected]:
        """Yield what the names stand for, lazily and unread; `each_ignored` as above."""
        return pictures(self._source, names, selection, each_ignored=each_ignored)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield `function(item)` in order, computed by as many threads as pictures are read with.

        InvalidArgumentError for a single name, which would be taken letter by letter.
        """
        if isinstance(items, str | bytes):
            raise InvalidArgumentError("many pictures are given as a list; this is one, or its name.")
        return ordered_map(function, items, workers=self.in_flight)

    def read(self, uri: str) -> HashedPicture | Rejected:
        """Return the hashed picture of a canonical URI, or why it could not be taken."""
        looked = self.with_content(uri, partial(self._looked, uri=uri, ways=ONLY_AS_IS))
        return looked if isinstance(looked, Rejected) else looked.picture

    def look(self, image: ImageLike | Rejected, ways: Ways) -> Looked | Rejected:
        """Return a picture in every view that is asked for, or why it cannot be taken; a reject as it is."""
        if isinstance(image, Rejected):
            return image
        if isinstance(image, Image.Image):
            self._as_it_is()
            decoded = self._decoder.decode_image(image, None)
            return decoded if isinstance(decoded, Rejected) else self._views(decoded, _NO_FILE, "", ways)
        if isinstance(image, bytes):
            return self._looked(Content(image, version="", modified_ms=0), uri="", ways=ways)
        if isinstance(image, Picture):
            uri = image.uri
        else:
            name = os.fspath(image)
            try:
                uri = self._source.canonical(name)
            except InvalidArgumentError as exc:
                return Rejected(printable(name), Reason.UNSUPPORTED, str(exc))
        return self.with_content(uri, partial(self._looked, uri=uri, ways=ways))

    def with_content(self, uri: str, use: Callable[[Content], R | Rejected]) -> R | Rejected:
        """Return what is made of the bytes of a canonical URI, while they count as held."""
        with self._contents.account() as reserve:
            content = self._source.read(uri, max_bytes=self._max_bytes, reserve=reserve)
            return content if isinstance(content, Rejected) else use(content)

    def canonical(self, name: str) -> str:
        """Return the canonical URI of what a caller named; InvalidArgumentError where it has none."""
        return self._source.canonical(name)

    def thumbnail(self, uri: str) -> bytes | Rejected:
        """Return the picture of a canonical URI as a small JPEG, or why there is none."""

        def shrunk(content: Content) -> Image.Image | Rejected:
            return self._by_thread(partial(self._decoder.small, content.data, uri, side=THUMBNAIL_SIDE))

        small = self.with_content(uri, shrunk)
        if isinstance(small, Rejected):
            return small
        file = BytesIO()
        small.save(file, "JPEG", quality=THUMBNAIL_QUALITY)
        return file.getvalue()

    def close(self) -> None:
        """End the threads that decode; nothing is read afterwards."""
        self._closed = True
        self._decoding.shutdown(wait=False, cancel_futures=True)

    def _as_it_is(self) -> None:
        """Say that a picture did not come the way that the recipe tells."""
        if self._unsaid.acquire(blocking=False):
            _log.warning(
                "pictures that do not come from OSS are hashed without %s: a few of their bits may differ "
                "from those of their copies there, and no match between the two is exact.",
                self.recipe.oss,
            )

    def _looked(self, content: Content, uri: str, ways: Ways) -> Looked | Rejected:
        if content.file_size is None:
            self._as_it_is()
        return self._by_thread(partial(self._decoded_and_hashed, content, uri, ways))

    def _by_thread(self, decode: Callable[[], R]) -> R:
        """Return what a thread that decodes makes of a picture, when one is free."""
        try:
            result = self._decoding.submit(decode)
        except RuntimeError as exc:
            if not self._closed:  # the system has no thread for it
                raise
            raise InvalidArgumentError("what reads pictures was closed; open the index again.") from exc
        return result.result()

    def _decoded_and_hashed(self, content: Content, uri: str, ways: Ways) -> Looked | Rejected:
        decoded = self._decoder.decode(content.data, uri or None)
        return decoded if isinstance(decoded, Rejected) else self._views(decoded, content, uri, ways)

    def _views(self, decoded: Decoded, content: Content, uri: str, ways: Ways) -> Looked:
        views = views_of(decoded.grey, self.recipe, ways, of=(decoded.width, decoded.height))
        picture = HashedPicture(
            uri=uri,
            fingerprint=views[0][1],
            content_digest=digest(content.data) if content.data else "",
            source_version=content.version,
            width=decoded.width,
            height=decoded.height,
            file_size=len(content.data) if content.file_size is None else content.file_size,
            upload_time=content.modified_ms,
        )
        return Looked(picture, views)


def digest(data: bytes) -> str:
    """Return BLAKE2b with 128 bits (RFC 7693) as 32 hex digits: equal for exact copies only."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
