"""What every source does, as tests that a TestCase takes on by naming how to make its source."""

import inspect
import unittest
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content, Picture
from hashindex.sources.interface import Source
from hashindex.uris import as_text

MAX_BYTES = 100_000
DATA = bytes(range(256)) * 8

NAMES = (
    "plain.jpg",
    "sub/folder/deep.png",
    "no extension",
    "照片 猫.jpg",
    "quote'\".jpg",
    "new\nline\ttab.jpg",
    "100%.jpg",
    "%41.jpg",
    "%FF.jpg",
    "a?b=c&d#e.jpg",
    "back\\slash;[x]*.jpg",
    "\N{GRINNING FACE}.jpg",
)


class SourceContract(unittest.TestCase):
    """Subclasses name a source, how to put files into it, and a folder that holds exactly these."""

    source: Source

    @abstractmethod
    def put(self, name: str, data: bytes) -> str:
        """Store a file in the folder; return what a caller would name it."""

    @abstractmethod
    def folder(self) -> str:
        """Return what a caller would name the folder."""

    def uri(self, name: str, data: bytes = DATA) -> str:
        return self.source.canonical(self.put(name, data))

    def content(self, uri: str) -> Content:
        found = self.source.read(uri, max_bytes=MAX_BYTES)
        assert isinstance(found, Content), found
        return found

    def version(self, uri: str) -> str | None:
        found = self.source.stat(uri)
        assert isinstance(found, Picture), found
        self.assertEqual(found.uri, uri)
        return found.version

    def test_what_is_put_is_read(self) -> None:
        for number, name in enumerate(NAMES):
            with self.subTest(name=name):
                data = DATA + bytes([number])
                uri = self.uri(name, data)
                content = self.content(uri)
                self.assertEqual(content.data, data)
                self.assertEqual(content.version, self.version(uri))
                self.assertTrue(0 < len(content.version) <= 64)
                self.assertGreater(content.modified_ms, 0)
                self.assertFalse(self.source.is_folder(uri))

    def test_uris_are_text_and_all_different(self) -> None:
        uris = [self.uri(name) for name in NAMES]
        self.assertEqual(len(set(uris)), len(NAMES))
        for uri in uris:
            self.assertEqual(as_text(uri), uri)

    def test_a_walk_yields_every_file_once_lazily_whatever_its_name(self) -> None:
        expected = sorted(self.uri(name) for name in NAMES)
        folder = self.source.canonical(self.folder())
        self.assertTrue(self.source.is_folder(folder))
        walk = self.source.walk(folder)
        self.assertTrue(inspect.isgenerator(walk))
        found = list(walk)
        self.assertEqual(sorted(item.uri or "" for item in found), expected)
        for item in found:
            assert isinstance(item, Picture), item
            self.assertIn(item.version, (None, self.version(item.uri)))
            self.assertEqual(self.content(item.uri).data, DATA)

    def test_an_empty_folder_yields_nothing(self) -> None:
        """And no reject: it was listed whole."""
        self.assertEqual(list(self.source.walk(self.source.canonical(self.folder()))), [])

    def test_a_change_changes_the_version(self) -> None:
        uri = self.uri("a.jpg")
        before = self.content(uri).version
        self.assertEqual(self.version(uri), before)
        self.put("a.jpg", DATA + b"more")
        self.assertNotEqual(self.version(uri), before)
        self.assertEqual(self.content(uri).data, DATA + b"more")

    def test_an_empty_file(self) -> None:
        self.assertEqual(self.content(self.uri("empty.jpg", b"")).data, b"")

    def test_too_many_bytes(self) -> None:
        uri = self.uri("a.jpg")
        self.assertIsInstance(self.source.read(uri, max_bytes=len(DATA)), Content)
        found = self.source.read(uri, max_bytes=len(DATA) - 1)
        assert isinstance(found, Rejected), found
        self.assertEqual((found.uri, found.reason), (uri, Reason.TOO_MANY_BYTES))
        self.assertRegex(found.detail, r"\d+ bytes, but at most 2047 are taken")

    def test_what_does_not_exist(self) -> None:
        self.uri("a.jpg")
        missing = self.source.canonical(self.put("b.jpg", DATA).replace("b.jpg", "missing.jpg"))
        self.assertFalse(self.source.is_folder(missing))
        for found in (self.source.stat(missing), self.source.read(missing, max_bytes=MAX_BYTES)):
            assert isinstance(found, Rejected), found
            self.assertEqual((found.uri, found.reason), (missing, Reason.NOT_FOUND))

    def test_from_several_threads(self) -> None:
        uris = [self.uri(f"{number}.jpg", DATA + bytes([number])) for number in range(20)]
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(self.content, uris * 3))
        self.assertEqual([content.data[-1] for content in found], [*range(20)] * 3)
