"""The port through which pictures come in."""

from collections.abc import Callable, Iterator
from typing import Protocol

from hashindex.outcomes import Rejected
from hashindex.records import Content, Picture

Reserve = Callable[[int], object]
"""What a source calls with the number of bytes that it is about to hold; `max_bytes` where it cannot know."""


def at_once(size: int) -> None:
    """Let any content be read at once."""
    del size


class Source(Protocol):
    """A place where pictures lie; every method may be called from several threads at once.

    Pictures that cannot be had come back as `Rejected`; an exception (ConfigurationError) means that no
    picture of this source can be had before something is mended.
    """

    def canonical(self, name: str) -> str:
        """Return the canonical URI of what a caller named, valid UTF-8; no I/O.

        InvalidArgumentError when nothing can have this name.
        """

    def is_folder(self, uri: str) -> bool:
        """Say whether `uri` names a folder or prefix to walk rather than one picture."""

    def walk(self, uri: str) -> Iterator[Picture | Rejected]:
        """Yield every file or object below a folder or prefix, lazily, whatever its name.

        A part that cannot be listed yields a `Rejected` in its place, so a walk without one was whole.
        """

    def stat(self, uri: str) -> Picture | Rejected:
        """Return the picture with its version, without reading it."""

    def read(self, uri: str, *, max_bytes: int, reserve: Reserve = at_once) -> Content | Rejected:
        """Return the whole content; never reads more than `max_bytes` + 1 bytes of it.

        `reserve(size)` is called before its bytes are read into memory, and again when they are read again;
        it may wait.
        """

    def close(self) -> None:
        """Give back connections; the source is not used afterwards."""
