"""Waiting for a moment, never for a time: until something holds, a process has ended or stands still."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 60.0
"""Longest wait for what comes at once unless it is broken: a busy machine can take long over anything."""

POLL_SECONDS = 0.005


def wait_until(holds: Callable[[], object]) -> None:
    """Return once it holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(POLL_SECONDS)


def stop(process_id: int) -> None:
    """Stop a process, and wait until none of its threads goes on: a signal may come to them late."""
    os.kill(process_id, signal.SIGSTOP)
    wait_until(lambda: set(_states(process_id)) == {"T"})


def has_ended(process_id: int) -> bool:
    """Say whether no thread of it is left, and nothing but its exit code remains to be asked for."""
    return _states(process_id) in ([], ["Z"])


def _states(process_id: int) -> list[str]:
    """Return the state of each of its threads, a letter as in proc(5)."""
    try:
        found = [(each / "stat").read_text() for each in Path(f"/proc/{process_id}/task").iterdir()]
    except OSError:  # one of them has just ended
        return [] if not Path(f"/proc/{process_id}").exists() else ["?"]
    return [stat.rpartition(")")[2].split()[0] for stat in found]
