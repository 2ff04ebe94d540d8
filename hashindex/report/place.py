"""Where a report goes."""

from pathlib import Path

from hashindex.own_file import OwnFile

MARK = "<!doctype html><!-- hashindex report -->"
"""How every report begins."""


def report_at(path: Path) -> OwnFile:
    """Return the place, not checked yet."""
    return OwnFile(path, "report", MARK.encode())
