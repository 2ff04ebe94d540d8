"""Where a report goes: whole or not at all, and never over a file of somebody else's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from hashindex.errors import ConfigurationError, InvalidArgumentError

MARK = "<!doctype html><!-- hashindex report -->"
"""How every report begins, so that a later one may take its place."""


def check_report_place(file: Path) -> None:
    """Say before the work whether a report can be written there.

    InvalidArgumentError when something else than a report stands there; ConfigurationError when its folder
    is missing.
    """
    if not file.parent.is_dir():
        raise ConfigurationError(
            f"the report cannot be written to {file}: {file.parent} is no folder; name another file."
        )
    if not os.path.lexists(file):
        return
    if file.is_file():
        with translated(file), file.open("rb") as opened:
            if opened.read(len(MARK)) in (b"", MARK.encode()):
                return
    raise InvalidArgumentError(
        f"--report {file} is something else than a report, which would be lost; name another file."
    )


@contextmanager
def draft(file: Path) -> Iterator[TextIO]:
    """Give a file that takes the name only when the block ends well; ConfigurationError when it cannot."""
    made = file.with_name(f".hashindex-report-{os.getpid()}.draft")
    try:
        with translated(file):
            opened = made.open("w", encoding="utf-8", errors="backslashreplace")
        with opened:
            yield opened
            with translated(file):
                opened.flush()
                os.fsync(opened.fileno())
        with translated(file):
            made.replace(file)
    finally:
        with suppress(OSError):  # after a success it has another name
            made.unlink()


@contextmanager
def translated(file: Path) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as exc:
        raise ConfigurationError(
            f"the report cannot be written to {file}: {exc.strerror}; make room there, or name another file."
        ) from exc
