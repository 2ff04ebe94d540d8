"""Canonical URIs: no two paths have the same, every one leads back, and all of them are text."""

import os
import unittest

from hypothesis import example, given
from hypothesis import strategies as st

from hashindex.errors import InvalidArgumentError
from hashindex.uris import (
    PICTURE_EXTENSIONS,
    as_text,
    has_picture_extension,
    path_to_uri,
    printable,
    uri_to_path,
)
from hashindex.uris import scheme_of as scheme

# Bytes of a path, thick with what escapes are made of.
BYTES = st.lists(
    st.sampled_from(
        [bytes([value]) for value in range(1, 256)] + [b"%", b"%25", b"%FF", b"%ff", b"2", b"5", b"8"]
    )
).map(b"".join)


def path_of(name: bytes) -> str:
    return os.path.abspath(os.fsdecode(b"/" + name))


class TestPaths(unittest.TestCase):
    @given(BYTES)
    @example(b"%25")
    @example(b"%%FF\xff%FF")
    @example(b"%2525")
    @example("照片/猫.jpg".encode())
    @example(b"\xed\xb2\x80")  # a surrogate written as if it were UTF-8
    def test_any_path_leads_back_to_itself(self, name: bytes) -> None:
        path = path_of(name).replace("//", "/")
        uri = path_to_uri(path)
        self.assertEqual(uri_to_path(uri), path)
        self.assertEqual(os.fsencode(uri_to_path(uri)), os.fsencode(path))
        uri.encode()
        self.assertEqual(path_to_uri(uri_to_path(uri)), uri)

    @given(BYTES, BYTES)
    @example(b"%FF", b"\xff")
    @example(b"%25FF", b"%FF")
    @example(b"%ff", b"\xff")
    @example(b"", b"/")
    def test_different_paths_have_different_uris(self, left: bytes, right: bytes) -> None:
        same_path = path_of(left).lstrip("/") == path_of(right).lstrip("/")  # leading slashes count as one
        self.assertEqual(path_to_uri(path_of(left)) == path_to_uri(path_of(right)), same_path)

    def test_written_out(self) -> None:
        for path, uri in (
            (b"/a/b.jpg", "/a/b.jpg"),
            (b"/a//b/../c.jpg", "/a/c.jpg"),
            (b"//a/b.jpg", "/a/b.jpg"),
            (b"///a", "/a"),
            (b"/a/", "/a"),
            (b"/caf\xe9.jpg", "/caf%E9.jpg"),
            (b"/caf%E9.jpg", "/caf%25E9.jpg"),
            (b"/100%.jpg", "/100%.jpg"),
            (b"/%e9.jpg", "/%e9.jpg"),
            (b"/%25.jpg", "/%2525.jpg"),
            ("/猫 'a' \"b\"\n.jpg".encode(), "/猫 'a' \"b\"\n.jpg"),
        ):
            with self.subTest(path=path):
                self.assertEqual(path_to_uri(os.fsdecode(path)), uri)

    def test_a_relative_path_is_made_absolute(self) -> None:
        self.assertEqual(path_to_uri("a.jpg"), os.path.join(os.getcwd(), "a.jpg"))

    def test_the_empty_name_is_not_the_working_folder(self) -> None:
        with self.assertRaisesRegex(InvalidArgumentError, "the name is empty"):
            path_to_uri("")

    def test_half_a_utf16_pair_is_no_name(self) -> None:
        for name in ("/\ud800.jpg", "/\udc00", "/\udfff"):
            with self.assertRaises(InvalidArgumentError) as caught:
                path_to_uri(name)
            str(caught.exception).encode()

    @given(st.text())
    def test_whatever_can_be_printed(self, name: str) -> None:
        printable(name).encode()

    def test_text_stays_text(self) -> None:
        self.assertEqual(as_text("oss://b/猫%FF"), "oss://b/猫%FF")
        self.assertEqual(as_text("x\udcff"), "x%FF")


class TestNames(unittest.TestCase):
    def test_schemes(self) -> None:
        for name, expected in (
            ("oss://b/k", "oss"),
            ("OSS://b/k", "oss"),
            ("s3+x://b", "s3+x"),
            ("http://h/a.jpg", "http"),
            ("/a/oss://b", ""),
            ("oss:/b", ""),
            ("a.jpg", ""),
            ("://", ""),
            ("", ""),
        ):
            self.assertEqual(scheme(name), expected, name)

    def test_extensions(self) -> None:
        for name in ("a.jpg", "/a/b.JPEG", "oss://b/c.HeIc", "x.y.png", "/caf%E9.webp"):
            self.assertTrue(has_picture_extension(name), name)
        for name in ("a", "a.txt", ".jpg", "/a.jpg/b", "a.jpg~", "a.mp4", "a.svg", "a.jpg "):
            self.assertFalse(has_picture_extension(name), name)
        self.assertTrue(all(name == name.lower() for name in PICTURE_EXTENSIONS))


if __name__ == "__main__":
    unittest.main()
