"""The buckets of the OSS test server: objects in memory, and the XML that OSS writes about them."""

import base64
import bisect
import hashlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

import crcmod  # type: ignore[import-untyped]

from testing.oss_signature import Refusal

PAGE_KEYS = 100  # what OSS lists where max-keys is not given; at most MAX_PAGE_KEYS
MAX_PAGE_KEYS = 1000

crc64_ecma = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, rev=True, xorOut=0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object and the headers that it is answered with."""

    data: bytes
    headers: Mapping[str, str]


class Buckets:
    """Objects by bucket and key; every method may be called from several threads at once."""

    def __init__(self, names: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, dict[str, StoredObject]] = {name: {} for name in names}
        self._sorted_keys: dict[str, list[bytes]] = {}

    def put(
        self, bucket: str, key: str, data: bytes, *, modified: datetime, headers: Mapping[str, str]
    ) -> StoredObject | Refusal:
        """Store an object, replacing one of the same key; return the answer to its upload."""
        stored = {
            "ETag": f'"{hashlib.md5(data).hexdigest().upper()}"',
            "Last-Modified": format_datetime(modified, usegmt=True),
            "x-oss-hash-crc64ecma": str(crc64_ecma(data)),
            "x-oss-object-type": "Normal",
            **headers,
        }
        with self._lock:
            if bucket not in self._objects:
                return _no_such_bucket(bucket)
            self._objects[bucket][key] = StoredObject(data, stored)
            self._sorted_keys.pop(bucket, None)
        return StoredObject(
            b"", {"ETag": stored["ETag"], "x-oss-hash-crc64ecma": stored["x-oss-hash-crc64ecma"]}
        )

    def remove(self, bucket: str, key: str) -> None:
        """Forget an object."""
        with self._lock:
            del self._objects[bucket][key]
            self._sorted_keys.pop(bucket, None)

    def find(self, bucket: str, key: str) -> StoredObject | Refusal:
        """Return an object."""
        with self._lock:
            if bucket not in self._objects:
                return _no_such_bucket(bucket)
            found = self._objects[bucket].get(key)
        return found or Refusal(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})

    def list_page(self, bucket: str, query: Mapping[str, str]) -> StoredObject | Refusal:
        """Return one page of ListObjectsV2 as XML."""
        with self._lock:
            if bucket not in self._objects:
                return _no_such_bucket(bucket)
            objects = self._objects[bucket]
            if bucket not in self._sorted_keys:
                self._sorted_keys[bucket] = sorted(key.encode() for key in objects)
            page = _page(self._sorted_keys[bucket], query)
            xml = _page_xml(bucket, page, objects, query)
        return StoredObject(xml, {"Content-Type": "application/xml"})


def _no_such_bucket(bucket: str) -> Refusal:
    return Refusal(404, "NoSuchBucket", "The specified bucket does not exist.", {"BucketName": bucket})


@dataclass(frozen=True, slots=True)
class _Page:
    keys: tuple[bytes, ...]
    folders: tuple[bytes, ...]
    next_after: bytes | None


def _page(keys: list[bytes], query: Mapping[str, str]) -> _Page:
    """Choose what a page shows, in the order of UTF-8 bytes; keys up to the delimiter fold into one."""
    prefix, delimiter = query.get("prefix", "").encode(), query.get("delimiter", "").encode()
    token = query.get("continuation-token", "")
    after = base64.b64decode(token) if token else query.get("start-after", "").encode()
    room = min(int(query.get("max-keys") or PAGE_KEYS), MAX_PAGE_KEYS)
    shown: list[bytes] = []
    folders: dict[bytes, None] = {}
    last = b""
    first = max(bisect.bisect_left(keys, prefix), bisect.bisect_right(keys, after) if after else 0)
    for key in keys[first : first + room + 1] if not delimiter else keys[first:]:
        if not key.startswith(prefix):
            break
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (b"", b"", b"")
        folder = prefix + head + found
        if not found or folder not in folders:
            if len(shown) + len(folders) == room:
                return _Page(tuple(shown), tuple(folders), last)
            if found:
                folders[folder] = None
            else:
                shown.append(key)
        last = key
    return _Page(tuple(shown), tuple(folders), None)


def _page_xml(
    bucket: str, page: _Page, objects: Mapping[str, StoredObject], query: Mapping[str, str]
) -> bytes:
    encoding = query.get("encoding-type", "")

    def text(name: bytes) -> str:
        return quote(name, safe="/") if encoding == "url" else escape(name.decode())

    parts = {
        "Name": bucket,
        "Prefix": text(query.get("prefix", "").encode()),
        "Delimiter": text(query.get("delimiter", "").encode()),
        "EncodingType": encoding,
        "IsTruncated": "false" if page.next_after is None else "true",
        "NextContinuationToken": base64.b64encode(page.next_after or b"").decode(),
        "KeyCount": str(len(page.keys) + len(page.folders)),
    }
    inner = [f"<{name}>{value}</{name}>" for name, value in parts.items() if value]
    inner += [_contents_xml(text(key), objects[key.decode()]) for key in page.keys]
    inner += [f"<CommonPrefixes><Prefix>{text(folder)}</Prefix></CommonPrefixes>" for folder in page.folders]
    return _xml("ListBucketResult", "".join(inner))


def _contents_xml(key: str, found: StoredObject) -> str:
    modified = datetime.strptime(found.headers["Last-Modified"], "%a, %d %b %Y %H:%M:%S GMT").replace(
        tzinfo=UTC
    )
    return (
        f"<Contents><Key>{key}</Key><LastModified>{modified:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        f"<ETag>{escape(found.headers['ETag'])}</ETag><Type>Normal</Type><Size>{len(found.data)}</Size>"
        "<StorageClass>Standard</StorageClass></Contents>"
    )


def error_xml(refusal: Refusal) -> bytes:
    """Return the body of an error."""
    parts = {"Code": refusal.code, "Message": refusal.message, "HostId": "127.0.0.1", **refusal.more}
    return _xml("Error", "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items()))


def _xml(root: str, inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{inner}</{root}>'.encode()
