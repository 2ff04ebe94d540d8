"""Canonical URIs: what an entry is called, whatever the caller wrote, always valid UTF-8 and reversible."""

import os
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from hashindex.errors import InvalidArgumentError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"%(?=25|[89A-F][0-9A-F])")
_UNDECODED = re.compile("[\udc80-\udcff]")
_ESCAPED = re.compile(r"%(25|[89A-F][0-9A-F])")

PICTURE_EXTENSIONS = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".avif"),
        *(".heic", ".heics", ".heif", ".heifs", ".hif", ".tif", ".tiff", ".bmp", ".dib"),
        *(".jp2", ".j2k", ".jpf", ".jpx", ".pbm", ".pgm", ".pnm", ".ppm"),
        *(".pcx", ".psd", ".qoi", ".sgi"),
    }
)
"""What a walk through a folder or prefix takes for a picture, in lower case."""


def scheme_of(name: str) -> str:
    """Return `oss` for `oss://...`, the empty string for a path."""
    found = _SCHEME.match(name)
    return found.group(1).lower() if found else ""


def server_address(uri: str) -> str:
    """Return the address of a Milvus server without user and password, which no error and no log may name.

    InvalidArgumentError when it is malformed.
    """
    try:
        parts = urlsplit(uri)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # of the port
        sound = False
    if not sound:
        raise InvalidArgumentError(
            "the address of the Milvus server is malformed; write http://host:19530 or https://host:port."
        )
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def has_picture_extension(uri: str) -> bool:
    """Say whether the name ends like a picture's."""
    return PurePosixPath(uri).suffix.lower() in PICTURE_EXTENSIONS


def as_text(name: str) -> str:
    """Return the name with its bytes that are not UTF-8 as `%XX`, so that it can be stored and printed.

    InvalidArgumentError when it holds other halves of UTF-16 pairs, which no file name gives.
    """
    text = _UNDECODED.sub(lambda found: f"%{ord(found.group()) - 0xDC00:02X}", name)
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InvalidArgumentError(f"the name {name!r} is no text that can be written in UTF-8.") from exc
    return text


def printable(name: str) -> str:
    """Return something that names it in a message, whatever it holds."""
    try:
        return as_text(name)
    except InvalidArgumentError:
        return name.encode(errors="backslashreplace").decode()


def path_to_uri(path: str) -> str:
    """Return the absolute normalised path; bytes that are not UTF-8 become `%XX`.

    Symbolic links are not resolved. A `%` is itself written `%25` where it could be taken for such a byte,
    so that different paths never have the same URI. InvalidArgumentError when the name is empty, which would
    be the working folder, or no text.
    """
    if not path:
        raise InvalidArgumentError("the name is empty.")
    absolute = os.path.abspath(path)  # Path.absolute keeps `..`
    if absolute.startswith("//"):  # abspath keeps two, as POSIX leaves their meaning open
        absolute = absolute[1:]
    return as_text(_AMBIGUOUS.sub("%25", absolute))


def uri_to_path(uri: str) -> str:
    """Return the path that a URI was made from; the inverse of `path_to_uri`."""
    return _ESCAPED.sub(_unescape, uri)


def _unescape(found: re.Match[str]) -> str:
    return "%" if found.group(1) == "25" else chr(0xDC00 + int(found.group(1), 16))
