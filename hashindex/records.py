"""Pictures, entries and what a store says of them: frozen values, validated, free of any vendor's types.

What becomes of them stands in `outcomes`, what is answered about them in `answers`.
"""

import time
from dataclasses import dataclass, field
from typing import ClassVar, Self

from hashindex.keys import Key, validated_id

HASH_BYTES = 8
"""Length of every hash: 64 bits, rows of the 8x8 grid from the top left, most significant bit first."""

MAX_URI_BYTES = 4096
"""Longest URI that an entry can carry, in UTF-8 bytes: the width of the VARCHAR field."""

MAX_DIGEST_BYTES = 32
"""Width of the field that holds a content digest: 128 bits in hex digits."""

MAX_VERSION_BYTES = 64
"""Longest `source_version` that an entry can carry, in UTF-8 bytes."""

MAX_PIXELS = 100_000_000
"""Default limit on claimed pixels. Decoding takes four to about twelve bytes for each (progressive JPEG, HEIC
and transparency the most), so it holds about a gigabyte at the worst."""

MAX_BYTES = 64 * 2**20
"""Default limit on the size of a file, bytes."""

WAIT_SECONDS = 30.0
"""Default of how long a process waits for others: for a Milvus Lite file, and for its turn to write."""

SCHEMA_VERSION = 1
"""Version of the collection's fields."""

MAX_CANDIDATES = 16_384
"""Most candidates that one query can get from Milvus, server and Lite alike."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a recipe makes of one picture."""

    ahash: bytes
    phash: bytes
    dhash: bytes
    contrast: float
    """How much the picture says, in grey levels: the median deviation of its 64 lowest DCT coefficients."""


@dataclass(frozen=True, slots=True)
class BareHash:
    """A hash that was made elsewhere and imported: nothing is known that confirms or refutes its matches."""

    ahash: bytes
    phash: ClassVar[None] = None
    dhash: ClassVar[None] = None
    contrast: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a source knows of, before it is read."""

    uri: str
    """Canonical: an absolute normalised path, or `oss://bucket/key`."""
    version: str | None = None
    """OSS ETag, or `mtime_ns-size` of a file; None where the listing does not say."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a picture, with what its source says about them."""

    data: bytes = field(repr=False)
    version: str
    """As in `Picture`; taken before the bytes were read, so that a change meanwhile is noticed later."""
    modified_ms: int
    """The source's last-modified time, milliseconds since 1970 UTC."""
    file_size: int | None = None
    """Bytes of the picture at its source, where `data` is something else that the source has made of it."""


@dataclass(frozen=True, slots=True)
class HashedPicture:
    """A picture after reading, decoding and hashing: all that is kept of it."""

    uri: str
    fingerprint: Fingerprint | BareHash
    content_digest: str
    """BLAKE2b of the bytes, 128 bits as 32 hex digits; empty where it is bare."""
    source_version: str
    width: int
    height: int
    """Pixels, upright."""
    file_size: int
    """Bytes."""
    upload_time: int
    """The source's last-modified time, milliseconds since 1970 UTC."""

    @property
    def is_bare(self) -> bool:
        """Whether only its aHash is known: it was imported, and never read by us."""
        return isinstance(self.fingerprint, BareHash)

    @classmethod
    def bare(cls, ahash: bytes) -> Self:
        """Return what is known of a picture whose hash was made elsewhere."""
        return cls("", BareHash(ahash), "", source_version="", width=0, height=0, file_size=0, upload_time=0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored picture: a row of the collection."""

    key: Key
    picture: HashedPicture
    indexed_time: int
    """Our clock when it was hashed, milliseconds since 1970 UTC."""

    @classmethod
    def now(cls, key: Key, picture: HashedPicture) -> Self:
        """Return the entry of a picture that has just been hashed."""
        return cls(key, picture, indexed_time=time.time_ns() // 1_000_000)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a lookup looks: one company, or explicitly all of them."""

    company_id: int | None
    ALL: ClassVar["Scope"]

    @classmethod
    def company(cls, company_id: int) -> Self:
        """Return the scope of one company; InvalidArgumentError unless its id is an integer in range."""
        return cls(validated_id("company_id", company_id))

    def __contains__(self, key: Key) -> bool:
        return self.company_id is None or key.company_id == self.company_id


Scope.ALL = Scope(None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored entry within the radius of a query, not confirmed yet."""

    key: Key
    distance: int
    """Hamming distance of the aHashes, bits."""
    uri: str
    content_digest: str
    phash: bytes | None
    dhash: bytes | None
    contrast: float | None
    """All three None where the entry is bare: nothing confirms or refutes it."""

    @classmethod
    def of(cls, entry: Entry, distance: int) -> Self:
        """Return what a search would give of an entry at this distance."""
        picture, prints = entry.picture, entry.picture.fingerprint
        return cls(
            key=entry.key,
            distance=distance,
            uri=picture.uri,
            content_digest=picture.content_digest,
            phash=prints.phash,
            dhash=prints.dhash,
            contrast=prints.contrast,
        )


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the store found for one query, ordered by distance, company_id, meta_id."""

    found: tuple[Candidate, ...]
    truncated: bool
    """There were more within the radius than were asked for, or than the engine gives."""
    exhaustive: bool
    """Every stored hash of the scope was compared."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How a collection was made; stored in it as JSON."""

    recipe: str
    made_with: str
    """The decoders that its bits come from: versions of Pillow and libjpeg."""
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store says about itself."""

    total: int
    origin: Origin
    index_type: str
    backend: str
    """The program and version that keeps the entries."""
    uri: str
    """Where it is, free of credentials."""
