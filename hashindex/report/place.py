"""Where a report goes, and how it is written there."""

from collections.abc import Iterable
from pathlib import Path

from hashindex.own_file import OwnFile

MARK = "<!doctype html><!-- hashindex report -->"
"""How every report begins."""


def report_at(path: Path) -> OwnFile:
    """Return the place, not checked yet."""
    return OwnFile(path, "report", MARK.encode())


def write_page(page: OwnFile, parts: Iterable[str]) -> None:
    """Write the parts of a page; an earlier one stays until this one is whole."""
    with (
        page.drafted() as draft,
        page.refused(),
        draft.open("w", encoding="utf-8", errors="backslashreplace") as opened,
    ):
        opened.writelines(parts)
