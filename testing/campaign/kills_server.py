"""kill -9 of a real Milvus server, of its client, or of both, at a random moment of a write."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

from hashindex.errors import HashIndexError, StoreUnavailableError
from testing.campaign.finding import found_at
from testing.campaign.place import Place
from testing.campaign.plan import Plan, Verdict
from testing.campaign.run import Options, Run
from testing.campaign.writer import Task
from testing.campaign.writing import Notes, Writer, writing
from testing.milvus_server import MilvusServer

Victim = Literal["server", "client", "server and client"]

RUNS = 5
BASE_ROWS = 3_000
LATEST_SECONDS = 2.0

BACK_SECONDS = 180.0
"""A server that was killed answers after some 10 s, and has loaded its collections 25 s later."""

SETTLED_SECONDS = 15.0
"""A call whose client is gone may still be under way in the server: what is found is final after that."""

POLL_SECONDS = 0.25


def servers(options: Options) -> Iterator[Run]:
    """Kill the server; every third time the client with it."""
    with closing(MilvusServer.start()) as server:
        for seed in options.seeds(RUNS):
            yield killed(server, seed, "server and client" if seed % 3 == 0 else "server")


def clients(options: Options) -> Iterator[Run]:
    """Kill the client only."""
    with closing(MilvusServer.start()) as server:
        for seed in options.seeds(RUNS):
            yield killed(server, seed, "client")


def killed(server: MilvusServer, seed: int, victim: Victim, *, base_rows: int = BASE_ROWS) -> Run:
    """Kill one write, and see what is left. The seed decides when, and what is written."""
    plan = Plan(seed, replacing=bool(seed % 2), base_rows=base_rows)
    place = Place(server.uri, f"killed_{seed}", server.token)
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        notes_file = Path(folder, "notes")
        try:
            with closing(place.open()) as store:
                store.upsert(plan.base)
            moment = random.Random(f"{seed}:kill").uniform(0, LATEST_SECONDS)
            task = Task(place, plan, str(notes_file), patience_seconds=BACK_SECONDS)
            with writing(task) as writer:
                faults = _kill(server, victim, moment, writer)
            notes = Notes.read(notes_file)
            seconds, verdict = _found(place, plan, notes.acknowledged)
        finally:
            place.drop()
    return Run(
        seed,
        f"{victim} killed {moment:.3f} s after {'replacing' if plan.replacing else 'inserting'} began",
        f"{notes.acknowledged} batches acknowledged, {verdict.rows} entries {seconds:.0f} s later, the batch "
        f"under way is {verdict.under_way}, {notes.errors()}",
        (*faults, *notes.faults, *verdict.faults),
    )


def _kill(server: MilvusServer, victim: Victim, moment: float, writer: Writer) -> list[str]:
    faults: list[str] = []
    if not writer.await_word("ready"):
        return [f"the writer did not begin: {writer.complaint()}"]
    if writer.ends_within(moment):
        faults.append("the writer ended by itself")
    if victim == "client":
        writer.kill()
    else:
        server.kill()
        if victim == "server and client":
            writer.kill()
        server.restart()
        if victim == "server":
            if not writer.goes_on_within(BACK_SECONDS):
                faults.append("the client could not go on after the server was back")
            writer.finish()
    if complaint := writer.complaint():
        faults.append(complaint)
    return faults


def _found(place: Place, plan: Plan, acknowledged: int) -> tuple[float, Verdict]:
    """Look until the collection is loaded and nothing is under way any more; say how long that took."""
    began = time.monotonic()
    while True:
        try:
            verdict = found_at(place, plan, acknowledged)
        except StoreUnavailableError as exc:
            verdict = Verdict(0, "?", (f"the index does not open: {exc}",))
            enough = BACK_SECONDS
        except HashIndexError as exc:
            return 0.0, Verdict(0, "?", (f"the index does not open: {type(exc).__name__}: {exc}",))
        else:
            enough = SETTLED_SECONDS
        seconds = time.monotonic() - began
        if not verdict.faults or seconds > enough:
            return seconds, verdict
        time.sleep(POLL_SECONDS)
