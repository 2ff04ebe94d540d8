"""URIs of objects on OSS: `oss://bucket/key`, the key taken literally."""

import re

from hashindex.errors import InvalidArgumentError
from hashindex.outcomes import Reason
from hashindex.sources.oss_errors import RefusedError

_URI = re.compile(r"(?i:oss)://(?P<bucket>[^/]*)(?:/(?P<key>.*))?", re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key; InvalidArgumentError without a bucket, or when not UTF-8."""
    found = _URI.fullmatch(uri)
    if not found or not _BUCKET.fullmatch(found["bucket"]):
        raise InvalidArgumentError(
            f"{uri!r} names no bucket: write oss://bucket/key, the bucket in 3 to 63 of a-z, 0-9 and -."
        )
    key = found["key"] or ""
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"{uri!r} is not valid UTF-8, as keys on OSS are.") from error
    return found["bucket"], key


def object_key(uri: str) -> str:
    """Return the key of one object; RefusedError where there can be none."""
    key = split(uri)[1]
    if not key:
        raise RefusedError(Reason.NOT_FOUND, "this names a bucket, not an object")
    if key in {".", ".."}:  # in a URL's path these are steps, and would ask for something else
        raise RefusedError(Reason.UNSUPPORTED, f"an object named {key!r} cannot be asked for over HTTP")
    return key
