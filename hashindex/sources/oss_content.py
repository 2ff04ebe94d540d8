"""Reading one object whole: its length, its checksum and the limit on its size."""

from typing import Any

from hashindex.records import Content, Reason
from hashindex.sources.interface import Reserve
from hashindex.sources.oss_errors import PassingError, RefusedError

_CHUNK_BYTES = 1 << 18


def identity(result: Any) -> tuple[str, int]:
    """Return the ETag without quotes, and the modification time in milliseconds."""
    if not result.etag or result.last_modified is None:
        detail = "the answer has no ETag or no Last-Modified, so it is not from OSS; check OSS_ENDPOINT"
        raise RefusedError(Reason.SOURCE_ERROR, detail)
    return result.etag, result.last_modified * 1000


def content(result: Any, max_bytes: int, reserve: Reserve) -> Content:
    """Return what a GET answered, read to its end and closed; PassingError or RefusedError otherwise."""
    try:
        etag, modified_ms = identity(result)
        if result.headers.get("Content-Encoding", "identity") != "identity":
            detail = "it is stored compressed, with a Content-Encoding; store it without one"
            raise RefusedError(Reason.UNSUPPORTED, detail)
        length = result.content_length
        if length is not None and length > max_bytes:
            raise RefusedError(Reason.TOO_MANY_BYTES, f"{length} bytes, but at most {max_bytes} are taken")
        reserve(max_bytes if length is None else length)
        return Content(_body(result, max_bytes), version=etag, modified_ms=modified_ms)
    finally:
        result.close()


def _body(result: Any, max_bytes: int) -> bytes:
    import oss2
    import urllib3

    data, crc, length = bytearray(), oss2.utils.Crc64(), result.content_length
    body = "the body" if length is None else f"the body of {length} bytes"
    try:
        # Straight from urllib3: each read(n) of oss2's makes a new iterator, and for a chunked body
        # dropping the one before closes the connection.
        while chunk := result.resp.response.raw.read(min(_CHUNK_BYTES, max_bytes + 1 - len(data))):
            data += chunk
            crc.update(chunk)
            if len(data) > max_bytes:
                detail = f"more than {max_bytes} bytes, the most that are taken"
                raise RefusedError(Reason.TOO_MANY_BYTES, detail)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise PassingError(f"{body} stalled") from error
    except urllib3.exceptions.HTTPError as error:
        raise PassingError(f"{body} was cut off") from error
    if length is not None and len(data) != length:  # urllib3 before 2 does not look
        raise PassingError(f"{body} was cut off")
    if result.server_crc is not None and result.server_crc != crc.crc:
        raise PassingError("the bytes do not match the checksum that OSS has of them")
    return bytes(data)
