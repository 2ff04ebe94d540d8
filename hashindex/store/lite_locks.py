"""One owner for a Milvus Lite file: the two locks that it takes.

One is that of milvus-lite's own starter: its child watches it and ends when it is free, and programs that
use that starter stay out. When one of those is refused, it removes the lock all the same, and the next gets
in (measured with 2.5.1); so the lock is looked at before each call, and taken again where it is gone.

The other is ours, and the child inherits it. It is held until parent *and* child have ended: a child that
outlives a killed parent finishes its write first.
"""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from hashindex.errors import StoreUnavailableError

ORPHAN_SECONDS = 10.0
"""How long to wait for the child of a process that has died to finish what it was writing."""

CLOSING_SECONDS = 0.5
"""How long to wait for a process that runs, and may be about to close the file."""

_POLL_SECONDS = 0.005


@contextmanager
def owned(file: Path) -> Iterator[IO[bytes]]:
    """Hold the lock that parent and child have together; the file names the parent's process."""
    with file.with_name(f".{file.name}.owner").open("a+b", buffering=0) as lock:
        _await_turn(file, lock)
        with suppress(OSError):  # a full disk; it only tells others
            lock.truncate(0)
            lock.write(b"%d\n" % os.getpid())
        try:
            yield lock
        finally:
            with suppress(OSError):
                lock.truncate(0)
            fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone leaves it to a process forked meanwhile


def _await_turn(file: Path, lock: IO[bytes]) -> None:
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().decode(errors="replace").strip()
            patience = CLOSING_SECONDS if _runs(holder) else ORPHAN_SECONDS
            if holder == str(os.getpid()) or time.monotonic() > began + patience:
                raise _held(file, holder) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def locked_for_child(file: Path) -> IO[bytes]:
    """Take the lock that milvus-lite's own starter takes: it keeps programs out that use that one.

    Where the system has them, a lock of the open file, which stands against this process's own clients too.
    """
    lock = file.with_name(f".{file.name}.lock").open("ab")
    try:
        if hasattr(fcntl, "F_OFD_SETLK"):
            whole_file = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)  # struct flock
            fcntl.fcntl(lock, fcntl.F_OFD_SETLK, whole_file)
        else:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise _held(file, "") from None
    return lock


def stands(lock: IO[bytes]) -> bool:
    """Say whether the file of a lock is still the one that others find under its name."""
    try:
        return os.path.samestat(os.stat(lock.name), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False


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
