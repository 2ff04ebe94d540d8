"""`hashindex copy`, `export` and `import`: the same entries at the other end, broken off between or not."""

import signal
import tempfile
import time
import unittest
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from hashindex.decoding import made_with
from hashindex.recipe import DEFAULT, STRICT
from hashindex.records import Entry, Origin, Scope
from hashindex.store.lite import open_lite
from hashindex.store.lite_opening import connected
from hashindex.store.lite_process import LiteProcess
from hashindex.store.milvus import SCAN_BATCH
from testing import on_server
from testing.commands import Done, Running, run, shell
from testing.foreign import make, rows
from testing.holding import Hold
from testing.making import ORIGIN, entry, saved

PROMPT_SECONDS = 4.0
"""Less than a Milvus Lite is given that does not end, and than a source that does not answer."""
ENTRIES = SCAN_BATCH + 500
"""Two pages of a scan."""

BARE = {"uri", "phash", "dhash", "contrast", "content_digest", "source_version", "width", "height"}
SAME = ("get", "--company-id", "1", "--meta-id")


OURS = replace(ORIGIN, made_with=made_with())
"""Of an index over whose decoders no command says a word."""


def fill(file: Path, entries: list[Entry], origin: Origin = OURS) -> None:
    store = open_lite(str(file), "image_hash", create=origin, index_type="auto")
    store.upsert(entries)
    store.close()


def contents(file: Path) -> dict[str, Entry]:
    store = open_lite(str(file), "image_hash", create=None, index_type="auto")
    found = {str(item.key): item for page in store.scan(Scope.ALL) for item in page}
    store.close()
    return found


class MovingCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()
        self.file = self.cwd / "hashindex.db"

    def run_(self, *arguments: str, **environment: str) -> Done:
        return run(*arguments, cwd=self.cwd, environment=environment)

    def value(self, *arguments: str, **environment: str) -> Any:
        done = self.run_(*arguments, "--json", **environment)
        self.assertEqual((done.exit_code, done.stderr), (0, ""))
        return done.value

    def refused(self, code: int, pattern: str, *arguments: str, **environment: str) -> None:
        done = self.run_(*arguments, **environment)
        self.assertEqual((done.exit_code, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.said[0], pattern)
        self.assertNotIn("Traceback", done.stderr)


class TestCopy(MovingCase):
    def setUp(self) -> None:
        super().setUp()
        self.entries = [entry(company, meta_id) for company in (1, 2) for meta_id in range(50)]
        fill(self.file, self.entries)

    def test_what_a_person_reads(self) -> None:
        done = self.run_("copy", "--to", "copy.db", "--company-id", "2")
        self.assertEqual(done.exit_code, 0, done.stderr)
        first, second = done.stdout.splitlines()
        self.assertRegex(first, r"^50 copied, 0 updated, 0 unchanged in [0-9.]+ s$")
        self.assertRegex(second, r"^both hold 50 entries with the digest [0-9a-f]{32}$")

    def test_how_it_was_made_goes_along(self) -> None:
        fill(self.cwd / "old.db", self.entries, replace(ORIGIN, recipe=str(STRICT)))
        self.assertEqual(self.run_("copy", "--milvus-uri", "old.db", "--to", "new.db").exit_code, 0)
        stats = self.run_("stats", "--milvus-uri", "new.db", "--json").value
        self.assertEqual((stats["recipe"], stats["made_with"]), (str(STRICT), ORIGIN.made_with))

    def test_what_the_target_has_besides_is_refused(self) -> None:
        fill(self.cwd / "copy.db", [entry(1, 7), entry(9, 9)])
        self.refused(
            *(1, r"copy\.db holds entries that the source has not, 9:9 among them, so nothing was copied;"),
            *("copy", "--to", "copy.db"),
        )
        done = self.value("copy", "--to", "copy.db", "--company-id", "1")
        self.assertEqual((done["copied"], done["unchanged"]), (49, 1))

    def test_places_that_do_not_do(self) -> None:
        self.run_("create", "--recipe", "strict", "--milvus-uri", "strict.db")
        here = (2, "^that is the place of the index itself")
        self.refused(*here, "copy", "--to", "./hashindex.db")
        self.refused(*here, "copy", "--to", str(self.file), "--to-collection", "other")
        self.refused(1, "keeps it; make another index for", "copy", "--to", "strict.db")
        self.refused(1, "^there is no index at", "copy", "--to", "b.db", "--milvus-uri", "none.db")
        self.assertFalse((self.cwd / "b.db").exists())
        for uri, collection in (("http://", "a"), ("b.db", 'a"b')):
            self.refused(
                *(2, "^the second place cannot be used: its (URI|collection) is wrong"),
                *("copy", "--to", uri, "--to-collection", collection),
            )

    def test_no_room_for_the_copy(self) -> None:
        fill(self.file, [entry(3, meta_id) for meta_id in range(2_000)])
        done = shell("ulimit -f 1000\nhashindex copy --to copy.db --json", cwd=self.cwd)
        self.assertEqual((done.exit_code, done.stdout), (1, ""))
        self.assertRegex(done.said[0], r"(make room there|mend that) and run again\.$")
        self.assertEqual(self.value("copy", "--to", "copy.db")["total"], 2_100)


class TestInterrupted(MovingCase):
    def test_ctrl_c(self) -> None:
        made = [entry(1, meta_id) for meta_id in range(ENTRIES)]
        fill(self.file, made)
        target = self.cwd / "copy.db"
        hold = Hold(Path(self.enterContext(tempfile.TemporaryDirectory())))
        hold.next_write(but=1)
        with Running(
            "copy", "--to", "copy.db", "--json", cwd=self.cwd, environment=hold.environment
        ) as running:
            running.wait_until(hold.holds)
            began = time.monotonic()
            done = running.signal(signal.SIGINT)
        self.assertLess(time.monotonic() - began, PROMPT_SECONDS)
        self.assertEqual((done.exit_code, done.stdout), (130, ""))
        said = f"interrupted; {SCAN_BATCH} of {ENTRIES} entries stand there, run it again to go on."
        self.assertEqual(done.said[-1], said)
        again = self.value("copy", "--to", "copy.db")
        counts = {"copied": ENTRIES - SCAN_BATCH, "unchanged": SCAN_BATCH, "total": ENTRIES}
        self.assertEqual(again | counts, again)
        self.assertEqual(contents(target), {str(item.key): item for item in made})


class TestParquet(MovingCase):
    def setUp(self) -> None:
        super().setUp()
        self.entries = [entry(company, meta_id) for company in (1, 2) for meta_id in range(5)]
        fill(self.file, self.entries)

    def test_out_and_in_again(self) -> None:
        self.assertEqual(self.value("export", "all.parquet", "--all-companies"), {"exported": 10})
        done = self.value("import", "all.parquet", "--milvus-uri", "new.db")
        counts = {"inserted": 10, "updated": 0, "skipped": 0, "rejected": 0, "bare": 0}
        self.assertEqual(done | counts, done)
        self.assertEqual(contents(self.cwd / "new.db"), {str(item.key): item for item in self.entries})
        again = self.run_("import", "all.parquet", "--milvus-uri", "new.db")
        self.assertRegex(again.stdout, r"^0 inserted, 0 updated, 10 skipped, 0 rejected in [0-9.]+ s\n$")

    def test_one_company(self) -> None:
        done = self.run_("export", "two.parquet", "--company-id", "2")
        self.assertEqual((done.exit_code, done.stdout), (0, "exported 5 entries to two.parquet\n"))
        self.value("import", "two.parquet", "--milvus-uri", "two.db", HASHINDEX_COMPANY_ID="7")
        self.assertEqual(self.value("stats", "--companies", "--milvus-uri", "two.db")["companies"], {"2": 5})

    def test_what_differs_is_a_conflict_unless_it_replaces(self) -> None:
        self.value("export", "all.parquet", "--all-companies")
        fill(self.file, [entry(1, 0, seed=77)])
        done = self.run_("import", "all.parquet", "--rejects", "rejects.jsonl", "--json")
        self.assertEqual((done.exit_code, done.value["rejected"], done.value["skipped"]), (3, 1, 9))
        self.assertEqual(done.said, ["1 entry not taken; rejects.jsonl says why."])
        self.assertIn('"line": 1, "reason": "conflict"', (self.cwd / "rejects.jsonl").read_text())
        self.assertEqual(self.value("import", "all.parquet", "--replace")["updated"], 1)
        self.assertEqual(contents(self.file), {str(item.key): item for item in self.entries})

    def test_files_and_indexes_that_do_not_do(self) -> None:
        self.value("export", "all.parquet", "--all-companies")
        data = (self.cwd / "all.parquet").read_bytes()
        (self.cwd / "cut.parquet").write_bytes(data[: len(data) // 2])
        self.value("create", "--recipe", "strict", "--milvus-uri", "strict.db")
        for code, pattern, *arguments in (
            (1, "keeps it; make another index for", "import", "all.parquet", "--milvus-uri", "strict.db"),
            (2, "has its own company_id and recipe; drop", "import", "all.parquet", "--recipe", "strict"),
            (1, "cut.parquet is damaged or cut off", "import", "cut.parquet", "--milvus-uri", "b.db"),
            (2, "has its own company_id and recipe; drop", "import", "all.parquet", "--company-id", "1"),
            (
                2,
                "hashindex.db holds no export of hashindex",
                "export",
                "hashindex.db",
                "--all-companies",
            ),
            (2, "does not go with --company-id", "export", "a", "--all-companies", "--company-id", "1"),
            (2, "no company is named", "export", "a.parquet"),
            (
                1,
                f"the export cannot be written to nowhere/a.parquet: {self.cwd}/nowhere is no folder",
                "export",
                "nowhere/a.parquet",
                "--all-companies",
            ),
            (1, "none.csv: No such file or directory", "import", "none.csv"),
            (2, "name a file, or give --from-milvus", "import"),
            (2, "name a file, or give --from-milvus", "import", "all.parquet", "--from-milvus", "a.db"),
        ):
            with self.subTest(arguments):
                self.refused(code, pattern, *arguments)
        self.assertFalse((self.cwd / "b.db").exists())
        self.assertEqual(contents(self.file), {str(item.key): item for item in self.entries})


class TestHashes(MovingCase):
    CSV = (
        b"company_id,meta_id,hash\n1,1,00ff00ff00ff00ff\n1,2,00ff00ff00ff00fe\n1,3,zz\n1,1,0000000000000000\n"
    )
    CONFLICT = (
        f"line 5: conflict: its key 1:1 belongs to another hash, {'00ff' * 4}; --replace lets it take over."
    )
    SAID = (
        "of 2 entries only the hash is known: matches with them are unconfirmed, until their pictures are "
        "inserted under the same keys."
    )

    def test_a_list_of_hashes(self) -> None:
        (self.cwd / "hashes.csv").write_bytes(self.CSV)
        done = self.run_("import", "hashes.csv", "--json")
        counts = {"inserted": 2, "updated": 0, "skipped": 0, "rejected": 2, "bare": 2}
        self.assertEqual((done.exit_code, done.value | counts), (3, done.value))
        self.assertEqual(
            done.said,
            [
                "line 4: bad_line: its hash is not 16 hex digits.",
                self.CONFLICT,
                self.SAID,
            ],
        )
        self.assertEqual(self.value("stats")["recipe"], str(STRICT))
        shown = self.value(*SAME, "1")
        self.assertEqual(shown["hash"], "00ff00ff00ff00ff")
        self.assertTrue(all(shown[name] is None for name in (*BARE, "file_size", "upload_time")))
        self.assertGreater(shown["indexed_time"], 0)
        self.assertRegex(self.run_(*SAME, "1").stdout, r"\nupload_time\nindexed_time +20")

        found = self.value("search", "--like", "1", "--company-id", "1")
        unknown = {"uri": None, "phash_distance": None, "dhash_distance": None, "verdict": None}
        self.assertIsNone(found["uri"])
        self.assertEqual(found["matches"], [{"company_id": 1, "meta_id": 2, "distance": 1, **unknown}])
        said = self.run_("search", "--like", "1", "--company-id", "1").stdout.splitlines()
        self.assertEqual(said[0], "00ff00ff00ff00ff: 1 match")
        self.assertEqual(said[2].split(), ["unconfirmed", "1", "1", "2"])

    def test_an_index_keeps_its_recipe_and_another_may_be_asked_for(self) -> None:
        for recipe, options in (
            (DEFAULT, ("--recipe", "default")),
            (DEFAULT, ()),
            (STRICT, ("--milvus-uri", "b.db")),
        ):
            done = run("import", "-", *options, cwd=self.cwd, stdin=self.CSV)
            self.assertEqual(done.exit_code, 3, done.stderr)
            place = options if "--milvus-uri" in options else ()
            self.assertEqual(self.value("stats", *place)["recipe"], str(recipe))

    def test_pictures_fill_in_what_is_not_known(self) -> None:
        saved(self.cwd / "a.png", 1)
        hash_ = self.value("hash", "a.png")["hash"]
        self.value("create")
        (self.cwd / "hashes.csv").write_text(f"company_id,meta_id,hash\n1,5,{hash_}\n")
        self.assertEqual(self.run_("import", "hashes.csv").exit_code, 0)
        (match,) = self.value("search", "a.png", "--company-id", "1")["matches"]
        self.assertEqual((match["meta_id"], match["verdict"]), (5, None))
        self.assertEqual(self.value("insert", "a.png", "--company-id", "1", "--meta-id", "5")["updated"], 1)
        (match,) = self.value("search", "a.png", "--company-id", "1")["matches"]
        self.assertEqual((match["uri"], match["verdict"]), (str(self.cwd / "a.png"), "exact"))
        again = self.value("import", "hashes.csv")
        self.assertEqual((again["skipped"], again["bare"]), (1, 0))

    def test_a_file_that_is_no_list_makes_no_index(self) -> None:
        (self.cwd / "a.csv").write_text("1,2,00ff00ff00ff00ff\n")
        self.refused(2, "^the file's first line must name its columns", "import", "a.csv")
        self.assertFalse(self.file.exists())


class TestForeign(MovingCase):
    def check(self, *arguments: str, **environment: str) -> None:
        done = self.run_("import", *arguments, "--json", **environment)
        self.assertEqual(
            (done.exit_code, done.value["inserted"], done.value["bare"]), (0, 14, 14), done.stderr
        )
        self.assertIn("of 14 entries only the hash is known", done.said[-1])
        expected = {f"{row['company_id']}:{row['meta_id']}": row["image_vector"] for row in rows(14)}
        found = {key: item.picture.fingerprint.ahash for key, item in contents(self.file).items()}
        self.assertEqual(found, expected)

    def test_a_collection_in_a_file(self) -> None:
        process = LiteProcess(self.cwd / "old.db", 0)
        client = connected(process)
        make(client, "hashes", rows(14))
        client.close()
        process.stop()
        names = ("--from-milvus", "old.db", "--from-collection", "hashes")
        self.check(*names)
        self.assertEqual(self.value("stats")["recipe"], str(STRICT))
        again = self.value("import", *names)
        self.assertEqual((again["skipped"], again["bare"]), (14, 0))
        self.refused(
            *(2, "^the index cannot be made in the file that is imported"),
            *("import", *names, "--milvus-uri", "old.db"),
        )
        self.refused(
            *(1, "is an index of hashindex; `hashindex copy` moves it whole"),
            *("import", "--from-milvus", "hashindex.db", "--from-collection", "image_hash"),
            *("--milvus-uri", "new.db"),
        )

    def test_a_collection_on_a_server(self) -> None:
        server, name = on_server.server(), f"foreign_{uuid.uuid4().hex}"
        client = on_server.client()
        self.addCleanup(client.close)
        make(client, name, rows(14))
        self.addCleanup(client.drop_collection, name)
        self.check(
            *("--from-milvus", server.uri, "--from-collection", name), HASHINDEX_OTHER_TOKEN=server.token
        )
        elsewhere = server.uri.replace("127.0.0.1", "localhost")  # for which the first token was not given
        for command in (
            ("import", "--from-milvus", server.uri, "--from-collection", name, "--milvus-uri", elsewhere),
            ("copy", "--to", server.uri, "--to-collection", name),
        ):
            done = self.run_(*command, HASHINDEX_MILVUS_TOKEN=server.token * (command[0] == "import"))
            self.assertEqual(done.exit_code, 1, done.stderr)
            self.assertEqual(done.said[-1], "the token of the second server is HASHINDEX_OTHER_TOKEN.")


if __name__ == "__main__":
    unittest.main()
