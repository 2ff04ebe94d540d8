"""What a person gets for places that are no index, or not theirs: one exact sentence, and nothing lost."""

import os
import shutil
import sqlite3
import unittest
from contextlib import closing

from hashindex.recipe import Recipe
from testing.commands import Running, run_fresh
from testing.making import saved
from testing.test_bad_input import BadInputCase


class TestPlaces(BadInputCase):
    """Every command that opens an index says the same."""

    def setUp(self) -> None:
        super().setUp()
        saved(self.cwd / "a.png", 1)

    def refused(self, place: str, sentence: str) -> None:
        for arguments in (("stats",), ("insert", "a.png", "--company-id", "1")):
            with self.subTest(arguments):
                self.failed(self.run_(*arguments, "--milvus-uri", place), sentence)

    def test_where_no_index_is(self) -> None:
        sentence = f"there is no index at {self.cwd}/hashindex.db; `hashindex insert` or `create` makes one."
        one = ("--company-id", "1")
        for arguments in (
            ("search", "a.png", *one),
            ("search", "--hash", "0" * 16, "--all-companies"),
            ("get", *one, "--meta-id", "1"),
            ("delete", *one, "--all"),
            ("stats",),
        ):
            with self.subTest(arguments):
                self.failed(self.run_(*arguments, "--json"), sentence)
        self.assertEqual(os.listdir(self.cwd), ["a.png"])

    def test_a_name_that_lite_refuses(self) -> None:
        self.refused(
            "my index.db",
            "my index.db is no name for an index: it takes up to 36 letters, digits, dots, dashes and "
            "underscores, and ends in .db.",
        )

    def test_a_folder_that_is_not_there(self) -> None:
        self.refused("no/x.db", f"{self.cwd}/no is no folder; make it first, or name another place.")

    def test_a_folder_of_milvus_lite_3(self) -> None:
        (self.cwd / "three.db").mkdir()
        self.refused(
            "three.db",
            f"{self.cwd}/three.db is a folder, as milvus-lite 3 makes them, without binary vectors; "
            "name another place.",
        )

    def test_something_else_than_an_index(self) -> None:
        (self.cwd / "text.db").write_text("no index" * 1_000)
        self.refused(
            "text.db",
            f"{self.cwd}/text.db is no index of Milvus Lite; restore a backup, or name another place.",
        )
        self.assertEqual((self.cwd / "text.db").read_text(), "no index" * 1_000)

    def test_the_sqlite_file_of_another_program(self) -> None:
        with closing(sqlite3.connect(self.cwd / "other.db")) as database:
            database.execute("CREATE TABLE t (a)")
        before = (self.cwd / "other.db").read_bytes()
        self.refused(
            "other.db",
            f"{self.cwd}/other.db is an SQLite file of another program; name another place.",
        )
        self.assertEqual((self.cwd / "other.db").read_bytes(), before)

    def test_a_folder_that_cannot_be_written_to(self) -> None:
        self.run_("create")
        self.cwd.chmod(0o500)
        self.addCleanup(self.cwd.chmod, 0o700)
        sentence = f"{self.cwd} cannot be written to; an index needs its folder too."
        for command in ("create", "stats"):
            done = run_fresh(command, cwd=self.cwd, unprivileged=True)
            self.failed(done, sentence)

    def test_an_address_that_is_none(self) -> None:
        sentence = (
            "--milvus-uri is wrong: the address of the Milvus server is malformed; "
            "write http://host:19530 or https://host:port."
        )
        for place in ("ftp://root:hidden@host", "http://root:hidden@host:port", "http://", "http://h:99999"):
            with self.subTest(place):
                done = self.run_("stats", "--milvus-uri", place)
                self.assertEqual((done.exit_code, done.stdout, done.said), (2, "", [sentence]))


class TestIndexes(BadInputCase):
    """An index in a file, and what may have happened to it."""

    def setUp(self) -> None:
        super().setUp()
        saved(self.cwd / "a.png", 1)
        self.index = self.cwd / "hashindex.db"
        self.insert = ("insert", "a.png", "--company-id", "1")
        self.run_(*self.insert)

    def rewrite(self, old: bytes, new: bytes) -> None:
        """Change what stands in the description of the collection, in the file itself."""
        self.assertEqual(len(old), len(new))
        data = self.index.read_bytes()
        self.assertIn(old, data)
        self.index.write_bytes(data.replace(old, new))

    def test_one_that_another_process_holds(self) -> None:
        owner = self.cwd / ".hashindex.db.owner"
        with Running("insert", "-", "--company-id", "1", cwd=self.cwd) as holder:
            holder.wait_until(lambda: owner.read_text() == f"{holder.process.pid}\n")
            sentence = (
                f"{self.index} is held by process {holder.process.pid}; wait for it to end, "
                "or use a Milvus server, which many can share."
            )
            for command in (self.insert, ("stats",)):
                self.failed(self.run_(*command, HASHINDEX_WAIT_SECONDS="0.1"), sentence)
            self.assertEqual(holder.finish(close_stdin=True).exit_code, 0)
        self.assertEqual(self.run_("stats", "--json").value["total"], 1)

    def test_one_that_another_program_has_locked(self) -> None:
        with closing(sqlite3.connect(self.index)) as other:
            other.execute("BEGIN EXCLUSIVE")
            self.failed(
                self.run_("stats"),
                f"{self.index} is locked by a program that reads it as an SQLite file; close that one first.",
            )
        self.assertEqual(self.run_("stats", "--json").value["total"], 1)

    def test_a_corrupt_one(self) -> None:
        data = bytearray(self.index.read_bytes())
        data[4_096:16_384] = bytes(range(256)) * 48
        self.index.write_bytes(data)
        sentence = f"{self.index} is damaged or no index of Milvus Lite; restore a backup, or name another."
        self.failed(self.run_("stats"), sentence)
        self.failed(self.run_(*self.insert), sentence)
        self.assertEqual(self.index.read_bytes(), data)

    def test_another_recipe(self) -> None:
        self.failed(
            self.run_(*self.insert, "--recipe", "strict"),
            f"the index was made with the recipe {Recipe()}, and keeps it; "
            f"make another index for {Recipe.parse('strict')}.",
        )

    def test_a_recipe_of_another_version(self) -> None:
        self.rewrite(b"ahash/1", b"ahash/9")
        self.failed(
            self.run_("stats"),
            f"the index was made with the recipe '{str(Recipe()).replace('ahash/1', 'ahash/9')}', which this "
            "version of hashindex does not know; use the version that made it.",
        )

    def test_another_schema(self) -> None:
        self.rewrite(b'"hashindex": 1', b'"hashindex": 9')
        self.failed(
            self.run_(*self.insert),
            "the collection image_hash has schema 9, and this version of hashindex knows 1; "
            "use the version that made it.",
        )

    def test_one_of_someone_elses_code(self) -> None:
        self.rewrite(b'"hashindex": 1', b'"other_one": 1')
        self.failed(
            self.run_(*self.insert),
            "the collection image_hash was not made by hashindex; name another with --collection.",
        )

    def test_other_decoders_are_a_warning(self) -> None:
        ours = self.run_("stats", "--json").value["made_with"]
        theirs = ours.replace("Pillow 1", "Pillow 0")
        self.rewrite(ours.encode(), theirs.encode())
        done = self.run_("search", "a.png", "--company-id", "1", "--json")
        self.assertEqual((done.exit_code, len(done.value["matches"])), (0, 1))
        self.assertEqual(
            done.said,
            [f"the index was made with {theirs} and this is {ours}: a few bits of some pictures may differ."],
        )

    def test_another_collection(self) -> None:
        self.failed(
            self.run_("stats", "--collection", "other"),
            f"{self.index} has no collection other; `hashindex insert` or `create` makes one.",
        )

    def test_a_foreign_env_file(self) -> None:
        (self.cwd / ".env").write_text("MILVUS_URI=their_own.db\nMILVUS_CONN_TIMEOUT=soon\nDEBUG=1\n")
        theirs = {"MILVUS_URI": "nonsense", "MILVUS_CONN_TIMEOUT": "soon"}
        for environment in ({}, theirs):
            done = run_fresh("stats", "--json", cwd=self.cwd, environment=environment)
            self.assertEqual((done.exit_code, done.stderr, done.value["total"]), (0, "", 1))

    def test_a_copy_is_an_index_too(self) -> None:
        shutil.copy(self.index, self.cwd / "backup.db")
        self.assertEqual(self.run_("stats", "--json", "--milvus-uri=backup.db").value["total"], 1)


if __name__ == "__main__":
    unittest.main()
