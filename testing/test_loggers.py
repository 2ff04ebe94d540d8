"""What reaches stderr: one's own sentences always, the noise of libraries only with --verbose."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from testing.commands import Done, clean_environment, run_fresh
from testing.making import saved

BAD_TIFF = b"II*\0\x08\0\0\0\x01\0\xff\xff"  # libtiff complains of it on file descriptor 2
STAMP = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} "


class TestLoggers(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def python(self, *lines: str) -> Done:
        """Run some Python in a process of its own, since logging belongs to a whole process."""
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(("import logging, os, sys, loggers, warnings", *lines))],
            cwd=self.cwd,
            env=clean_environment(self.cwd, {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def test_our_warnings_are_plain_sentences(self) -> None:
        done = self.python(
            "loggers.configure(verbose=False)",
            "logging.getLogger('hashindex.x').warning('it is %d', 5)",
            "logging.getLogger('hashindex.x').info('unheard')",
            "logging.getLogger('pymilvus.client').error('unheard')",
            "warnings.warn('unheard')",
        )
        self.assertEqual((done.exit_code, done.stderr), (0, "hashindex: it is 5\n"))

    def test_verbose_tells_all_with_times_and_names(self) -> None:
        done = self.python(
            "loggers.configure(verbose=True)",
            "logging.getLogger('hashindex.x').debug('heard')",
            "logging.getLogger('pymilvus.client').error('heard')",
            "logging.getLogger('pymilvus.client').debug('too much')",
            "warnings.warn('heard too')",
            "os.write(2, b'of C\\n')",
        )
        lines = done.stderr.splitlines()
        for line, said in zip(
            lines,
            ("DEBUG hashindex.x: heard", "ERROR pymilvus.client: heard", "WARNING py.warnings: "),
            strict=False,
        ):
            self.assertRegex(line, STAMP + said)
        self.assertIn("of C", lines)
        self.assertNotIn("too much", done.stderr)

    def test_what_c_libraries_write_is_dropped_but_not_what_we_say(self) -> None:
        done = self.python(
            "loggers.configure(verbose=False)",
            "os.write(2, b'of C')",
            "print('ours', file=sys.stderr)",
            "os.system('echo of a child >&2')",
        )
        self.assertEqual(done.stderr, "ours\n")

    def test_a_crash_of_the_interpreter_is_still_shown(self) -> None:
        done = self.python("loggers.configure(verbose=False)", "os.abort()")
        self.assertLess(done.exit_code, 0)
        self.assertIn("Fatal Python error: Aborted", done.stderr)

    def test_configuring_is_all_that_does_anything(self) -> None:
        done = self.python("print(logging.getLogger().handlers, logging.getLogger().level)")
        self.assertEqual(done.stdout, "[] 30\n")


class TestCommands(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def test_noise_of_libtiff(self) -> None:
        (self.cwd / "bad.tif").write_bytes(BAD_TIFF)
        quiet = run_fresh("hash", "bad.tif", cwd=self.cwd)
        self.assertEqual((quiet.exit_code, len(quiet.said)), (3, 1), quiet.stderr)
        self.assertTrue(quiet.said[0].startswith(f"{self.cwd}/bad.tif: "))

    def test_verbose_says_what_is_done(self) -> None:
        saved(self.cwd / "a.png", 1)
        (self.cwd / "b.txt").touch()
        done = run_fresh("insert", ".", "--company-id", "1", "--verbose", cwd=self.cwd)
        for said in ("DEBUG settings: Settings(milvus_uri='hashindex.db'", f"ignored: {self.cwd}/b.txt"):
            self.assertIn(said, done.stderr)
        self.assertRegex(done.stderr, rf"DEBUG hashindex\.cli\.accounting: inserted 1:\d+: {self.cwd}/a\.png")

    def test_verbose_adds_the_cause_of_an_error(self) -> None:
        quiet = run_fresh("stats", cwd=self.cwd)
        done = run_fresh("stats", "--verbose", cwd=self.cwd)
        self.assertEqual((done.exit_code, done.said[-1:]), (quiet.exit_code, quiet.said))
        self.assertRegex(done.stderr, r"DEBUG hashindex\.cli\.app: the cause:\nTraceback")
        self.assertNotIn("Traceback", quiet.stderr)

    def test_nothing_of_pymilvus_and_lite_without_verbose(self) -> None:
        (self.cwd / "hashindex.db").write_bytes(b"SQLite format 3\0" + os.urandom(4_080))
        done = run_fresh("stats", cwd=self.cwd)
        self.assertEqual((done.exit_code, len(done.said)), (1, 1), done.stderr)


if __name__ == "__main__":
    unittest.main()
