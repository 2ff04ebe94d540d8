"""Reading one object whole: its length, its checksum, and the limits on its size and its time."""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from hashindex.outcomes import Reason
from hashindex.records import Content
from hashindex.sources.interface import Reserve
from hashindex.sources.oss_errors import PassingError, RefusedError
from hashindex.sources.oss_pace import Pace

_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Identity:
    """What OSS says of an object, beside its bytes."""

    version: str
    """The ETag, without quotes."""
    modified_ms: int
    size: int | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for every body."""

    max_bytes: int
    pace: Pace
    body_seconds: float
    """How long OSS may take to send a body; what our own pace takes is not counted."""


def identity(result: Any) -> Identity:
    """Return what an answer to GET or HEAD says of the object."""
    if not result.etag or result.last_modified is None:
        detail = "the answer has no ETag or no Last-Modified, so it is not from OSS; check OSS_ENDPOINT"
        raise RefusedError(Reason.SOURCE_ERROR, detail)
    return Identity(result.etag, result.last_modified * 1000, result.content_length)


def content(result: Any, reserve: Reserve, limits: Limits, *, processed: Identity | None = None) -> Content:
    """Return what a GET answered, read to its end and closed; PassingError or RefusedError otherwise.

    `processed` is the object of which OSS sends something that it has made: then the checksum and the other
    headers say nothing of the bytes, or nothing at all.
    """
    try:
        known = processed or identity(result)
        if result.headers.get("Content-Encoding", "identity") != "identity":
            detail = "it is stored compressed, with a Content-Encoding; store it without one"
            raise RefusedError(Reason.UNSUPPORTED, detail)
        length, max_bytes = result.content_length, limits.max_bytes
        if length is not None and length > max_bytes:
            raise RefusedError(Reason.TOO_MANY_BYTES, f"{length} bytes, but at most {max_bytes} are taken")
        reserve(max_bytes if length is None else length)
        return Content(
            _body(result, limits, None if processed else result.server_crc),
            version=known.version,
            modified_ms=known.modified_ms,
            file_size=processed.size if processed else None,
        )
    finally:
        result.close()


def _body(result: Any, limits: Limits, server_crc: int | None) -> bytes:
    import urllib3

    data, crc, length, seconds = bytearray(), _crc64().new(), result.content_length, 0.0
    body = "the body" if length is None else f"the body of {length} bytes"
    try:
        # Straight from urllib3, and what has arrived at once: read(n) would wait for all of n, however slowly
        # they come; that of oss2 makes a new iterator each time, and for a chunked body dropping the one
        # before closes the connection.
        while True:
            began = time.monotonic()
            chunk = result.resp.response.raw.read1(min(_CHUNK_BYTES, limits.max_bytes + 1 - len(data)))
            seconds += time.monotonic() - began
            if not chunk:
                break
            data += chunk
            crc.update(chunk)
            if len(data) > limits.max_bytes:
                detail = f"more than {limits.max_bytes} bytes, the most that are taken"
                raise RefusedError(Reason.TOO_MANY_BYTES, detail)
            if seconds > limits.body_seconds:
                raise PassingError(f"{body} was not there within {limits.body_seconds:g} s")
            if not limits.pace.pay(len(chunk)):
                raise RefusedError(Reason.SOURCE_ERROR, "the source was closed while it was read")
    except urllib3.exceptions.ReadTimeoutError as error:
        raise PassingError(f"{body} stalled") from error
    except urllib3.exceptions.HTTPError as error:
        raise PassingError(f"{body} was cut off") from error
    if length is not None and len(data) != length:  # urllib3 does not always look
        raise PassingError(f"{body} was cut off")
    if server_crc is not None and server_crc != crc.crcValue:
        raise PassingError("the bytes do not match the checksum that OSS has of them")
    return bytes(data)


@cache
def _crc64() -> Any:
    """Return OSS's CRC-64 to make others of; making the first computes its table, which takes a while."""
    import oss2

    return oss2.utils.Crc64().crc64
