"""Turns: one at a time for each company, whoever asks; free when their holder ends, however it ends."""

import os
import signal
import tempfile
import time
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Event, Lock
from unittest import mock

from hashindex.errors import ConfigurationError, StoreUnavailableError
from hashindex.turns import LOCKS, Turns
from testing.commands import run_fresh
from testing.lite_files import started
from testing.making import saved
from testing.waiting import SECONDS

_HOLDER = """
import sys
from pathlib import Path
from hashindex.turns import Turns
with Turns(Path(sys.argv[1]), sys.argv[2], 0).of([int(sys.argv[3])]):
    print("held", flush=True)
    sys.stdin.read()
"""


def refusal(folder: Path, said: str) -> str:
    return (
        f"locks cannot be taken in {folder}: {said}; mend that, or name another folder for all that write to "
        "the index in HASHINDEX_LOCK_FOLDER."
    )


class TurnsCase(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "locks"

    def turns(self, identity: str = "an index", wait_seconds: float = 0) -> Turns:
        return Turns(self.folder, identity, wait_seconds)

    def refused(self, turns: Turns, *company_ids: int) -> str:
        with self.assertRaises(StoreUnavailableError) as caught, turns.of(company_ids):
            self.fail("two have it")
        return str(caught.exception)

    @contextmanager
    def held_elsewhere(self, company_id: int) -> Iterator[int]:
        """Have another process hold a turn; give its id."""
        with started(_HOLDER, str(self.folder), "an index", str(company_id)) as process:
            assert process.stdout is not None
            self.assertEqual(process.stdout.readline(), "held\n")
            try:
                yield process.pid
            finally:
                process.kill()


class TestTurns(TurnsCase):
    def test_threads_take_turns(self) -> None:
        inside, most, together = 0, 0, Barrier(8)
        counting = Lock()

        def take(_: int) -> None:
            nonlocal inside, most
            together.wait(SECONDS)
            for _round in range(5):
                with self.turns(wait_seconds=SECONDS).of([7]):
                    with counting:
                        inside += 1
                        most = max(most, inside)
                    time.sleep(0.001)  # so that others would come in if they could
                    with counting:
                        inside -= 1

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(take, range(8)))
        self.assertEqual(most, 1)

    def test_one_value_serves_several_threads(self) -> None:
        turns = self.turns()
        with turns.of([7]), ThreadPoolExecutor(1) as pool:
            said = pool.submit(self.refused, turns, 7).result()
        self.assertIn(
            "the turn to write for company 7 did not come within 0 s, as another thread has it", said
        )
        self.assertIn("raise HASHINDEX_WAIT_SECONDS.", said)

    def test_other_companies_and_other_indexes_do_not_wait(self) -> None:
        with self.turns().of([7]), self.turns().of([8]), self.turns("another index").of([7]):
            self.refused(self.turns(), 7)
        with self.turns().of([7]):
            pass

    def test_a_process_is_named_and_its_turn_is_free_when_it_is_killed(self) -> None:
        with self.held_elsewhere(7) as holder:
            self.assertIn(f"as process {holder} has it", self.refused(self.turns(), 7))
            with ThreadPoolExecutor(1) as pool:
                taken = Event()

                def take() -> None:
                    with self.turns(wait_seconds=SECONDS).of([7]):
                        taken.set()

                taking = pool.submit(take)
                self.assertFalse(taken.wait(0.05))
                os.kill(holder, signal.SIGKILL)
                taking.result(SECONDS)
                self.assertTrue(taken.is_set())

    def test_the_wait_is_for_all_companies_together(self) -> None:
        order: list[int] = []
        with self.turns().of([9]), self.assertRaises(StoreUnavailableError):  # noqa: SIM117
            with self.turns(wait_seconds=0.05).of([8, 9, 7]):
                order.append(1)
        self.assertEqual(order, [])
        with self.turns().of([7, 8, 9]):  # what it had taken by then is free again
            pass

    def test_the_locks_of_many_companies_are_few(self) -> None:
        with self.turns().of(range(10_000)):
            self.assertEqual(len(list(self.folder.iterdir())), LOCKS)

    def test_companies_that_share_a_lock_wait_for_each_other_however_many_are_asked_for(self) -> None:
        other = 7 + LOCKS
        with self.turns().of([7, other]):
            for one in (7, other, other + LOCKS):
                self.assertIn(f"to write for company {one} did not come", self.refused(self.turns(), one))

    def test_who_waits_for_a_lower_number_has_no_higher_one(self) -> None:  # so nobody waits for each other
        with self.turns().of([3]), ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.refused, self.turns(wait_seconds=0.2), 5, 3)
            while not waiting.done():
                with self.turns().of([5]):
                    pass
            waiting.result()

    def test_a_turn_ends_with_an_error(self) -> None:
        with self.assertRaises(ZeroDivisionError), self.turns().of([7]):
            raise ZeroDivisionError
        with self.turns().of([7]):
            pass


class TestFolder(TurnsCase):
    def failed(self, folder: Path, said: str) -> None:
        with self.assertRaises(ConfigurationError) as caught, Turns(folder, "an index", 0).of([7]):
            self.fail("taken")
        self.assertEqual(
            str(caught.exception),
            refusal(folder, said),
        )

    def test_it_is_made_for_its_user_alone(self) -> None:
        with self.turns().of([7]):
            self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)
            (lock,) = self.folder.iterdir()
        self.assertEqual(lock.stat().st_mode & 0o777, 0o666)  # the folder decides

    def test_the_folders_that_it_lies_in_are_made_too(self) -> None:
        folder = self.folder / "hashindex" / "locks"
        with Turns(folder, "an index", 0).of([7]):
            self.assertEqual(len(list(folder.iterdir())), 1)

    def test_one_that_is_none(self) -> None:
        self.folder.write_text("")
        self.failed(self.folder / "locks", "Not a directory")

    def test_a_home_that_nobody_has(self) -> None:
        with mock.patch("os.path.expanduser", lambda path: path):
            self.failed(Path("~/locks"), "Could not determine home directory")

    def test_a_full_disk(self) -> None:
        full = OSError(28, "No space left on device")
        with mock.patch("os.open", side_effect=full):
            self.failed(self.folder, "No space left on device")

    def test_one_that_cannot_be_written_to_is_one_sentence_of_an_insert(self) -> None:
        cwd = self.folder.parent
        saved(cwd / "a.png", 1)
        self.folder.mkdir(mode=0o500)
        done = run_fresh(
            *("insert", "a.png", "--company-id", "1"),
            cwd=cwd,
            environment={"HASHINDEX_LOCK_FOLDER": str(self.folder)},
            unprivileged=True,
        )
        self.assertEqual((done.exit_code, done.said), (1, [refusal(self.folder, "Permission denied")]))
