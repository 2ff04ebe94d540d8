"""Starts writers, kills them, and reads what they noted."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Timer

from testing.campaign.writer import Task
from testing.waiting import has_ended, wait_until

START_SECONDS = 60.0
"""A writer that has not said `ready` by then is a fault."""

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Notes:
    """What writers noted."""

    acknowledged: int
    """Batches, from the first on."""
    said: Counter[str]
    """The errors of the store, by class; what is a plain StoreError, with its text."""
    faults: tuple[str, ...]
    """What was wrong in the eyes of a writer that had done its work."""

    @classmethod
    def read(cls, path: Path) -> "Notes":
        """Read the file of notes; there may be none yet."""
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        errors = (line.removeprefix("said ") for line in lines if line.startswith("said "))
        said = Counter(
            error if error.startswith("StoreError") else error.partition(":")[0] for error in errors
        )
        faults = (line.removeprefix("fault ") for line in lines if line.startswith("fault "))
        return cls(lines.count("acknowledged"), said, tuple(f"before closing, {fault}" for fault in faults))

    def errors(self) -> str:
        """Return how often which error was said, to be shown."""
        return ", ".join(f"{name} {times}x" for name, times in sorted(self.said.items())) or "no error"


class Writer:
    """A running writer."""

    def __init__(self, process: "subprocess.Popen[bytes]", notes: Path, stderr: Path) -> None:
        self._process, self._notes, self._stderr = process, notes, stderr

    def await_word(self, word: str) -> bool:
        """Wait until it says so; False when it ends before, or does not say it in time."""
        stdout = self._process.stdout
        assert stdout is not None
        timer = Timer(START_SECONDS, self._process.kill)
        timer.start()
        try:
            return any(line.strip() == word.encode() for line in iter(stdout.readline, b""))
        finally:
            timer.cancel()

    def ends_within(self, seconds: float) -> bool:
        """Wait for it to end by itself."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def goes_on_within(self, seconds: float) -> bool:
        """Wait until one more batch is acknowledged; False when it ends before."""
        before, deadline = Notes.read(self._notes).acknowledged, time.monotonic() + seconds
        while Notes.read(self._notes).acknowledged == before:
            if time.monotonic() > deadline or self.ends_within(POLL_SECONDS):
                return Notes.read(self._notes).acknowledged > before
        return True

    def kill(self) -> None:
        """Kill it at once."""
        self._process.kill()
        self._process.wait()

    def kill_child(self) -> None:
        """Kill the Milvus Lite that it started, and wait until that is dead: what it does next meets none."""
        doomed = children(self._process.pid)
        for process_id in doomed:
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        for process_id in doomed:
            wait_until(partial(has_ended, process_id))

    def kill_both(self, *, child_first: bool) -> None:
        """Kill it and its child, one right after the other."""
        doomed = children(self._process.pid)
        for process_id in [*doomed, self._process.pid] if child_first else [self._process.pid, *doomed]:
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        self._process.wait()

    def finish(self) -> None:
        """Let it end after the batch under way."""
        self._process.terminate()
        if not self.ends_within(START_SECONDS):
            self.kill()

    def complaint(self) -> str | None:
        """Return the last line of its traceback when it ended by an error of its own, not by a signal."""
        if (self._process.poll() or 0) <= 0:
            return None
        text = self._stderr.read_text(errors="replace")
        return (text.strip().splitlines() or [f"exit code {self._process.returncode}"])[-1]


@contextmanager
def writing(task: Task) -> Iterator[Writer]:
    """Start a writer out of reach of Ctrl-C; it is dead afterwards, whatever happens."""
    stderr = Path(f"{task.notes}.stderr")
    with stderr.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "testing.campaign.writer", json.dumps(asdict(task))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield Writer(process, Path(task.notes), stderr)
    finally:
        process.kill()
        process.communicate()


def children(process_id: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True)
    pairs = (line.split() for line in listed.stdout.splitlines())
    return [int(child) for child, parent in pairs if int(parent) == process_id]
