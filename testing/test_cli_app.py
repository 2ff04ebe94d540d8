"""The program as a whole: help, version, start, streams, progress."""

import fcntl
import os
import pty
import struct
import tempfile
import termios
import unittest
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hashindex import __version__
from testing.commands import Done, Running, run, run_fresh, shell
from testing.making import saved
from testing.waiting import wait_until

COMMANDS = ("hash", "search", "check", "insert", "get", "delete", "create", "stats")
LONG_SECONDS = 1.8  # long enough for progress to show
HEAVY = ("numpy", "PIL", "imagehash", "pymilvus", "oss2", "rich", "pydantic", "requests")


class AppCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()

    def run_(self, *arguments: str, **environment: str) -> Done:
        return run_fresh(*arguments, cwd=self.cwd, environment=environment)


class TestShadowed(AppCase):
    def test_a_module_that_hides_the_settings_is_named(self) -> None:
        (self.cwd / "settings.py").write_text("DEBUG = True\n")
        sentence = (
            "a module of yours named settings hides that of hashindex; run from another folder, or rename it."
        )
        self.assertEqual(
            self.run_("stats", PYTHONPATH=str(self.cwd)), Done(1, "", f"hashindex: {sentence}\n")
        )


class TestHelp(AppCase):
    def test_the_version(self) -> None:
        self.assertEqual(self.run_("--version"), Done(0, f"hashindex {__version__}\n", ""))

    def test_help_names_every_command_and_cuts_no_sentence(self) -> None:
        done = self.run_("--help", COLUMNS="80")
        self.assertEqual((done.exit_code, done.stderr), (0, ""))
        for name in COMMANDS:
            self.assertRegex(done.stdout, rf"(?m)^  {name} +[A-Z].+\.$")
        self.assertNotIn("...\n", done.stdout.partition("Commands:")[2])
        self.assertEqual(self.run_("-h").stdout, self.run_("--help").stdout)

    def test_every_command_has_help_that_fits_a_terminal(self) -> None:
        for name in COMMANDS:
            done = run(name, "--help", cwd=self.cwd, environment={"COLUMNS": "80"})
            self.assertEqual((done.exit_code, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith(f"Usage: hashindex {name} [OPTIONS]"))
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
            for flag in ("--json", "--verbose"):
                self.assertIn(flag, done.stdout)
            self.assertEqual("--milvus-uri URI" in done.stdout, name != "hash")

    def test_help_and_version_import_nothing_heavy(self) -> None:
        for flag in ("--help", "--version"):
            done = self.run_(flag, PYTHONPROFILEIMPORTTIME="1")
            imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
            self.assertIn("typer", imported)
            self.assertEqual(imported.intersection(HEAVY), set())

    def test_wrong_usage_is_said_on_stderr(self) -> None:
        for arguments, said in (
            ((), "Usage: hashindex"),
            (("nosuch",), "No such command 'nosuch'."),
            (("hash",), "Missing argument 'SOURCE'."),
            (("hash", "--nosuch", "a.png"), "No such option: --nosuch"),
            (("get", "--company-id", "x", "--meta-id", "1"), "Invalid value for '--company-id'"),
        ):
            with self.subTest(arguments):
                done = run(*arguments, cwd=self.cwd)
                self.assertEqual(done.exit_code, 2)
                self.assertIn(said, done.stderr + done.stdout)
                self.assertNotIn("Traceback", done.stderr)


class TestStreams(AppCase):
    def setUp(self) -> None:
        super().setUp()
        saved(self.cwd / "a.png", 1)

    def test_a_reader_that_has_seen_enough(self) -> None:
        names = b"a.png\n" * 3_000  # more than a pipe holds
        read, write = os.pipe()
        with Running("hash", "-", cwd=self.cwd, stdout=write) as running:
            os.close(write)
            running.write(names)
            self.assertTrue(os.read(read, 10))
            os.close(read)
            done = running.finish(close_stdin=True)
        self.assertEqual((done.exit_code, done.stderr), (1, ""))

    def test_closed_streams(self) -> None:
        uri = f"{self.cwd}/a.png"
        for line, code, stdout in (
            ("hashindex hash a.png 2>&-", 0, f"  {uri}\n"),
            ("hashindex hash missing.png --json 2>&-", 3, '"there is no such file"}}\n'),
            ("hashindex hash missing.png 2>&-", 3, ""),
            ("hashindex stats 2>&-", 1, ""),
            ("hashindex hash a.png >&-", 0, ""),
            ("hashindex hash - <&-", 0, ""),
            ("hashindex insert --manifest - <&- --company-id 1 --json", 0, ""),
        ):
            with self.subTest(line):
                done = shell(line, cwd=self.cwd)
                self.assertEqual((done.exit_code, done.stderr), (code, ""))
                self.assertTrue(done.stdout.endswith(stdout), done.stdout)

    def test_with_stderr_closed_nothing_else_gets_its_place(self) -> None:
        (self.cwd / "bad.tif").write_bytes(b"II*\0\x08\0\0\0\x01\0\xff\xff")  # libtiff writes to descriptor 2
        done = shell(
            "hashindex insert . --company-id 1 --rejects r.jsonl --json --verbose 2>&-", cwd=self.cwd
        )
        self.assertEqual((done.exit_code, done.value["rejected"]), (3, 1))
        self.assertEqual((self.cwd / "r.jsonl").read_text().count("\n"), 1)

    def test_stdout_on_a_full_disk(self) -> None:
        for flags in ("", " --json"):
            done = shell(f"hashindex hash a.png{flags} > /dev/full", cwd=self.cwd)
            self.assertEqual((done.exit_code, done.said), (1, ["standard output: No space left on device."]))


class TestProgress(AppCase):
    """With stderr on a terminal; stdin holds the command up for as long as a test wants."""

    INSERT = ("insert", "-", "--company-id", "1")

    def test_a_bar_after_a_second_and_nothing_of_it_stays(self) -> None:
        with self.on_terminal(*self.INSERT) as (running, terminal):
            running.wait_until(lambda: "inserting" in terminal.shown())
            done = terminal.finish(running)
        self.assertEqual(done.exit_code, 0)
        self.assertIn("0 pictures, 0/s", terminal.shown())
        self.assertTrue(terminal.shown().endswith("\x1b[2K"), terminal.shown()[-40:])  # the line is erased
        self.assertRegex(done.stdout, "^0 inserted")

    def test_no_bar_for_what_is_quick(self) -> None:
        with self.on_terminal(*self.INSERT) as (running, terminal):
            done = terminal.finish(running)
        self.assertEqual((done.exit_code, terminal.shown()), (0, ""))

    def test_no_bar_with_json_and_none_where_stderr_is_no_terminal(self) -> None:
        with (
            self.on_terminal(*self.INSERT, "--json", "--milvus-uri", "json.db") as (json, terminal),
            Running(*self.INSERT, "--milvus-uri", "plain.db", cwd=self.cwd) as plain,
        ):
            json.wait_until(lambda: self.index_is_made("json.db") and self.index_is_made("plain.db"))
            with self.assertRaisesRegex(AssertionError, "did not come"):
                plain.wait_until(lambda: plain.stderr or terminal.shown(), seconds=LONG_SECONDS)
            done = terminal.finish(json)
            self.assertEqual((done.exit_code, terminal.shown(), len(done.values)), (0, "", 1))
            done = plain.finish(close_stdin=True)
            self.assertEqual((done.exit_code, done.stderr), (0, ""))

    @contextmanager
    def on_terminal(self, *arguments: str) -> Iterator[tuple[Running, "Terminal"]]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        try:
            with Running(*arguments, cwd=self.cwd, environment={"TERM": "xterm"}, stderr=theirs) as running:
                os.close(theirs)
                yield running, Terminal(ours)
        finally:
            os.close(ours)

    def index_is_made(self, name: str) -> bool:
        """Say whether the collection is in the file: right after that the pictures begin."""
        file = self.cwd / name
        return file.exists() and b"made_with" in file.read_bytes()


class Terminal:
    """What a command has written to its terminal, which takes a few lines and then holds it up."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor, self._shown = descriptor, b""

    def shown(self) -> str:
        """Take what there is, and return all of it."""
        with suppress(OSError):  # there is no more
            while some := os.read(self._descriptor, 1 << 16):
                self._shown += some
        return self._shown.decode()

    def finish(self, running: Running) -> Done:
        """Close its stdin, and read on until its end."""
        running.write(b"", last=True)
        wait_until(lambda: (self.shown(), running.process.poll())[1] is not None)
        self.shown()
        return running.finish()


if __name__ == "__main__":
    unittest.main()
