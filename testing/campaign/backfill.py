"""An insert broken off at a random moment and run again ends as one that nothing disturbed."""

import json
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from hashindex.errors import StoreUnavailableError
from hashindex.keys import Key
from hashindex.records import Entry
from testing.campaign.place import Place, everything
from testing.campaign.run import Options, Run
from testing.commands import Running
from testing.making import encoded, picture
from testing.milvus_server import MilvusServer

RUNS = 30
PICTURES = 2_000
BROKEN_OF_100 = 5
SIZE = (640, 480)
"""Decoded by one thread, they take some ten seconds: five writes to be killed between or in."""

ON_LITE = ("client", "Ctrl-C", "client and child")
ON_SERVER = ("client", "server", "Ctrl-C", "server and client")

SOME_REJECTED, INTERRUPTED = 3, 130

CTRL_C_SECONDS = 2.0
"""The longest that an interrupted command may take to end."""

BACK_SECONDS = 180.0
"""A server that was killed answers after some 10 s, and has loaded its collections 25 s later."""

POLL_SECONDS = 0.25

Held = dict[Key, Entry]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """An insert that nothing breaks off."""

    source: Path
    seconds: float
    held: Held
    """What it leaves."""


def runs(options: Options) -> Iterator[Run]:
    """Break off half of the runs on Lite and half on a server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        undisturbed = undisturbed_run(made_pictures(folder / "pictures", PICTURES))
        server = stack.enter_context(closing(MilvusServer.start()))
        for seed in options.seeds(RUNS):
            place = Place(str(folder / f"{seed}.db"))
            if seed % 2:
                place = Place(server.uri, f"backfill_{seed}", server.token)
            yield broken_off(place, seed, undisturbed, server if seed % 2 else None)


def made_pictures(folder: Path, number: int, size: tuple[int, int] = SIZE) -> Path:
    """Write so many pictures, of which some are broken."""
    folder.mkdir()
    for i in range(number):
        data = encoded(picture(i, size), "JPEG")
        is_broken = i % 100 < BROKEN_OF_100
        (folder / f"{i}.jpg").write_bytes(data[: len(data) // 2] if is_broken else data)
    return folder


def undisturbed_run(source: Path) -> Undisturbed:
    """Insert the pictures, and disturb nothing."""
    place = Place(str(source.with_name("undisturbed.db")))
    began = time.monotonic()
    with _inserting(place, source) as running:
        running.finish(seconds=600)
    return Undisturbed(source, time.monotonic() - began, _held(place))


def broken_off(place: Place, seed: int, undisturbed: Undisturbed, server: MilvusServer | None = None) -> Run:
    """Break off one insert, run it again, and compare. The seed decides how and when."""
    source, number = undisturbed.source, len(undisturbed.held)
    chance = random.Random(f"{seed}:backfill")
    victims = ON_LITE if server is None else ON_SERVER
    victim, moment = victims[seed // 2 % len(victims)], chance.uniform(0.2, undisturbed.seconds)
    faults = _break_off(place, source, victim, moment, server)
    try:
        before = len(_held_after_a_while(place))
        faults += _run_again(place, source, number=number)
        faults += differences(undisturbed.held, _held(place))
    finally:
        if server is not None:
            place.drop()
    where = "Lite" if server is None else "server"
    what = f"{where}: {victim} ended {moment:.2f} s after the command began"
    return Run(seed, what, f"{before} of {number} entries were in, then all", tuple(faults))


def differences(expected: Held, found: Held) -> list[str]:
    """Say what is missing, too much or different; the time of indexing may be another."""
    faults = []
    if missing := expected.keys() - found.keys():
        faults.append(f"{len(missing)} entries are missing, {min(missing)} among them")
    if more := found.keys() - expected.keys():
        faults.append(f"{len(more)} entries are too many, {min(more)} among them")
    other = [key for key in expected.keys() & found.keys() if expected[key].picture != found[key].picture]
    if other:
        faults.append(f"{len(other)} entries differ, {min(other)} among them")
    return faults


def _break_off(
    place: Place, source: Path, victim: str, moment: float, server: MilvusServer | None
) -> list[str]:
    with _inserting(place, source) as running:
        try:
            done = running.finish(seconds=moment)
        except subprocess.TimeoutExpired:
            pass
        else:  # it was faster than the undisturbed one
            ended_well = done.exit_code == SOME_REJECTED
            return [] if ended_well else [f"it ended with {done.exit_code}: {done.stderr}"]
        if victim == "Ctrl-C":
            return _interrupt(running)
        if victim == "client and child":
            subprocess.run(["pkill", "-KILL", "-P", str(running.process.pid)], check=False)
        if "server" in victim and server is not None:
            server.kill()
        if "client" in victim:
            running.process.kill()
        done = running.finish(seconds=BACK_SECONDS)
        if server is not None and "server" in victim:
            server.restart()
        if victim == "server" and (done.exit_code != 1 or "Traceback" in done.stderr):
            return [f"without its server it ended with {done.exit_code}: {done.stderr}"]
    return []


def _interrupt(running: Running) -> list[str]:
    began = time.monotonic()
    done = running.signal(signal.SIGINT)
    seconds = time.monotonic() - began
    faults = []
    if done.exit_code != INTERRUPTED or "Traceback" in done.stderr:
        faults.append(f"interrupted, it ended with {done.exit_code}: {done.stderr}")
    if seconds > CTRL_C_SECONDS:
        faults.append(f"interrupted, it took {seconds:.1f} s to end")
    return faults


def _run_again(place: Place, source: Path, *, number: int) -> list[str]:
    with _inserting(place, source) as running:
        done = running.finish(seconds=600)
    if done.exit_code != SOME_REJECTED:
        return [f"run again, it ended with {done.exit_code}: {done.stderr}"]
    said = json.loads(done.stdout)
    if said["inserted"] + said["skipped"] != number or said["updated"]:
        return [f"run again, it says {said}"]
    return []


def _inserting(place: Place, source: Path) -> Running:
    names: Sequence[str] = ("insert", str(source), "--company-id", "1", "--json", "--rejects", "rejects")
    options = ("--milvus-uri", place.uri, "--collection", place.collection)
    environment = {"HASHINDEX_MILVUS_TOKEN": place.token, "HASHINDEX_WORKERS": "1"}
    return Running(*names, *options, cwd=source.parent, environment=environment)


def _held_after_a_while(place: Place) -> Held:
    """Return what is there once it can be read: a server that was killed loads for a while."""
    end = time.monotonic() + BACK_SECONDS
    while True:
        try:
            return _held(place)
        except StoreUnavailableError:
            if time.monotonic() > end:
                raise
            time.sleep(POLL_SECONDS)


def _held(place: Place) -> Held:
    with closing(place.open()) as store:
        return {entry.key: replace(entry, indexed_time=0) for entry in everything(store)}
