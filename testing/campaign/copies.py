"""An index copied to a server and back, both copies broken off and repeated, is the index that it was."""

import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from hashindex.keys import Key
from hashindex.records import Entry, HashedPicture
from testing.campaign.breaking import (
    ON_LITE,
    ON_SERVER,
    Held,
    break_off,
    differences,
    held,
    held_after_a_while,
)
from testing.campaign.place import Place, base_file
from testing.campaign.run import Options, Run
from testing.commands import Running
from testing.making import bits
from testing.milvus_server import MilvusServer

RUNS = 20
ROWS = 12_000
"""Three pages of a scan, each of them written by itself."""

BARE = 100
"""Entries of which only the hash is known, of a company of their own."""

SERVER_KILLED_EVERY = 5
"""Runs; it takes its time to come back."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is copied."""

    place: Place
    held: Held
    seconds: float
    """What a copy of it takes that nobody disturbs."""


def runs(options: Options) -> Iterator[Run]:
    """Copy one index again and again, each time to a new collection and a new file."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        server = stack.enter_context(closing(MilvusServer.start()))
        source = made_source(folder / "source.db", ROWS)
        for seed in options.seeds(RUNS):
            yield there_and_back(source, server, seed, server_killed=seed % SERVER_KILLED_EVERY == 0)


def made_source(file: Path, rows: int) -> Source:
    """Make an index in a file, and copy it once to see how long that takes."""
    place, other = Place(str(base_file(file, rows))), Place(str(file.with_name("undisturbed.db")))
    with closing(place.open()) as store:
        hashes = [HashedPicture.bare(bits(i)) for i in range(BARE)]
        store.upsert([Entry(Key(BARE, i), picture, indexed_time=i) for i, picture in enumerate(hashes)])
    began = time.monotonic()
    with _copying(place, other) as running:
        running.finish(seconds=600)
    return Source(place, held(place), time.monotonic() - began)


def there_and_back(source: Source, server: MilvusServer, seed: int, *, server_killed: bool) -> Run:
    """Break both copies off, repeat them, and compare. The seed decides how and when."""
    chance = random.Random(f"{seed}:copies")
    victims = [name for name in (*ON_LITE, *ON_SERVER) if ("server" in name) == server_killed]
    there = Place(server.uri, f"copies_{seed}", server.token)
    back = Place(str(Path(source.place.uri).with_name(f"back-{seed}.db")))
    what, found, faults = [], [], list[str]()
    try:
        for origin, target in ((source.place, there), (there, back)):
            victim, moment = chance.choice(victims), chance.uniform(0.2, source.seconds)
            with _copying(origin, target) as running:
                faults += break_off(running, victim, moment, server)
            before = len(held_after_a_while(target))
            faults += _copy_again(origin, target, number=len(source.held), before=before)
            faults += differences(source.held, held(target))
            what.append(f"{victim} ended after {moment:.2f} s")
            found.append(f"{before}")
    finally:
        there.drop()
        Path(back.uri).unlink(missing_ok=True)
    said = f"{' and '.join(found)} of {len(source.held)} entries were there, then all"
    return Run(seed, f"to a server, {what[0]}, and back, {what[-1]}", said, tuple(faults))


def _copy_again(origin: Place, target: Place, *, number: int, before: int) -> list[str]:
    with _copying(origin, target) as running:
        done = running.finish(seconds=600)
    if done.exit_code:
        return [f"run again, it ended with {done.exit_code}: {done.stderr}"]
    said = json.loads(done.stdout)
    if (said["copied"], said["updated"], said["unchanged"]) != (number - before, 0, before):
        return [f"run again over {before} entries, it says {said}"]
    return []


def _copying(origin: Place, target: Place) -> Running:
    return Running(
        *("copy", "--milvus-uri", origin.uri, "--collection", origin.collection, "--json"),
        *("--to", target.uri, "--to-collection", target.collection),
        cwd=Path(origin.uri if origin.is_file else target.uri).parent,
        environment={"HASHINDEX_MILVUS_TOKEN": origin.token or target.token},
    )
