"""Hashes that exist already, as lines of CSV or JSONL with `company_id`, `meta_id` and `hash`."""

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from hashindex.keys import Key
from hashindex.outcomes import Incoming, Reason, Reject, Rejected
from hashindex.records import Entry, HashedPicture
from hashindex.text_rows import Row, ids, rows

_HASH = re.compile("[0-9A-Fa-f]{16}")


def read_hashes(file: TextIO, *, company_id: int | None = None) -> Iterator[Incoming | Reject]:
    """Read one entry a line, of which nothing is known but its aHash; other columns are ignored.

    Args:
        file: Open for reading text with `newline=""`. A hash is 16 hex digits, as `str()` of imagehash's.
        company_id: For lines that have none of their own.

    InvalidArgumentError, at once, when the first line of a CSV does not name the columns.

    """
    needed = ("meta_id", "hash") if company_id is not None else ("company_id", "meta_id", "hash")
    return _items(rows(file, "file", needed), company_id)


def _items(lines: Iterable[tuple[int, Row | str]], company_id: int | None) -> Iterator[Incoming | Reject]:
    for line, row in lines:
        if isinstance(row, str):
            yield Reject(Rejected(None, Reason.BAD_LINE, row), line=line)
        else:
            yield bare(row, company_id, line)


def bare(row: Row, default_company: int | None, line: int | None = None) -> Incoming | Reject:
    """Return the entry of a row that gives nothing but `hash`, 16 hex digits; or why there is none."""
    company_id, meta_id, problems = ids(row)
    company_id = default_company if company_id is None else company_id

    def rejected(reason: Reason, detail: str) -> Reject:
        return Reject(Rejected(None, reason, detail), company_id, meta_id, line)

    if problems:
        return rejected(Reason.BAD_KEY, problems)
    if company_id is None or meta_id is None:
        missing = "company_id" if company_id is None else "meta_id"
        return rejected(Reason.BAD_LINE, f"it has no {missing}")
    text = row.get("hash")
    if not isinstance(text, str) or not _HASH.fullmatch(text.strip()):
        return rejected(Reason.BAD_LINE, "its hash is not 16 hex digits")
    picture = HashedPicture.bare(bytes.fromhex(text))
    return Incoming(Entry.now(Key(company_id, meta_id), picture), line)
