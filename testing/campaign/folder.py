"""`find FOLDER -type f | hashindex hash --json -`, as people run it over a folder of anything."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

from hashindex.uris import path_to_uri
from testing.campaign.run import Options, Run

PEAK_BYTES = 1_000_000_000
DEADLINE_SECONDS = 1_800.0

MEMBERS = {"uri", "hash", "phash", "dhash", "low_information", "rejected"}


def runs(options: Options) -> Iterator[Run]:
    """Hash the folder once."""
    yield hashed(options.pictures, options.seed)


def hashed(folder: Path, seed: int = 0) -> Run:
    """Hash every file below a folder in one command, and look at all that it says."""
    with tempfile.TemporaryFile() as names, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        subprocess.run(["find", folder, "-type", "f"], stdout=names, check=True)
        names.seek(0)
        wanted = [path_to_uri(os.fsdecode(line.rstrip(b"\n"))) for line in names]
        names.seek(0)
        began = time.monotonic()
        code, peak = _run_measured(
            [sys.executable, "-m", "hashindex", "hash", "--json", "-"],
            names.fileno(),
            out.fileno(),
            err.fileno(),
        )
        seconds = time.monotonic() - began
        out.seek(0)
        err.seek(0)
        lines, said = out.read().decode().splitlines(), err.read().decode(errors="replace")
    answers = [json.loads(line) for line in lines if line.startswith("{")]
    reasons = Counter(answer["rejected"]["reason"] for answer in answers if answer["rejected"])
    faults = []
    if [answer["uri"] for answer in answers] != wanted or len(lines) != len(wanted):
        faults.append(f"{len(wanted)} files gave {len(lines)} lines, or in another order")
    if any(answer.keys() != MEMBERS for answer in answers):
        faults.append("a line does not have the members that it should")
    if any((answer["hash"] is None) != (answer["rejected"] is not None) for answer in answers):
        faults.append("a line has a hash and a reject, or neither")
    if code != (3 if reasons else 0):
        faults.append(f"the exit code is {code}, with {reasons.total()} rejected")
    # A line every ten seconds says how far it is; a machine that is busy with other things sees one.
    if told := [line for line in said.splitlines() if not line.startswith("hashindex: hashing: ")]:
        faults.append(f"stderr says: {told[-1]}")
    if peak >= PEAK_BYTES:
        faults.append(f"the peak memory is {peak / 1e6:.0f} MB")
    rejected = ", ".join(f"{reason} {times}" for reason, times in reasons.most_common()) or "none"
    return Run(
        seed,
        f"{len(wanted)} files hashed by one command",
        f"{len(lines)} lines, exit code {code}, {peak / 1e6:.0f} MB at most, {seconds:.1f} s; "
        f"rejected: {rejected}",
        tuple(faults),
    )


def _run_measured(command: list[str], stdin: int, stdout: int, stderr: int) -> tuple[int, int]:
    """Run a command; return its exit code and its peak memory in bytes."""
    process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True)
    timer = Timer(DEADLINE_SECONDS, process.kill)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, peak_bytes(usage.ru_maxrss)


def peak_bytes(maxrss: int) -> int:
    """Return what getrusage means: kilobytes on Linux, bytes on macOS."""
    return maxrss if sys.platform == "darwin" else maxrss * 1024
