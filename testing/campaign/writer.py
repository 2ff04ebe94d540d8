"""The process that is killed: writes the batches of a plan and notes each one that was acknowledged.

Started by `testing.campaign.writing`, with its task as JSON. Says `opening` and `ready` on stdout; after
SIGTERM it ends when the batch under way is done. The notes are forced to disk, after the store has returned.
"""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from hashindex.errors import StoreError
from hashindex.records import Entry, Scope
from hashindex.store.interface import Store
from testing.campaign.place import Place, everything, rows_in_file
from testing.campaign.plan import Plan, judge

RETRY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Task:
    """What a writer is to do."""

    place: Place
    plan: Plan
    notes: str
    """The file that notes are appended to."""
    first: int = 0
    """The batch to begin with."""
    patience_seconds: float = 0.0
    """How long to try a batch again that the store did not take; 0 to give up at once."""

    @classmethod
    def parse(cls, text: str) -> "Task":
        """Read the JSON of a task."""
        fields = json.loads(text)
        return cls(**{**fields, "place": Place(**fields["place"]), "plan": Plan(**fields["plan"])})


class Writing:
    """The writing of one task."""

    def __init__(self, task: Task, store: Store) -> None:
        self._task, self._store = task, store
        self._stopping = Event()
        self._notes = os.open(task.notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        signal.signal(signal.SIGTERM, lambda *_: self._stopping.set())

    def run(self) -> None:
        """Write until SIGTERM, or until patience ends; after SIGTERM, look at what this process sees."""
        number = self._task.first
        while self._written(self._task.plan.batch(number)):
            number += 1
            if self._stopping.is_set():
                self._look(number)
                return

    def _written(self, batch: list[Entry]) -> bool:
        deadline = time.monotonic() + self._task.patience_seconds
        while True:
            try:
                self._store.upsert(batch)
            except StoreError as exc:
                self._note(f"said {type(exc).__name__}: {' '.join(str(exc).split())}")
                if time.monotonic() > deadline or self._stopping.wait(RETRY_SECONDS):
                    return False
            else:
                self._note("acknowledged")
                return True

    def _look(self, acknowledged: int) -> None:
        """Compare what Milvus Lite has in memory; a server that was killed may not have loaded it again."""
        if not self._task.place.is_file:
            return
        faults = list(judge(self._task.plan, acknowledged, everything(self._store)).faults)
        in_memory = self._store.count(Scope.ALL)
        in_file, _ = rows_in_file(Path(self._task.place.uri))
        if in_memory != in_file:
            faults.append(f"{in_memory} entries are in memory, and {in_file} rows in the file")
        for fault in faults:
            self._note(f"fault {fault}")

    def _note(self, text: str) -> None:
        os.write(self._notes, f"{text}\n".encode())
        os.fsync(self._notes)


def main() -> None:
    """Do the task that the command line holds."""
    task = Task.parse(sys.argv[1])
    _say("opening")
    store = task.place.open()
    writing = Writing(task, store)
    _say("ready")
    try:
        writing.run()
    finally:
        store.close()


def _say(word: str) -> None:
    print(word, flush=True)  # noqa: T201  # the parent waits for it


if __name__ == "__main__":
    main()
