"""A digest over any number of entries that does not depend on their order: equal sets give equal digests."""

import hashlib
import struct
from collections.abc import Iterable

from hashindex.records import Entry

_DIGEST_BYTES = 16
_NUMBERS = struct.Struct(">QQ8s8s8sfiiqqq")
_LENGTHS = struct.Struct(">HHH")


class EntryDigest:
    """The sum modulo 2^128 of BLAKE2b (RFC 7693) over each entry; made against accidents, not forgery."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, entries: Iterable[Entry]) -> None:
        """Take in entries, each of which must come once."""
        for entry in entries:
            digest = hashlib.blake2b(canonical(entry), digest_size=_DIGEST_BYTES).digest()
            self._sum += int.from_bytes(digest, "big")
            self.count += 1

    @property
    def text(self) -> str:
        """The digest as 32 hex digits."""
        return f"{self._sum % 2 ** (8 * _DIGEST_BYTES):0{2 * _DIGEST_BYTES}x}"

    def __str__(self) -> str:
        return f"{self.count} entries with the digest {self.text}"


def canonical(entry: Entry) -> bytes:
    """Return bytes that two entries share only if all their fields are equal, contrast as a float32.

    A bare entry differs from all others by its empty content digest.
    """
    picture, prints = entry.picture, entry.picture.fingerprint
    texts = [text.encode() for text in (picture.uri, picture.content_digest, picture.source_version)]
    numbers = _NUMBERS.pack(
        entry.key.company_id,
        entry.key.meta_id,
        prints.ahash,
        prints.phash or b"",
        prints.dhash or b"",
        prints.contrast or 0.0,
        picture.width,
        picture.height,
        picture.file_size,
        picture.upload_time,
        entry.indexed_time,
    )
    return b"".join((numbers, _LENGTHS.pack(*map(len, texts)), *texts))
