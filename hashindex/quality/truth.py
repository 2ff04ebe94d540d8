"""Which pictures belong together: a CSV or JSONL file with `uri` and `group`, a picture a line."""

from collections.abc import Callable, Container, Iterable
from typing import TextIO

from hashindex.errors import InvalidArgumentError
from hashindex.outcomes import Reason, Rejected
from hashindex.text_rows import rows
from hashindex.uris import scheme_of, uri_to_path

COLUMNS = ("uri", "group")


def read_truth(file: TextIO, canonical: Callable[[str], str], folder: str) -> dict[str, str]:
    """Return the group of each picture by canonical URI; relative names lie in the folder.

    InvalidArgumentError for a line that cannot be used, or that contradicts one before it: a truth with a
    hole would measure something else.
    """
    groups: dict[str, str] = {}
    base = canonical(folder)
    for line, row in rows(file, "truth", COLUMNS):
        if isinstance(row, str):
            raise InvalidArgumentError(f"line {line} of the truth cannot be used: {row}.")
        uri, group = row.get("uri"), row.get("group")
        if not isinstance(uri, str) or not uri or group is None or not str(group).strip():
            raise InvalidArgumentError(f"line {line} of the truth lacks its uri or its group.")
        picture = canonical(_inside(base, uri))
        group = str(group).strip()
        if groups.setdefault(picture, group) != group:
            raise InvalidArgumentError(f"line {line} of the truth puts {uri} into a second group.")
    if not groups:
        raise InvalidArgumentError("the truth names no picture; give each a line with its uri and its group.")
    return groups


def not_there(truth: Iterable[str], there: Container[str | None]) -> list[Rejected]:
    """Return the pictures that the truth names and that are not there."""
    said = "the truth names it, but it is not among the pictures"
    return [Rejected(uri, Reason.NOT_FOUND, said) for uri in truth if uri not in there]


def _inside(base: str, uri: str) -> str:
    if scheme_of(uri):
        return uri
    if scheme_of(base):
        return f"{base.rstrip('/')}/{uri}"
    path = uri_to_path(uri)
    return path if path.startswith("/") else f"{uri_to_path(base)}/{path}"
