"""One owner for a Milvus Lite file, and a process behind it that lives exactly as long as it should."""

import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from unittest import mock

from hashindex.errors import StoreUnavailableError
from hashindex.records import Scope
from hashindex.store import lite_locks
from hashindex.store.vendor import pymilvus
from testing.lite_files import (
    REPOSITORY,
    LiteCase,
    child,
    children,
    contents,
    kill_child,
    owned_elsewhere,
    plain_client,
    started,
)
from testing.making import entry
from testing.waiting import stop, wait_until

_INTERRUPTED = """
import signal, sys
from hashindex.store.lite import open_lite
from testing.making import ORIGIN, entry
from hashindex.records import Scope
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
store = open_lite(sys.argv[1], "image_hash", create=ORIGIN, index_type="auto")
print("open", flush=True)
sys.stdin.read()
store.upsert([entry(1, 1)])
print(store.count(Scope.ALL), flush=True)
"""

_FORKED = """
import os, sys
from pathlib import Path
from hashindex.store.lite_process import LiteProcess
process = LiteProcess(Path(sys.argv[1]), 0)
process.start()
copy = os.fork()
if copy == 0:
    process.stop()
    os._exit(0)
os.waitpid(copy, 0)
print(process.alive, os.path.exists(process.address.removeprefix("unix:")), flush=True)
sys.stdin.read()
"""

_QUIET = """
import logging, sys
from hashindex.errors import StoreError
from hashindex.records import Scope
from hashindex.store.lite import open_lite
from testing.making import ORIGIN, entry
logging.disable()
store = open_lite(sys.argv[1], "image_hash", create=ORIGIN, index_type="auto")
store.upsert([entry(1, 1)])
store.search([b"8 bytes."], Scope.ALL, radius=64, limit=1)
try:
    store._connection.query("image_hash", filter="no such field == 1", timeout=5)
except Exception:
    store.close()
else:
    print("it should have failed")
"""


class TestOwner(LiteCase):
    def refused(self, sentence: str) -> None:
        with self.assertRaises(StoreUnavailableError) as caught:
            self.open()
        self.assertEqual(str(caught.exception), sentence)

    def held_by(self, who: str) -> str:
        return (
            f"{self.file} is held by {who}; wait for it to end, or use a Milvus server, which many can share."
        )

    def test_another_process_is_named_and_stays_the_owner(self) -> None:
        with owned_elsewhere(self.file) as owner:
            for _ in range(2):  # the second is refused as the first was
                self.refused(self.held_by(f"process {owner.pid}"))
            with plain_client(self.file) as said:
                self.assertEqual(said, "refused")
            self.assertEqual(len(children(self.file)), 1)
        self.open()

    def test_this_process_itself_is_told_so(self) -> None:
        store = self.open()
        for _ in range(2):
            self.refused(f"{self.file} is already open in this process; use the index that is open.")
        store.upsert([entry(1, 1)])
        store.close()
        self.assertEqual(self.open().count(Scope.ALL), 1)

    def test_who_is_refused_does_not_disturb_the_owner(self) -> None:
        store, done = self.open(), Event()
        refusals = number = 0

        def try_to_open() -> None:
            nonlocal refusals
            while not done.is_set():
                with self.assertRaises(StoreUnavailableError):
                    self.open()
                refusals += 1

        with ThreadPoolExecutor(1) as pool:
            trying = pool.submit(try_to_open)
            try:
                # A reader of the file at the wrong moment fails a write.
                while (refusals < 20 or number < 60) and not trying.done():
                    store.upsert([entry(1, number)])
                    number += 1
            finally:
                done.set()
            trying.result()

    def test_a_process_that_is_just_closing_is_waited_for(self) -> None:
        with (
            owned_elsewhere(self.file) as owner,
            ThreadPoolExecutor(1) as pool,
        ):
            opening = pool.submit(self.open, wait_seconds=20)
            assert owner.stdin is not None
            owner.stdin.close()
            self.assertEqual(opening.result().count(Scope.ALL), 0)

    def test_who_waits_longer_says_for_whom(self) -> None:
        with (
            mock.patch.object(lite_locks, "SAID_AFTER_SECONDS", 0.0),
            owned_elsewhere(self.file) as owner,
            self.assertLogs("hashindex", "WARNING") as logs,
            self.assertRaises(StoreUnavailableError) as caught,
        ):
            self.open(wait_seconds=0.1)
        self.assertEqual(str(caught.exception), self.held_by(f"process {owner.pid}"))
        said = f"{self.file} is held by process {owner.pid}; waiting for it, up to 0.1 s in all."
        self.assertEqual([record.getMessage() for record in logs.records], [said])

    def test_a_plain_client_elsewhere_keeps_us_out(self) -> None:
        self.open().close()
        with plain_client(self.file) as said:
            self.assertEqual(said, "open ['image_hash']")
            self.refused(self.held_by("another program"))
            self.refused(self.held_by("another program"))
        wait_until(lambda: not children(self.file))
        self.open()

    def test_plain_clients_elsewhere_stay_out_however_often_they_try(self) -> None:
        store = self.open()
        store.upsert([entry(1, 1)])
        for _ in range(2):  # each that is refused removes the lock that the next would look at
            with plain_client(self.file) as said:
                self.assertEqual(said, "refused")
            self.assertEqual(store.count(Scope.ALL), 1)
        store.upsert([entry(1, 2)])
        self.assertEqual(len(children(self.file)), 1)
        store.close()
        self.assertEqual(self.open().count(Scope.ALL), 2)

    def test_a_plain_client_of_this_process_stays_out_too(self) -> None:
        store = self.open()
        store.upsert([entry(1, 1)])
        with self.assertRaises(Exception):  # noqa: B017  # whatever pymilvus says
            pymilvus().MilvusClient(str(self.file))
        self.assertEqual(len(children(self.file)), 1)
        store.upsert([entry(1, 2)])
        self.assertEqual(store.count(Scope.ALL), 2)

    def test_a_plain_client_of_this_process_keeps_us_out(self) -> None:
        from milvus_lite.server_manager import server_manager_instance

        client = pymilvus().MilvusClient(str(self.file), dedicated=True)
        self.addCleanup(server_manager_instance.release_server, str(self.file))
        self.addCleanup(client.close)
        self.refused(self.held_by("another program"))


class TestProcess(LiteCase):
    def test_it_is_gone_after_close(self) -> None:
        store = self.open()
        self.assertEqual(len(children(self.file)), 1)
        store.close()
        self.assertEqual(children(self.file), [])
        with self.assertRaises(StoreUnavailableError) as caught:
            store.count(Scope.ALL)
        self.assertEqual(str(caught.exception), f"{self.file}: the index was closed; open it again.")
        self.assertEqual(children(self.file), [])

    def test_it_is_gone_after_its_parent_was_killed_and_the_file_is_free(self) -> None:
        with owned_elsewhere(self.file) as owner:
            owner.kill()
            owner.wait()
            self.assertEqual(self.open().count(Scope.ALL), 0)
            self.assertEqual(len(children(self.file)), 1)

    def test_one_that_hangs_after_its_parent_was_killed_is_waited_for_and_then_named(self) -> None:
        with owned_elsewhere(self.file) as owner:
            orphan = child(self.file)
            stop(orphan)
            self.addCleanup(os.kill, orphan, signal.SIGKILL)
            owner.kill()
            owner.wait()
            with (
                mock.patch.object(lite_locks, "ORPHAN_SECONDS", 0.1),
                self.assertRaises(StoreUnavailableError) as caught,
            ):
                self.open()
        self.assertIn(f"is held by process {owner.pid}; wait for it to end", str(caught.exception))

    def test_an_interruption_does_not_reach_it(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", _INTERRUPTED, str(self.file)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        ) as process:
            assert process.stdout is not None
            self.assertEqual(process.stdout.readline(), "open\n")
            before = child(self.file)
            os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(process.stdout.readline(), "interrupted\n")
            self.assertEqual(process.communicate()[0], "1\n")
            self.assertEqual(process.returncode, 0)
        self.assertNotEqual(before, 0)

    def test_a_forked_copy_ends_nothing(self) -> None:
        with started(_FORKED, str(self.file)) as process:
            assert process.stdout is not None
            self.assertEqual(process.stdout.readline(), "True True\n")
            self.assertEqual(len(children(self.file)), 1)
            with self.assertRaises(StoreUnavailableError):
                self.open()
            process.communicate()

    def test_it_says_nothing_to_people(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", _QUIET, str(self.file)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_its_temporary_folder_goes_with_it(self) -> None:
        folder = self.folder / "tmp"
        folder.mkdir()
        with mock.patch.object(tempfile, "tempdir", str(folder)):
            store = self.open()
            self.assertEqual(len(list(folder.iterdir())), 1)
            kill_child(self.file)
            store.count(Scope.ALL)
            self.assertEqual(len(list(folder.iterdir())), 1)
            with self.assertRaises(StoreUnavailableError):
                self.open()
            self.assertEqual(len(list(folder.iterdir())), 1)
            store.close()
            self.assertEqual(list(folder.iterdir()), [])

    def test_temporary_folders_that_no_socket_can_be_in_are_passed_over(self) -> None:
        for name in ("l" * 100, "odd %2F # ? name", "图"):
            folder = self.folder / name
            folder.mkdir()
            with self.subTest(name), mock.patch.object(tempfile, "tempdir", str(folder)):
                store = self.open()
                self.assertEqual(store.count(Scope.ALL), 0)
                store.close()
                self.assertEqual(list(folder.iterdir()), [])

    def test_nobody_reads_while_an_entry_is_replaced(self) -> None:
        store, done = self.open(), Event()
        entries = [entry(1, meta_id) for meta_id in range(200)]
        store.upsert(entries)
        replaced: list[None] = []
        seen: list[int] = []

        def replace() -> None:
            while not done.is_set():
                store.upsert(entries)
                replaced.append(None)

        with ThreadPoolExecutor(1) as pool:
            replacing = pool.submit(replace)
            try:
                while (len(replaced) < 20 or len(seen) < 6) and not replacing.done():
                    seen.append(len(contents(store)))
            finally:
                done.set()
            replacing.result()
        self.assertEqual(set(seen), {200})
