"""Manifests: CSV or JSONL with `uri`, `meta_id`, `company_id` and perhaps `source_version`, a picture a line.

A line that cannot be parsed is a `Reject` with its number; the others go in. Other columns are ignored, so
that a rejects file goes back in as it is.
"""

import csv
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TextIO

from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key, MetaIdFrom, validated_id
from hashindex.records import MAX_VERSION_BYTES, Picture, Reason, Reject, Rejected, Wanted
from hashindex.sources.interface import Source
from hashindex.uris import scheme_of, uri_to_path

_INTEGER = re.compile(r"\s*-?[0-9]{1,30}\s*")
_MAX_LINES_OF_A_ROW = 100


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
        first, number = file.readline(), 1
        while first and not first.strip("\ufeff \t\r\n"):
            first, number = file.readline(), number + 1
        if not first:
            return
        first = first.lstrip("\ufeff \t")
        rows = _json_rows if first.startswith("{") else _csv_rows
        for line, row in rows(first, number, file):
            if isinstance(row, str):
                yield Reject(Rejected(None, Reason.BAD_LINE, row), line=line)
            else:
                yield self._wanted(line, row)

    def _wanted(self, line: int, row: Mapping[str, Any]) -> Wanted | Reject:
        uri = row.get("uri")
        uri = uri if isinstance(uri, str) and _is_text(uri) else None
        company_id, meta_id, problems = _ids(row)

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


def _csv_rows(header: str, number: int, file: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    columns = _columns(header)
    lines = _Lines(file)
    while True:
        number += len(lines.taken)
        lines.taken.clear()
        try:
            values = next(csv.reader(lines, strict=True), None)
        except csv.Error as exc:
            yield number + 1, f"not CSV: {exc}"
            lines.give_back_all_but_the_first()
            continue
        if values is None:
            return
        if values and len(values) != len(columns):
            yield number + 1, f"{len(values)} values for {len(columns)} columns"
        elif values:
            yield number + 1, dict(zip(columns, values, strict=True))


def _columns(header: str) -> list[str]:
    try:
        columns = [column.strip() for column in next(csv.reader([header]), [])]
    except csv.Error:  # a binary file, or something else without lines
        columns = []
    if "uri" not in columns:
        raise InvalidArgumentError("the manifest's first line must name its columns, with uri among them.")
    if len(set(columns)) != len(columns):
        raise InvalidArgumentError("the manifest's first line names a column twice.")
    return columns


class _Lines:
    """The lines of a file for one row of CSV: more than one where a quoted value holds newlines.

    A quote that is never closed would swallow the rest of the file. So a row spans a bounded number of lines,
    and the lines after the first one of a bad row are read again as rows of their own.
    """

    def __init__(self, file: Iterable[str]) -> None:
        self._file, self._again = iter(file), deque[str]()
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.taken) == _MAX_LINES_OF_A_ROW:
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._file)
        self.taken.append(line)
        return line

    def give_back_all_but_the_first(self) -> None:
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def _json_rows(first: str, number: int, file: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for line, text in enumerate(chain([first], file), start=number):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as exc:
            yield line, f"not JSON: {exc}"
            continue
        yield line, row if isinstance(row, dict) else "not a JSON object"


def _ids(row: Mapping[str, Any]) -> tuple[int | None, int | None, str]:
    """Return company_id and meta_id, None where absent or bad, and what is bad about them."""
    ids: list[int | None] = []
    problems = []
    for name in ("company_id", "meta_id"):
        try:
            ids.append(_id(name, row.get(name)))
        except InvalidArgumentError as exc:
            ids.append(None)
            problems.append(str(exc))
    return ids[0], ids[1], " ".join(problems)


def _id(name: str, value: object) -> int | None:
    """Read an id that JSON gives as a number and CSV as text; None where it is left empty."""
    if value is None or value == "":
        return None
    number = int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
    return validated_id(name, number)


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
