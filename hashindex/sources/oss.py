"""Pictures on Alibaba Cloud OSS: `oss://bucket/key` and `oss://bucket/prefix/`, through oss2.

oss2 retries nothing but listings, and those without a pause; checks no checksum; and loses the rest of a
chunked body without a word when that is read in pieces. So the retries, the reading of bodies and the paging
are ours; oss2 signs and sends.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from xml.etree.ElementTree import ParseError

from hashindex.errors import ConfigurationError, InvalidArgumentError
from hashindex.records import Content, Picture, Reason, Rejected

if TYPE_CHECKING:
    from tenacity import RetryCallState

_T = TypeVar("_T")
_URI = re.compile(r"(?i:oss)://(?P<bucket>[^/]*)(?:/(?P<key>.*))?", re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9_.-]+(:[0-9]{1,5})?")
# Codes and hosts in an error are the server's text: only what looks like one passes into a detail.
_CODE = re.compile(r"[A-Za-z]{1,64}")
_HOST = re.compile(r"[a-z0-9.-]{1,253}")
_PAGE_KEYS = 1000  # the most that OSS lists at once
_CHUNK_BYTES = 1 << 18
_MENDS = {
    "AccessDenied": "grant this access key oss:GetObject on the objects and oss:ListObjects on the bucket",
    "InvalidAccessKeyId": "check OSS_ACCESS_KEY_ID, and OSS_SESSION_TOKEN where the key is a temporary one",
    "SignatureDoesNotMatch": "check OSS_ACCESS_KEY_SECRET and OSS_REGION",
    "InvalidSecurityToken": "check OSS_SESSION_TOKEN, or get a new temporary key",
    "SecurityTokenExpired": "get a new temporary key and set OSS_SESSION_TOKEN with it",
    "AccessKeyIdAndSecurityTokenNotMatch": "set OSS_SESSION_TOKEN to the one that came with this access key",
    "RequestTimeTooSkewed": "set this machine's clock, which is more than 15 minutes off",
    "InvalidObjectState": "it is archived or cold, so restore it in OSS before reading it",
    "UserDisable": "settle the account's debts in the Alibaba Cloud console",
}

logger = logging.getLogger(__name__)


class _RefusedError(Exception):
    """This picture or listing cannot be had; becomes a `Rejected`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class _PassingError(Exception):
    """It did not work this time, and may the next."""


class OssSource:
    """Reads the objects that one access key can see, in any number of buckets of one endpoint.

    With a region requests carry V4 signatures, else V1. Nothing is connected before the first use, which
    raises ConfigurationError where credentials or the endpoint are missing. Temporary failures (5xx, 429,
    connections and bodies that stall or break, wrong checksums) are tried `attempts` times in all, with
    random waits whose upper bound doubles from `first_wait_seconds` to `longest_wait_seconds`. The read
    timeout bounds a silence, not a whole body.
    """

    def __init__(
        self,
        *,
        access_key_id: str | None = None,
        access_key_secret: str | None = None,
        session_token: str | None = None,
        endpoint: str | None = None,
        region: str | None = None,
        default_bucket: str | None = None,
        max_connections: int = 32,
        connect_timeout_seconds: float = 5.0,
        read_timeout_seconds: float = 30.0,
        attempts: int = 5,
        first_wait_seconds: float = 0.5,
        longest_wait_seconds: float = 20.0,
    ) -> None:
        self._key_id = (access_key_id or "").strip()
        self._key_secret = (access_key_secret or "").strip()
        self._token = (session_token or "").strip()
        self._default_bucket = (default_bucket or "").strip()
        self._region = (region or "").strip().removeprefix("oss-")
        self._endpoint = _full_endpoint((endpoint or "").strip(), self._region)
        self._max_connections = max_connections
        self._timeouts = (connect_timeout_seconds, read_timeout_seconds)
        self._attempts = attempts
        self._waits = (first_wait_seconds, longest_wait_seconds)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._session: Any = None
        self._buckets: dict[str, Any] = {}

    def canonical(self, name: str) -> str:
        """Return `oss://bucket/key`; the key is taken literally, `%` and `?` included.

        `oss:///key` names the default bucket.

        InvalidArgumentError without a bucket, with a name that no bucket can have, or when not UTF-8.
        """
        if self._default_bucket and name[6:].startswith("/"):
            name = f"oss://{self._default_bucket}{name[6:]}"
        bucket, key = _split(name)
        return f"oss://{bucket}/{key}"

    def is_folder(self, uri: str) -> bool:
        """Say whether the URI is a bucket's root or ends with a slash."""
        key = _split(uri)[1]
        return not key or key.endswith("/")

    def walk(self, uri: str) -> Iterator[Picture | Rejected]:
        """Yield the objects below a prefix in the order of their keys, a page at a time.

        Keys that end with a slash stand for folders and are left out. A prefix that nothing begins with is
        `not_found`; a listing that breaks off ends with its `Rejected`.
        """
        bucket, prefix = _split(uri)
        seen, token, more = 0, "", True
        while more:
            try:
                page = self._page(uri, prefix, token)
            except _RefusedError as error:
                yield Rejected(uri, error.reason, f"the listing broke off after {seen} keys: {error}")
                return
            for found in page.object_list:
                if not found.key.endswith("/"):
                    yield Picture(f"oss://{bucket}/{found.key}", found.etag)
            seen += len(page.object_list)
            more, token = page.is_truncated, page.next_continuation_token
        if prefix and not seen:
            yield Rejected(uri, Reason.NOT_FOUND, "no object of the bucket has a key that begins like this")

    def stat(self, uri: str) -> Picture | Rejected:
        """Return the object's ETag as its version."""
        try:
            key = _object_key(uri)
            etag, _ = _identity(self._retried(uri, lambda bucket: bucket.head_object(key)))
        except _RefusedError as error:
            return Rejected(uri, error.reason, str(error))
        return Picture(uri, etag)

    def read(self, uri: str, *, max_bytes: int) -> Content | Rejected:
        """Return the whole object, its length and CRC-64 checked against what OSS says."""
        try:
            key = _object_key(uri)
            return self._retried(uri, lambda bucket: _content(bucket.get_object(key), max_bytes))
        except _RefusedError as error:
            return Rejected(uri, error.reason, str(error))

    def close(self) -> None:
        """Close the pooled connections and cut short the waits of retries."""
        self._closing.set()
        with self._lock:
            if self._session is not None:
                self._session.session.close()

    def _page(self, uri: str, prefix: str, token: str) -> Any:  # oss2 has no types
        page = self._retried(
            uri,
            lambda bucket: bucket.list_objects_v2(prefix, continuation_token=token, max_keys=_PAGE_KEYS),
        )
        if page.is_truncated and page.next_continuation_token in {"", token}:
            raise _RefusedError(Reason.SOURCE_ERROR, "OSS named no next page, though there is one")
        return page

    def _retried(self, uri: str, call: Callable[[Any], _T]) -> _T:
        """Return what `call` makes of the URI's bucket; raises _RefusedError when it cannot be had."""
        from tenacity import (  # with oss2 it takes half a second, that a local run can spare
            Retrying,
            retry_if_exception_type,
            sleep_using_event,
            stop_after_attempt,
            stop_when_event_set,
            wait_random_exponential,
        )

        bucket = self._bucket(_split(uri)[0])
        first, longest = self._waits
        retrying = Retrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(self._attempts) | stop_when_event_set(self._closing),
            wait=wait_random_exponential(multiplier=first, max=longest),
            sleep=sleep_using_event(self._closing),
            before_sleep=partial(_log_retry, uri),
            reraise=True,
        )

        def once() -> _T:
            with self._translated(bucket.bucket_name):
                return call(bucket)

        try:
            return retrying(once)
        except _PassingError as error:
            tries = retrying.statistics["attempt_number"]
            times = f"{tries} attempts" if tries > 1 else "1 attempt"
            raise _RefusedError(Reason.SOURCE_ERROR, f"{error}; given up after {times}") from error

    def _bucket(self, name: str) -> Any:
        with self._lock:
            if name not in self._buckets:
                self._buckets[name] = self._connected(name)
            return self._buckets[name]

    def _connected(self, name: str) -> Any:
        import oss2

        self._check_settings()
        if self._session is None:
            _silence_oss2()
            self._session = oss2.Session(pool_size=self._max_connections)
        provider = oss2.StaticCredentialsProvider(self._key_id, self._key_secret, self._token)
        return oss2.Bucket(
            oss2.ProviderAuthV4(provider) if self._region else oss2.ProviderAuth(provider),
            self._endpoint,
            name,
            session=self._session,
            connect_timeout=self._timeouts,  # requests takes (connect, read)
            region=self._region or None,
            enable_crc=False,  # ours is computed in `_content`
        )

    def _check_settings(self) -> None:
        required = {
            "OSS_ACCESS_KEY_ID": self._key_id,
            "OSS_ACCESS_KEY_SECRET": self._key_secret,
            "OSS_ENDPOINT (or OSS_REGION)": self._endpoint,
        }
        missing = [name for name, value in required.items() if not value]
        if missing:
            raise ConfigurationError(f"Pictures on oss:// need these to be set: {', '.join(missing)}.")
        if not _ENDPOINT.fullmatch(self._endpoint):
            raise ConfigurationError(
                "OSS_ENDPOINT (or OSS_REGION) does not name a host; "
                "set OSS_ENDPOINT like https://oss-cn-hangzhou.aliyuncs.com, or OSS_REGION like cn-hangzhou."
            )

    @contextmanager
    def _translated(self, bucket: str) -> Iterator[None]:
        """Turn what oss2, requests and urllib3 raise into our two errors, without their texts.

        Those texts hold URLs, key ids and signatures.
        """
        import oss2
        import requests
        import urllib3

        try:
            yield
        except oss2.exceptions.RequestError as error:
            raise self._no_answer(error.exception) from error
        except oss2.exceptions.ServerError as error:
            raise _answered(error, bucket) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _PassingError("the answer of OSS stalled or was cut off") from error
        except (oss2.exceptions.OssError, ParseError, RuntimeError, ValueError) as error:
            raise _PassingError("the answer is not what OSS answers; check OSS_ENDPOINT") from error

    def _no_answer(self, error: Exception) -> _PassingError | _RefusedError:
        import requests

        connect, read = self._timeouts
        match error:
            case requests.ConnectTimeout():
                return _PassingError(
                    f"no connection to {self._endpoint} within {connect:g} s; check OSS_ENDPOINT"
                )
            case requests.Timeout():
                return _PassingError(f"{self._endpoint} did not answer within {read:g} s")
            case requests.exceptions.SSLError():
                return _PassingError(
                    f"the certificate of {self._endpoint} was not accepted; check OSS_ENDPOINT"
                )
            case requests.ConnectionError():
                return _PassingError(
                    f"the connection to {self._endpoint} failed; check OSS_ENDPOINT and the network"
                )
        name = type(error).__name__
        return _RefusedError(
            Reason.SOURCE_ERROR, f"the request could not be sent ({name}); check the settings"
        )


def _log_retry(uri: str, state: "RetryCallState") -> None:
    failure = state.outcome and state.outcome.exception()
    logger.debug("%s: %s; trying again in %.4f s", uri, failure, state.upcoming_sleep)


def _full_endpoint(endpoint: str, region: str) -> str:
    if not endpoint:
        return f"https://oss-{region}.aliyuncs.com" if region else ""
    # For a bare host oss2 would take http, and send everything in the clear.
    endpoint = endpoint.rstrip("/")
    return endpoint if "://" in endpoint else f"https://{endpoint}"


def _silence_oss2() -> None:
    """Keep oss2's chatter out of every log: it holds key ids, session tokens and signatures."""
    for name in ("oss2.api", "oss2.auth", "oss2.http"):
        logging.getLogger(name).addFilter(_is_warning)


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _split(uri: str) -> tuple[str, str]:
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


def _object_key(uri: str) -> str:
    key = _split(uri)[1]
    if not key:
        raise _RefusedError(Reason.NOT_FOUND, "this names a bucket, not an object")
    if key in {".", ".."}:  # in a URL's path these are steps, and would ask for something else
        raise _RefusedError(Reason.UNSUPPORTED, f"an object named {key!r} cannot be asked for over HTTP")
    return key


def _identity(result: Any) -> tuple[str, int]:
    """Return the ETag without quotes, and the modification time in milliseconds."""
    if not result.etag or result.last_modified is None:
        detail = "the answer has no ETag or no Last-Modified, so it is not from OSS; check OSS_ENDPOINT"
        raise _RefusedError(Reason.SOURCE_ERROR, detail)
    return result.etag, result.last_modified * 1000


def _content(result: Any, max_bytes: int) -> Content:
    try:
        etag, modified_ms = _identity(result)
        if result.headers.get("Content-Encoding", "identity") != "identity":
            detail = "it is stored compressed, with a Content-Encoding; store it without one"
            raise _RefusedError(Reason.UNSUPPORTED, detail)
        length = result.content_length
        if length is not None and length > max_bytes:
            raise _RefusedError(Reason.TOO_MANY_BYTES, f"{length} bytes, but at most {max_bytes} are taken")
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
                raise _RefusedError(Reason.TOO_MANY_BYTES, detail)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise _PassingError(f"{body} stalled") from error
    except urllib3.exceptions.HTTPError as error:
        raise _PassingError(f"{body} was cut off") from error
    if length is not None and len(data) != length:  # urllib3 before 2 does not look
        raise _PassingError(f"{body} was cut off")
    if result.server_crc is not None and result.server_crc != crc.crc:
        raise _PassingError("the bytes do not match the checksum that OSS has of them")
    return bytes(data)


def _answered(error: Any, bucket: str) -> _PassingError | _RefusedError:
    code = error.code if _CODE.fullmatch(error.code or "") else ""
    said = f"{error.status} {code}".strip()
    if error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _PassingError(f"OSS answered {said}")
    if code == "NoSuchBucket":
        detail = f"there is no bucket {bucket} ({said}); check the name, and OSS_ENDPOINT or OSS_REGION"
        return _RefusedError(Reason.NOT_FOUND, detail)
    if error.status == HTTPStatus.NOT_FOUND:
        return _RefusedError(Reason.NOT_FOUND, f"there is no such object ({said})")
    other = error.details.get("Endpoint") or ""
    mend = f"set OSS_ENDPOINT to {other}" if _HOST.fullmatch(other) else _MENDS.get(code)
    if error.status == HTTPStatus.FORBIDDEN:
        mend = mend or "check what this access key may do"
        return _RefusedError(Reason.FORBIDDEN, f"OSS refused it ({said}); {mend}")
    return _RefusedError(Reason.SOURCE_ERROR, f"OSS answered {said}" + (f"; {mend}" if mend else ""))
