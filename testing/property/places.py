"""Places that change under a sync: a folder and an OSS prefix, whose listings can fail for real."""

import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import ClassVar
from unittest import mock

from hashindex.sources.interface import Source
from hashindex.sources.local import LocalSource
from testing.oss_server import BUCKET, Fault, OssServer

LONG_NAME, DEEP = "x" * 250, 17
"""A folder of so many folders in each other has a path that is longer than the system takes (4,096 bytes)."""

PAGE_KEYS = 2
"""Objects on a page of a listing, so that a few of them give several pages."""


class Place(ABC):
    """Files by name below a root."""

    folders: ClassVar[tuple[str, ...]]
    """Names of folders of every kind, each with its slash; the empty one is the root itself."""
    source: Source
    root: str
    """What is synchronised."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """Write a file; a file of other content has another version."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Delete a file."""

    @abstractmethod
    def uri(self, name: str) -> str:
        """Return a file's URI."""

    @abstractmethod
    def put_beside(self, data: bytes) -> str:
        """Write a picture whose URI begins like the root's but does not lie under it; return the URI."""

    @abstractmethod
    def failing(self, names: Collection[str], pages: int) -> AbstractContextManager[set[str]]:
        """Let listings fail inside, after some pages; gives those of the names that are listed still."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing behind."""


class FolderPlace(Place):
    """A folder. Its listing fails at a part of it whose path is too long, as root may read all others."""

    folders = ("", "a/", "a%41/b/", os.fsdecode(b"\xff/"))

    def __init__(self, too_deep: Path) -> None:
        self.source, self._too_deep = LocalSource(), too_deep
        self._parent = Path(tempfile.mkdtemp())
        self._folder = self._parent / "in %FF"
        self._folder.mkdir()
        self.root = str(self._folder)
        self._changes = count(1)

    def put(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        time = next(self._changes)  # the clock of a file system may stand still between two changes
        os.utime(path, ns=(time, time))

    def remove(self, name: str) -> None:
        (self._folder / name).unlink()

    def uri(self, name: str) -> str:
        return self.source.canonical(str(self._folder / name))

    def put_beside(self, data: bytes) -> str:
        path = self._parent / "in %FF and more.png"
        path.write_bytes(data)
        return self.source.canonical(str(path))

    @contextmanager
    def failing(self, names: Collection[str], pages: int) -> Iterator[set[str]]:
        del pages
        within = self._folder / "too deep"
        self._too_deep.rename(within)
        try:
            yield set(names)
        finally:
            within.rename(self._too_deep)

    def close(self) -> None:
        shutil.rmtree(self._parent)


@contextmanager
def too_deep_folder() -> Iterator[Path]:
    """Give a folder that cannot be walked to its end."""
    parent = Path(tempfile.mkdtemp())
    inner = os.open(parent, os.O_DIRECTORY)
    for _ in range(DEEP):
        os.mkdir(LONG_NAME, dir_fd=inner)
        deeper = os.open(LONG_NAME, os.O_DIRECTORY, dir_fd=inner)
        os.close(inner)
        inner = deeper
    os.close(inner)
    try:
        yield parent
    finally:
        shutil.rmtree(parent)


class BucketPlace(Place):
    """An OSS prefix. Its listing breaks off between two pages, or before the first."""

    folders = ("", "a/", "a%41/b/", "照片/")

    def __init__(self, server: OssServer, source: Source) -> None:
        self.source, self._server = source, server
        self.root = f"oss://{BUCKET}/in/"
        self._keys: set[str] = set()
        self._pages = mock.patch("hashindex.sources.oss._PAGE_KEYS", PAGE_KEYS)
        self._pages.start()

    def put(self, name: str, data: bytes) -> None:
        self._put(f"in/{name}", data)

    def remove(self, name: str) -> None:
        self._remove(f"in/{name}")

    def uri(self, name: str) -> str:
        return f"{self.root}{name}"

    def put_beside(self, data: bytes) -> str:
        self._put("in and more.png", data)
        return f"oss://{BUCKET}/in and more.png"

    @contextmanager
    def failing(self, names: Collection[str], pages: int) -> Iterator[set[str]]:
        """Fail from some page on, at the latest from the last one."""
        skipped = min(pages, max(0, len(names) - 1) // PAGE_KEYS)
        self._server.order(Fault(status=503, code="ServiceUnavailable"), key="", skip=skipped, times=None)
        try:
            yield set(sorted(names, key=str.encode)[: skipped * PAGE_KEYS])
        finally:
            self._server.forgive()

    def close(self) -> None:
        self._pages.stop()
        for key in list(self._keys):
            self._remove(key)

    def _put(self, key: str, data: bytes) -> None:
        self._server.put(key, data)
        self._keys.add(key)

    def _remove(self, key: str) -> None:
        self._server.buckets.remove(BUCKET, key)
        self._keys.discard(key)
