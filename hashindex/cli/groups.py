"""How groups of duplicates are printed: tables, JSON lines, CSV."""

import csv
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hashindex.cli import output
from hashindex.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    from hashindex.duplicates.values import Counts, Group, Member

MEMBERS_SHOWN = 20
"""Members that the table shows of a group; --json and --csv give all of them."""

COLUMNS = (
    *("group", "keep", "why", "verdict", "decided", "protected"),
    *("distance", "phash_distance", "dhash_distance", "company_id", "meta_id", "uri"),
    *("content_digest", "width", "height", "file_size", "upload_time"),
)
"""Of the CSV."""


def emit(group: "Group") -> None:
    """Print a group as a line of JSON."""
    output.emit(
        {
            "why": group.why,
            "farthest": group.farthest,
            "members": [_values(member) for member in group.members],
        }
    )


def emit_summary(counts: "Counts", *, rejected: int, ignored: int, seconds: float) -> None:
    """Print the last line of JSON."""
    output.emit({**asdict(counts), "rejected": rejected, "ignored": ignored, "seconds": seconds})


def show(group: "Group") -> None:
    """Print a group as a table, the nearest of a very large one."""
    apart = f"{group.farthest} bit{'s' * (group.farthest != 1)} apart at most"
    output.line(f"{len(group.members):,} pictures, {apart}; kept: {group.why}.")
    shown = group.members[:MEMBERS_SHOWN]
    stored = any(member.key for member in shown)
    heads = ("", "verdict", "aHash", "pHash", "dHash", "pixels", *(("company", "meta_id") * stored), "uri")
    output.table([_row(member, stored=stored) for member in shown], heads, indent="  ")
    if more := len(group.members) - len(shown):
        output.line(f"  and {more:,} more, as far or farther; --json and --csv give them all")


def show_summary(counts: "Counts", *, ignored: int, seconds: float) -> None:
    """Say what it came to."""
    kinds = ("exact", "near", "weak", "unjudged")
    found = ", ".join(f"{number:,} {kind}" for kind in kinds if (number := getattr(counts, kind)))
    output.line(
        f"{_number(counts.groups, 'group')} among {_number(counts.pictures, 'picture')}"
        f"{': ' * bool(found)}{found}; {counts.removable:,} could go, {counts.removable_bytes:,} bytes;"
        f" in {seconds} s"
    )
    if ignored:
        output.line(f"{_number(ignored, 'file')} without a picture's extension, or excluded, ignored.")
    if counts.low_information:
        said = "says" if counts.low_information == 1 else "say"
        output.line(
            f"{_number(counts.low_information, 'picture')} {said} too little (white, smooth, a thin logo): "
            "matched with exact copies only."
        )
    if counts.unplaced:
        output.line(
            f"{_number(counts.unplaced, 'picture')} in no group resembled a member, but not the one that is "
            "kept; --connected shows them."
        )


def write_csv(place: str, groups: Iterable["Group"]) -> None:
    """Write one line a member, whole or not at all; `-` is stdout. ConfigurationError if that cannot be."""
    if place == "-":
        _write_lines(sys.stdout, groups)
        return
    path = Path(os.path.realpath(place))
    draft = path.with_name(f".hashindex-csv-{os.getpid()}.draft")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            _write_lines(file, groups)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as exc:
        raise ConfigurationError(
            f"the groups cannot be written to {place}: {exc.strerror}; make room there, or name another file."
        ) from exc
    finally:
        with suppress(OSError):  # after a success it has another name
            draft.unlink()


def check_csv_place(place: str) -> None:
    """Say before the work whether it may be written: only what such a run left is replaced."""
    path = Path(place)
    if place == "-":
        return
    if not os.path.lexists(path):
        if not path.absolute().parent.is_dir():
            raise ConfigurationError(
                f"the groups cannot be written to {path}: {path.parent} is no folder; make it, or name "
                "another file."
            )
        return
    start = ",".join(COLUMNS).encode()
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(start)) in (b"", start):
                return
    raise InvalidArgumentError(
        f"--csv {path} is something else than groups, which would be lost; name another file."
    )


def _write_lines(file: TextIO, groups: Iterable["Group"]) -> None:
    lines = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    lines.writeheader()
    for number, group in enumerate(groups, start=1):
        for member in group.members:
            values = {"group": number, **_values(member)}
            lines.writerow(
                {
                    name: str(value).lower() if isinstance(value, bool) else value
                    for name, value in values.items()
                }
            )


def _values(member: "Member") -> dict[str, object]:
    key = member.key
    return {
        "company_id": key and key.company_id,
        "meta_id": key and key.meta_id,
        "uri": member.uri,
        "distance": member.distance,
        "phash_distance": member.phash_distance,
        "dhash_distance": member.dhash_distance,
        "verdict": member.verdict and member.verdict.value,
        "keep": member.keep,
        "why": member.why,
        "protected": member.protected,
        "decided": member.decided,
        "content_digest": member.content_digest,
        "width": member.width,
        "height": member.height,
        "file_size": member.file_size,
        "upload_time": member.upload_time,
    }


def _row(member: "Member", *, stored: bool) -> tuple[object, ...]:
    key = (member.key and member.key.company_id, member.key and member.key.meta_id) if stored else ()
    pixels = f"{member.width} x {member.height}" if member.width else None
    mark = "keep" if member.keep else None
    verdict = "decided" if member.decided else member.verdict and member.verdict.value
    hashes = member.distance, member.phash_distance, member.dhash_distance
    return (mark, verdict, *hashes, pixels, *key, member.uri)


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
