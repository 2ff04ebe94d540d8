"""Manifests: CSV or JSONL with `uri`, `meta_id`, `company_id` and perhaps `source_version`, a picture a line.

A line that cannot be parsed is a `Reject` with its number; the others go in. Other columns are ignored, so
that a rejects file goes back in as it is.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TextIO

from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key, MetaIdFrom
from hashindex.records import Picture, Reason, Reject, Rejected, Wanted
from hashindex.sources.interface import Source
from hashindex.uris import scheme_of, uri_to_path

_INTEGER = re.compile(r"\s*-?[0-9]{1,30}\s*")
_MAX_VERSION_BYTES = 64


class Manifest:
    """Reads the lines of one manifest as pictures to insert."""

    def __init__(self, source: Source, *, company_id: int | None, meta_id_from: MetaIdFrom) -> None:
        """`company_id` is for lines that have none of their own; without a meta_id it is made of the URI."""
        self._source = source
        self._company_id, self._meta_id_from = company_id, meta_id_from

    def read(self, file: TextIO) -> Iterator[Wanted | Reject]:
        """Yield what each line asks for. The first character tells JSONL (`{`) from CSV.

        InvalidArgumentError when a CSV's header lacks `uri`.
        """
        first, number = file.readline(), 1
        while first and not first.strip("\ufeff \t\r\n"):
            first, number = file.readline(), number + 1
        first = first.lstrip("\ufeff \t")
        rows = _json_rows if first.startswith("{") else _csv_rows
        for line, row in rows(first, number, file):
            yield self._wanted(line, row)

    def _wanted(self, line: int, row: Mapping[str, Any] | str) -> Wanted | Reject:
        if isinstance(row, str):
            return Reject(Rejected(None, Reason.BAD_LINE, row), line=line)
        uri = row.get("uri")
        if not isinstance(uri, str) or not uri or not _is_text(uri):
            return Reject(Rejected(None, Reason.BAD_LINE, "the line has no uri"), line=line)
        version = row.get("source_version") or None
        if version is not None and not (isinstance(version, str) and len(version) <= _MAX_VERSION_BYTES):
            return Reject(Rejected(uri, Reason.BAD_LINE, "source_version is no text of up to 64"), line=line)
        try:
            uri = self._source.canonical(uri if scheme_of(uri) else uri_to_path(uri))
            company_id = _integer("company_id", row.get("company_id"), self._company_id)
            meta_id = _integer("meta_id", row.get("meta_id"), None)
            if company_id is None:
                return Reject(Rejected(uri, Reason.BAD_KEY, "the line has no company_id"), line=line)
            key = Key(company_id, self._meta_id_from(uri) if meta_id is None else meta_id)
        except InvalidArgumentError as exc:
            return Reject(Rejected(uri, Reason.BAD_KEY, str(exc)), line=line)
        return Wanted(key, Picture(uri, version), line)


def _csv_rows(header: str, number: int, file: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    columns = [column.strip() for column in next(csv.reader([header]), [])]
    if "uri" not in columns:
        raise InvalidArgumentError("the manifest's first line must name its columns, with uri among them.")
    rows = csv.reader(file, strict=True)
    while True:
        line = number + rows.line_num + 1
        try:
            values = next(rows)
        except StopIteration:
            return
        except csv.Error as exc:
            yield line, f"not CSV: {exc}"
            continue
        if len(values) > len(columns):
            yield line, f"{len(values)} values for {len(columns)} columns"
        elif values:
            yield line, dict(zip(columns, values, strict=False))


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


def _integer(name: str, value: object, default: int | None) -> int | None:
    """Read an id that JSON gives as a number and CSV as text; empty means the default."""
    if value is None or value == "":
        return default
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidArgumentError(f"{name} is {value!r}, but must be an integer.")


def _is_text(value: str) -> bool:
    """Say whether the text can be written in UTF-8 and named to a file system."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value
