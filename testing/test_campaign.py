"""A short sample of each kind of `make campaign`, and that its checks see what they are there to see."""

import io
import os
import shutil
import signal
import subprocess
import sys
import unittest
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar
from unittest import mock

from testing.campaign import backfill, bits, breaking, copies, gate, kills_server, locks
from testing.campaign.__main__ import KINDS, main
from testing.campaign.folder import hashed
from testing.campaign.kills_lite import VICTIMS, killed
from testing.campaign.mutations import decoded
from testing.campaign.place import Place, base_file
from testing.campaign.plan import Plan, judge
from testing.campaign.run import Run
from testing.making import entry
from testing.milvus_server import shared_server
from testing.photographs import photograph

BASE_ROWS = 500
CLIENT, CHILD, BOTH = (VICTIMS.index(victim) for victim in ("client", "child", "both"))
PICTURES = ("coffee.png", "rocket.jpg", "horse.png", "multipage.tif", "no_time_for_that_tiny.gif", "page.png")


class SampleCase(unittest.TestCase):
    """Has a folder, and finds no fault in a run."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assert_faultless(self, run: Run) -> None:
        self.assertEqual(run.faults, (), f"{run.what}: {run.found}")


class TestLiteSample(SampleCase):
    def plan(self, seed: int, *, replacing: bool) -> tuple[Path, Plan]:
        return base_file(self.folder / "sample.db", BASE_ROWS), Plan(seed, replacing, BASE_ROWS)

    def test_kill_while_inserting(self) -> None:
        self.assert_faultless(killed(*self.plan(30 + CLIENT, replacing=False)))

    def test_kill_while_replacing(self) -> None:
        self.assert_faultless(killed(*self.plan(60 + BOTH, replacing=True)))

    def test_kill_of_the_child(self) -> None:
        self.assert_faultless(killed(*self.plan(60 + CHILD, replacing=True)))

    def test_lock_while_replacing(self) -> None:
        file = base_file(self.folder / "sample.db", locks.BASE_ROWS)
        run = locks.locked(file, seed=6)
        self.assertIn("EXCLUSIVE while replacing", run.what)
        self.assertIn("NotPersistedError 1x", run.found)
        self.assert_faultless(run)


class TestBackfillSample(SampleCase):
    def test_kill_of_an_insert_and_the_rerun(self) -> None:
        pictures = backfill.made_pictures(self.folder / "pictures", 60, (64, 48))
        undisturbed = backfill.undisturbed_run(pictures)
        self.assertEqual(len(undisturbed.held), 60 - backfill.BROKEN_OF_100)
        self.assert_faultless(backfill.broken_off(Place(str(self.folder / "a.db")), 6, undisturbed))

    def test_kill_of_copies_to_a_server_and_back(self) -> None:
        source = copies.made_source(self.folder / "source.db", BASE_ROWS)
        self.assertEqual(len(source.held), BASE_ROWS + copies.BARE)
        self.assert_faultless(copies.there_and_back(source, shared_server(), 1, server_killed=False))

    def test_differences_are_told(self) -> None:
        held = {item.key: item for item in (entry(1, 1), entry(1, 2), entry(1, 3))}
        found = {item.key: item for item in (entry(1, 2, seed=7), entry(1, 3), entry(1, 4))}
        said = " ".join(breaking.differences(held, found))
        for words in ("1 entries are missing, 1:1", "1 entries are too many, 1:4", "1 entries differ, 1:2"):
            self.assertIn(words, said)
        self.assertEqual(breaking.differences(held, held), [])


class TestGateSample(SampleCase):
    def test_kill_of_one_gate_of_two(self) -> None:
        gate.made_uploads(self.folder, 2, 10)
        place = Place(str(self.folder / "a.db"))
        self.assert_faultless(gate.rushed(place, self.folder, 2, latest_seconds=1.0))


class TestServerSample(SampleCase):
    def test_kill_of_the_client(self) -> None:
        run = kills_server.killed(shared_server(), 1, "client", base_rows=BASE_ROWS)
        self.assert_faultless(run)


class TestPicturesSample(SampleCase):
    def setUp(self) -> None:
        super().setUp()
        self.pictures = self.folder / "pictures"
        self.pictures.mkdir()
        for name in PICTURES:
            shutil.copy(photograph(name), self.pictures)
        (self.pictures / "text.jpg").write_text("no picture")

    def test_hash_of_a_folder(self) -> None:
        run = hashed(self.pictures)
        self.assert_faultless(run)
        self.assertIn("7 lines, exit code 3", run.found)
        self.assertIn("rejected: not_an_image 1", run.found)

    def test_damaged_pictures(self) -> None:
        run = decoded(self.pictures, seed=1, number=120, keep=self.folder)
        self.assert_faultless(run)
        self.assertIn("120 damaged pictures decoded, made of 7 files", run.what)

    def test_bits_of_a_folder_and_of_noise(self) -> None:
        run = bits.of_folder(self.pictures, seed=1)
        self.assert_faultless(run)
        self.assertIn("12 compared, 2 rejected", run.found)
        self.assert_faultless(bits.of_noise(50, seed=1))

    def test_other_bits_are_told(self) -> None:
        with mock.patch.object(bits, "fingerprint", return_value=None):
            for run in (bits.of_folder(self.pictures, seed=1), bits.of_noise(5, seed=1)):
                self.assertEqual(len(run.faults), bits.SHOWN + 1)
                self.assertIn("has other bits", run.faults[0])


class TestFaultyDecoder(SampleCase):
    """A decoder that fails over the third picture, and what is said of it."""

    SCRIPT = """
import json, os, signal, sys, time
print("ready", flush=True)
for number, line in enumerate(sys.stdin):
    open(json.loads(line)["save"], "wb").write(b"what did it")
    if number == 2:
        {failure}
    print("hashed", flush=True)
"""

    def fault(self, failure: str, picture_seconds: float = 60) -> str:
        source = self.folder / "pictures"
        source.mkdir()
        shutil.copy(photograph("page.png"), source)
        keep = self.folder / "keep"
        keep.mkdir()
        decoder = (sys.executable, "-c", self.SCRIPT.format(failure=failure))
        with mock.patch("os.cpu_count", return_value=1):
            run = decoded(source, 1, 5, keep, decoder=decoder, picture_seconds=picture_seconds)
        self.assertEqual(len(run.faults), 1, run.faults)
        self.assertIn("hashed 4", run.found)
        self.assertEqual([path.read_bytes() for path in keep.iterdir()], [b"what did it"])
        return run.faults[0]

    def test_crash_is_named(self) -> None:
        self.assertIn("crashed: SIGSEGV", self.fault("os.kill(os.getpid(), signal.SIGSEGV)"))

    def test_hang_is_ended(self) -> None:
        self.assertIn("hung: no answer in 1 s", self.fault("time.sleep(60)", picture_seconds=1))

    def test_exception_is_told(self) -> None:
        said = "print('raised KeyError: 7', flush=True); continue"
        self.assertIn("raised KeyError: 7", self.fault(said))


class TestCommand(SampleCase):
    def run_with(self, *runs: Run) -> tuple[int, str]:
        with mock.patch.dict(KINDS, {"made-up": lambda _: iter(runs)}), redirect_stdout(io.StringIO()) as out:
            code = main([str(self.folder), "--only", "made-up"])
        return code, out.getvalue()

    def test_faultless(self) -> None:
        code, out = self.run_with(Run(7, "done", "found"), Run(8, "done", "found"))
        self.assertEqual(code, 0)
        self.assertRegex(out, r"made-up +2 +0 ")
        self.assertIn("no fault", out)

    def test_fault_gives_a_command_that_repeats_it(self) -> None:
        code, out = self.run_with(
            Run(7, "done", "found"), Run(8, "done", "found", ("3 entries are missing",))
        )
        self.assertEqual(code, 1)
        self.assertRegex(out, r"made-up +2 +1 ")
        self.assertIn("FAULT: 3 entries are missing", out)
        self.assertIn(f"-m testing.campaign {self.folder} --only made-up --seed 8 --runs 1", out)

    def test_interruption_ends_it_with_what_was_done(self) -> None:
        command = [sys.executable, "-m", "testing.campaign", "--only", "locks"]
        with subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as campaign:
            assert campaign.stdout is not None
            self.assertTrue(any(line == "locks\n" for line in campaign.stdout))
            campaign.send_signal(signal.SIGINT)
            out, err = campaign.communicate(timeout=60)
        self.assertEqual((campaign.returncode, err), (130, ""))
        self.assertRegex(out, r"interrupted(.|\n)*locks +0 +0 ")
        self.assertEqual(list(self.folder.iterdir()), [])


class TestJudgement(unittest.TestCase):
    """What is found is made of what was written, with one thing wrong."""

    plan: ClassVar = Plan(1, replacing=True, base_rows=40)
    acknowledged: ClassVar = 3

    def setUp(self) -> None:
        self.held = self.plan.after(self.acknowledged)
        self.new = self.plan.batch(self.acknowledged)
        untouched = self.held.keys() - {item.key for item in self.new}
        self.settled = min(untouched)

    def faults(self) -> str:
        return "; ".join(judge(self.plan, self.acknowledged, self.held.values()).faults)

    def test_all_as_acknowledged(self) -> None:
        verdict = judge(self.plan, self.acknowledged, self.held.values())
        self.assertEqual((verdict.rows, verdict.under_way, verdict.faults), (40, "old", ()))

    def test_batch_under_way_is_whole(self) -> None:
        self.held.update((item.key, item) for item in self.new)
        verdict = judge(self.plan, self.acknowledged, self.held.values())
        self.assertEqual((verdict.rows, verdict.under_way, verdict.faults), (40, "new", ()))

    def test_batch_under_way_is_mixed(self) -> None:
        self.held[self.new[0].key] = self.new[0]
        self.assertIn("1 have new content and", self.faults())

    def test_lost_entry(self) -> None:
        del self.held[self.settled]
        self.assertIn("1 entries that were there are missing", self.faults())

    def test_entry_of_the_batch_under_way_is_lost(self) -> None:
        del self.held[self.new[0].key]
        self.assertIn("1 entries that were there are missing", self.faults())

    def test_older_content(self) -> None:
        new = {item.key for item in self.new}
        changed = next(key for key, item in self.held.items() if item.indexed_time and key not in new)
        self.held[changed] = self.plan.after(0)[changed]
        self.assertIn("1 entries do not have their last acknowledged content", self.faults())

    def test_one_field_is_different(self) -> None:
        item = self.held[self.settled]
        self.held[self.settled] = replace(item, picture=replace(item.picture, width=item.picture.width + 1))
        self.assertIn("1 entries do not have their last acknowledged content", self.faults())

    def test_stray_entry(self) -> None:
        stray = Plan(1, replacing=False, base_rows=0).batch(0)[0]
        self.held[stray.key] = stray
        self.assertIn("1 entries are there that nobody wrote", self.faults())

    def test_entry_twice(self) -> None:
        twice = [*self.held.values(), self.held[self.settled]]
        self.assertIn(
            "1 keys stand there twice", "; ".join(judge(self.plan, self.acknowledged, twice).faults)
        )


if __name__ == "__main__":
    unittest.main()
