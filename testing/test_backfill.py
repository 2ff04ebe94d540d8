"""Many pictures, and what goes wrong midway: all is accounted for, and the same command completes it."""

import shutil
import tempfile
import unittest
from pathlib import Path

from testing.commands import Done, Running, run
from testing.making import encoded, picture, saved
from testing.oss_server import Fault, OssServer

NUMBER = 120
SMALL = [encoded(picture(seed, (24, 18))) for seed in range(NUMBER)]


class BackfillCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()
        self.environment: dict[str, str] = {}

    def insert(self, *arguments: str) -> Done:
        options = ("--json", "--rejects", "rejects.jsonl")
        return run("insert", *arguments, *options, cwd=self.cwd, environment=self.environment)

    def assert_counts(self, done: Done, **expected: int) -> None:
        value = done.value
        self.assertEqual({name: value[name] for name in expected}, expected, done.stderr)
        self.assertEqual(done.exit_code, 3 if value["rejected"] else 0)

    def total(self) -> object:
        return run("stats", "--json", cwd=self.cwd).value["total"]


class TestOssMidway(BackfillCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.enterContext(OssServer())
        for number, data in enumerate(SMALL):
            self.server.put(f"in/{number:03}.png", data)
        self.environment = {**self.server.environment, "HASHINDEX_SOURCE_ATTEMPTS": "1"}
        self.names = ("oss://photos/in/", "--company-id", "1")

    def test_it_begins_to_refuse(self) -> None:
        self.server.order(Fault(status=403, code="AccessDenied"), skip=41, times=None)
        first = self.insert(*self.names)
        self.assert_counts(first, inserted=40, rejected=NUMBER - 40)
        self.assertEqual(self.total(), 40)
        self.server.forgive()
        self.assert_counts(self.insert(*self.names), inserted=NUMBER - 40, skipped=40, rejected=0)

    def test_only_the_rejects_are_tried_again(self) -> None:
        self.server.order(Fault(status=503), skip=1, times=30)
        self.assert_counts(self.insert(*self.names), inserted=NUMBER - 30, rejected=30)
        before = len(self.server.requests)
        (self.cwd / "rejects.jsonl").rename(self.cwd / "again.jsonl")
        self.assert_counts(self.insert("--manifest", "again.jsonl"), inserted=30, rejected=0)
        self.assertEqual(len(self.server.requests) - before, 30)
        self.assertEqual((self.cwd / "rejects.jsonl").read_text(), "")

    def test_unchanged_objects_are_not_asked_for(self) -> None:
        self.insert(*self.names)
        before = len(self.server.requests)
        self.assert_counts(self.insert(*self.names), skipped=NUMBER)
        self.assertEqual(len(self.server.requests) - before, 1)  # the listing

    def test_a_manifest_asks_for_versions_only(self) -> None:
        lines = "".join(f"oss://photos/in/{number:03}.png\n" for number in range(NUMBER))
        (self.cwd / "manifest.csv").write_text("uri\n" + lines)
        names = ("--manifest", "manifest.csv", "--company-id", "1")
        self.assert_counts(self.insert(*names), inserted=NUMBER)
        before = len(self.server.requests)
        self.server.put("in/007.png", SMALL[0])
        self.assert_counts(self.insert(*names), updated=1, skipped=NUMBER - 1)
        methods = [request.method for request in self.server.requests[before:]]
        self.assertEqual((methods.count("HEAD"), methods.count("GET")), (NUMBER, 1))


class TestFolderMidway(BackfillCase):
    def test_it_is_deleted(self) -> None:
        folder = self.cwd / "in"
        folder.mkdir()
        names = [str(saved(folder / f"{number}.png", number)) for number in range(2)]
        with Running("insert", "-", "--company-id", "1", "--json", cwd=self.cwd) as running:
            running.write(f"{names[0]}\n".encode())
            running.wait_until((self.cwd / "hashindex.db").exists)
            shutil.rmtree(folder)
            running.write(f"{names[1]}\n".encode())
            done = running.finish(close_stdin=True)
        self.assertEqual(done.exit_code, 3)
        self.assertIn(f"{names[1]}: not_found: there is no such file.", done.said)
        folder.mkdir()
        for number in range(2):
            saved(folder / f"{number}.png", number)
        again = self.insert("in", "--company-id", "1")
        self.assertEqual((again.exit_code, again.value["rejected"], self.total()), (0, 0, 2))


if __name__ == "__main__":
    unittest.main()
