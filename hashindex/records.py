"""The values that the layers exchange: frozen, validated, and free of any vendor's types."""

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Self

from hashindex.keys import Key, validated_id
from hashindex.views import AS_IS, View

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


class Reason(StrEnum):
    """Why a picture was not taken."""

    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_BYTES = "too_many_bytes"
    UNSUPPORTED = "unsupported"
    SOURCE_ERROR = "source_error"
    CONFLICT = "conflict"
    INDEX_UNAVAILABLE = "index_unavailable"
    TOO_MANY_CANDIDATES = "too_many_candidates"
    BAD_LINE = "bad_line"
    BAD_KEY = "bad_key"
    URI_TOO_LONG = "uri_too_long"


class Verdict(StrEnum):
    """What a candidate is worth after confirmation."""

    EXACT = "exact"
    NEAR = "near"
    WEAK = "weak"


class Status(StrEnum):
    """What a check says of a picture."""

    NEW = "new"
    """Compared with every stored picture of the company, it matches none."""
    EXACT = "exact"
    """A stored picture has the same bytes."""
    NEAR = "near"
    """A stored picture is confirmed to be the same, edited."""
    LOW_INFORMATION = "low_information"
    """It says so little that nothing could be near to it, and no stored picture has the same bytes."""
    UNDECODABLE = "undecodable"
    """Nothing can be said of it: it is no picture, or one that is not taken."""
    UNAVAILABLE = "unavailable"
    """Nothing can be said of it now: it cannot be read, or the index cannot be asked."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A picture that could not be taken, and why: a value, never an exception."""

    uri: str | None
    reason: Reason
    detail: str


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
class Ignored:
    """A file that a walk passed over, because it has no picture's extension or is excluded."""

    uri: str


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
class Wanted:
    """A picture to be inserted, and under which key."""

    key: Key
    picture: Picture
    line: int | None = None
    """Where it stands in its manifest, from 1."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A picture that was to be inserted and was not: a line of the rejects file."""

    rejected: Rejected
    company_id: int | None = None
    meta_id: int | None = None
    line: int | None = None


class Outcome(StrEnum):
    """What became of a picture that an insert took."""

    INSERTED = "inserted"
    UPDATED = "updated"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture that stands in the index now, on disk or acknowledged by the server."""

    wanted: Wanted
    outcome: Outcome
    file_size: int = 0
    """Bytes that were read; 0 where it was skipped."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An entry that was made elsewhere and is to be brought in."""

    entry: Entry
    line: int | None = None
    """Where it stands in its file, from 1."""


@dataclass(frozen=True, slots=True)
class Imported:
    """An entry that stands in the index now, as it came or with what was known already."""

    entry: Entry
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many entries of an import ended how."""

    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    rejected: int = 0
    bare: int = 0
    """Those of the inserted and updated of which only the hash is known."""
    seconds: float = 0.0
    first_rejects: tuple[Reject, ...] = ()
    """The first hundred of them, with their reasons."""


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy did, and what proves it: both places, scanned whole, hold the same."""

    copied: int
    """Entries that were not there."""
    updated: int
    """Entries that were there, but differed."""
    unchanged: int
    total: int
    digest: str
    """Of all entries of the scope, in any order; 128 bits as 32 hex digits."""
    seconds: float


@dataclass(frozen=True, slots=True)
class InsertReport:
    """How many pictures of an insert ended how."""

    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    rejected: int = 0
    ignored: int = 0
    seconds: float = 0.0
    first_rejects: tuple[Reject, ...] = ()
    """The first hundred of them, with their reasons."""


@dataclass(frozen=True, slots=True)
class Removed:
    """An entry that was removed, because its picture has vanished from the source."""

    key: Key
    uri: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How many pictures and entries of a sync ended how."""

    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    removed: int = 0
    rejected: int = 0
    """Parts that could not be listed are among them."""
    ignored: int = 0
    incomplete: bool = False
    """The source could not be listed whole, so nothing was removed."""
    seconds: float = 0.0
    first_rejects: tuple[Reject, ...] = ()
    """The first hundred of them, with their reasons."""


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


@dataclass(frozen=True, slots=True)
class Match:
    """A stored picture that answers a query; distances are in bits."""

    key: Key
    uri: str
    distance: int
    phash_distance: int | None
    dhash_distance: int | None
    verdict: Verdict | None
    """None where nothing confirms it: a bare hash was asked for, or the entry is itself one."""
    view: View = AS_IS
    """How the picture asked about was looked at; the distances are those of this view."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query."""

    uri: str | None
    """The picture asked about; None for a bare hash."""
    ahash: bytes | None
    """None where the picture was rejected."""
    matches: tuple[Match, ...] = ()
    truncated: bool = False
    exhaustive: bool = False
    low_information: bool = False
    """The picture says so little that nothing is near to it as it is: only exact copies match."""
    rejected: Rejected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The answer to one picture at the upload gate."""

    uri: str | None
    """None where a picture was given by its bytes."""
    status: Status
    recipe: str
    """By which the hashes were made."""
    ahash: bytes | None = None
    """None where the picture could not be read."""
    matches: tuple[Match, ...] = ()
    """As of a search, but exact ones first. Those of hashes that were imported have no verdict, as nothing
    confirms them, and make no picture `near`."""
    low_information: bool = False
    """As in `SearchResult`; such a picture can be `exact`, and `near` without its borders."""
    truncated: bool = False
    """There are more matches, or there may be: more candidates than the engine gives."""
    inserted: bool = False
    """An entry was made, or replaced, and is stored."""
    meta_id: int | None = None
    """Of that entry."""
    rejected: Rejected | None = None
    """Why it is undecodable or unavailable; or why it was not inserted, though it was to be."""
