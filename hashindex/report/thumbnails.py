"""The small pictures of a report: inside the page while it stays small, else in a folder beside it.

A page that holds everything can be mailed and moved as one file. At some kilobytes a picture that ends at a
few thousand of them: mail servers and browsers have their limits. From `INSIDE_BYTES` on they all go to a
folder, of which a browser reads only those that it shows.
"""

import base64
import hashlib
import os
import re
import urllib.parse
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from hashindex.concurrency import ordered_map
from hashindex.outcomes import Rejected
from hashindex.own_file import OwnFile
from hashindex.uris import scheme_of

INSIDE_BYTES = 8 * 2**20
"""Most bytes of JPEG inside the page: 11 MB in Base64, which most mail servers take."""

Thumbnail = Callable[[str], bytes | Rejected]
"""Gives the small JPEG of a canonical URI, or why there is none; it is called from several threads."""


class Shown(Protocol):
    """What a picture is got for."""

    @property
    def uri(self) -> str:
        """Canonical; what is none has no picture."""

    @property
    def content_digest(self) -> str:
        """Empty where the bytes were never seen."""


_COPIES_TRIED = 3
"""Of a picture that lies in several places, so that one file that is gone does not hide it."""

_SHARD = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"[0-9a-f]{32}\.jpg")


class Thumbnails:
    """Pictures by number, each kept once however many members show it."""

    def __init__(self, page: OwnFile, *, inside_bytes: int) -> None:
        self._page = page
        self.folder = page.target.with_name(f"{page.target.stem}_files")
        """Holds `3f/3f...jpg`, named by their own bytes, so a report that is to be replaced stays whole."""
        self._inside_bytes = inside_bytes
        self._data: list[bytes] | None = []
        """What is inside the page, in the order of the numbers; None once all has gone to the folder."""
        self._names: dict[str, int] = {}
        self._of_member: dict[str, int | str] = {}

    def take(self, members: Iterable[Shown], thumbnail: Thumbnail, *, workers: int) -> None:
        """Get the picture of each; members with the same bytes share theirs.

        ConfigurationError when the disk does not take them.
        """
        places: dict[str, list[str]] = {}
        for member in members:
            copies = places.setdefault(_identity(member), [])
            if _is_place(member.uri) and len(copies) < _COPIES_TRIED:
                copies.append(member.uri)
        got = ordered_map(lambda copies: _first(copies, thumbnail), places.values(), workers=workers)
        for name, data in zip(places, got, strict=True):
            with self._page.refused():
                self._of_member[name] = data if isinstance(data, str) else self._add(data)

    def of(self, member: Shown) -> int | str:
        """Return the number of the picture that shows a member, or why there is none."""
        return self._of_member[_identity(member)]

    def as_data(self) -> dict[str, object]:
        """Return what the page reads: the folder, None where the page holds the pictures; and the pictures.

        They are by number: the JPEG in Base64, or its name in the folder without `.jpg`.
        """
        if self._data is not None:
            return {"folder": None, "pictures": [base64.b64encode(data).decode() for data in self._data]}
        folder = urllib.parse.quote(os.fsencode(self.folder.name))
        return {"folder": f"{folder}/", "pictures": list(self._names)}

    def remove_former(self) -> None:
        """Remove from the folder what only an earlier report showed; what is no picture of ours stays."""
        current = set() if self._data is not None else {f"{name}.jpg" for name in self._names}
        with suppress(OSError):  # there is no folder, or what cannot be removed does no harm
            for shard in [each for each in self.folder.iterdir() if _SHARD.fullmatch(each.name)]:
                for picture in list(shard.iterdir()):
                    if _NAME.fullmatch(picture.name) and picture.name not in current:
                        picture.unlink()
                if not any(shard.iterdir()):
                    shard.rmdir()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _add(self, data: bytes) -> int:
        name = hashlib.blake2b(data, digest_size=16).hexdigest()
        if name in self._names:
            return self._names[name]
        number = self._names[name] = len(self._names)
        if self._data is None:
            self._write(name, data)
            return number
        self._data.append(data)
        self._inside_bytes -= len(data)
        if self._inside_bytes < 0:
            for each_name, each in zip(self._names, self._data, strict=True):
                self._write(each_name, each)
            self._data = None
        return number

    def _write(self, name: str, data: bytes) -> None:
        file = self.folder / name[:2] / f"{name}.jpg"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".draft")
            draft.write_bytes(data)
            draft.replace(file)


def _identity(member: Shown) -> str:
    return member.content_digest or member.uri


def _is_place(uri: str) -> bool:
    """Say whether it is canonical: of a bare hash it is a number, and it may be empty."""
    return uri.startswith("/") or bool(scheme_of(uri))


def _first(copies: list[str], thumbnail: Thumbnail) -> bytes | str:
    why = "nothing says where it lies"
    for uri in copies:
        found = thumbnail(uri)
        if not isinstance(found, Rejected):
            return found
        why = f"{found.reason.value}: {found.detail}"
    return why
