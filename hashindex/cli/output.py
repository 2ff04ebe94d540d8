"""What the commands print: JSON lines, tables, sentences and progress."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashindex.records import Entry, Rejected

_WIDE = 10_000
"""Columns of a table that no terminal shows: nothing is folded in a file or pipe."""

_PATIENCE_SECONDS = 1.0
"""Work that is done within this shows no progress."""


class Exit(IntEnum):
    """The exit codes, which scripts depend on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_REJECTED = 3
    INTERRUPTED = 130


def say(sentence: str) -> None:
    """Tell a person something, on stderr."""
    print(f"hashindex: {sentence}", file=sys.stderr, flush=True)  # the one place that speaks


def emit(value: Mapping[str, object]) -> None:
    """Print one JSON value as a line on stdout, at once, so that a reader at the end of a pipe can go on."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def line(text: str) -> None:
    """Print a line on stdout; control characters of file names are shown, not obeyed."""
    print(visible(text), flush=True)


def visible(text: str) -> str:
    """Return the text with control characters written as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print an aligned table on stdout: numbers to the right, long names folded on a terminal, never cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    grid = Table(box=None, pad_edge=False, header_style="bold", show_header=any(headings))
    for position, heading in enumerate(headings):
        numbers = all(isinstance(row[position], int | float | None) for row in rows)
        grid.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text("" if value is None else visible(str(value))) for value in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(grid)


def flattened(entry: "Entry") -> dict[str, object]:
    """Return an entry as `get --json` prints it."""
    picture, prints = entry.picture, entry.picture.fingerprint
    return {
        "company_id": entry.key.company_id,
        "meta_id": entry.key.meta_id,
        "uri": picture.uri,
        "hash": prints.ahash.hex(),
        "phash": prints.phash.hex(),
        "dhash": prints.dhash.hex(),
        "contrast": round(prints.contrast, 3),
        "content_digest": picture.content_digest,
        "source_version": picture.source_version,
        "width": picture.width,
        "height": picture.height,
        "file_size": picture.file_size,
        "upload_time": picture.upload_time,
        "indexed_time": entry.indexed_time,
    }


def why(rejected: "Rejected | None") -> dict[str, str] | None:
    """Return the `rejected` member of a JSON line."""
    return None if rejected is None else {"reason": rejected.reason.value, "detail": rejected.detail}


def complain(rejected: "Rejected", line_number: int | None = None) -> None:
    """Tell a person on stderr what was not taken and why."""
    where = rejected.uri or "the manifest"
    where += f", line {line_number}" if line_number is not None else ""
    say(f"{visible(where)}: {rejected.reason.value}: {visible(rejected.detail)}.")


@contextmanager
def progress(what: str, *, shown: bool) -> Iterator[Callable[[], None]]:
    """Give a function to call for each thing done; a bar appears on a terminal after a second of work."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} pictures, {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
    )
    task = bar.add_task(what, total=None, rate=0.0)
    began = time.monotonic()

    def advance() -> None:
        seconds = time.monotonic() - began
        if shown and console.is_terminal and seconds > _PATIENCE_SECONDS:
            bar.start()
        bar.update(task, advance=1, rate=(bar.tasks[task].completed + 1) / max(seconds, 1e-3))

    try:
        yield advance
    finally:
        bar.stop()
