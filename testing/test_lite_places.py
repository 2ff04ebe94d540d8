"""Places that cannot be an index of Milvus Lite, and what is said of each."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from hashindex.errors import ConfigurationError, HashIndexError, IndexNotFoundError, StoreDamagedError
from hashindex.records import Scope
from hashindex.store.lite import open_lite
from testing.lite_files import COLLECTION, LiteCase, children
from testing.making import ORIGIN, entry

NOBODY = 65534

_AS_NOBODY = """
import os, sys
from hashindex.store.lite import open_lite
from testing.making import ORIGIN
import grpc, pymilvus
if os.geteuid() == 0:  # root may write everywhere
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    open_lite(sys.argv[1], "image_hash", create=ORIGIN, index_type="auto")
except Exception as exc:
    print(f"{type(exc).__name__}: {exc}")
"""


class TestPlaces(LiteCase):
    def refused(
        self, place: Path | str, kind: type[HashIndexError], sentence: str, *, create: bool = True
    ) -> None:
        """See that a place is refused in these words, and that nothing is left running or lying about."""
        before = sorted(self.folder.rglob("*"))
        with self.assertRaises(kind) as caught:
            open_lite(str(place), COLLECTION, create=ORIGIN if create else None, index_type="auto")
        self.assertEqual(str(caught.exception), sentence)
        self.assertIs(type(caught.exception), kind)
        self.assertEqual(children(Path(place)), [])
        left = [path for path in sorted(self.folder.rglob("*")) if not path.name.startswith(".")]
        self.assertEqual(left, [path for path in before if not path.name.startswith(".")])

    def test_names_that_lite_refuses(self) -> None:
        for name in (
            "a" * 34 + ".db",
            "with space.db",
            "été.db",
            "图.db",
            "semi;colon.db",
            "quote'.db",
            "index.sqlite",
            "index.DB",
            "index",
            ".db",
        ):
            with self.subTest(name):
                self.refused(
                    self.folder / name,
                    ConfigurationError,
                    f"{name} is no name for an index: it takes up to 36 letters, digits, dots, dashes and "
                    "underscores, and ends in .db.",
                )

    def test_the_longest_and_oddest_names_that_work(self) -> None:
        for name in ("a" * 33 + ".db", "A-b_c.9.db"):
            with self.subTest(name):
                store = self.open(self.folder / name)
                store.upsert([entry(1, 1)])
                self.assertEqual(store.count(Scope.ALL), 1)
                store.close()

    def test_a_folder_of_odd_characters_works(self) -> None:
        folder = self.folder / 'it\'s 100% "图片" [x]'
        folder.mkdir()
        store = self.open(folder / "index.db")
        store.upsert([entry(1, 1)])
        self.assertEqual(store.count(Scope.ALL), 1)

    def test_a_missing_folder(self) -> None:
        missing = self.folder / "missing"
        self.refused(
            missing / "index.db",
            ConfigurationError,
            f"{missing} is no folder; make it first, or name another place.",
        )

    def test_a_folder_that_may_not_be_written_to(self) -> None:
        folder = self.folder / "closed"
        folder.mkdir()
        self.folder.chmod(0o755)
        folder.chmod(0o555)
        self.assertEqual(
            said_to_nobody(folder / "index.db"),
            f"ConfigurationError: {folder} cannot be written to; an index needs its folder too.",
        )

    def test_a_file_that_may_not_be_written_to(self) -> None:
        self.open().close()
        self.folder.chmod(0o777)
        self.file.chmod(0o444)
        self.assertEqual(
            said_to_nobody(self.file),
            f"ConfigurationError: {self.file} cannot be read and written; mend its permissions.",
        )

    def test_a_folder_of_milvus_lite_3(self) -> None:
        self.file.mkdir()
        (self.file / "manifest.json").write_text("{}")
        self.refused(
            self.file,
            StoreDamagedError,
            f"{self.file} is a folder, as milvus-lite 3 makes them, without binary vectors; name another "
            "place.",
        )

    def test_no_regular_file(self) -> None:
        os.mkfifo(self.file)
        self.refused(self.file, ConfigurationError, f"{self.file} is no regular file; name another place.")

    def test_bytes_that_are_no_database(self) -> None:
        for data in (b"\xff\xd8\xff\xe0 a picture", b"\0" * 5_000, b"SQLite"):
            self.file.write_bytes(data)
            self.refused(
                self.file,
                StoreDamagedError,
                f"{self.file} is no index of Milvus Lite; restore a backup, or name another place.",
            )

    def test_an_index_that_is_damaged(self) -> None:
        store = self.open()
        store.upsert([entry(1, meta_id) for meta_id in range(3_000)])
        store.close()
        good = self.file.read_bytes()
        middle = len(good) // 2
        for name, data in (
            ("header alone", good[:100]),
            ("cut in the middle", good[:middle]),
            ("last row cut", good[:-100]),
            ("overwritten in the middle", good[:middle] + b"\xa5" * 5_000 + good[middle + 5_000 :]),
        ):
            with self.subTest(name):
                self.file.write_bytes(data)
                self.refused(
                    self.file,
                    StoreDamagedError,
                    f"{self.file} is damaged or no index of Milvus Lite; restore a backup, or name another.",
                )

    def test_a_database_of_another_program(self) -> None:
        with closing(sqlite3.connect(self.file)) as database:
            database.execute("CREATE TABLE users (name)")
        before = self.file.read_bytes()
        self.refused(
            self.file,
            ConfigurationError,
            f"{self.file} is an SQLite file of another program; name another place.",
        )
        self.assertEqual(self.file.read_bytes(), before)

    def test_an_empty_file_becomes_an_index(self) -> None:
        self.file.touch()
        store = self.open()
        self.assertTrue(store.created)
        store.upsert([entry(1, 1)])
        store.close()
        again = self.open()
        self.assertFalse(again.created)
        self.assertEqual(again.count(Scope.ALL), 1)

    def test_no_index_there(self) -> None:
        sentence = f"there is no index at {self.file}; `hashindex insert` or `create` makes one."
        self.refused(self.file, IndexNotFoundError, sentence, create=False)
        self.file.touch()
        self.refused(self.file, IndexNotFoundError, sentence, create=False)

    def test_a_link_is_followed(self) -> None:
        link = self.folder / "link.db"
        link.symlink_to(self.file)
        self.open(link).close()
        self.assertTrue(self.file.is_file())
        self.assertEqual(self.open(create=None).info().uri, str(self.file))

    def test_an_index_type_that_lite_lacks(self) -> None:
        with self.assertRaises(ConfigurationError) as caught:
            open_lite(str(self.file), COLLECTION, create=ORIGIN, index_type="BIN_IVF_FLAT")
        self.assertEqual(
            str(caught.exception),
            "Milvus Lite has no BIN_IVF_FLAT, only BIN_FLAT; set the index type to auto, or use a server.",
        )
        self.assertFalse(self.file.exists())
        open_lite(str(self.file), COLLECTION, create=ORIGIN, index_type="BIN_FLAT").close()


def said_to_nobody(place: Path) -> str:
    """Open a place as a user who is not root; return what he is told."""
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(place)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()
