"""What the commands print: JSON lines, tables, sentences and progress."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from textwrap import wrap
from typing import TYPE_CHECKING

from hashindex.confirming import says_little

if TYPE_CHECKING:
    from hashindex.outcomes import Rejected
    from hashindex.records import BareHash, Entry, Fingerprint

PROSE_COLUMNS = 80


class Exit(IntEnum):
    """The exit codes, which scripts depend on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_REJECTED = 3
    SOME_EXACT = 10
    SOME_NEAR = 11
    SOME_LOW_INFORMATION = 12
    INTERRUPTED = 130


def say(sentence: str) -> None:
    """Tell a person something, on stderr."""
    print(f"hashindex: {visible(sentence)}", file=sys.stderr, flush=True)


def emit(value: Mapping[str, object]) -> None:
    """Print one JSON value as a line on stdout, at once, so that a reader at the end of a pipe can go on."""
    _print(json.dumps(value, ensure_ascii=sys.stdout.encoding.lower() not in ("utf-8", "utf8")))


def line(text: str) -> None:
    """Print a line on stdout."""
    _print(visible(text))


def prose(text: str) -> None:
    """Print sentences on stdout, folded for a terminal between words."""
    for each in wrap(text, PROSE_COLUMNS, break_long_words=False, break_on_hyphens=False):
        line(each)


def paragraph(text: str) -> None:
    """Print sentences on stdout, after an empty line."""
    _print("")
    prose(text)


def visible(text: str) -> str:
    """Return the text with its control characters (of file names) written as escapes, not to be obeyed."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def table(rows: Iterable[Sequence[object]], headings: Sequence[str] = (), *, indent: str = "") -> None:
    """Print an aligned table on stdout: numbers to the right, and nothing ever cut or folded."""
    values = [tuple("" if value is None else visible(str(value)) for value in row) for row in rows]
    lines = [tuple(headings), *values] if headings else values
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    is_number = [all(row[i].isdecimal() or not row[i] for row in values) for i in range(len(widths))]
    for texts in lines:
        columns = zip(texts, widths, is_number, strict=True)
        _print((indent + "  ".join(t.rjust(w) if right else t.ljust(w) for t, w, right in columns)).rstrip())


def flattened(entry: "Entry") -> dict[str, object]:
    """Return an entry as `get --json` prints it; of a bare one, null for all that is not known."""
    picture, prints = entry.picture, entry.picture.fingerprint
    values = {
        "company_id": entry.key.company_id,
        "meta_id": entry.key.meta_id,
        "uri": picture.uri,
        "hash": prints.ahash.hex(),
        "phash": prints.phash and prints.phash.hex(),
        "dhash": prints.dhash and prints.dhash.hex(),
        "contrast": None if prints.contrast is None else round(prints.contrast, 3),
        "low_information": low_information(prints),
        "content_digest": picture.content_digest,
        "source_version": picture.source_version,
        "width": picture.width,
        "height": picture.height,
        "file_size": picture.file_size,
        "upload_time": picture.upload_time,
        "indexed_time": entry.indexed_time,
    }
    if picture.is_bare:
        values |= {name: value or None for name, value in values.items() if not name.endswith("_id")}
    return values


def low_information(prints: "Fingerprint | BareHash") -> bool | None:
    """Return whether a picture says too little to be near to any; None where only its hash is known."""
    return None if prints.contrast is None else says_little(prints.contrast)


def entries(number: int) -> str:
    """Return a number of entries in words."""
    return f"{number} entr{'y' if number == 1 else 'ies'}"


def number_of(number: int, what: str) -> str:
    """Return a number of things in words; `what` is one of them."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def counted(counts: Mapping[str, int], seconds: float) -> str:
    """Return in words what a run came to."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) + f" in {seconds} s"


def when(milliseconds: int) -> str:
    """Return a time that a person can read."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def why(rejected: "Rejected | None") -> dict[str, str] | None:
    """Return the `rejected` member of a JSON line."""
    return None if rejected is None else {"reason": rejected.reason.value, "detail": rejected.detail}


def complain(rejected: "Rejected", line_number: int | None = None) -> None:
    """Tell a person on stderr what was not taken and why."""
    said = [f"line {line_number}"] if line_number is not None else []
    said += [rejected.uri] if rejected.uri else []
    said += [rejected.reason.value, rejected.detail.removesuffix(".")]
    say(": ".join(said) + ".")


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, "standard output") from exc
