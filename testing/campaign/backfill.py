"""An insert broken off at a random moment and run again ends as one that nothing disturbed."""

import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from testing.campaign.breaking import ON_LITE, ON_SERVER, Held, break_off, differences, held_after_a_while
from testing.campaign.place import Place
from testing.campaign.run import Options, Run
from testing.commands import Running
from testing.making import encoded, picture
from testing.milvus_server import MilvusServer

RUNS = 30
PICTURES = 2_000
BROKEN_OF_100 = 5
SIZE = (640, 480)
"""Decoded by one thread, they take some ten seconds: five writes to be killed between or in."""

SOME_REJECTED = 3


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
    with _inserting(place, source) as running:
        faults = break_off(running, victim, moment, server, ends_with=(SOME_REJECTED,))
    try:
        before = len(held_after_a_while(place))
        faults += _run_again(place, source, number=number)
        faults += differences(undisturbed.held, _held(place))
    finally:
        if server is not None:
            place.drop()
    where = "Lite" if server is None else "server"
    what = f"{where}: {victim} ended {moment:.2f} s after the command began"
    return Run(seed, what, f"{before} of {number} entries were in, then all", tuple(faults))


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


def _held(place: Place) -> Held:
    """Return what is there; the time of indexing may be another."""
    return {key: replace(entry, indexed_time=0) for key, entry in held_after_a_while(place).items()}
