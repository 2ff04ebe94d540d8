"""The process behind a Milvus Lite file dies or hangs: nothing acknowledged is lost."""

import os
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from unittest import mock

from hashindex.errors import StoreUnavailableError
from hashindex.keys import Key
from hashindex.records import Scope
from hashindex.store import lite, lite_process, milvus
from testing.lite_files import contents, kill_child, stop_child
from testing.lite_writes import NEW, OLD, WriteCase
from testing.making import entry
from testing.waiting import wait_until


class TestChild(WriteCase):
    def test_after_its_death_the_next_call_works_and_nothing_is_lost(self) -> None:
        store = self.open()
        self.put(store, OLD)
        for call, answer in (
            (partial(store.count, Scope.ALL), len(OLD)),
            (partial(contents, store), OLD),
            (partial(self.put, store, NEW), None),
            (partial(store.delete, [Key(1, 0)]), 1),
            (partial(store.delete_company, 1), 14),
        ):
            kill_child(self.file)
            self.assertEqual(call(), answer)

    def test_its_death_in_the_middle_of_a_call_is_said(self) -> None:
        store = self.open()
        self.put(store, OLD)
        sentence = f"{self.file}: Milvus Lite ended in the middle of a call; run again."
        for call in (lambda: store.count(Scope.ALL), lambda: self.put(store, NEW)):
            store.count(Scope.ALL)
            process_id = stop_child(self.file)
            with ThreadPoolExecutor(1) as pool:
                killing = pool.submit(kill_in_a_call, process_id, threading.get_ident())
                self.says(StoreUnavailableError, sentence, call)
                killing.result()
        self.assertEqual(contents(store), OLD | NEW)

    def test_a_scan_that_it_dies_under_goes_on(self) -> None:
        store = self.open()
        store.upsert([entry(1, meta_id) for meta_id in range(milvus.SCAN_BATCH + 1)])
        scan = iter(store.scan(Scope.ALL))
        first = next(scan)
        kill_child(self.file)
        self.assertEqual(len(first) + sum(map(len, scan)), milvus.SCAN_BATCH + 1)

    def test_one_that_hangs_is_given_up_and_replaced(self) -> None:
        store = self.open()
        self.put(store, OLD)
        sentence = f"{self.file}: no answer in time; see whether it is overloaded, and run again."
        for call in (lambda: store.count(Scope.ALL), lambda: self.put(store, NEW)):
            store.count(Scope.ALL)
            stop_child(self.file)
            with (
                mock.patch.object(milvus, "CALL_SECONDS", 0.5),
                mock.patch.object(lite, "CALL_SECONDS", 0.5),
            ):
                began = time.monotonic()
                self.says(StoreUnavailableError, sentence, call)
                self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(contents(store), OLD | NEW)

    def test_closing_one_that_hangs_does_not_hang(self) -> None:
        store = self.open()
        process_id = stop_child(self.file)
        with mock.patch.object(lite_process, "STOP_SECONDS", 0.1):
            store.close()
        with self.assertRaises(ProcessLookupError):
            os.kill(process_id, 0)


def kill_in_a_call(process_id: int, thread: int) -> None:
    """Kill a process once a thread is inside gRPC, and so past looking whether that one lives."""
    wait_until(lambda: "grpc._channel" in modules(thread))
    os.kill(process_id, signal.SIGKILL)


def modules(thread: int) -> set[str]:
    """Return the modules whose functions a thread is in."""
    stack = traceback.walk_stack(sys._current_frames()[thread])  # noqa: SLF001  # private by name only
    return {frame.f_globals["__name__"] for frame, _ in stack}
