"""A source in memory, that counts what is asked of it and fails where it is told to: `memory://name`."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

from hashindex.errors import InvalidArgumentError
from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content, Picture
from hashindex.sources.interface import Reserve, at_once

SCHEME = "memory://"


class MemorySource:
    """Files by name. It passes the same contract as the real sources (testing/test_sources.py)."""

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()
        """How often each URI was read, whatever came of it."""
        self.before_read: Callable[[str], object] = lambda _: None
        self.closed = False
        self._lock = threading.Lock()
        self._files: dict[str, Content] = {}
        self._refused: dict[str, Reason] = {}
        self._changes = 0

    def put(self, name: str, data: bytes) -> str:
        """Store a file, with a version of its own; return its URI."""
        uri = self.canonical(name)
        with self._lock:
            self._changes += 1
            self._files[uri] = Content(data, version=f"v{self._changes}", modified_ms=1_000 * self._changes)
        return uri

    def remove(self, uri: str) -> None:
        """Forget a file."""
        del self._files[uri]

    def refuse(self, uri: str, reason: Reason | None) -> None:
        """From now on reject every reading of this file; with None, no longer."""
        if reason is None:
            self._refused.pop(uri, None)
        else:
            self._refused[uri] = reason

    def canonical(self, name: str) -> str:
        """Return `memory://name`."""
        if name in ("", SCHEME):
            raise InvalidArgumentError("the name is empty.")
        return name if name.startswith(SCHEME) else SCHEME + name

    def is_folder(self, uri: str) -> bool:
        """Say whether it ends with a slash."""
        return uri.endswith("/")

    def walk(self, uri: str) -> Iterator[Picture | Rejected]:
        """Yield the files whose URI begins like this, in order, with their versions."""
        for found in sorted(self._files):
            if found.startswith(uri):
                yield Picture(found, self._files[found].version)

    def stat(self, uri: str) -> Picture | Rejected:
        """Return the file's version."""
        content = self._found(uri)
        return content if isinstance(content, Rejected) else Picture(uri, content.version)

    def read(self, uri: str, *, max_bytes: int, reserve: Reserve = at_once) -> Content | Rejected:
        """Return the file, unless it is to be refused."""
        with self._lock:
            self.reads[uri] += 1
        self.before_read(uri)
        content = self._found(uri)
        if isinstance(content, Content) and len(content.data) > max_bytes:
            detail = f"{len(content.data)} bytes, but at most {max_bytes} are taken"
            return Rejected(uri, Reason.TOO_MANY_BYTES, detail)
        if isinstance(content, Content):
            reserve(len(content.data))
        return content

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _found(self, uri: str) -> Content | Rejected:
        if uri in self._refused:
            return Rejected(uri, self._refused[uri], "refused by the test")
        return self._files.get(uri) or Rejected(uri, Reason.NOT_FOUND, "there is no such file")
