"""Entries as rows of a Milvus collection and back: a pair of functions that know no driver."""

from collections.abc import Mapping
from typing import Any

from hashindex.keys import Key
from hashindex.records import HASH_BYTES, BareHash, Candidate, Entry, Fingerprint, HashedPicture

PRIMARY, VECTOR, COMPANY = "id", "image_vector", "company_id"

FIELDS = (
    PRIMARY,
    COMPANY,
    "meta_id",
    VECTOR,
    "phash",
    "dhash",
    "contrast",
    "uri",
    "content_digest",
    "source_version",
    "width",
    "height",
    "file_size",
    "upload_time",
    "indexed_time",
)

CANDIDATE_FIELDS = ("uri", "content_digest", "phash", "dhash", "contrast")
"""What a search brings along to confirm and to show; the key itself comes with every hit."""

UNKNOWN_CONTRAST = -1.0
"""Rows hold no nulls: a bare entry has an empty content digest, this, and zero for the other hashes."""


def row_of(entry: Entry) -> dict[str, Any]:
    """Return the row that stands for an entry."""
    picture, prints = entry.picture, entry.picture.fingerprint
    return {
        PRIMARY: str(entry.key),
        COMPANY: entry.key.company_id,
        "meta_id": entry.key.meta_id,
        VECTOR: prints.ahash,
        "phash": to_signed(prints.phash or bytes(HASH_BYTES)),
        "dhash": to_signed(prints.dhash or bytes(HASH_BYTES)),
        "contrast": UNKNOWN_CONTRAST if prints.contrast is None else prints.contrast,
        "uri": picture.uri,
        "content_digest": picture.content_digest,
        "source_version": picture.source_version,
        "width": picture.width,
        "height": picture.height,
        "file_size": picture.file_size,
        "upload_time": picture.upload_time,
        "indexed_time": entry.indexed_time,
    }


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Return the entry that a row stands for; the inverse of `row_of`."""
    ahash, is_bare = vector_of(row[VECTOR]), not row["content_digest"]
    picture = HashedPicture(
        uri=row["uri"],
        fingerprint=BareHash(ahash)
        if is_bare
        else Fingerprint(ahash, from_signed(row["phash"]), from_signed(row["dhash"]), row["contrast"]),
        content_digest=row["content_digest"],
        source_version=row["source_version"],
        width=row["width"],
        height=row["height"],
        file_size=row["file_size"],
        upload_time=row["upload_time"],
    )
    return Entry(Key(row[COMPANY], row["meta_id"]), picture, row["indexed_time"])


def candidate_of(primary: str, distance: float, row: Mapping[str, Any]) -> Candidate:
    """Return a hit of a search."""
    is_bare = not row["content_digest"]
    return Candidate(
        key=Key.parse(primary),
        distance=int(distance),
        uri=row["uri"],
        content_digest=row["content_digest"],
        phash=None if is_bare else from_signed(row["phash"]),
        dhash=None if is_bare else from_signed(row["dhash"]),
        contrast=None if is_bare else row["contrast"],
    )


def vector_of(value: Any) -> bytes:
    """Return the bytes of a binary vector, which some calls give as a list of one."""
    return value if isinstance(value, bytes) else bytes(value[0])


def to_signed(value: bytes) -> int:
    """Reinterpret 8 bytes as the signed integer that an INT64 field holds."""
    return int.from_bytes(value, "big", signed=True)


def from_signed(number: int) -> bytes:
    """Return the 8 bytes behind a signed integer; the inverse of `to_signed`."""
    return number.to_bytes(8, "big", signed=True)
