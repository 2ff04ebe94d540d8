"""Pictures on Alibaba Cloud OSS: `oss://bucket/key` and `oss://bucket/prefix/`, through oss2.

oss2 retries nothing but listings, and those without a pause; checks no checksum; and loses the rest of a
chunked body without a word when that is read in pieces. So the retries, the reading of bodies and the paging
are ours; oss2 signs and sends.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from hashindex.errors import ConfigurationError, InvalidArgumentError
from hashindex.records import Content, Picture, Reason, Rejected
from hashindex.sources.interface import Reserve, at_once
from hashindex.sources.oss_content import content, identity
from hashindex.sources.oss_errors import PassingError, RefusedError, translated

if TYPE_CHECKING:
    from tenacity import RetryCallState

_T = TypeVar("_T")
_URI = re.compile(r"(?i:oss)://(?P<bucket>[^/]*)(?:/(?P<key>.*))?", re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9_.-]+(:[0-9]{1,5})?")
_PAGE_KEYS = 1000  # the most that OSS lists at once

logger = logging.getLogger(__name__)


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
            except RefusedError as error:
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
            etag, _ = identity(self._retried(uri, lambda bucket: bucket.head_object(key)))
        except RefusedError as error:
            return Rejected(uri, error.reason, str(error))
        return Picture(uri, etag)

    def read(self, uri: str, *, max_bytes: int, reserve: Reserve = at_once) -> Content | Rejected:
        """Return the whole object, its length and CRC-64 checked against what OSS says."""
        try:
            key = _object_key(uri)
            return self._retried(uri, lambda bucket: content(bucket.get_object(key), max_bytes, reserve))
        except RefusedError as error:
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
            raise RefusedError(Reason.SOURCE_ERROR, "OSS named no next page, though there is one")
        return page

    def _retried(self, uri: str, call: Callable[[Any], _T]) -> _T:
        """Return what `call` makes of the URI's bucket; raises RefusedError when it cannot be had."""
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
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self._attempts) | stop_when_event_set(self._closing),
            wait=wait_random_exponential(multiplier=first, max=longest),
            sleep=sleep_using_event(self._closing),
            before_sleep=partial(_log_retry, uri),
            reraise=True,
        )

        def once() -> _T:
            with translated(bucket=bucket.bucket_name, endpoint=self._endpoint, timeouts=self._timeouts):
                return call(bucket)

        try:
            return retrying(once)
        except PassingError as error:
            tries = retrying.statistics["attempt_number"]
            times = f"{tries} attempts" if tries > 1 else "1 attempt"
            raise RefusedError(Reason.SOURCE_ERROR, f"{error}; given up after {times}") from error

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
        raise RefusedError(Reason.NOT_FOUND, "this names a bucket, not an object")
    if key in {".", ".."}:  # in a URL's path these are steps, and would ask for something else
        raise RefusedError(Reason.UNSUPPORTED, f"an object named {key!r} cannot be asked for over HTTP")
    return key
