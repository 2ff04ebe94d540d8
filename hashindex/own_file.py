"""A file of ours: there whole or not at all, and never in the place of somebody else's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from tempfile import TemporaryFile

from hashindex.errors import ConfigurationError, InvalidArgumentError


@dataclass(frozen=True, slots=True)
class OwnFile:
    """Where it goes, and what it is."""

    path: Path
    what: str
    """Its name in sentences: `report`."""
    begins: bytes
    """How each of its kind begins, so that a later one may take its place."""

    @property
    def target(self) -> Path:
        """Where it really lies: a link stays one."""
        return Path(os.path.realpath(self.path))

    def check(self) -> None:
        """Say before the work whether it can be written.

        InvalidArgumentError when something else stands there; ConfigurationError when its folder is missing,
        or when the disk refuses its name, or files in its folder.
        """
        folder = self.target.parent
        with self.refused():
            if not folder.is_dir():
                raise ConfigurationError(
                    f"the {self.what} cannot be written to {self.path}: {folder} is no folder; make it, or "
                    "name another file."
                )
            with suppress(FileNotFoundError):
                if not self._may_go():
                    raise InvalidArgumentError(
                        f"{self.path} holds no {self.what} of hashindex, but something else, which would be "
                        "lost; name another file."
                    )
            with TemporaryFile(dir=folder):  # it leaves nothing, whatever happens
                pass

    @contextmanager
    def drafted(self) -> Iterator[Path]:
        """Give an empty file to write: when the block ends well it gets the name, on disk.

        ConfigurationError when the disk refuses either. What it refuses in the block is for `refused`.
        """
        draft = self.target.with_name(f".hashindex-{token_hex(4)}.draft")
        try:
            with self.refused():
                draft.touch()
            yield draft
            with self.refused():
                with draft.open("r+b") as written:
                    os.fsync(written.fileno())
                draft.replace(self.target)
        finally:
            with suppress(OSError):  # after a success it has another name
                draft.unlink()

    @contextmanager
    def refused(self) -> Iterator[None]:
        """Turn what the disk refuses into a sentence: ConfigurationError."""
        try:
            yield
        except OSError as exc:
            raise ConfigurationError(
                f"the {self.what} cannot be written to {self.path}: {exc.strerror}; make room there, or name "
                "another file."
            ) from exc

    def _may_go(self) -> bool:
        """Say whether what stands there is of its kind, or empty; FileNotFoundError where nothing does."""
        if not S_ISREG(self.path.stat().st_mode):
            return False
        with self.path.open("rb") as file:
            return file.read(len(self.begins)) in (b"", self.begins)
