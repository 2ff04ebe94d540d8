"""`python -m testing.campaign [FOLDER]`: run all of it, or the kinds that are named."""

import argparse
import logging
import os
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hashindex.cli.app import leave
from testing.campaign import (
    backfill,
    bits,
    copies,
    folder,
    gate,
    joins,
    kills_lite,
    kills_server,
    locks,
    machine,
    mutations,
)
from testing.campaign.run import MUTATIONS, SEED, Options, Run
from testing.photographs import photographs

Kind = Callable[[Options], Iterator[Run]]

KINDS: dict[str, Kind] = {
    "kills-lite-insert": kills_lite.inserts,
    "kills-lite-replace": kills_lite.replacements,
    "locks": locks.runs,
    "kills-server": kills_server.servers,
    "kills-client": kills_server.clients,
    "backfill": backfill.runs,
    "copy": copies.runs,
    "gate": gate.runs,
    "folder": folder.runs,
    "bits": bits.runs,
    "mutations": mutations.runs,
    "machine": machine.stores,
    "sync": machine.syncs,
    "joins": joins.runs,
}
"""In the order in which they run."""

INTERRUPTED = 130


@dataclass(slots=True)
class Tally:
    """How one kind went."""

    runs: int = 0
    faults: int = 0
    seconds: float = 0.0
    last: str = ""
    again: list[str] = field(default_factory=list)
    """Commands that do the faulty runs again."""


def main(arguments: Sequence[str]) -> int:
    """Run, print a line for each run and a table at the end; 1 when there was any fault."""
    named = _parser().parse_args(arguments)
    options = Options(
        seed=named.seed,
        runs=named.runs,
        pictures=(named.folder or photographs()).resolve(),
        mutations=named.mutations,
        examples=named.examples,
        keep=Path(tempfile.mkdtemp(prefix="campaign-faults-")),
    )
    tallies: dict[str, Tally] = {}
    interrupted = False
    with _one_temporary_folder():
        try:
            for kind in named.only:
                _run_kind(kind, options, tallies.setdefault(kind, Tally()))
        except KeyboardInterrupt:
            interrupted = True
            _say("\ninterrupted: what follows is what was done until then")
    _show(tallies)
    if os.listdir(options.keep):
        _say(f"What shows the faults is kept in {options.keep}")
    else:
        options.keep.rmdir()
    if interrupted:
        return INTERRUPTED
    return int(any(tally.faults for tally in tallies.values()))


@contextmanager
def _one_temporary_folder() -> Iterator[None]:
    """Keep everything temporary in one folder, so that an interruption anywhere leaves nothing behind."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="campaign-", ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = before


def _run_kind(kind: str, options: Options, tally: Tally) -> None:
    _say(f"\n{kind}")
    runs = KINDS[kind](options)
    while True:
        began = time.monotonic()
        try:
            run = next(runs, None)
        finally:
            tally.seconds += time.monotonic() - began
        if run is None:
            return
        tally.runs += 1
        tally.last = run.found
        _say(f"  seed {run.seed:>3}  {run.what}: {run.found}  ({time.monotonic() - began:.1f} s)")
        for fault in run.faults:
            _say(f"    FAULT: {fault}")
        if run.faults:
            tally.faults += 1
            tally.again.append(_again(kind, run, options))
            _say(f"    again: {tally.again[-1]}")


def _again(kind: str, run: Run, options: Options) -> str:
    return shlex.join(
        [
            *(".venv/bin/python", "-m", "testing.campaign", str(options.pictures)),
            *("--only", kind, "--seed", str(run.seed), "--runs", "1"),
            *("--mutations", str(options.mutations)),
            *(("--examples", str(options.examples)) if options.examples else ()),
        ]
    )


def _show(tallies: dict[str, Tally]) -> None:
    _say(f"\n{'kind':<20}{'runs':>6}{'faulty':>8}{'seconds':>9}")
    for kind, tally in tallies.items():
        _say(f"{kind:<20}{tally.runs:>6}{tally.faults:>8}{tally.seconds:>9.0f}")
    again = [command for tally in tallies.values() for command in tally.again]
    _say("\nno fault" if not again else "\nTo do the faulty runs again:")
    for command in again:
        _say(f"  {command}")


def _kinds(text: str) -> list[str]:
    """Read names of kinds, or how they begin, between commas."""
    starts = tuple(part.strip() for part in text.split(","))
    for start in starts:
        if not start or not any(kind.startswith(start) for kind in KINDS):
            raise argparse.ArgumentTypeError(f"{start!r} is no kind; kinds are {', '.join(KINDS)}")
    return [kind for kind in KINDS if kind.startswith(starts)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m testing.campaign", description=main.__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="pictures; those that scikit-image ships where none is named"
    )
    parser.add_argument(
        "--only", type=_kinds, default=list(KINDS), metavar="KIND,...", help=f"of {', '.join(KINDS)}"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of the first run of each kind")
    parser.add_argument("--runs", type=int, help="runs of each kind, in place of its own number")
    parser.add_argument("--mutations", type=int, default=MUTATIONS, help="damaged pictures")
    parser.add_argument(
        "--examples", type=int, help="sequences of each state machine, in place of its own number"
    )
    return parser


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # the one place that prints


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # pymilvus says again what is said here
    # A background job ignores interruptions, and so would the commands that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # CPython remembers an interruption that came while it ran `exec`, as dataclasses do on import, and at its
    # end kills itself with SIGINT even though that was caught; this leaves with our exit code.
    leave(main(sys.argv[1:]))
