"""One owner for a Milvus Lite file: the two locks that it takes.

One is that of milvus-lite's own starter: its child watches it and ends when it is free, and programs that
use that starter stay out. When one of those is refused, it removes the lock all the same, and the next gets
in (measured with 2.5.1); so the lock is looked at before each call, and taken again where it is gone.

The other is ours, and the child inherits it. It is held until parent *and* child have ended: a child that
outlives a killed parent finishes its write first.
"""

import fcntl
import logging
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from hashindex.errors import StoreUnavailableError

_log = logging.getLogger(__name__)

ORPHAN_SECONDS = 10.0
"""How long to wait, at least, for the child of a process that has died to finish what it was writing."""

SAID_AFTER_SECONDS = 1.0
"""When people are told what they are waiting for."""

_POLL_SECONDS = 0.005


@contextmanager
def owned(file: Path, wait_seconds: float) -> Iterator[IO[bytes]]:
    """Hold the lock that parent and child have together; the file names the parent's process.

    Another process that has it is waited for, so long at most; then StoreUnavailableError.
    """
    with file.with_name(f".{file.name}.owner").open("a+b", buffering=0) as lock:
        _await_turn(file, lock, wait_seconds)
        with suppress(OSError):  # a full disk; it only tells others
            lock.truncate(0)
            lock.write(b"%d\n" % os.getpid())
        try:
            yield lock
        finally:
            with suppress(OSError):
                lock.truncate(0)
            fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone leaves it to a process forked meanwhile


def _await_turn(file: Path, lock: IO[bytes], wait_seconds: float) -> None:
    began, said = time.monotonic(), False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().decode(errors="replace").strip()
            patience = wait_seconds if _runs(holder) else max(wait_seconds, ORPHAN_SECONDS)
            waited = time.monotonic() - began
            if holder == str(os.getpid()) or waited > patience:
                raise _held(file, holder) from None
            if waited > SAID_AFTER_SECONDS and not said:
                said = True
                _log.warning(
                    "%s is held by %s; waiting for it, up to %g s in all.", file, _named(holder), patience
                )
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
    return StoreUnavailableError(
        f"{file} is held by {_named(holder)}; wait for it to end, or use a Milvus server, which many can "
        "share."
    )


def _named(holder: str) -> str:
    return f"process {holder}" if holder else "another program"


def _runs(process_id: str) -> bool:
    try:
        os.kill(int(process_id), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
