"""The command line as people run it: a process of its own, in a folder of its own, with a clean environment.

done = run("hash", "a.jpg", "--json", cwd=folder)
assert done.exit_code == 0 and done.values[0]["hash"]

with Running("insert", "-", "--company-id", "1", cwd=folder) as running:
    running.wait_until(lambda: "inserted" in running.stderr)
    done = running.signal(signal.SIGINT)
"""

from __future__ import annotations

import ctypes
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from testing import lock_folder
from testing.prefork import prefork_server

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def values(self) -> list[Any]:
        """Every line of stdout as JSON; ValueError where one is not exactly one JSON value."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def value(self) -> Any:
        """The one JSON value that stdout holds."""
        (only,) = self.values
        return only

    @property
    def said(self) -> list[str]:
        """The lines of stderr, without the name of the program before each."""
        return [line.removeprefix("hashindex: ") for line in self.stderr.splitlines()]


class Running:
    """A command that runs; leaving the block ends it. What it prints can be read meanwhile."""

    def __init__(
        self,
        *arguments: str | os.PathLike[str],
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> None:
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            command(*arguments),
            cwd=cwd,
            env=clean_environment(cwd, environment or {}),
            stdin=subprocess.PIPE,
            stdout=self._out if stdout is None else stdout,
            stderr=self._err if stderr is None else stderr,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self._out.close()
        self._err.close()

    @property
    def stdout(self) -> str:
        return _text(self._out.fileno())

    @property
    def stderr(self) -> str:
        return _text(self._err.fileno())

    def write(self, data: bytes, *, last: bool = False) -> None:
        """Give it something on stdin, which stays open unless that was the last."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()
        if last:
            self.process.stdin.close()

    def wait_until(self, holds: Callable[[], object], *, seconds: float = TIMEOUT_SECONDS) -> None:
        """Wait for a moment; AssertionError when it does not come, or the command ends before."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, f"it ended before:\n{self.stderr}"
            assert time.monotonic() < deadline, f"it did not come to that:\n{self.stderr}"
            time.sleep(POLL_SECONDS)

    def signal(self, number: signal.Signals, *, seconds: float = TIMEOUT_SECONDS) -> Done:
        """Send a signal, and wait for the end; TimeoutExpired when it takes longer."""
        self.process.send_signal(number)
        return self.finish(seconds=seconds)

    def finish(self, *, close_stdin: bool = False, seconds: float = TIMEOUT_SECONDS) -> Done:
        """Wait for the end."""
        if close_stdin:
            assert self.process.stdin is not None
            self.process.stdin.close()
        exit_code = self.process.wait(seconds)
        return Done(exit_code, self.stdout, self.stderr)


def shell(
    line: str, *, cwd: Path, environment: Mapping[str, str] | None = None, inside: Sequence[str] = ()
) -> Done:
    """Run lines of shell, in which `hashindex` is the program, with an empty stdin.

    `inside` is a command that runs the shell, like `unshare`.
    """
    program = f'hashindex() {{ {shlex.quote(sys.executable)} -m hashindex "$@"; }}\n'
    done = subprocess.run(
        [*inside, "/bin/sh", "-c", program + line],
        cwd=cwd,
        env=clean_environment(cwd, environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return Done(done.returncode, _decoded(done.stdout), _decoded(done.stderr))


def run(
    *arguments: str | os.PathLike[str],
    cwd: Path,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Done:
    """Run `hashindex` with these arguments to its end, in a process of its own forked from a warm one."""
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        given.write(stdin)
        given.seek(0)
        exit_code = prefork_server().run(
            [os.fspath(argument) for argument in arguments],
            cwd=cwd,
            environment=clean_environment(cwd, environment or {}),
            streams=[file.fileno() for file in (given, out, err)],
            timeout_seconds=timeout_seconds,
        )
        return Done(exit_code, _text(out.fileno()), _text(err.fileno()))


def run_fresh(
    *arguments: str | os.PathLike[str],
    cwd: Path,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    unprivileged: bool = False,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Done:
    """Do the same by starting Python; `unprivileged` binds root to file permissions too."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=clean_environment(cwd, environment or {}),
        stdin=stdin,
        capture_output=True,
        timeout=timeout_seconds,
        check=False,
        preexec_fn=_bind_to_permissions if unprivileged and os.getuid() == 0 else None,
    )
    return Done(done.returncode, _decoded(done.stdout), _decoded(done.stderr))


def command(*arguments: str | os.PathLike[str]) -> list[str | os.PathLike[str]]:
    """Return the command line of a command."""
    return [sys.executable, "-m", "hashindex", *arguments]


def clean_environment(cwd: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without settings but for the locks, in which the package is found anywhere."""
    kept = {
        name: os.environ[name] for name in ("PATH", "TMPDIR", "COVERAGE_PROCESS_START") if name in os.environ
    }
    ours = {"LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY), "HASHINDEX_LOCK_FOLDER": str(lock_folder())}
    return {**kept, "HOME": str(cwd), **ours, **more}


def _bind_to_permissions() -> None:
    """Give up what lets root read and write any file (capabilities(7)), before the program is executed."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def _text(descriptor: int) -> str:
    return _decoded(os.pread(descriptor, 1 << 26, 0))


def _decoded(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
