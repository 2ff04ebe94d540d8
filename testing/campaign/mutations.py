"""Every file of a folder, damaged at random many times over: no error, no crash, no hang."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path
from threading import Event, Timer
from typing import Self

from testing.campaign.folder import peak_bytes
from testing.campaign.run import Options, Run

PICTURE_SECONDS = 30.0
"""The longest that one picture may take."""

DECODER = (sys.executable, "-m", "testing.campaign.decoder")


@dataclass(frozen=True, slots=True)
class Job:
    """One damaged picture."""

    path: Path
    seed: str


def runs(options: Options) -> Iterator[Run]:
    """Damage and decode."""
    yield decoded(options.pictures, options.seed, options.mutations, options.keep)


def decoded(
    folder: Path,
    seed: int,
    number: int,
    keep: Path,
    *,
    decoder: Sequence[str] = DECODER,
    picture_seconds: float = PICTURE_SECONDS,
) -> Run:
    """Decode so many damaged pictures; those that show a fault are kept as files."""
    jobs = _jobs(folder, seed, number)
    workers = min(os.cpu_count() or 1, len(jobs)) or 1
    stopping = Event()
    began = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        shares = [
            pool.submit(
                _share, jobs[worker::workers], keep, stopping, partial(_Decoder, decoder, picture_seconds)
            )
            for worker in range(workers)
        ]
        try:
            results = [share.result() for share in shares]
        except BaseException:
            stopping.set()
            raise
    answers = sum((outcome for outcome, _, _ in results), Counter[str]())
    faults = tuple(fault for _, some, _ in results for fault in some)
    peak = max((peak for _, _, peak in results), default=0)
    shown = ", ".join(f"{answer} {times}" for answer, times in answers.most_common())
    return Run(
        seed,
        f"{len(jobs)} damaged pictures decoded, made of {len({job.path for job in jobs})} files",
        f"{shown}; {peak / 1e6:.0f} MB at most, {time.monotonic() - began:.0f} s",
        faults,
    )


def _jobs(folder: Path, seed: int, number: int) -> list[Job]:
    """Take the files in turn, until there are enough."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    rounds = (Job(path, f"{seed}:{path.relative_to(folder)}:{nth}") for nth in count() for path in files)
    return list(islice(rounds, number)) if files else []


def _share(
    jobs: list[Job], keep: Path, stopping: Event, start: "Callable[[], _Decoder]"
) -> tuple[Counter[str], list[str], int]:
    """Have one process after the other decode; a new one begins where one has died."""
    answers: Counter[str] = Counter()
    faults: list[str] = []
    peak = 0
    pending = iter(jobs)
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        picture = Path(folder, "picture")
        while True:
            with start() as decoder:
                died = False
                for job in pending:
                    if stopping.is_set():
                        return answers, faults, peak
                    answer, died = decoder.decode(job, picture)
                    answers[answer.split()[0]] += 1
                    if died or answer.startswith("raised"):
                        kept = keep / f"damaged-{len(faults)}-{os.getpid()}-{job.path.name}"
                        kept.write_bytes(picture.read_bytes())
                        faults.append(f"{job.path} damaged by seed {job.seed!r}: {answer}; kept as {kept}")
                    if died:
                        break
            peak = max(peak, decoder.peak)
            if not died:
                return answers, faults, peak


class _Decoder:
    """A process that decodes one picture after the other."""

    def __init__(self, command: Sequence[str], picture_seconds: float) -> None:
        self.peak, self._picture_seconds = 0, picture_seconds
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it is ready: starting is no picture's time

    def decode(self, job: Job, picture: Path) -> tuple[str, bool]:
        """Return what became of it, and whether the process has died of it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        hung = Event()

        def end() -> None:
            hung.set()
            self._process.kill()

        timer = Timer(self._picture_seconds, end)
        timer.start()
        try:
            stdin.write(json.dumps({"path": str(job.path), "seed": job.seed, "save": str(picture)}) + "\n")
            stdin.flush()
            answer = stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        finally:
            timer.cancel()
        if answer:
            return answer, False
        self._end()
        if hung.is_set():
            return f"hung: no answer in {self._picture_seconds:.0f} s", True
        return f"crashed: {_ending(self._process.returncode)}", True

    def _end(self) -> None:
        """Wait for its end, and note its peak memory."""
        if self._process.returncode is None:
            _, status, usage = os.wait4(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self.peak = peak_bytes(usage.ru_maxrss)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(BrokenPipeError):
            if self._process.stdin:
                self._process.stdin.close()
        self._end()
        if self._process.stdout:
            self._process.stdout.close()


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
