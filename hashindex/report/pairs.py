"""Writing a page of pairs: two pictures side by side, and what is said about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hashindex.report.filling import filled
from hashindex.report.place import report_at, write_page
from hashindex.report.thumbnails import INSIDE_BYTES, Thumbnail, Thumbnails


@dataclass(frozen=True, slots=True)
class PairsShown:
    """A part of the page."""

    title: str
    said: str
    """What is to be known about these pairs."""
    pairs: Sequence[tuple[str, str, str]]
    """Two canonical URIs, and what is said about the two."""


@dataclass(frozen=True, slots=True)
class _Picture:
    uri: str
    content_digest: str = ""


def write_pairs(
    file: Path,
    sections: Iterable[PairsShown],
    *,
    title: str,
    thumbnail: Thumbnail,
    workers: int = 8,
    inside_bytes: int = INSIDE_BYTES,
) -> None:
    """Write pairs of pictures as a page; place, pictures and errors are as of `write_report`."""
    page = report_at(file)
    page.check()
    shown = list(sections)
    pictures = Thumbnails(page, inside_bytes=inside_bytes)
    uris = dict.fromkeys(uri for section in shown for pair in section.pairs for uri in pair[:2])
    pictures.take(map(_Picture, uris), thumbnail, workers=workers)
    data = {**pictures.as_data(), "sections": [_section(section, pictures) for section in shown]}
    scripts = ("source", "elements", "pairs")
    write_page(page, filled(title, data, body="pairs", styles=("page", "pairs"), scripts=scripts))
    pictures.remove_former()


def _section(section: PairsShown, pictures: Thumbnails) -> dict[str, object]:
    pairs = [
        [[[uri, pictures.of(_Picture(uri))] for uri in (left, right)], said]
        for left, right, said in section.pairs
    ]
    return {"title": section.title, "said": section.said, "pairs": pairs}
