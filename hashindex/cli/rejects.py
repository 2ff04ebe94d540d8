"""The rejects file: a line of JSON for each picture that was not taken, to go back in as a manifest."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hashindex.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    from hashindex.outcomes import Reject


class RejectsFile:
    """Where rejects are written down, each at once. What an earlier run left is replaced by `begin`."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file

    def begin(self) -> None:
        """Empty it: from here on it tells of this run."""
        if self._path.is_file():  # not a pipe or a device
            self._file.truncate(0)

    def write(self, item: "Reject") -> None:
        """Add one; ConfigurationError when the disk does not take it."""
        values = {
            "uri": item.rejected.uri,
            "company_id": item.company_id,
            "meta_id": item.meta_id,
            "line": item.line,
            "reason": item.rejected.reason.value,
            "detail": item.rejected.detail,
        }
        try:
            self._file.write(json.dumps(values, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as exc:
            raise _unwritable(self._path, exc) from exc


@contextmanager
def rejects_file(path: Path | None, manifest: str | None) -> Iterator[RejectsFile | None]:
    """Open it, without changing yet what is in it; never over the manifest, a picture or an index."""
    if path is None:
        yield None
        return
    if path.is_file():
        _check_replaceable(path, manifest)
    try:
        # Nothing that a detail may quote of a name stops the run.
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    try:
        yield RejectsFile(path, file)
    finally:
        with suppress(OSError):  # what could not be written has been said
            file.close()


def _check_replaceable(path: Path, manifest: str | None) -> None:
    read = sys.stdin.fileno() if manifest == "-" else manifest
    if read is not None and os.path.samestat(os.stat(read), path.stat()):
        raise InvalidArgumentError(
            f"--rejects {path} is the file that is read, which would be lost; name another file."
        )
    with path.open("rb") as file:
        if file.read(1) not in (b"", b"{"):
            raise InvalidArgumentError(
                f"--rejects {path} holds something else than rejects, which would be lost; name another file."
            )


def _unwritable(path: Path, exc: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the rejects cannot be written to {path}: {exc.strerror}; make room there, or name another file."
    )
