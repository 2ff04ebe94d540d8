"""The two ways in which tests run commands are one: what a fork of a warm process does, a fresh one does."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from testing.commands import Running, run, run_fresh
from testing.making import saved


class TestCommands(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        saved(self.cwd / "a.png", 1)

    def test_both_ways_agree(self) -> None:
        for arguments, environment in (
            (("hash", "a.png", "missing.jpg"), {}),
            (("hash", "missing\udcff.jpg", "--json"), {}),
            (("search", "--hash", "zz"), {}),
            (("nosuch",), {}),
            (("stats", "--json"), {"HASHINDEX_COLLECTIO": "x"}),
            (("create", "--json", "--milvus-uri", "new.db"), {"HASHINDEX_INDEX_TYPE": "BIN_FLAT"}),
        ):
            with self.subTest(arguments):
                quick = run(*arguments, cwd=self.cwd, environment=environment)
                for file in self.cwd.glob("*.db"):
                    file.unlink()
                self.assertEqual(quick, run_fresh(*arguments, cwd=self.cwd, environment=environment))

    def test_nothing_of_a_command_is_left_to_the_next(self) -> None:
        before, folder = dict(os.environ), os.getcwd()
        run("hash", "a.png", cwd=self.cwd, environment={"HASHINDEX_MAX_BYTES": "1"})
        done = run("hash", "-", "--json", cwd=self.cwd, stdin=b"a.png\n")
        self.assertEqual((done.exit_code, done.value["uri"]), (0, f"{self.cwd}/a.png"))
        self.assertEqual((dict(os.environ), os.getcwd()), (before, folder))

    def test_a_command_that_takes_too_long_is_ended(self) -> None:
        fifo = self.cwd / "fifo"
        os.mkfifo(fifo)
        with self.assertRaises(subprocess.TimeoutExpired):
            run("insert", "--manifest", "fifo", "--company-id", "1", cwd=self.cwd, timeout_seconds=0.2)
        self.assertEqual(run("hash", "a.png", cwd=self.cwd).exit_code, 0)

    def test_a_moment_that_does_not_come(self) -> None:
        with Running("hash", "-", cwd=self.cwd) as running:
            with self.assertRaisesRegex(AssertionError, "it did not come to that"):
                running.wait_until(lambda: False, seconds=0.01)
            running.finish(close_stdin=True)
            with self.assertRaisesRegex(AssertionError, "it ended before"):
                running.wait_until(lambda: False)


if __name__ == "__main__":
    unittest.main()
