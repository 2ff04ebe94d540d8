"""A lean OSS in a process of its own: `python -m benchmarks.oss_process FOLDER SECONDS`.

It answers with the files of the folder, each request after a wait, until its standard input ends. The server
of the tests takes half a millisecond of processor time for a request, to check its signature and its form; on
the two cores that are measured that would count against the client. Answers are the same: they are made once,
by that server's buckets.
"""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from urllib.parse import parse_qsl, unquote, urlsplit

from testing.oss_buckets import Buckets, StoredObject
from testing.oss_server import BUCKET, CREDENTIALS, LOOPBACK, MODIFIED, REGION

PREFIX = "pictures/"

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Served:
    """Where a folder is served, and by which process."""

    endpoint: str
    process_id: int

    @property
    def uri(self) -> str:
        """The prefix of all pictures."""
        return f"oss://{BUCKET}/{PREFIX}"

    def processor_seconds(self) -> float:
        """Return the user and system time of the server so far (fields 14 and 15, proc(5))."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def settings(self) -> dict[str, str]:
        """What `Settings` is told."""
        return {
            "oss_endpoint": self.endpoint,
            "oss_region": REGION,
            "oss_access_key_id": CREDENTIALS.access_key_id,
            "oss_access_key_secret": CREDENTIALS.access_key_secret,
        }


@contextmanager
def serving(folder: Path, *, delay_seconds: float) -> Iterator[Served]:
    """Serve the files of a folder; each request is answered after the delay."""
    command = [sys.executable, "-m", "benchmarks.oss_process", str(folder), str(delay_seconds)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        assert endpoint, "the OSS server did not start"
        yield Served(endpoint, process.pid)


class _Connection(asyncio.Protocol):
    """Answers one request after the other; bodies are never sent to it."""

    def __init__(self, buckets: Buckets, answers: Mapping[str, bytes], delay_seconds: float) -> None:
        self._buckets, self._answers, self._delay_seconds = buckets, answers, delay_seconds
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._head.endswith(b"\r\n\r\n"):
            method, target, _ = self._head.split(b" ", 2)
            self._head = b""
            answer = self._answers.get(unquote(target.decode())) or self._listed(target.decode())
            if method == b"HEAD":
                answer = answer[: answer.index(b"\r\n\r\n") + 4]
            asyncio.get_running_loop().call_later(self._delay_seconds, self._transport.write, answer)

    def _listed(self, target: str) -> bytes:
        page = self._buckets.list_page(
            BUCKET, dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        )
        assert isinstance(page, StoredObject), page
        return _answer(page)


def _answer(found: StoredObject) -> bytes:
    headers = {"Content-Length": str(len(found.data)), "x-oss-request-id": f"{0:024X}", **found.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + found.data


def _filled(folder: Path) -> tuple[Buckets, dict[str, bytes]]:
    """Return the objects, and the answers to their URLs."""
    buckets, answers = Buckets([BUCKET]), dict[str, bytes]()
    for path in folder.iterdir():
        buckets.put(BUCKET, PREFIX + path.name, path.read_bytes(), modified=MODIFIED, headers={})
        found = buckets.find(BUCKET, PREFIX + path.name)
        assert isinstance(found, StoredObject)
        answers[f"/{BUCKET}/{PREFIX}{path.name}"] = _answer(found)
    return buckets, answers


async def _serve(buckets: Buckets, answers: Mapping[str, bytes], delay_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(buckets, answers, delay_seconds), LOOPBACK, 0)
    print(f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(*_filled(Path(sys.argv[1])), float(sys.argv[2])))
