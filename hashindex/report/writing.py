"""Writing a report of duplicates: a page filled with the groups."""

import hashlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from hashindex.duplicates.values import Group
from hashindex.report.filling import filled
from hashindex.report.place import report_at, write_page
from hashindex.report.rows import group_values, held, surest_first
from hashindex.report.thumbnails import INSIDE_BYTES, Thumbnail, Thumbnails

_SCRIPTS = (
    "source",
    "data",
    "store",
    "decisions",
    "filter",
    "elements",
    "cards",
    "compare",
    "files",
    "keys",
    "main",
)
"""In this order they make one script."""


def write_report(
    file: Path,
    groups: Iterable[Group],
    *,
    title: str,
    thumbnail: Thumbnail,
    workers: int = 8,
    inside_bytes: int = INSIDE_BYTES,
) -> None:
    """Write the groups as a page that needs no network; an earlier report stays until this one is whole.

    `thumbnail` is called by `workers` threads, once for members with the same bytes. When the pictures have
    more than `inside_bytes`, they go to the folder `NAME_files` beside `NAME.html`. ConfigurationError when
    it cannot be written; InvalidArgumentError when something else than a report stands there.
    """
    page = report_at(file)
    page.check()
    ordered = surest_first(groups)
    pictures = Thumbnails(page, inside_bytes=inside_bytes)
    pictures.take((each for group in ordered for each in held(group)), thumbnail, workers=workers)
    data = _data(page.target, ordered, pictures)
    write_page(page, filled(title, data, body="groups", styles=("page",), scripts=_SCRIPTS))
    pictures.remove_former()


def _data(file: Path, groups: list[Group], pictures: Thumbnails) -> dict[str, object]:
    return {
        # The same for a later report in this place: what was decided before is still there.
        "report": hashlib.blake2b(os.fsencode(file), digest_size=8).hexdigest(),
        "made": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        **pictures.as_data(),
        "groups": [group_values(group, pictures.of) for group in groups],
    }
