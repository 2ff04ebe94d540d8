"""Pictures in files and folders."""

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content, Picture
from hashindex.sources.interface import Reserve, at_once
from hashindex.uris import path_to_uri, uri_to_path

_REASONS = {
    errno.ENOENT: (Reason.NOT_FOUND, "there is no such file"),
    errno.ENOTDIR: (Reason.NOT_FOUND, "a part of the path is not a folder"),
    errno.ELOOP: (Reason.NOT_FOUND, "the symbolic links go round in a circle"),
    errno.ENAMETOOLONG: (Reason.NOT_FOUND, "the file name is longer than the file system allows"),
    errno.EACCES: (Reason.FORBIDDEN, "reading it is not permitted"),
    errno.EPERM: (Reason.FORBIDDEN, "reading it is not permitted"),
}


class LocalSource:
    """Reads the file system. URIs are absolute paths, as `hashindex.uris` writes them."""

    def canonical(self, name: str) -> str:
        """Return the absolute normalised path, percent-encoded where it is not UTF-8.

        InvalidArgumentError when the name is empty.
        """
        return path_to_uri(name)

    def is_folder(self, uri: str) -> bool:
        """Ask the file system."""
        return os.path.isdir(uri_to_path(uri))  # Path.is_dir raises over long names and closed folders

    def walk(self, uri: str) -> Iterator[Picture | Rejected]:
        """Yield the files below a folder, those behind links to folders last; each folder is entered once."""
        entered: set[tuple[int, int]] = set()
        folders, linked = deque([uri_to_path(uri)]), deque[str]()
        while folders or linked:
            folder = folders.popleft() if folders else linked.popleft()
            try:
                status = os.stat(folder)  # a path with undecodable bytes stays a str
                if (status.st_dev, status.st_ino) in entered:
                    continue
                entered.add((status.st_dev, status.st_ino))
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if not _is_folder(entry):
                            yield Picture(path_to_uri(entry.path), _version_of(entry))
                        elif entry.is_symlink():
                            linked.append(entry.path)
                        else:
                            folders.append(entry.path)
            except OSError as exc:
                yield _rejected(path_to_uri(folder), exc)

    def stat(self, uri: str) -> Picture | Rejected:
        """Return the file's modification time and size as its version."""
        try:
            status = os.stat(uri_to_path(uri))
        except (OSError, ValueError) as exc:
            return _rejected(uri, exc)
        return _not_a_file(uri, status) or Picture(uri, _version(status))

    def read(self, uri: str, *, max_bytes: int, reserve: Reserve = at_once) -> Content | Rejected:
        """Read the whole file."""
        path = uri_to_path(uri)
        try:
            refused = _not_a_file(uri, os.stat(path))  # first, as opening a device can set it in motion
            if refused:
                return refused
            with open(path, "rb", opener=_opened_without_waiting) as file:
                status = os.fstat(file.fileno())
                refused = _not_a_file(uri, status)
                if refused:
                    return refused
                reserve(min(status.st_size, max_bytes))
                data = file.read(status.st_size + 1) if status.st_size <= max_bytes else b""
                if len(data) > status.st_size:  # it grows meanwhile
                    data += file.read(max_bytes + 1 - len(data))
        except (OSError, ValueError) as exc:
            return _rejected(uri, exc)
        if status.st_size > max_bytes or len(data) > max_bytes:
            detail = f"{max(status.st_size, len(data))} bytes, but at most {max_bytes} are taken"
            return Rejected(uri, Reason.TOO_MANY_BYTES, detail)
        return Content(data, version=_version(status), modified_ms=max(0, status.st_mtime_ns // 1_000_000))

    def close(self) -> None:
        """Nothing to give back."""


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads nowhere: what is wrong with it is said when it is read
        return False


def _version_of(entry: os.DirEntry[str]) -> str | None:
    try:
        return _version(entry.stat())
    except OSError:  # as above
        return None


def _opened_without_waiting(path: str, flags: int) -> int:
    """Open; should it have become a named pipe since it was looked at, no writer is waited for."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _version(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns}-{status.st_size}"


def _not_a_file(uri: str, status: os.stat_result) -> Rejected | None:
    if stat.S_ISREG(status.st_mode):
        return None
    return Rejected(uri, Reason.UNSUPPORTED, "it is not a regular file")


def _rejected(uri: str, exc: OSError | ValueError) -> Rejected:
    if not isinstance(exc, OSError):  # a NUL in the name
        return Rejected(uri, Reason.NOT_FOUND, "no file can have this name")
    reason, detail = _REASONS.get(exc.errno or 0, (Reason.SOURCE_ERROR, f"{exc.strerror}"))
    return Rejected(uri, reason, detail)
