"""What can be a place for Milvus Lite: said before Lite says it in words of its own, or not at all."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from hashindex.errors import ConfigurationError, StoreDamagedError

_NAME = re.compile(r"[A-Za-z0-9._-]{1,33}\.db")
_SQLITE = b"SQLite format 3\0"


def check_place(file: Path) -> None:
    """Look at the name, the folder and the first bytes; opens no database, so it disturbs no owner."""
    if not _NAME.fullmatch(file.name):
        raise ConfigurationError(
            f"{file.name} is no name for an index: it takes up to 36 letters, digits, dots, dashes and "
            "underscores, and ends in .db."
        )
    if not file.parent.is_dir():
        raise ConfigurationError(f"{file.parent} is no folder; make it first, or name another place.")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{file.parent} cannot be written to; an index needs its folder too.")
    if file.is_dir():
        raise StoreDamagedError(
            f"{file} is a folder, as milvus-lite 3 makes them, without binary vectors; name another place."
        )
    if not file.exists():
        return
    if not file.is_file():
        raise ConfigurationError(f"{file} is no regular file; name another place.")
    if not os.access(file, os.R_OK | os.W_OK):
        raise ConfigurationError(f"{file} cannot be read and written; mend its permissions.")
    with file.open("rb") as start:
        head = start.read(len(_SQLITE))
    if head not in (b"", _SQLITE):
        raise StoreDamagedError(
            f"{file} is no index of Milvus Lite; restore a backup, or name another place."
        )


def check_database(file: Path) -> None:
    """Refuse the SQLite file of another program. For the file's owner only: a reader makes writes fail."""
    if not (file.exists() and file.stat().st_size):
        return
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as database:
            found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'collection_meta'").fetchone()
    except sqlite3.DatabaseError:
        return  # a write that was broken off, or damage: Lite mends the one and reports the other
    if found is None:
        raise ConfigurationError(f"{file} is an SQLite file of another program; name another place.")


def is_damaged(file: Path) -> bool:
    """Let SQLite look through its pages; False where the file cannot be read now."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as database:
            return bool(database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True
