"""Manifests: CSV or JSONL with `uri`, `meta_id`, `company_id` and perhaps `source_version`, a picture a line.

A line that cannot be parsed is a `Reject` with its number; the others go in. Other columns are ignored, so
that a rejects file goes back in as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key, MetaIdFrom
from hashindex.outcomes import Reason, Reject, Rejected, Wanted
from hashindex.records import MAX_VERSION_BYTES, Picture
from hashindex.sources.interface import Source
from hashindex.text_rows import ids, rows
from hashindex.uris import scheme_of, uri_to_path


class Manifest:
    """Reads the lines of one manifest as pictures to insert."""

    def __init__(self, source: Source, *, company_id: int | None, meta_id_from: MetaIdFrom) -> None:
        """`company_id` is for lines that have none of their own; without a meta_id it is made of the URI."""
        self._source = source
        self._company_id, self._meta_id_from = company_id, meta_id_from

    def read(self, file: TextIO) -> Iterator[Wanted | Reject]:
        """Yield what each line asks for. The first character tells JSONL (`{`) from CSV; empty gives nothing.

        InvalidArgumentError when a CSV's header lacks `uri`, or names a column twice.
        """
        for line, row in rows(file, "manifest", ("uri",)):
            if isinstance(row, str):
                yield Reject(Rejected(None, Reason.BAD_LINE, row), line=line)
            else:
                yield self._wanted(line, row)

    def _wanted(self, line: int, row: Mapping[str, Any]) -> Wanted | Reject:
        uri = row.get("uri")
        uri = uri if isinstance(uri, str) and _is_text(uri) else None
        company_id, meta_id, problems = ids(row)

        def rejected(reason: Reason, detail: str) -> Reject:
            return Reject(Rejected(uri, reason, detail), company_id, meta_id, line)

        wrong = _what_is_wrong(row)
        if uri is None or wrong is not None:
            return rejected(Reason.BAD_LINE, wrong or "the line has no uri")
        try:
            uri = self._source.canonical(uri if scheme_of(uri) else uri_to_path(uri))
        except InvalidArgumentError as exc:
            return rejected(Reason.UNSUPPORTED, str(exc))
        if problems:
            return rejected(Reason.BAD_KEY, problems)
        company = self._company_id if company_id is None else company_id
        if company is None:
            return rejected(Reason.BAD_LINE, "the line has no company_id")
        try:
            key = Key(company, self._meta_id_from(uri) if meta_id is None else meta_id)
        except InvalidArgumentError as exc:
            return rejected(Reason.BAD_KEY, str(exc))
        return Wanted(key, Picture(uri, row.get("source_version") or None), line)


def _what_is_wrong(row: Mapping[str, Any]) -> str | None:
    """Say why a line cannot be used whatever its ids, or None."""
    uri, version = row.get("uri"), row.get("source_version") or ""
    if not isinstance(uri, str) or not uri:
        return "the line has no uri"
    if not _is_text(uri):
        return "its uri is not UTF-8, or holds a NUL; other bytes of a file name are written %XX"
    if not isinstance(version, str) or len(version.encode(errors="surrogatepass")) > MAX_VERSION_BYTES:
        return f"source_version is no text of up to {MAX_VERSION_BYTES} bytes"
    if row.get("reason") == Reason.BAD_KEY and None in (row.get("company_id"), row.get("meta_id")):
        return "it was rejected for its key; write the right ids into it"  # never another key than was meant
    return None


def _is_text(value: str) -> bool:
    """Say whether the text can be written in UTF-8 and named to a file system."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value
