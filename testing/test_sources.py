"""The contract of sources, kept by local folders, OSS, the routed source and the fake of the tests."""

import os
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path

from hashindex.errors import InvalidArgumentError
from hashindex.outcomes import Reason, Rejected
from hashindex.sources.local import LocalSource
from hashindex.sources.oss import OssSource
from hashindex.sources.routing import RoutedSource
from testing.contracts.source import MAX_BYTES, SourceContract
from testing.memory_source import MemorySource
from testing.oss_server import BUCKET, REGION, OssServer


class TestMemorySource(SourceContract):
    def setUp(self) -> None:
        self.memory = self.source = MemorySource()

    def put(self, name: str, data: bytes) -> str:
        return self.memory.put(f"here/{name}", data)

    def folder(self) -> str:
        return "here/"


class TestLocalSource(SourceContract):
    def setUp(self) -> None:
        self.source = LocalSource()
        self.place = self.enterContext(tempfile.TemporaryDirectory())

    def put(self, name: str, data: bytes) -> str:
        path = Path(self.place, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def folder(self) -> str:
        return self.place


class TestOssSource(SourceContract):
    def setUp(self) -> None:
        stack = self.enterContext(ExitStack())
        self.server = stack.enter_context(OssServer())
        self.source = OssSource(
            access_key_id=self.server.credentials.access_key_id,
            access_key_secret=self.server.credentials.access_key_secret,
            endpoint=self.server.endpoint,
            region=REGION,
            attempts=1,
        )
        stack.callback(self.source.close)

    def put(self, name: str, data: bytes) -> str:
        self.server.put(f"here/{name}", data)
        return f"oss://{BUCKET}/here/{name}"

    def folder(self) -> str:
        return f"oss://{BUCKET}/here/"


class TestRoutedSource(TestLocalSource):
    def setUp(self) -> None:
        super().setUp()
        self.memory = MemorySource()
        self.source = RoutedSource({"": LocalSource(), "memory": self.memory})

    def test_each_scheme_goes_to_its_own_source(self) -> None:
        self.memory.put("a.jpg", b"1")
        self.assertEqual(self.source.canonical("memory://a.jpg"), "memory://a.jpg")
        self.assertEqual(self.content("memory://a.jpg").data, b"1")
        self.assertTrue(self.source.is_folder("memory://sub/"))

    def test_an_unknown_scheme_is_a_reject_and_never_an_error(self) -> None:
        for name in ("s3://b/a.jpg", "file:///a.jpg", "HTTP://h/a.jpg", os.fsdecode(b"ftp://\xff.jpg")):
            uri = self.source.canonical(name)
            uri.encode()
            self.assertFalse(self.source.is_folder(uri))
            for found in (
                self.source.stat(uri),
                self.source.read(uri, max_bytes=MAX_BYTES),
                *self.source.walk(uri),
            ):
                assert isinstance(found, Rejected), found
                self.assertEqual((found.uri, found.reason), (uri, Reason.UNSUPPORTED))
                self.assertIn("is not a source that hashindex knows; use a path or memory://", found.detail)

    def test_closing_it_closes_them(self) -> None:
        self.source.close()
        self.assertTrue(self.memory.closed)


class TestNames(unittest.TestCase):
    def test_what_nothing_can_be_called(self) -> None:
        for source in (LocalSource(), MemorySource(), OssSource()):
            with self.assertRaises(InvalidArgumentError):
                source.canonical("oss://" if isinstance(source, OssSource) else "")


del SourceContract  # it is not a test case itself


if __name__ == "__main__":
    unittest.main()
