"""Canonical URIs: what an entry is called, whatever the caller wrote, always valid UTF-8 and reversible."""

import os
import re
from pathlib import PurePosixPath

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"%(?=25|[89A-F][0-9A-F])")
_ESCAPED = re.compile(r"%(25|[89A-F][0-9A-F])")

PICTURE_EXTENSIONS = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".avif"),
        *(".heic", ".heics", ".heif", ".heifs", ".hif", ".tif", ".tiff", ".bmp", ".dib", ".ico"),
        *(".jp2", ".j2k", ".jpf", ".jpx", ".pbm", ".pgm", ".pnm", ".ppm"),
        *(".pcx", ".psd", ".qoi", ".sgi", ".tga"),
    }
)
"""What a walk through a folder or prefix takes for a picture, in lower case."""


def scheme_of(name: str) -> str:
    """Return `oss` for `oss://...`, the empty string for a path."""
    found = _SCHEME.match(name)
    return found.group(1).lower() if found else ""


def has_picture_extension(uri: str) -> bool:
    """Say whether the name ends like a picture's."""
    return PurePosixPath(uri).suffix.lower() in PICTURE_EXTENSIONS


def path_to_uri(path: str) -> str:
    """Return the absolute normalised path; bytes that are not UTF-8 become `%XX`.

    Symbolic links are not resolved. A `%` is itself written `%25` where it could be taken for such a byte,
    so that different paths never have the same URI.
    """
    absolute = _AMBIGUOUS.sub("%25", os.path.abspath(path))  # Path.absolute keeps `..`
    return "".join(
        f"%{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char for char in absolute
    )


def uri_to_path(uri: str) -> str:
    """Return the path that a URI was made from; the inverse of `path_to_uri`."""
    return _ESCAPED.sub(_unescape, uri)


def _unescape(found: re.Match[str]) -> str:
    return "%" if found.group(1) == "25" else chr(0xDC00 + int(found.group(1), 16))
