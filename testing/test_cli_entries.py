"""`hashindex get`, `delete`, `create` and `stats`."""

import shutil
import tempfile
import unittest
from pathlib import Path

from PIL import __version__ as pillow

from hashindex.recipe import Recipe
from testing.commands import Done, run
from testing.making import encoded, noise
from testing.photographs import photograph

ENTRY_KEYS = [
    *("company_id", "meta_id", "uri", "hash", "phash", "dhash", "contrast", "low_information"),
    *("content_digest", "source_version", "width", "height", "file_size", "upload_time", "indexed_time"),
]
STATS_KEYS = ["total", "recipe", "made_with", "schema", "index_type", "backend", "uri"]
BIGGEST = 2**63 - 1
MEND = "set the index type to auto, or use a server"
NO_SCOPE = "no company is named; give --company-id, or set HASHINDEX_COMPANY_ID."


class IndexCase(unittest.TestCase):
    """Companies 1, with the meta_ids 7 and 8, and 2, with 7."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()
        shutil.copy(photograph("coffee.png"), self.cwd)
        self.run_(
            *("insert", "--manifest", "-"),
            stdin=b"uri,meta_id,company_id\ncoffee.png,7,1\ncoffee.png,8,1\ncoffee.png,7,2\n",
        )

    def run_(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Done:
        return run(*arguments, cwd=self.cwd, stdin=stdin, environment=environment)

    def refused(self, *arguments: str, sentence: str) -> None:
        done = self.run_(*arguments)
        self.assertEqual((done.exit_code, done.stdout, done.said), (2, "", [sentence]))


class TestGet(IndexCase):
    def test_the_entry(self) -> None:
        done = self.run_("get", "--company-id", "1", "--meta-id", "7", "--json")
        value, file = done.value, self.cwd / "coffee.png"
        self.assertEqual((done.exit_code, done.stderr, list(value)), (0, "", ENTRY_KEYS))
        status = file.stat()
        expected = {
            "company_id": 1,
            "meta_id": 7,
            "uri": str(file),
            "hash": "3f3fbfbb818081c3",
            "low_information": False,
            "source_version": f"{status.st_mtime_ns}-{status.st_size}",
            "width": 600,
            "height": 400,
            "file_size": status.st_size,
            "upload_time": status.st_mtime_ns // 1_000_000,
        }
        self.assertEqual({name: value[name] for name in expected}, expected)
        for name, digits in (("phash", 16), ("dhash", 16), ("content_digest", 32)):
            self.assertRegex(value[name], f"^[0-9a-f]{{{digits}}}$")
        self.assertGreaterEqual(value["indexed_time"], value["upload_time"])

        shown = self.run_("get", "--company-id", "1", "--meta-id", "7", HASHINDEX_COMPANY_ID="2")
        rows = [line.split(maxsplit=1) for line in shown.stdout.splitlines()]
        self.assertEqual([name for name, _ in rows], ENTRY_KEYS)
        self.assertEqual(dict(rows)["company_id"], "1")
        self.assertEqual(dict(rows)["uri"], str(file))
        self.assertRegex(dict(rows)["indexed_time"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$")
        self.assertEqual(
            {line.find(value) for line, (_, value) in zip(shown.stdout.splitlines(), rows, strict=False)},
            {17},
        )

    def test_an_entry_that_is_not_there(self) -> None:
        for company, meta_id in (("2", "8"), (str(BIGGEST), str(BIGGEST))):
            done = self.run_("get", "--company-id", company, "--meta-id", meta_id, "--json")
            sentence = f"company {company} has no entry with meta_id {meta_id}."
            self.assertEqual((done.exit_code, done.stdout, done.said), (1, "", [sentence]))

    def test_wrong_usage(self) -> None:
        ids = f"but must lie between 0 and {BIGGEST}."
        for arguments, sentence in (
            (("--meta-id", "7"), NO_SCOPE),
            (("--meta-id", "-7", "--company-id", "1"), f"meta_id is -7, {ids}"),
            (("--meta-id", "7", "--company-id", "-1"), f"company_id is -1, {ids}"),
            (("--meta-id", "7", "--company-id", str(BIGGEST + 1)), f"company_id is {BIGGEST + 1}, {ids}"),
        ):
            with self.subTest(arguments):
                self.refused("get", *arguments, sentence=sentence)
        for arguments in (("--company-id", "1"), ("--company-id", "1", "--meta-id", "a' or 1==1")):
            done = self.run_("get", *arguments)
            self.assertEqual((done.exit_code, done.stdout), (2, ""))
            self.assertIn("'--meta-id'", done.stderr)


class TestDelete(IndexCase):
    def test_one_then_all_of_one_company(self) -> None:
        for arguments, deleted in (
            (("--company-id", "2", "--meta-id", "8"), 0),
            (("--company-id", "1", "--meta-id", "8"), 1),
            (("--company-id", "1", "--all"), 1),
            (("--company-id", "1", "--all"), 0),
        ):
            done = self.run_("delete", *arguments, "--json")
            self.assertEqual((done.exit_code, done.stdout), (0, f'{{"deleted": {deleted}}}\n'), arguments)
        self.assertEqual(self.run_("stats", "--companies", "--json").value["companies"], {"2": 1})

    def test_people_get_a_sentence(self) -> None:
        for arguments, sentence in (
            (("--meta-id", "8"), "deleted 1 entry of company 1\n"),
            (("--meta-id", "8"), "deleted 0 entries of company 1\n"),
        ):
            self.assertEqual(self.run_("delete", *arguments, HASHINDEX_COMPANY_ID="1").stdout, sentence)

    def test_wrong_usage_deletes_nothing(self) -> None:
        one_of_two = "give --meta-id for one entry, or --all for the company: one of the two."
        one = ("--company-id", "1")
        ids = f"but must lie between 0 and {BIGGEST}."
        for arguments, sentence in (
            (one, one_of_two),
            (("--all", "--meta-id", "7", *one), one_of_two),
            (("--all",), NO_SCOPE),
            (("--meta-id", "7"), NO_SCOPE),
            (("--meta-id", "-7", *one), f"meta_id is -7, {ids}"),
            (("--all", "--company-id", str(BIGGEST + 1)), f"company_id is {BIGGEST + 1}, {ids}"),
        ):
            with self.subTest(arguments):
                self.refused("delete", *arguments, sentence=sentence)
        self.assertEqual(self.run_("stats", "--json").value["total"], 3)


class TestStats(IndexCase):
    def test_stats(self) -> None:
        done = self.run_("stats", "--json")
        value = done.value
        self.assertEqual((done.exit_code, done.stderr, list(value)), (0, "", STATS_KEYS))
        self.assertRegex(value.pop("made_with"), f"^Pillow {pillow}, libjpeg-turbo ")
        expected = {
            "total": 3,
            "recipe": str(Recipe()),
            "schema": 1,
            "index_type": "BIN_FLAT",
            "backend": "Milvus Lite 2.5.1",
            "uri": str(self.cwd / "hashindex.db"),
        }
        self.assertEqual(value, expected)

    def test_with_the_companies(self) -> None:
        done = self.run_("stats", "--companies", "--json")
        self.assertEqual(list(done.value), [*STATS_KEYS, "companies"])
        self.assertEqual(done.value["companies"], {"1": 2, "2": 1})
        lines = self.run_("stats", "--companies").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in lines[: len(STATS_KEYS)]], STATS_KEYS)
        self.assertEqual(
            lines[len(STATS_KEYS) :], ["", "company  entries", "      1        2", "      2        1"]
        )


class TestCreate(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()

    def create(self, *arguments: str) -> Done:
        return run("create", *arguments, cwd=self.cwd)

    def test_twice(self) -> None:
        made = {"recipe": str(Recipe()), "index_type": "BIN_FLAT", "backend": "Milvus Lite 2.5.1"}
        for created in (True, False):
            done = self.create("--json")
            self.assertEqual((done.exit_code, done.stderr), (0, ""))
            self.assertEqual(list(done.value.items()), [("created", created), *made.items()])
        done = self.create()
        self.assertEqual(
            done.stdout.splitlines(),
            [
                f"already there: {self.cwd}/hashindex.db, BIN_FLAT on Milvus Lite 2.5.1",
                f"recipe: {Recipe()}",
            ],
        )
        done = self.create("--milvus-uri", "other.db")
        self.assertEqual(
            done.stdout.splitlines()[0], f"made {self.cwd}/other.db, BIN_FLAT on Milvus Lite 2.5.1"
        )

    def test_with_another_recipe(self) -> None:
        strict = self.create("--recipe", "strict", "--json").value["recipe"]
        self.assertEqual(strict, str(Recipe.parse("strict")))
        self.assertFalse(self.create("--json").value["created"])  # none named is none asked for
        done = self.create("--recipe", "default", "--json")
        sentence = (
            f"the index was made with the recipe {strict}, and keeps it; make another index for {Recipe()}."
        )
        self.assertEqual((done.exit_code, done.stdout, done.said), (1, "", [sentence]))

    def test_decode_fast_is_kept_and_what_is_inserted_later_follows_it(self) -> None:
        fast = self.create("--decode", "fast", "--json").value["recipe"]
        self.assertEqual(fast, str(Recipe(decode="fast")))
        (self.cwd / "a.jpg").write_bytes(encoded(noise(1, (650, 640)), "JPEG"))
        run("insert", "a.jpg", "--company-id=1", "--meta-id=1", cwd=self.cwd)
        entry = run("get", "--company-id=1", "--meta-id=1", "--json", cwd=self.cwd).value
        hashed = run("hash", "a.jpg", "--decode=fast", "--json", cwd=self.cwd).value
        self.assertEqual(entry["phash"], hashed["phash"])
        self.assertEqual((entry["width"], entry["height"]), (650, 640))
        done = run("insert", "a.jpg", "--company-id=1", "--decode=exact", cwd=self.cwd)
        sentence = (
            f"the index was made with the recipe {fast}, and keeps it; make another index for {Recipe()}."
        )
        self.assertEqual((done.exit_code, done.said), (1, [sentence]))

    def test_wrong_usage_makes_nothing(self) -> None:
        for arguments, code, sentence in (
            (("--recipe=best",), 2, "recipe 'best' is not known; known are default, strict."),
            (
                ("--index-type=HNSW",),
                2,
                "--index-type is wrong: it should be 'auto', 'BIN_FLAT' or 'BIN_IVF_FLAT'.",
            ),
            (
                ("--collection=a b",),
                2,
                "--collection is wrong: it takes letters, digits and underscores, and no digit first.",
            ),
            (
                ("--index-type=BIN_IVF_FLAT",),
                1,
                f"Milvus Lite has no BIN_IVF_FLAT, only BIN_FLAT; {MEND}.",
            ),
        ):
            with self.subTest(arguments):
                done = self.create(*arguments)
                self.assertEqual((done.exit_code, done.stdout, done.said), (code, "", [sentence]))
                self.assertEqual(list(self.cwd.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
