"""What becomes of a picture or an entry on its way into an index: values, and the reports that count them."""

from dataclasses import dataclass
from enum import StrEnum

from hashindex.keys import Key
from hashindex.records import Entry, Picture


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


@dataclass(frozen=True, slots=True)
class Rejected:
    """A picture that could not be taken, and why: a value, never an exception."""

    uri: str | None
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file that a walk passed over, because it has no picture's extension or is excluded."""

    uri: str


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
