"""Cases against the OSS server of the tests: a source that tries again at once, over one object."""

import logging
import os
import threading
import unittest
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest import mock

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content
from hashindex.sources.oss import OssSource
from testing.oss_server import BUCKET, CREDENTIALS, LOOPBACK, REGION, OssServer

DATA = bytes(range(256)) * 8  # 2,048 bytes
URI = f"oss://{BUCKET}/a/cat.jpg"
KEY = "a/cat.jpg"
MAX_BYTES = 1_000_000
ATTEMPTS = 3


def oss_source(server: OssServer | None, **changes: Any) -> OssSource:
    known = server.credentials if server else CREDENTIALS
    settings: dict[str, Any] = {
        "access_key_id": known.access_key_id,
        "access_key_secret": known.access_key_secret,
        "session_token": known.session_token,
        "endpoint": server.endpoint if server else None,
        "region": REGION,
        "connect_timeout_seconds": 2.0,
        "read_timeout_seconds": 5.0,
        "attempts": ATTEMPTS,
        "first_wait_seconds": 0.001,
    }
    return OssSource(**(settings | changes))


@contextmanager
def retry_announced() -> Iterator[threading.Event]:
    """Give an event that is set when a source says that it is about to wait and try again."""
    announced = threading.Event()

    def announce(record: logging.LogRecord) -> bool:
        if "trying again" in record.getMessage():
            announced.set()
        return True

    log = logging.getLogger("hashindex.sources.oss")
    level = log.level
    log.addFilter(announce)
    log.setLevel(logging.DEBUG)
    try:
        yield announced
    finally:
        log.setLevel(level)
        log.removeFilter(announce)


class OssTestCase(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(mock.patch.dict(os.environ, {"NO_PROXY": LOOPBACK, "no_proxy": LOOPBACK}))
        self.server = self.enterContext(OssServer())
        self.server.put(KEY, DATA)
        self.source = self.enterContext(closing(oss_source(self.server)))

    def opened(self, **changes: Any) -> OssSource:
        return self.enterContext(closing(oss_source(self.server, **changes)))

    def assert_read(self, source: OssSource, uri: str = URI, data: bytes = DATA) -> Content:
        content = source.read(uri, max_bytes=MAX_BYTES)
        assert isinstance(content, Content), content
        self.assertEqual(content.data, data)
        return content

    def assert_rejected(self, answer: object, reason: Reason, detail: str, uri: str = URI) -> None:
        self.assertEqual(answer, Rejected(uri, reason, detail))

    def assert_read_fails(self, reason: Reason, detail: str, **changes: Any) -> None:
        source = self.opened(**changes) if changes else self.source
        self.assert_rejected(source.read(URI, max_bytes=MAX_BYTES), reason, detail)
