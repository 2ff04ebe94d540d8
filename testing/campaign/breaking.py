"""Commands that are broken off at a random moment, and what is there afterwards."""

import signal
import subprocess
import time
from collections.abc import Collection
from contextlib import closing

from hashindex.errors import StoreUnavailableError
from hashindex.keys import Key
from hashindex.records import Entry
from testing.campaign.place import Place, everything
from testing.commands import Running
from testing.milvus_server import MilvusServer

ON_LITE = ("client", "Ctrl-C", "client and child")
ON_SERVER = ("client", "server", "Ctrl-C", "server and client")
"""What is ended: by kill -9, but for Ctrl-C."""

INTERRUPTED = 130

CTRL_C_SECONDS = 2.0
"""The longest that an interrupted command may take to end."""

BACK_SECONDS = 180.0
"""A server that was killed answers after some 10 s, and has loaded its collections 25 s later."""

POLL_SECONDS = 0.25

Held = dict[Key, Entry]


def break_off(
    running: Running,
    victim: str,
    moment: float,
    server: MilvusServer | None = None,
    *,
    ends_with: Collection[int] = (0,),
) -> list[str]:
    """End a command so many seconds after its start, and say what was wrong with its end."""
    try:
        done = running.finish(seconds=moment)
    except subprocess.TimeoutExpired:
        pass
    else:  # it was faster than the undisturbed one
        return [] if done.exit_code in ends_with else [f"it ended with {done.exit_code}: {done.stderr}"]
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


def held(place: Place) -> Held:
    """Return what is there."""
    with closing(place.open()) as store:
        return {entry.key: entry for entry in everything(store)}


def held_after_a_while(place: Place) -> Held:
    """Return what is there once it can be read: a server that was killed loads for a while."""
    end = time.monotonic() + BACK_SECONDS
    while True:
        try:
            return held(place)
        except StoreUnavailableError:
            if time.monotonic() > end:
                raise
            time.sleep(POLL_SECONDS)


def differences(expected: Held, found: Held) -> list[str]:
    """Say what is missing, too much or different."""
    faults = []
    if missing := expected.keys() - found.keys():
        faults.append(f"{len(missing)} entries are missing, {min(missing)} among them")
    if more := found.keys() - expected.keys():
        faults.append(f"{len(more)} entries are too many, {min(more)} among them")
    other = [key for key in expected.keys() & found.keys() if expected[key] != found[key]]
    if other:
        faults.append(f"{len(other)} entries differ, {min(other)} among them")
    return faults
