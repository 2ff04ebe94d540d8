"""Entries as rows of a Milvus collection and back: a pair of functions that know no driver."""

from collections.abc import Mapping
from typing import Any

from hashindex.keys import Key
from hashindex.records import Candidate, Entry, Fingerprint, HashedPicture

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

CANDIDATE_FIELDS = ("uri", "content_digest", "phash", "dhash")
"""What a search brings along to confirm and to show; the key itself comes with every hit."""


def row_of(entry: Entry) -> dict[str, Any]:
    """Return the row that stands for an entry."""
    picture, prints = entry.picture, entry.picture.fingerprint
    return {
        PRIMARY: str(entry.key),
        COMPANY: entry.key.company_id,
        "meta_id": entry.key.meta_id,
        VECTOR: prints.ahash,
        "phash": to_signed(prints.phash),
        "dhash": to_signed(prints.dhash),
        "contrast": prints.contrast,
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
    vector = row[VECTOR]
    prints = Fingerprint(
        ahash=vector if isinstance(vector, bytes) else bytes(vector[0]),
        phash=from_signed(row["phash"]),
        dhash=from_signed(row["dhash"]),
        contrast=row["contrast"],
    )
    picture = HashedPicture(
        uri=row["uri"],
        fingerprint=prints,
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
    return Candidate(
        key=Key.parse(primary),
        distance=int(distance),
        uri=row["uri"],
        content_digest=row["content_digest"],
        phash=from_signed(row["phash"]),
        dhash=from_signed(row["dhash"]),
    )


def to_signed(value: bytes) -> int:
    """Reinterpret 8 bytes as the signed integer that an INT64 field holds."""
    return int.from_bytes(value, "big", signed=True)


def from_signed(number: int) -> bytes:
    """Return the 8 bytes behind a signed integer; the inverse of `to_signed`."""
    return number.to_bytes(8, "big", signed=True)
