"""What `duplicates` writes: CSV and a report to files, and to stdout what no file has."""

import csv as csv_format
import sys
import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from hashindex.cli import groups, output
from hashindex.cli.progress import progress
from hashindex.errors import InvalidArgumentError
from hashindex.own_file import OwnFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hashindex.duplicates.groups import Duplicates
    from hashindex.duplicates.values import Group
    from hashindex.outcomes import Rejected
    from hashindex.reading import PictureReader

COLUMNS = (
    *("group", "keep", "why", "verdict", "decided", "protected"),
    *("distance", "phash_distance", "dhash_distance", "company_id", "meta_id", "uri"),
    *("content_digest", "width", "height", "file_size", "upload_time"),
)
"""Of the CSV."""


class Written:
    """What becomes of the groups: files that are asked for, and stdout."""

    def __init__(self, *, json: bool, csv: str | None, report: Path | None) -> None:
        """Refuse, before any work, what cannot be written."""
        self._json, self._csv, self._report = json, csv, report
        if json and csv == "-":
            raise InvalidArgumentError("--json and --csv - both want stdout; give --csv a file.")
        files = [] if csv in (None, "-") else [_csv_at(csv)]
        if report is not None:
            from hashindex.report import report_at

            files.append(report_at(report))
        for file in files:
            file.check()
        if len({file.target for file in files}) < len(files):
            raise InvalidArgumentError("--csv and --report name the same file; give each its own.")

    @property
    def leaves_stdout(self) -> bool:
        """Whether stdout is free for words."""
        return not self._json and self._csv != "-"

    def write(
        self, found: "Duplicates", reader: "PictureReader", *, rejected: int, ignored: int, began: float
    ) -> None:
        """Write the files, and print the groups unless a file has them."""
        if self._report is not None:
            self._write_report(self._report, found, reader)
        if self._csv is not None:
            _write_csv(self._csv, found)
        if self._json:
            for group in found:
                groups.emit(group)
            groups.emit_summary(
                found.counts,
                rejected=rejected,
                ignored=ignored,
                seconds=round(time.monotonic() - began, 3),
            )
        elif self._csv != "-":
            for group in found if self._csv is None and self._report is None else ():
                groups.show(group)
            groups.show_summary(found.counts, ignored=ignored, seconds=round(time.monotonic() - began, 3))
            for file in filter(None, (self._csv, self._report)):
                output.line(f"written to {file}")

    def _write_report(self, file: Path, found: "Duplicates", reader: "PictureReader") -> None:
        from hashindex.report import write_report

        lock = Lock()
        with progress("making thumbnails", bar=self.leaves_stdout) as shown:

            def thumbnail(uri: str) -> "bytes | Rejected":
                small = reader.thumbnail(uri)
                with lock:
                    shown.add()
                return small

            write_report(
                file, found, title=f"Duplicates: {output.number_of(len(found), 'group')}", thumbnail=thumbnail
            )


def _csv_at(place: str) -> OwnFile:
    return OwnFile(Path(place), "groups", ",".join(COLUMNS).encode())


def _write_csv(place: str, found: "Iterable[Group]") -> None:
    if place == "-":
        _write_lines(sys.stdout, found)
        return
    file = _csv_at(place)
    with file.drafted() as draft, file.refused(), draft.open("w", encoding="utf-8", newline="") as opened:
        _write_lines(opened, found)


def _write_lines(file: TextIO, found: "Iterable[Group]") -> None:
    lines = csv_format.DictWriter(file, COLUMNS, lineterminator="\n")
    lines.writeheader()
    for number, group in enumerate(found, start=1):
        for member in group.members:
            values = {"group": number, **groups.values_of(member)}
            lines.writerow(
                {
                    name: str(value).lower() if isinstance(value, bool) else value
                    for name, value in values.items()
                }
            )
