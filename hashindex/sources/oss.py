"""Pictures on Alibaba Cloud OSS: `oss://bucket/key` and `oss://bucket/prefix/`, through oss2.

oss2 retries nothing but listings, and those without a pause; checks no checksum; and loses the rest of a
chunked body without a word when that is read in pieces. So the retries, the reading of bodies and the paging
are ours; oss2 signs and sends.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content, Picture
from hashindex.sources.interface import Reserve, at_once
from hashindex.sources.oss_connection import OssConnection
from hashindex.sources.oss_content import Limits, content, identity
from hashindex.sources.oss_errors import PassingError, RefusedError, processing, translated
from hashindex.sources.oss_names import object_key, split
from hashindex.sources.oss_pace import Pace

if TYPE_CHECKING:
    from tenacity import RetryCallState

_T = TypeVar("_T")
_PAGE_KEYS = 1000  # the most that OSS lists at once

BODY_PER_SILENCE = 20
"""A whole body may take so many times as long as a silence within it: ten minutes for the half minute of the
default, where 64 MiB need 110 kB/s. Without it, one that drips would hold its thread for hours."""

logger = logging.getLogger(__name__)


class OssSource:
    """Reads the objects that one access key can see, in any number of buckets of one endpoint.

    With a region requests carry V4 signatures, else V1. Nothing is connected before the first use, which
    raises ConfigurationError where credentials or the endpoint are missing. Temporary failures (5xx, 429,
    connections and bodies that stall or break, wrong checksums) are tried `attempts` times in all, with
    random waits whose upper bound doubles from `first_wait_seconds` to `longest_wait_seconds`. The read
    timeout bounds a silence, and `BODY_PER_SILENCE` times that a whole body.

    At most `max_requests` are under way at once, on as many connections; `bytes_per_second` bounds what all
    their bodies bring together, on average. With `process`, like `image/resize,w_256`, OSS sends what it
    makes of each picture; version, time and size are still those of the object itself.
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
        max_requests: int = 32,
        bytes_per_second: int | None = None,
        process: str = "",
        connect_timeout_seconds: float = 5.0,
        read_timeout_seconds: float = 30.0,
        attempts: int = 5,
        first_wait_seconds: float = 0.5,
        longest_wait_seconds: float = 20.0,
    ) -> None:
        self._default_bucket = (default_bucket or "").strip()
        self._connection = OssConnection(
            access_key_id=access_key_id,
            access_key_secret=access_key_secret,
            session_token=session_token,
            endpoint=endpoint,
            region=region,
            pool_size=max_requests,
            timeouts=(connect_timeout_seconds, read_timeout_seconds),
        )
        self._process = process
        self._attempts = attempts
        self._waits = (first_wait_seconds, longest_wait_seconds)
        self._closing = threading.Event()
        self._turns = threading.BoundedSemaphore(max_requests)
        self._pace = Pace(bytes_per_second, self._closing)
        self._body_seconds = BODY_PER_SILENCE * read_timeout_seconds

    def canonical(self, name: str) -> str:
        """Return `oss://bucket/key`; the key is taken literally, `%` and `?` included.

        `oss:///key` names the default bucket.

        InvalidArgumentError without a bucket, with a name that no bucket can have, or when not UTF-8.
        """
        if self._default_bucket and name[6:].startswith("/"):
            name = f"oss://{self._default_bucket}{name[6:]}"
        bucket, key = split(name)
        return f"oss://{bucket}/{key}"

    def is_folder(self, uri: str) -> bool:
        """Say whether the URI is a bucket's root or ends with a slash."""
        key = split(uri)[1]
        return not key or key.endswith("/")

    def walk(self, uri: str) -> Iterator[Picture | Rejected]:
        """Yield the objects below a prefix in the order of their keys, a page at a time.

        Keys that end with a slash stand for folders and are left out. A prefix that no key begins with yields
        nothing; a listing that breaks off ends with its `Rejected`.
        """
        bucket, prefix = split(uri)
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

    def stat(self, uri: str) -> Picture | Rejected:
        """Return the object's ETag as its version."""
        try:
            key = object_key(uri)
            known = identity(self._retried(uri, lambda bucket: bucket.head_object(key)))
        except RefusedError as error:
            return Rejected(uri, error.reason, str(error))
        return Picture(uri, known.version)

    def read(self, uri: str, *, max_bytes: int, reserve: Reserve = at_once) -> Content | Rejected:
        """Return the whole object, its length and CRC-64 checked against what OSS says.

        With `process`, what OSS makes of it; only its length is checked then, as OSS says no more of it.
        """
        limits = Limits(max_bytes, self._pace, self._body_seconds)
        try:
            key = object_key(uri)
            return self._retried(uri, lambda bucket: self._content(bucket, key, reserve, limits))
        except RefusedError as error:
            return Rejected(uri, error.reason, str(error))

    def close(self) -> None:
        """Close the pooled connections and cut short all waits of ours."""
        self._closing.set()
        self._connection.close()

    def _content(self, bucket: Any, key: str, reserve: Reserve, limits: Limits) -> Content:
        if not self._process:
            return content(bucket.get_object(key), reserve, limits)
        known = identity(bucket.head_object(key))  # first, so that a change meanwhile is noticed later
        with processing(self._process, bucket.bucket_name):
            made = bucket.get_object(key, process=self._process)
        return content(made, reserve, limits, processed=known)

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

        bucket, connection = self._connection.bucket(split(uri)[0]), self._connection
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
            timeouts = connection.timeouts
            with translated(bucket=bucket.bucket_name, endpoint=connection.endpoint, timeouts=timeouts):
                return call(bucket)

        # Through all attempts, waits included: who has room for a body reserved must not wait for a turn that
        # others have, who wait for room. And a server that is overloaded gets fewer requests.
        with self._turns:
            if self._closing.is_set():
                raise RefusedError(Reason.SOURCE_ERROR, "the source was closed before it was asked")
            try:
                return retrying(once)
            except PassingError as error:
                tries = retrying.statistics["attempt_number"]
                times = f"{tries} attempts" if tries > 1 else "1 attempt"
                raise RefusedError(Reason.SOURCE_ERROR, f"{error}; given up after {times}") from error


def _log_retry(uri: str, state: "RetryCallState") -> None:
    failure = state.outcome and state.outcome.exception()
    logger.debug("%s: %s; trying again in %.4f s", uri, failure, state.upcoming_sleep)
