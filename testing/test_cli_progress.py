"""Progress: what it says is true, in time, and nothing where it is not wanted."""

import io
import threading
import unittest
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import NoReturn
from unittest import mock

from hashindex.cli import progress as module
from hashindex.cli.progress import Progress, progress
from hashindex.errors import InvalidArgumentError
from testing.waiting import SECONDS, wait_until


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestWords(unittest.TestCase):
    """The clock is set by hand."""

    def setUp(self) -> None:
        self.now = 100.0
        self.enterContext(mock.patch("time.monotonic", lambda: self.now))
        self.progress = Progress("inserting")

    def after(self, seconds: float, number: int) -> str:
        self.now += seconds
        for _ in range(number):
            self.progress.add(size=1_500)
        return self.progress.said()

    def test_without_a_total(self) -> None:
        self.assertEqual(self.after(2, 2_000), "inserting: 2,000 pictures, 1,000/s, 3 MB")

    def test_with_a_total_the_time_left(self) -> None:
        self.progress.total = 12_000
        said = "inserting: 2,000 of 12,000 pictures, 1,000/s, 3 MB, 0:00:10 left"
        self.assertEqual(self.after(2, 2_000), said)

    def test_nothing_left(self) -> None:
        self.progress.total = 20
        self.assertIn("20 of 20 pictures, 10/s, 30 kB, 0:00:00 left", self.after(2, 20))

    def test_more_than_was_counted_has_no_time_left(self) -> None:
        self.progress.total = 10
        self.assertEqual(self.after(2, 11), "inserting: 11 of 10 pictures, 5.5/s, 16.5 kB")

    def test_rejected_and_skipped(self) -> None:
        self.now += 1
        self.progress.add(rejected=True)
        self.progress.add()
        self.assertEqual(self.progress.said(), "inserting: 2 pictures, 2.0/s, 1 rejected")

    def test_rate_is_of_the_last_half_minute(self) -> None:
        self.after(10, 5_000)
        for _ in range(4):
            said = self.after(10, 100)
        self.assertIn("5,400 pictures, 10/s", said)

    def test_what_is_counted_need_not_be_pictures(self) -> None:
        self.assertEqual(Progress("comparing", "files").said(), "comparing: 0 files, 0/s")

    def test_nothing_done_yet(self) -> None:
        self.progress.total = 5
        self.assertEqual(self.after(3, 0), "inserting: 0 of 5 pictures, 0/s")


class TestShown(unittest.TestCase):
    def setUp(self) -> None:
        for name in ("PATIENCE_SECONDS", "LINE_SECONDS", "_REFRESH_SECONDS"):
            self.enterContext(mock.patch.object(module, name, 0.01))

    def test_lines_where_stderr_is_no_terminal(self) -> None:
        with redirect_stderr(io.StringIO()) as err, progress("hashing", items=lambda: range(7)) as shown:
            shown.add()
            wait_until(lambda: "hashindex: hashing: 1 of 7 pictures" in err.getvalue())
        length = len(err.getvalue())
        self.assertNotIn("\x1b", err.getvalue())
        self.assertEqual(len(err.getvalue()), length)

    def test_bar_on_a_terminal(self) -> None:
        with redirect_stderr(Terminal()) as err, progress("hashing", items=lambda: range(7)) as shown:
            shown.add()
            wait_until(lambda: "1 of 7 pictures" in err.getvalue())
        self.assertIn("\x1b[2K", err.getvalue())  # it is wiped out at the end

    def test_no_bar_where_the_output_goes_to_the_terminal_too(self) -> None:
        with redirect_stderr(Terminal()) as err, progress("hashing", bar=False) as shown:
            shown.add()
        self.assertEqual((err.getvalue(), shown.done), ("", 1))

    def test_nothing_for_work_that_is_soon_done(self) -> None:
        with (
            mock.patch.object(module, "PATIENCE_SECONDS", 60.0),
            redirect_stderr(io.StringIO()) as err,
            progress("hashing", items=lambda: self.fail("counted")) as shown,
        ):
            shown.add()
        self.assertEqual(err.getvalue(), "")

    def test_counting_ends_with_the_work(self) -> None:
        counted = 0

        def items() -> Iterator[int]:
            nonlocal counted
            while True:
                counted += 1
                yield counted

        with redirect_stderr(io.StringIO()), progress("hashing", items=items) as shown:
            wait_until(lambda: counted)
        wait_until(lambda: not any(one.name == "hashindex-count" for one in threading.enumerate()))
        self.assertIsNone(shown.total)

    def test_what_cannot_be_counted_has_no_total(self) -> None:
        met = threading.Event()

        def items() -> NoReturn:
            met.set()
            raise InvalidArgumentError("the manifest has no header.")

        with redirect_stderr(io.StringIO()) as err, progress("hashing", items=items) as shown:
            self.assertTrue(met.wait(SECONDS))
            wait_until(lambda: "0 pictures" in err.getvalue())
        self.assertIsNone(shown.total)
        self.assertNotIn("Traceback", err.getvalue())


if __name__ == "__main__":
    unittest.main()
