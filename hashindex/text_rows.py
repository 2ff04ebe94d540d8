"""Rows of a CSV or JSONL file, each with its line number; a row that cannot be parsed says why instead."""

import csv
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TextIO

from hashindex.errors import InvalidArgumentError
from hashindex.keys import validated_id

Row = Mapping[str, Any]
"""Values by their columns: texts in CSV, anything in JSONL."""

_INTEGER = re.compile(r"\s*-?[0-9]{1,30}\s*")
_MAX_LINES_OF_A_ROW = 100


def rows(file: TextIO, what: str, needed: Sequence[str]) -> Iterator[tuple[int, Row | str]]:
    """Yield the rows of a file that is open for reading text with `newline=""`.

    The first character tells JSONL (`{`) from CSV; empty gives nothing.
    InvalidArgumentError when a CSV's header lacks one of the `needed` columns, or names a column twice;
    `what` names the file there.
    """
    first, number = file.readline(), 1
    while first and not first.strip("\ufeff \t\r\n"):
        first, number = file.readline(), number + 1
    if not first:
        return iter(())
    first = first.lstrip("\ufeff \t")
    if first.startswith("{"):
        return _json_rows(first, number, file)
    return _csv_rows(_columns(first, what, needed), number, file)


def ids(row: Row) -> tuple[int | None, int | None, str]:
    """Return company_id and meta_id, None where absent or bad, and what is bad about them."""
    found: list[int | None] = []
    problems = []
    for name in ("company_id", "meta_id"):
        try:
            found.append(_id(name, row.get(name)))
        except InvalidArgumentError as exc:
            found.append(None)
            problems.append(str(exc))
    return found[0], found[1], " ".join(problems)


def _id(name: str, value: object) -> int | None:
    """Read an id that JSON gives as a number and CSV as text; None where it is left empty."""
    if value is None or value == "":
        return None
    number = int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
    return validated_id(name, number)


def _csv_rows(columns: list[str], number: int, file: Iterable[str]) -> Iterator[tuple[int, Row | str]]:
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


def _columns(header: str, what: str, needed: Sequence[str]) -> list[str]:
    try:
        columns = [column.strip() for column in next(csv.reader([header]), [])]
    except csv.Error:  # a binary file, or something else without lines
        columns = []
    if missing := [name for name in needed if name not in columns]:
        raise InvalidArgumentError(
            f"the {what}'s first line must name its columns, with {' and '.join(missing)} among them."
        )
    if len(set(columns)) != len(columns):
        raise InvalidArgumentError(f"the {what}'s first line names a column twice.")
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


def _json_rows(first: str, number: int, file: Iterable[str]) -> Iterator[tuple[int, Row | str]]:
    for line, text in enumerate(chain([first], file), start=number):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as exc:
            yield line, f"not JSON: {exc}"
            continue
        yield line, row if isinstance(row, dict) else "not a JSON object"
