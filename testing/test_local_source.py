"""Local files and folders at their worst: loops, pipes, devices, closed folders, odd names."""

import os
import socket
import stat
import tempfile
import threading
import tracemalloc
import unittest
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from unittest import mock

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content, Picture
from hashindex.sources.local import LocalSource
from testing.waiting import SECONDS

MAX_BYTES = 1_000
NOBODY = 65_534


@contextmanager
def without_privileges() -> Iterator[None]:
    """Let permissions count, also where the tests run as root."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class LocalCase(unittest.TestCase):
    def setUp(self) -> None:
        self.source = LocalSource()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder.chmod(0o755)

    def write(self, name: str, data: bytes = b"1") -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def walked(self) -> list[Picture | Rejected]:
        return list(self.source.walk(str(self.folder)))

    def names(self) -> list[str]:
        return sorted(os.path.relpath(item.uri or "", self.folder) for item in self.walked())

    def read(self, path: str | Path) -> Content | Rejected:
        """Read in a thread, so that a hang fails the test instead of stopping it."""
        found: list[Content | Rejected] = []
        uri = self.source.canonical(str(path))
        thread = threading.Thread(
            target=lambda: found.append(self.source.read(uri, max_bytes=MAX_BYTES)), daemon=True
        )
        thread.start()
        thread.join(SECONDS)
        self.assertTrue(found, f"reading {path} hangs")
        return found[0]

    def check_rejected(self, path: str | Path, reason: Reason, detail: str) -> None:
        """Both reading it and asking for its version give this reject, under its own URI."""
        uri = self.source.canonical(str(path))
        for found in (self.read(path), self.source.stat(uri)):
            self.assertEqual(found, Rejected(uri, reason, detail))


class TestWalk(LocalCase):
    def test_links_in_circles(self) -> None:
        self.write("a.jpg")
        self.write("sub/b.jpg")
        (self.folder / "sub" / "up").symlink_to(self.folder)
        (self.folder / "sub" / "here").symlink_to(".")
        (self.folder / "again").symlink_to("sub")
        self.assertEqual(self.names(), ["a.jpg", "sub/b.jpg"])

    def test_a_link_to_itself_is_said_and_costs_no_other_file(self) -> None:
        for number in range(50):
            self.write(f"{number}.jpg")
        (self.folder / "loop.jpg").symlink_to("loop.jpg")
        self.assertEqual(len(self.walked()), 51)
        self.check_rejected(
            self.folder / "loop.jpg", Reason.NOT_FOUND, "the symbolic links go round in a circle"
        )

    def test_a_folder_behind_a_link_is_entered_once(self) -> None:
        with tempfile.TemporaryDirectory() as elsewhere:
            Path(elsewhere, "far.jpg").write_bytes(b"1")
            (self.folder / "one").symlink_to(elsewhere)
            (self.folder / "two").symlink_to(elsewhere)
            found = self.names()
        self.assertIn(found, (["one/far.jpg"], ["two/far.jpg"]))

    def test_a_real_folder_goes_before_a_link_to_it(self) -> None:
        self.write("zoo/a.jpg")
        for name in ("a", "b", "c"):
            (self.folder / name).symlink_to("zoo")
        self.assertEqual(self.names(), ["zoo/a.jpg"])

    def test_links_to_files_are_files_and_broken_ones_are_said(self) -> None:
        self.write("a.jpg", b"one")
        (self.folder / "link.jpg").symlink_to("a.jpg")
        (self.folder / "broken.jpg").symlink_to("nowhere.jpg")
        self.assertEqual(self.names(), ["a.jpg", "broken.jpg", "link.jpg"])
        found = self.read(self.folder / "link.jpg")
        assert isinstance(found, Content), found
        self.assertEqual(found.data, b"one")
        self.check_rejected(self.folder / "broken.jpg", Reason.NOT_FOUND, "there is no such file")

    def test_a_folder_that_cannot_be_read_is_said_and_the_rest_goes_on(self) -> None:
        for name in ("a/1.jpg", "closed/2.jpg", "z/3.jpg"):
            self.write(name)
        closed = self.folder / "closed"
        closed.chmod(0)
        self.addCleanup(closed.chmod, 0o755)
        with without_privileges():
            found = self.walked()
        self.assertIn(Rejected(str(closed), Reason.FORBIDDEN, "reading it is not permitted"), found)
        pictures = sorted(item.uri for item in found if isinstance(item, Picture))
        self.assertEqual(pictures, [str(self.folder / "a/1.jpg"), str(self.folder / "z/3.jpg")])

    def test_a_link_into_a_closed_folder_costs_no_other_file(self) -> None:
        with tempfile.TemporaryDirectory() as closed:
            Path(closed, "in").mkdir()
            (self.folder / "link.jpg").symlink_to(Path(closed, "in"))
            for number in range(20):
                self.write(f"{number}.jpg")
            with without_privileges():
                found = self.walked()
        self.assertEqual(len(found), 21)

    def test_a_folder_that_goes_away_meanwhile_is_said(self) -> None:
        self.write("a.jpg")
        self.write("sub/b.jpg")
        walk = self.source.walk(str(self.folder))
        first = [next(walk)]
        (self.folder / "sub" / "b.jpg").unlink()
        (self.folder / "sub").rmdir()
        rest = [*first, *walk]
        self.assertIn(Rejected(str(self.folder / "sub"), Reason.NOT_FOUND, "there is no such file"), rest)

    def test_a_listing_that_breaks_off_is_said(self) -> None:
        for number in range(5):
            self.write(f"{number}.jpg")
        real = os.scandir

        class Breaking:
            def __init__(self, folder: str) -> None:
                self.entries = real(folder)

            def __enter__(self) -> Iterator[os.DirEntry[str]]:
                yield from islice(self.entries, 2)
                raise OSError(5, "Input/output error")

            def __exit__(self, *_: object) -> None:
                self.entries.close()

        with mock.patch("os.scandir", Breaking):  # no disk breaks to order
            found = self.walked()
        self.assertEqual(len(found), 3)
        self.assertEqual(found[2], Rejected(str(self.folder), Reason.SOURCE_ERROR, "Input/output error"))

    def test_deep_trees(self) -> None:
        path = self.folder
        for _ in range(300):
            path /= "d"
        path.mkdir(parents=True)
        (path / "a.jpg").write_bytes(b"1")
        self.assertEqual(len(self.walked()), 1)

    def test_pipes_and_sockets_are_found_and_said(self) -> None:
        os.mkfifo(self.folder / "pipe.jpg")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(self.folder / "socket.jpg"))
            self.assertEqual(self.names(), ["pipe.jpg", "socket.jpg"])


class TestRead(LocalCase):
    def test_what_is_no_regular_file_never_hangs(self) -> None:
        os.mkfifo(self.folder / "pipe.jpg")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(self.folder / "socket.jpg"))
            for path in (
                self.folder / "pipe.jpg",
                self.folder / "socket.jpg",
                self.folder,
                "/dev/zero",
                "/dev/tty",
            ):
                with self.subTest(path=path):
                    self.check_rejected(path, Reason.UNSUPPORTED, "it is not a regular file")

    def test_devices_are_not_even_opened(self) -> None:
        with mock.patch("os.open", side_effect=AssertionError("it was opened")):
            self.read("/dev/zero")

    def test_a_pipe_that_takes_the_place_of_a_file_never_hangs(self) -> None:
        path = self.write("a.jpg")
        status = os.stat(path)
        os.unlink(path)
        os.mkfifo(path)
        with mock.patch("os.stat", return_value=status):  # as it was a moment ago
            found = self.read(path)
        self.assertEqual(found, Rejected(path, Reason.UNSUPPORTED, "it is not a regular file"))

    def test_names_that_no_file_can_have(self) -> None:
        for name, detail in (
            ("a" * 300 + ".jpg", "the file name is longer than the file system allows"),
            ("d/" * 3_000 + "a.jpg", "the file name is longer than the file system allows"),
            ("a\0.jpg", "no file can have this name"),
        ):
            with self.subTest(name=name[:10]):
                path = f"{self.folder}/{name}"
                self.assertFalse(self.source.is_folder(self.source.canonical(path)))
                self.check_rejected(path, Reason.NOT_FOUND, detail)

    def test_a_file_in_a_file(self) -> None:
        self.check_rejected(
            self.write("a.jpg") + "/b.jpg", Reason.NOT_FOUND, "a part of the path is not a folder"
        )

    def test_files_that_may_not_be_read(self) -> None:
        path = self.write("a.jpg")
        os.chmod(path, 0)
        with without_privileges():
            found = self.source.read(path, max_bytes=MAX_BYTES)
        self.assertEqual(found, Rejected(path, Reason.FORBIDDEN, "reading it is not permitted"))

    def test_files_in_a_closed_folder(self) -> None:
        path = self.write("closed/a.jpg")
        (self.folder / "closed").chmod(0)
        self.addCleanup((self.folder / "closed").chmod, 0o755)
        with without_privileges():
            self.assertFalse(self.source.is_folder(path))
            for found in (self.source.read(path, max_bytes=MAX_BYTES), self.source.stat(path)):
                self.assertEqual(found, Rejected(path, Reason.FORBIDDEN, "reading it is not permitted"))

    def test_undecodable_and_percent_names_are_different_files(self) -> None:
        for name, data in ((b"\xff.jpg", b"byte"), (b"%FF.jpg", b"text"), (b"%25FF.jpg", b"more")):
            with suppress(OSError):  # not every file system takes the first
                Path(os.fsdecode(os.fsencode(self.folder) + b"/" + name)).write_bytes(data)
        found = self.walked()
        contents = {item.uri: self.read_uri(item.uri or "") for item in found}
        folder = str(self.folder)
        self.assertEqual(contents[f"{folder}/%25FF.jpg"], b"text")
        self.assertEqual(contents[f"{folder}/%2525FF.jpg"], b"more")
        if len(found) == 3:
            self.assertEqual(contents[f"{folder}/%FF.jpg"], b"byte")

    def read_uri(self, uri: str) -> bytes:
        found = self.source.read(uri, max_bytes=MAX_BYTES)
        assert isinstance(found, Content), found
        return found.data

    def test_a_file_that_grows_while_it_is_read(self) -> None:
        path = self.write("a.jpg", b"x" * 10)
        real = os.fstat

        def grown(descriptor: int) -> os.stat_result:
            status = real(descriptor)
            with open(path, "ab") as file:
                file.write(b"x" * 3_000)
            return status

        with mock.patch("os.fstat", grown):
            found = self.source.read(path, max_bytes=5_000)
            assert isinstance(found, Content), found
            self.assertEqual((len(found.data), found.version.partition("-")[2]), (3_010, "10"))
            found = self.source.read(path, max_bytes=5_000)
        assert isinstance(found, Rejected), found
        self.assertEqual(found.detail, "5001 bytes, but at most 5000 are taken")

    def test_a_file_of_unlimited_size_is_not_read(self) -> None:
        path = self.folder / "huge.jpg"
        with path.open("wb") as file:
            file.truncate(1 << 40)
        found = self.read(path)
        assert isinstance(found, Rejected), found
        self.assertEqual(found.detail, f"{1 << 40} bytes, but at most 1000 are taken")

    def test_a_small_file_takes_little_memory_however_high_the_limit(self) -> None:
        path = self.write("a.jpg", b"x" * 1_000)
        tracemalloc.start()
        try:
            self.source.read(path, max_bytes=1 << 26)
            self.assertLess(tracemalloc.get_traced_memory()[1], 1 << 20)
        finally:
            tracemalloc.stop()

    def test_the_version_is_time_and_size(self) -> None:
        path = self.write("a.jpg", b"123")
        os.utime(path, ns=(1, 1_700_000_000_123_456_789))
        found = self.read(path)
        assert isinstance(found, Content), found
        self.assertEqual((found.version, found.modified_ms), ("1700000000123456789-3", 1_700_000_000_123))
        os.utime(path, ns=(1, -5_000_000_000))  # before 1970
        found = self.read(path)
        assert isinstance(found, Content), found
        self.assertEqual((found.version, found.modified_ms), ("-5000000000-3", 0))

    def test_no_descriptor_is_left_open(self) -> None:
        os.mkfifo(self.folder / "pipe.jpg")
        self.write("a.jpg")
        before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        for _ in range(20):
            for name in ("a.jpg", "pipe.jpg", "missing.jpg"):
                self.source.read(f"{self.folder}/{name}", max_bytes=MAX_BYTES)
            self.walked()
        after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        self.assertEqual(before, after)

    def test_the_temporary_folder_is_what_it_seems(self) -> None:
        """So that the tests of permissions test something."""
        path = self.write("a.jpg")
        os.chmod(path, 0)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0)
        with without_privileges(), self.assertRaises(PermissionError):
            Path(path).read_bytes()


if __name__ == "__main__":
    unittest.main()
