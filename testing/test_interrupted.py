"""Runs that do not reach their end: Ctrl-C, SIGTERM, a full disk. They end soon, and nothing is half done."""

import shutil
import signal
import tempfile
import time
import unittest
from collections.abc import Mapping
from pathlib import Path

from hashindex.insert import CHUNK
from hashindex.store.journal import Journal
from testing.campaign.writing import children
from testing.commands import Done, Running, run, shell
from testing.holding import Hold
from testing.making import saved
from testing.oss_server import Fault, OssServer
from testing.waiting import stop

PROMPT_SECONDS = 4.0
"""Less than a Milvus Lite is given that does not end, and than a source that does not answer."""
FULL_DISK_KIB = 1_200
"""Room for an index of one chunk, and not of two."""


NAMESPACE = ("unshare", "--map-root-user", "--mount") if shutil.which("unshare") else ()
"""In which anyone may mount a file system, where the system permits that; nobody else sees it."""


class InterruptedCase(unittest.TestCase):
    """Two chunks of pictures: the first is stored while the second is still to come."""

    pictures: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.pictures = Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve()
        for number in range(2 * CHUNK):
            saved(cls.pictures / f"{number}.ppm", number, "PPM")

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()
        self.journal = self.cwd / "hashindex.db.journal"

    def names(self, chunk: int) -> bytes:
        numbers = range(chunk * CHUNK, (chunk + 1) * CHUNK)
        return b"".join(f"{self.pictures}/{number}.ppm\n".encode() for number in numbers)

    def inserting(self, environment: Mapping[str, str] | None = None) -> Running:
        """Start a run that has stored one chunk and waits for more."""
        names = ("insert", "-", "--company-id", "1", "--json", "--verbose")
        running = self.enterContext(Running(*names, cwd=self.cwd, environment=environment))
        running.write(self.names(0))
        running.wait_until(lambda: running.stderr.count(" inserted 1:") == CHUNK)
        return running

    def interrupt(self, running: Running, number: signal.Signals) -> Done:
        """Send the signal, and check that the end comes soon, of Milvus Lite too, and what is said."""
        (lite,) = children(running.process.pid)
        began = time.monotonic()
        done = running.signal(number)
        self.assertLess(time.monotonic() - began, PROMPT_SECONDS)
        self.assertFalse(Path(f"/proc/{lite}").exists())
        # With --verbose pymilvus's own log may show a call that was broken off.
        self.assertNotIn("Traceback", done.stderr.partition(" pymilvus.")[0])
        self.assertEqual(done.stdout, "")
        self.assertIn(
            f"interrupted; {CHUNK} pictures of this run are in the index, run it again to go on.", done.said
        )
        return done

    def journalled(self) -> int:
        """Return how many entries the write had that broke off: on a slow machine, a part of a chunk."""
        left = Journal(self.journal).read()
        return len(left[1]) if left else 0

    def assert_goes_on(self, *, had: int) -> None:
        """Check that the index opens with so many whole entries, and that the run can be repeated."""
        stats = run("stats", "--companies", "--json", cwd=self.cwd).value
        self.assertEqual((stats["total"], stats["companies"]), (had, {"1": had}))
        done = run(
            *("insert", "-", "--company-id", "1", "--json"),
            cwd=self.cwd,
            stdin=self.names(0) + self.names(1),
        )
        counts = {"inserted": 2 * CHUNK - had, "updated": 0, "skipped": had, "rejected": 0, "ignored": 0}
        self.assertEqual((done.exit_code, done.value | counts), (0, done.value))
        last = f"{self.pictures}/{2 * CHUNK - 1}.ppm"
        matches = run("search", last, "--company-id", "1", "--json", cwd=self.cwd).value["matches"]
        self.assertEqual([match["uri"] for match in matches if match["verdict"] == "exact"], [last])


class TestSignals(InterruptedCase):
    def test_ctrl_c_between_two_chunks(self) -> None:
        self.assertEqual(self.interrupt(self.inserting(), signal.SIGINT).exit_code, 130)
        self.assert_goes_on(had=CHUNK)

    def test_ctrl_c_in_the_middle_of_a_write(self) -> None:
        hold = Hold(Path(self.enterContext(tempfile.TemporaryDirectory())))
        running = self.inserting(hold.environment)
        hold.next_write()
        running.write(self.names(1), last=True)
        running.wait_until(hold.holds)
        (lite,) = children(running.process.pid)
        stop(lite)  # so that the write cannot end before the signal is there
        hold.let_go()
        running.wait_until(self.journal.exists)
        self.assertEqual(self.interrupt(running, signal.SIGINT).exit_code, 130)
        under_way = self.journalled()
        self.assertGreater(under_way, 0)
        self.assert_goes_on(had=CHUNK + under_way)  # opening finished the write
        self.assertFalse(self.journal.exists())

    def test_sigterm(self) -> None:
        self.assertEqual(self.interrupt(self.inserting(), signal.SIGTERM).exit_code, 143)
        self.assertEqual(run("stats", "--json", cwd=self.cwd).value["total"], CHUNK)

    def test_ctrl_c_while_a_source_hangs(self) -> None:
        with OssServer() as server:
            server.order(Fault(hang=True), times=None)
            with Running(
                "hash", "oss://photos/a.jpg", cwd=self.cwd, environment=server.environment
            ) as running:
                running.wait_until(lambda: server.count("a.jpg"))
                began = time.monotonic()
                done = running.signal(signal.SIGINT)
            self.assertLess(time.monotonic() - began, PROMPT_SECONDS)
            self.assertEqual((done.exit_code, done.stdout, done.stderr), (130, "", ""))


class TestFullDisk(InterruptedCase):
    def test_a_full_disk_then_room_again(self) -> None:
        (self.cwd / "names").write_bytes(self.names(0) + self.names(1))
        (self.cwd / "disk").mkdir()
        lines = (
            *self.small_disk(),
            # The second half of the names comes when the first is stored.
            "stored() { grep -c ' inserted 1:' log; }",
            f"first() {{ head -n {CHUNK} names; until [ $(stored) = {CHUNK} ]; do sleep 0.02; done; }}",
            f"both() {{ first; tail -n {CHUNK} names; }}",
            "touch log",
            "both | (cd disk; hashindex insert - --company-id 1 --json --verbose 2> ../log; echo $?)",
            "grep '^hashindex: ' log >&2",
            "cp -a disk roomy",
        )
        done = shell("\n".join(lines), cwd=self.cwd, inside=NAMESPACE)
        self.assertEqual(done.stdout, "1\n", done.stderr)
        first, second = done.said
        self.assertRegex(
            first, r"^.+/hashindex\.db(\.journal)?: .+; (make room there|mend that) and run again\.$"
        )
        self.assertRegex(second, r"^\d+ pictures of this run are in the index; run it again to go on\.$")
        stored = int(second.split()[0])  # more than a chunk where a slow machine wrote the second in parts
        self.assertTrue(CHUNK <= stored < 2 * CHUNK, second)
        self.cwd /= "roomy"
        self.journal = self.cwd / "hashindex.db.journal"
        self.assert_goes_on(had=stored + self.journalled())  # opening finishes the write that broke off

    def small_disk(self) -> list[str]:
        """Make a file system of its own, or where that is not permitted, limit the size of files."""
        mount = f"mount -t tmpfs -o size={FULL_DISK_KIB}k none disk"
        if not shell(mount, cwd=self.cwd, inside=NAMESPACE).exit_code:
            return [mount]
        return [f"ulimit -f {FULL_DISK_KIB}"]


if __name__ == "__main__":
    unittest.main()
