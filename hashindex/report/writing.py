"""Writing a report: the page's parts from this package, filled with the groups."""

import base64
import hashlib
import html
import os
import urllib.parse
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from hashindex.duplicates.values import Group
from hashindex.report.place import MARK, check_report_place, draft, translated
from hashindex.report.rows import group_values, harmless_json, held, surest_first
from hashindex.report.thumbnails import INSIDE_BYTES, Thumbnail, Thumbnails
from hashindex.uris import printable

_SCRIPTS = ("data", "store", "decisions", "filter", "elements", "cards", "compare", "files", "keys", "main")
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
    check_report_place(file)
    file = Path(os.path.realpath(file))  # a link stays one
    ordered = surest_first(groups)
    pictures = Thumbnails(file, inside_bytes=inside_bytes)
    with draft(file) as opened:
        pictures.take((each for group in ordered for each in held(group)), thumbnail, workers=workers)
        page = _page(title, _data(file, ordered, pictures))
        with translated(file):
            opened.writelines(page)
    pictures.remove_former()


def _data(file: Path, groups: list[Group], pictures: Thumbnails) -> dict[str, object]:
    folder = urllib.parse.quote(os.fsencode(pictures.folder.name))
    return {
        # The same for a later report in this place: what was decided before is still there.
        "report": hashlib.blake2b(os.fsencode(file), digest_size=8).hexdigest(),
        "made": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "folder": None if pictures.is_inside else f"{folder}/",
        "pictures": pictures.values(),
        "groups": [group_values(group, pictures.of) for group in groups],
    }


def _page(title: str, data: object) -> Iterable[str]:
    """Yield the parts of the page; its policy names style and script by their digests (W3C CSP, level 3)."""
    style = _part("page.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_part(f"{name}.js") for name in _SCRIPTS) + "})();\n"
    filled = {
        "TITLE": html.escape(printable(title)),
        "POLICY": (
            "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: 'self' file:; "
            f"style-src {_source(style)}; script-src {_source(script)}; require-trusted-types-for 'script'"
        ),
        "STYLE": style,
        "DATA": harmless_json(data),
        "SCRIPT": script,
    }
    yield MARK + "\n"
    for number, part in enumerate(_part("page.html").split("@@")):
        yield filled[part] if number % 2 else part


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _part(name: str) -> str:
    return (files("hashindex.report") / "page" / name).read_text(encoding="utf-8")
