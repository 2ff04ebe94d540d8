"""kill -9 of the client, of the Milvus Lite behind it, or of both, at a random moment of a write."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from testing.campaign.finding import found_in_file
from testing.campaign.place import Place, base_file
from testing.campaign.plan import Plan
from testing.campaign.run import Options, Run
from testing.campaign.writer import Task
from testing.campaign.writing import Notes, writing

RUNS = 20
BASE_ROWS = 4_000
VICTIMS = ("client", "child", "both")

LATEST_SECONDS = 1.2
"""Kills come up to this long after the first batch has begun: a batch takes some 20 to 150 ms."""

AGAIN_SECONDS = 0.4
"""Every other run is killed once more, up to this long after it begins to open the index again."""

GOING_ON_SECONDS = 30.0
"""How long a client has to go on after its child was killed."""

PATIENCE_SECONDS = 30.0
"""How long it tries the batch again that failed. Half of the clients do not, and leave it as it is."""


def inserts(options: Options) -> Iterator[Run]:
    """Kill while new entries are written."""
    return _runs(options, replacing=False)


def replacements(options: Options) -> Iterator[Run]:
    """Kill while entries are replaced."""
    return _runs(options, replacing=True)


def _runs(options: Options, *, replacing: bool) -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        base = base_file(Path(folder, "base.db"), BASE_ROWS)
        for seed in options.seeds(RUNS):
            place = Path(folder, str(seed))
            place.mkdir()
            file = Path(shutil.copy(base, place / "killed.db"))
            run = killed(file, Plan(seed, replacing, BASE_ROWS))
            if run.faults:
                shutil.copytree(place, options.keep / f"kills-lite-{seed}")
            shutil.rmtree(place)
            yield run


def killed(file: Path, plan: Plan) -> Run:
    """Kill one write, and see what is left. The seed decides who dies and when."""
    chance = random.Random(f"{plan.seed}:kill")
    victim = VICTIMS[plan.seed % len(VICTIMS)]
    moment, again = chance.uniform(0, LATEST_SECONDS), chance.uniform(0, AGAIN_SECONDS)
    patience_seconds = PATIENCE_SECONDS if plan.seed // len(VICTIMS) % 2 else 0.0
    notes_file = file.with_name("notes")
    task = Task(Place(str(file)), plan, str(notes_file), patience_seconds=patience_seconds)
    faults = _killed_writing(task, victim, moment, child_first=chance.random() < 0.5)
    what = f"{victim} killed {moment:.3f} s after it began"
    if plan.seed % 2:
        faults += _killed_opening(replace(task, first=Notes.read(notes_file).acknowledged), again)
        what += f", both {again:.3f} s after it began to open again"
    journal = "with" if file.with_name(f"{file.name}.journal").exists() else "without"
    notes = Notes.read(notes_file)
    verdict = found_in_file(file, plan, notes.acknowledged)
    found = (
        f"{notes.acknowledged} batches acknowledged, {verdict.rows} entries, the batch under way is "
        f"{verdict.under_way}, {journal} a journal, {notes.errors()}"
    )
    return Run(plan.seed, what, found, (*faults, *notes.faults, *verdict.faults))


def _killed_writing(task: Task, victim: str, moment: float, *, child_first: bool) -> list[str]:
    faults: list[str] = []
    with writing(task) as writer:
        if not writer.await_word("ready"):
            return [f"the writer did not begin: {writer.complaint()}"]
        if writer.ends_within(moment):
            faults.append("the writer ended by itself")
        if victim == "client":
            writer.kill()
        elif victim == "both":
            writer.kill_both(child_first=child_first)
        else:
            writer.kill_child()
            if not writer.goes_on_within(GOING_ON_SECONDS) and task.patience_seconds:
                faults.append("the client could not go on after its child was killed")
            writer.finish()
        if complaint := writer.complaint():
            faults.append(complaint)
    return faults


def _killed_opening(task: Task, moment: float) -> list[str]:
    with writing(task) as writer:
        if not writer.await_word("opening"):
            return [f"the second writer did not begin: {writer.complaint()}"]
        writer.ends_within(moment)
        writer.kill_both(child_first=False)
        return [complaint] if (complaint := writer.complaint()) else []
