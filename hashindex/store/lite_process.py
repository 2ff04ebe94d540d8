"""The process behind a Milvus Lite file: started, owned, watched and stopped by us.

milvus-lite's own starter waits a fixed half second, hands the child our stdout, lets Ctrl-C and a closed
stderr kill it, and when a second program is refused removes the lock of the first, so that a third gets in
(all measured with 2.5.1). So we run its program ourselves, under two locks: the one that its starter takes,
which the child watches and which keeps other programs out, and one of ours that the child inherits. Ours is
held until parent *and* child have ended: a child that outlives a killed parent finishes its write first.
"""

import fcntl
import os
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

START_SECONDS = 30.0
"""How long the process may take to answer."""

ORPHAN_SECONDS = 10.0
"""How long to wait for the child of a process that has died to finish what it was writing."""

STOP_SECONDS = 5.0
_POLL_SECONDS = 0.005
_SOCKET_BYTES = 100  # a Unix socket's path has at most 107


class LiteProcess:
    """A running Milvus Lite over one file, which nobody else has open until `stop`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._undo = ExitStack()
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens, in gRPC's form."""
        return f"unix:{self._folder / 's'}"

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Take the locks, start the process and wait until it answers.

        StoreUnavailableError when another process has the file open; StoreDamagedError when Lite cannot
        read it.
        """
        with ExitStack() as undo:
            owner = undo.enter_context(_locked_by_us(self._file))
            guard = undo.enter_context(_locked_for_child(self._file))
            self._folder = _short_folder()
            undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._process = self._spawn(owner, guard)
            undo.callback(self._end)
            self._await_answer()
            self._undo = undo.pop_all()

    def stop(self) -> None:
        """End the process, after what it is doing, and give the file free; can be repeated."""
        self._undo.close()

    def kill(self) -> None:
        """End the process at once: what it has in memory is not to be believed any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.stop()

    def _spawn(self, owner: IO[str], guard: IO[str]) -> "subprocess.Popen[bytes]":
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
            return subprocess.Popen(  # noqa: S603  # the package's own program, and paths that we made  # the package's own program, and paths that we made
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
        """Let the child see that its lock is free; by force where it does not end by itself."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _locked_by_us(file: Path) -> IO[str]:
    """Take the lock that parent and child hold together; it names the parent's process."""
    path = file.with_name(f".{file.name}.owner")
    lock = path.open("a+")
    deadline = time.monotonic() + ORPHAN_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            if _runs(holder) or time.monotonic() > deadline:
                lock.close()
                raise _held(file, holder) from None
            time.sleep(_POLL_SECONDS)
        else:
            lock.seek(0)
            lock.truncate()
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            return lock


def _locked_for_child(file: Path) -> IO[str]:
    """Take the lock that milvus-lite's own starter takes: it keeps programs out that use that one."""
    lock = file.with_name(f".{file.name}.lock").open("a")
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise _held(file, "") from None
    return lock


def _held(file: Path, holder: str) -> StoreUnavailableError:
    if holder == str(os.getpid()):
        return StoreUnavailableError(f"{file} is already open in this process; use the index that is open.")
    who = f"process {holder}" if holder else "another program"
    return StoreUnavailableError(
        f"{file} is held by {who}; wait for it to end, or use a Milvus server, which many can share."
    )


def _runs(process_id: str) -> bool:
    try:
        os.kill(int(process_id), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _library() -> Path:
    found = find_spec("milvus_lite")
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError(
            "Milvus Lite is not installed (there is none for Windows); name a server with --milvus-uri."
        )
    return Path(found.submodule_search_locations[0]) / "lib"


def _short_folder() -> Path:
    """Make a private folder whose path leaves room for a Unix socket's name."""
    folder = Path(tempfile.mkdtemp(prefix="hashindex-"))
    if len(os.fsencode(folder)) <= _SOCKET_BYTES:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="hashindex-", dir="/tmp"))  # private all the same
