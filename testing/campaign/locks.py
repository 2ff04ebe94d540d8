"""A Milvus Lite file that another program holds locked as the SQLite file it is, while it is written to."""

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from testing.campaign.finding import found_in_file
from testing.campaign.place import Place, base_file
from testing.campaign.plan import Plan
from testing.campaign.run import Options, Run
from testing.campaign.writer import Task
from testing.campaign.writing import Notes, Writer, writing

RUNS = 12
BASE_ROWS = 2_000

LOCKS = {
    "EXCLUSIVE": ("BEGIN EXCLUSIVE",),
    "IMMEDIATE": ("BEGIN IMMEDIATE",),
    "read transaction": ("BEGIN", "SELECT count(*) FROM image_hash"),
}

ROUNDS = 3
"""How often the file is locked under a writer that tries again."""

SHORT_ROUNDS = 60
SHORT_SECONDS = 0.02
"""After them come many short locks, so that one ends between the two transactions of a replacement."""

LATEST_SECONDS = 0.6
LONGEST_SECONDS = 1.5
LOCK_SECONDS = 10.0
"""How long we try to get the lock, between the writer's transactions."""

GIVING_UP_SECONDS = 90.0
"""A writer that is not to try again has said so by then."""

GOING_ON_SECONDS = 30.0


def runs(options: Options) -> Iterator[Run]:
    """Lock the file at random moments."""
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        base = base_file(Path(folder, "base.db"), BASE_ROWS)
        for seed in options.seeds(RUNS):
            place = Path(folder, str(seed))
            place.mkdir()
            run = locked(Path(shutil.copy(base, place / "locked.db")), seed)
            if run.faults:
                shutil.copytree(place, options.keep / f"locks-{seed}")
            shutil.rmtree(place)
            yield run


def locked(file: Path, seed: int) -> Run:
    """Lock one file under a writer, let it go, and see what is there. The seed decides how and when."""
    kind = list(LOCKS)[seed % len(LOCKS)]
    patient, replacing = bool(seed // 3 % 2), bool(seed // 6 % 2)
    plan = Plan(seed, replacing, BASE_ROWS)
    notes_file = file.with_name("notes")
    task = Task(
        Place(str(file)), plan, str(notes_file), patience_seconds=GOING_ON_SECONDS if patient else 0.0
    )
    with writing(task) as writer:
        if not writer.await_word("ready"):
            faults = [f"the writer did not begin: {writer.complaint()}"]
        elif patient:
            faults = _locked_in_rounds(file, kind, plan, notes_file, writer)
        else:
            faults = _locked_until_said(file, kind, plan, notes_file, writer)
        if complaint := writer.complaint():
            faults.append(complaint)
    notes = Notes.read(notes_file)
    verdict = found_in_file(file, plan, notes.acknowledged)
    return Run(
        seed,
        f"{kind} while {'replacing' if replacing else 'inserting'}, "
        f"the writer {'tries again' if patient else 'gives up'}",
        f"{notes.acknowledged} batches acknowledged, {verdict.rows} entries, the batch under way is "
        f"{verdict.under_way}, {notes.errors()}",
        (*faults, *notes.faults, *verdict.faults),
    )


def _locked_in_rounds(file: Path, kind: str, plan: Plan, notes: Path, writer: Writer) -> list[str]:
    chance = random.Random(f"{plan.seed}:lock")
    faults: list[str] = []
    for _ in range(ROUNDS):
        writer.ends_within(chance.uniform(0, LATEST_SECONDS))
        acknowledged = Notes.read(notes).acknowledged
        with _lock(file, kind) as database:
            faults += _absent(database, plan, acknowledged)
            writer.ends_within(chance.uniform(0, LONGEST_SECONDS))
    for _ in range(SHORT_ROUNDS):
        writer.ends_within(chance.uniform(0, SHORT_SECONDS))
        with _lock(file, kind):
            writer.ends_within(chance.uniform(0, SHORT_SECONDS))
    if not writer.goes_on_within(GOING_ON_SECONDS):
        faults.append("the writer could not go on after the lock was gone")
    writer.finish()
    return faults


def _locked_until_said(file: Path, kind: str, plan: Plan, notes: Path, writer: Writer) -> list[str]:
    chance = random.Random(f"{plan.seed}:lock")
    faults: list[str] = []
    writer.ends_within(chance.uniform(0, LATEST_SECONDS))
    acknowledged = Notes.read(notes).acknowledged
    with _lock(file, kind) as database:
        faults += _absent(database, plan, acknowledged)
        if not writer.ends_within(GIVING_UP_SECONDS):
            faults.append(f"nothing was said in {GIVING_UP_SECONDS:.0f} s of a locked file")
    if not Notes.read(notes).said:
        faults.append("the writer ended without saying why")
    return faults


@contextmanager
def _lock(file: Path, kind: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, timeout=LOCK_SECONDS, isolation_level=None)) as database:
        for statement in LOCKS[kind]:
            database.execute(statement).fetchall()
        yield database
        database.execute("ROLLBACK")


def _absent(database: sqlite3.Connection, plan: Plan, acknowledged: int) -> list[str]:
    """Say which acknowledged entries are not in the file; nobody can write to it meanwhile."""
    if plan.replacing:  # a replacement takes its rows out for a moment
        return []
    there = {row[0] for row in database.execute("SELECT milvus_id FROM image_hash")}
    absent = [key for key in plan.after(acknowledged) if str(key) not in there]
    if not absent:
        return []
    return [f"{len(absent)} acknowledged entries are not in the file, the first {absent[0]}"]
