"""Commands in processes that have imported everything beforehand: five times as fast as starting Python.

One server process imports what the commands use, and forks for each of them. The fork has its own arguments,
environment, folder and streams, runs `hashindex.__main__.main` to the end of its process, and shares nothing
with the next. What depends on how Python starts is not tested this way but by `testing.commands.run_fresh`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from contextlib import suppress
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MESSAGE_BYTES = 1 << 17
START_SECONDS = 60.0
IMPORTED = (
    *("hashindex.cli.app", "hashindex.compose", "hashindex.store.lite", "hashindex.store.server", "loggers"),
    *("oss2", "tenacity", "grpc", "pillow_heif", "imagehash"),
)


class PreforkServer:
    """The process that forks; it ends when this one does."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "testing.prefork", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                process_group=0,  # out of reach of Ctrl-C
            )

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        streams: Sequence[int],
        timeout_seconds: float,
    ) -> int:
        """Run a command with these file descriptors as stdin, stdout and stderr; return its exit code."""
        request = {"arguments": list(arguments), "cwd": str(cwd), "environment": dict(environment)}
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(request).encode()], list(streams))
            self._socket.settimeout(START_SECONDS)
            process = int(self._socket.recv(MESSAGE_BYTES))
            self._socket.settimeout(timeout_seconds)
            try:
                return int(self._socket.recv(MESSAGE_BYTES))
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                self._socket.settimeout(START_SECONDS)
                self._socket.recv(MESSAGE_BYTES)
                raise subprocess.TimeoutExpired(list(arguments), timeout_seconds) from None


@cache
def prefork_server() -> PreforkServer:
    """Return the server of this test run."""
    return PreforkServer()


def serve(requests: socket.socket) -> None:
    """Answer each request with the process id of the command, then with its exit code."""
    from hashindex.store.vendor import pymilvus

    pymilvus()  # by our door, which takes back what importing it does
    for name in IMPORTED:
        importlib.import_module(name)
    while True:
        data, streams, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 3)
        if not data:
            return
        process = os.fork()
        if not process:
            requests.close()
            _become(streams=streams, **json.loads(data))
        for stream in streams:
            os.close(stream)
        requests.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        requests.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(*, arguments: list[str], cwd: str, environment: dict[str, str], streams: list[int]) -> NoReturn:
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        # As Python makes them; they last as long as the process.
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(cwd)
        sys.argv = ["hashindex", *arguments]
        from hashindex.__main__ import main

        main()
    except BaseException:  # noqa: BLE001  # as Python itself does at the end of a program
        traceback.print_exc()
    os._exit(1)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt), socket.socket(fileno=int(sys.argv[1])) as connection:
        serve(connection)
