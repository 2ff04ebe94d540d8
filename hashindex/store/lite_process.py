"""The process behind a Milvus Lite file: started, owned, watched and stopped by us.

milvus-lite's own starter waits a fixed half second, hands the child our stdout and lets Ctrl-C and a closed
stderr kill it (measured with 2.5.1). So we run its program ourselves, under the locks of `lite_locks`.
"""

import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from hashindex.errors import ConfigurationError, StoreDamagedError, StoreUnavailableError
from hashindex.store.lite_locks import locked_for_child, owned, stands
from hashindex.store.lite_place import check_database

_log = logging.getLogger(__name__)

START_SECONDS = 30.0
"""How long the process may take to answer."""

STOP_SECONDS = 5.0
_POLL_SECONDS = 0.005
_SOCKET_FOLDER = re.compile(r"[A-Za-z0-9._/-]{1,100}")  # a socket's path has at most 107; gRPC decodes a URI


class LiteProcess:
    """A running Milvus Lite over one file, which nobody else has open until `stop`."""

    def __init__(self, file: Path, wait_seconds: float) -> None:
        """Wait so long for another process that has the file open."""
        self._file, self._wait_seconds = file, wait_seconds
        self._undo = ExitStack()
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: IO[bytes] | None = None
        self._parent = os.getpid()

    @property
    def address(self) -> str:
        """Where it listens, in gRPC's form."""
        return f"unix:{self._folder / 's'}"

    @property
    def alive(self) -> bool:
        """Whether it runs, and still keeps other programs out."""
        return (
            self._process is not None
            and self._process.poll() is None
            and self._guard is not None
            and stands(self._guard)
        )

    def start(self) -> None:
        """Take the locks, start the process and wait until it answers.

        StoreUnavailableError when another process has the file open and keeps it; StoreDamagedError when
        Lite cannot read it; ConfigurationError when it belongs to another program.
        """
        with ExitStack() as undo:
            owner = undo.enter_context(owned(self._file, self._wait_seconds))
            self._guard = undo.enter_context(locked_for_child(self._file))
            check_database(self._file)
            self._folder = _short_folder()
            undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._process = self._spawn(owner, self._guard)
            undo.callback(self._end)
            self._await_answer()
            self._undo = undo.pop_all()

    def stop(self) -> None:
        """End the process and give the file free; can be repeated. A forked copy gives nothing back."""
        if os.getpid() == self._parent:
            self._undo.close()

    def end_now(self) -> None:
        """Kill the process, so that a call which waits for it fails; its caller cleans up."""
        if self._process is not None:
            self._process.kill()

    def kill(self) -> None:
        """End the process at once: what it has in memory is not to be believed any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.stop()

    def _spawn(self, owner: IO[bytes], guard: IO[bytes]) -> "subprocess.Popen[bytes]":
        library = _library()
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": str(library),
            "DYLD_LIBRARY_PATH": str(library),
            "HOME": str(self._folder),  # it keeps a cache there, and does not start without one
            "GLOG_log_dir": str(self._folder),
            "GLOG_minloglevel": "2",
        }
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603  # the package's own program, and paths that we made
                [str(library / "milvus"), str(self._file), self.address, "ERROR", guard.name],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[owner.fileno()],
                start_new_session=True,  # out of reach of Ctrl-C
            )

    def _await_answer(self) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise self._start_failed()
            with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
                probe.connect(self.address.removeprefix("unix:"))
                return
            time.sleep(_POLL_SECONDS)
        raise StoreUnavailableError(
            f"{self._file}: Milvus Lite did not answer within {START_SECONDS:.0f} s; try again."
        )

    def _start_failed(self) -> Exception:
        said = (self._folder / "log").read_text(errors="replace")
        if "database is locked" in said:
            return StoreUnavailableError(
                f"{self._file} is locked by a program that reads it as an SQLite file; close that one first."
            )
        if "not a database" in said or "malformed" in said:
            return StoreDamagedError(
                f"{self._file} is damaged or no index of Milvus Lite; restore a backup, or name another."
            )
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        return StoreUnavailableError(f"{self._file}: Milvus Lite did not start: {last[0]}.")

    def _end(self) -> None:
        """End the child; SQLite bears that at any moment, and nothing acknowledged is still under way."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        try:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _log.debug("Milvus Lite did not end by itself and is killed")
        finally:
            process.kill()
            process.wait()


def _library() -> Path:
    found = find_spec("milvus_lite")
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError(
            "Milvus Lite is not installed (there is none for Windows); name a server with --milvus-uri."
        )
    return Path(found.submodule_search_locations[0]) / "lib"


def _short_folder() -> Path:
    """Make a private folder whose path can be part of a socket's address."""
    folder = Path(tempfile.mkdtemp(prefix="hashindex-"))
    if _SOCKET_FOLDER.fullmatch(str(folder)):
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="hashindex-", dir="/tmp"))  # private all the same
