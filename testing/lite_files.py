"""Milvus Lite files for tests: opened by us, held by others, and the process behind them."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from unittest import TestCase

from hashindex.keys import Key
from hashindex.records import Origin, Scope
from hashindex.store.interface import Store
from hashindex.store.lite import LiteStore, open_lite
from testing.making import ORIGIN
from testing.waiting import has_ended, stop, wait_until

COLLECTION = "image_hash"
REPOSITORY = Path(__file__).resolve().parent.parent

_OWNER = """
import sys
from hashindex.store.lite import open_lite
from testing.making import ORIGIN
store = open_lite(sys.argv[1], "image_hash", create=ORIGIN, index_type="auto")
print("open", flush=True)
sys.stdin.read()
store.close()
"""

_LOCKER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    database.execute(statement).fetchone()
print("locked", flush=True)
sys.stdin.read()
"""

_PLAIN_CLIENT = """
import os, sys
os.environ["MILVUS_URI"] = ""
from pymilvus import MilvusClient
try:
    client = MilvusClient(sys.argv[1])
except Exception:
    print("refused", flush=True)
else:
    print("open", client.list_collections(), flush=True)
    sys.stdin.read()
    client.close()
"""

Lock = Literal["EXCLUSIVE", "IMMEDIATE", "READER"]

LOCKS: dict[Lock, tuple[str, ...]] = {
    "EXCLUSIVE": ("BEGIN EXCLUSIVE",),
    "IMMEDIATE": ("BEGIN IMMEDIATE",),
    "READER": ("BEGIN", f"SELECT count(*) FROM {COLLECTION}"),
}
"""How another program can hold an SQLite file."""


class LiteCase(TestCase):
    """A folder for each test, and an index in it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.file = self.folder / "index.db"

    def open(
        self, file: Path | None = None, *, create: Origin | None = ORIGIN, wait_seconds: float = 0.1
    ) -> LiteStore:
        """Open an index, closed with the test."""
        place = str(file or self.file)
        store = open_lite(place, COLLECTION, create=create, index_type="auto", wait_seconds=wait_seconds)
        self.addCleanup(store.close)
        return store


def contents(store: Store) -> dict[Key, str]:
    """Return the URIs of all entries by their keys."""
    return {item.key: item.picture.uri for some in store.scan(Scope.ALL) for item in some}


def children(file: Path) -> list[int]:
    """Return the ids of the Milvus Lite processes that run over a file."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if len(arguments) > 1 and arguments[0].endswith(b"/milvus") and arguments[1] == os.fsencode(file):
            found.append(int(place.name))
    return found


def child(file: Path) -> int:
    """Return the id of the one process that runs over a file."""
    (only,) = children(file)
    return only


def kill_child(file: Path) -> None:
    """Kill the process that runs over a file, and wait until the system has ended it."""
    process_id = child(file)
    os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: has_ended(process_id))


def stop_child(file: Path) -> int:
    """Stop the process that runs over a file, so that it answers nothing; return its id."""
    process_id = child(file)
    stop(process_id)
    return process_id


def started(source: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a Python program that says a line when it is so far, and ends with its standard input."""
    return subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@contextmanager
def _running(source: str, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    with started(source, *arguments) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
            process.stdin.close()
            process.wait()
        finally:
            process.kill()


@contextmanager
def owned_elsewhere(file: Path) -> Iterator["subprocess.Popen[str]"]:
    """Have another process hold the index open, as ours do."""
    with _running(_OWNER, str(file)) as (process, said):
        assert said == "open", said
        yield process


@contextmanager
def locked_elsewhere(file: Path, kind: Lock) -> Iterator[None]:
    """Have another process hold the file locked as the SQLite file it is. It must: locks are a process's."""
    with _running(_LOCKER, str(file), *LOCKS[kind]) as (_, said):
        assert said == "locked", said
        yield


@contextmanager
def plain_client(file: Path) -> Iterator[str]:
    """Have another process open the file with pymilvus alone; give what it says: `open ...` or `refused`."""
    with _running(_PLAIN_CLIENT, str(file)) as (_, said):
        yield said
