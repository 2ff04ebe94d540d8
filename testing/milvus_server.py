"""A real Milvus server for tests: the binary of the PyPI package `milvus`, on ports of our own.

    server = shared_server()                     # one for the whole run, started on first use
    MilvusClient(uri=server.uri, token=server.token)

Authentication is on. The server runs in a process group of its own, so Ctrl-C does not reach it,
beside a watchdog that ends it and removes its folder even if this process is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import http.client
import importlib.metadata
import importlib.util
import json
import lzma
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn, Self

READY_SECONDS = 90.0
STOP_SECONDS = 1.0  # as the wheel's own starter; the server does not end itself even in ten
POLL_SECONDS = 0.05
ATTEMPTS = 3  # another program may take a port between our choosing it and the server's binding it
LOG_TAIL_LINES = 25
# The second is the proxy, which then silently listens elsewhere.
PORT_TAKEN = (b"address already in use", b"Proxy get available port when init")
PORTS = range(12_000, 32_000)  # below the range that systems hand out for outgoing connections
PORT_NAMES = (
    "proxy", "proxy_internal", "root_coord", "query_coord", "query_node", "index_node",
    "data_coord", "data_node", "etcd_client", "etcd_peer", "metrics",
)  # fmt: skip
TOKEN = "root:Milvus"  # what every fresh Milvus starts with
# Stays in the server's process group; its standard input ends when the process that started it
# does. $0 is the server's process, $1 the folder to remove, or nothing.
WATCHDOG = 'trap "" INT TERM HUP; read _; kill -9 "$0"; [ -z "$1" ] || rm -rf "$1"'


class MilvusServerError(RuntimeError):
    """The server could not be started; the message ends with the tail of its log."""


class MilvusServer:
    """One running standalone server; use `MilvusServer.start()`, or `shared_server()`."""

    def __init__(self, folder: Path, *, owns_folder: bool) -> None:
        self.folder = folder
        self.log_path = folder / "milvus.log"
        self.token = TOKEN
        self._owns_folder = owns_folder
        self._log_start = 0  # where in the log the latest launch begins
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, folder: Path | None = None) -> Self:
        """Start a server, independent of any other, and wait until it answers.

        Without a folder it lives in a temporary one, removed by `close` or at interpreter exit;
        a folder that is given is kept, and what is in it is served again.
        Raises MilvusServerError.
        """
        owns_folder = folder is None
        root = Path(tempfile.mkdtemp(prefix="milvus-")) if folder is None else folder
        root.mkdir(parents=True, exist_ok=True)
        server = cls(root.resolve(), owns_folder=owns_folder)
        atexit.register(server.close)
        try:
            server._start_on_free_ports()
        except BaseException:
            server.close()
            raise
        return server

    @property
    def uri(self) -> str:
        """Where a client connects; stays the same over `restart`."""
        return f"http://{self.host}:{self.port}"

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return self._ports["proxy"]

    @property
    def pid(self) -> int:
        """The server's process id; raises MilvusServerError if it does not run."""
        if self._process is None or self._process.poll() is not None:
            msg = f"the Milvus server does not run; {self._log_tail()}"
            raise MilvusServerError(msg)
        return self._process.pid

    def stop(self) -> None:
        """End the server with SIGTERM, and after STOP_SECONDS with SIGKILL; its data stays."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the server at once with SIGKILL, everything it started included; its data stays."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # the watchdog is of the group
            self._process.wait()
        if self._watchdog is not None:
            self._watchdog.communicate()
        self._process = self._watchdog = None

    def restart(self) -> None:
        """Start again on the same data and ports, ending the server first if it still runs.

        Returns when the server answers; collections load themselves again seconds later, and until
        then reads fail with code 101, "collection not loaded".
        """
        self.stop()
        self._launch()
        self._await_ready()

    def close(self) -> None:
        """Kill the server and remove its folder if that is ours; may be repeated."""
        self.kill()
        atexit.unregister(self.close)
        if self._owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start_on_free_ports(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            self._ports = free_ports(PORT_NAMES)
            self._launch()
            try:
                self._await_ready()
            except MilvusServerError:
                if attempt == ATTEMPTS or not self._found_port_taken():
                    raise
            else:
                return

    def _launch(self) -> None:
        binaries = unpacked_binaries()
        self._write_configuration()
        # The server would take any of its settings from variables named after them.
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        environment |= {
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(self._ports["metrics"]),
            "MILVUSCONF": str(self.folder / "configs"),
            "MILVUS_RUN_DIR": str(self.folder / "run"),
            "ETCD_CONFIG_PATH": str(self.folder / "configs" / "etcd.yaml"),
            "LD_LIBRARY_PATH": str(binaries),
        }
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [binaries / "milvus", "run", "standalone"],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        doomed = str(self.folder) if self._owns_folder else ""
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG, str(self._process.pid), doomed],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=self._process.pid,
        )

    def _write_configuration(self) -> None:
        folder = self.folder / "configs"
        folder.mkdir(exist_ok=True)
        # JSON is YAML too.
        (folder / "milvus.yaml").write_text(json.dumps(milvus_configuration(self.folder, self._ports)))
        # Without this file the server's C++ half exits without a word.
        (folder / "glog.conf").write_text("--logtostderr=true\n--minloglevel=1\n")
        (folder / "etcd.yaml").write_text(json.dumps(etcd_configuration(self.folder, self._ports)))

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not (self._is_healthy() and self._answers()):
            if self._process is None or self._process.poll() is not None:
                self._give_up("ended while starting")
            if self._found_port_taken():  # it goes on, half alive
                self._give_up("found one of its ports taken")
            if time.monotonic() > deadline:
                self._give_up(f"was not ready in {READY_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)

    def _give_up(self, how: str) -> NoReturn:
        self.kill()
        msg = f"the Milvus server {how}; {self._log_tail()}"
        raise MilvusServerError(msg)

    def _is_healthy(self) -> bool:
        """Whether all parts of the server say so; costs no gRPC back-off while it is not there."""
        connection = http.client.HTTPConnection(self.host, self._ports["metrics"], timeout=5)
        try:
            connection.request("GET", "/healthz")
            return b"OK" in connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _answers(self) -> bool:
        from pymilvus import MilvusClient, MilvusException

        try:
            client = MilvusClient(uri=self.uri, token=self.token, timeout=5, dedicated=True)
        except MilvusException:
            return False
        try:
            client.list_collections(timeout=5)
        except MilvusException:
            return False
        finally:
            client.close()
        return True

    def _found_port_taken(self) -> bool:
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            text = log.read()
        return any(words in text for words in PORT_TAKEN)

    def _log_tail(self) -> str:
        if not self.log_path.exists():
            return "it wrote no log"
        lines = self.log_path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return f"the end of {self.log_path}:\n" + "\n".join(lines)


@functools.cache
def shared_server() -> MilvusServer:
    """The server of this test run, started on the first call, stopped at interpreter exit."""
    return MilvusServer.start()


def free_ports(names: tuple[str, ...]) -> dict[str, int]:
    """One free port for each name."""
    ports: dict[str, int] = {}
    for port in random.sample(PORTS, len(PORTS)):
        if len(ports) == len(names):
            break
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            ports[names[len(ports)]] = port
    return ports


def milvus_configuration(folder: Path, ports: dict[str, int]) -> dict[str, object]:
    """What we set of milvus.yaml; the rest is the server's defaults."""

    def at(name: str) -> dict[str, object]:
        return {"ip": "127.0.0.1", "port": ports[name]}

    return {
        "etcd": {
            "endpoints": f"127.0.0.1:{ports['etcd_client']}",
            "use": {"embed": True},
            "data": {"dir": str(folder / "etcd")},
            "log": {"level": "error", "path": str(folder / "etcd.log")},
        },
        "localStorage": {"path": str(folder / "data")},
        "mq": {"type": "rocksmq"},
        "rocksmq": {"path": str(folder / "rocksmq"), "lrucacheratio": 0.01},
        "rootCoord": at("root_coord") | {"dmlChannelNum": 2},
        "proxy": at("proxy")
        | {
            "internalPort": ports["proxy_internal"],
            "http": {"enabled": False},
            "timeTickInterval": 20,  # milliseconds that a Strong read may wait for; 200 where nobody says
        },
        "queryCoord": at("query_coord")
        | {
            "checkChannelInterval": 50,  # milliseconds that loading a new collection waits; 1,000 by default
        },
        "queryNode": at("query_node"),
        "indexNode": at("index_node"),
        "dataCoord": at("data_coord"),
        "dataNode": at("data_node"),
        "log": {"level": "warn", "stdout": True, "file": {"rootPath": ""}},
        "common": {
            "storageType": "local",
            "security": {"authorizationEnabled": True},
            # Seconds that a killed server's registration outlives it, and restart waits for.
            "session": {"ttl": 10},
        },
    }


def etcd_configuration(folder: Path, ports: dict[str, int]) -> dict[str, object]:
    """The embedded etcd's own file: without it, its peer port is 2380 on every server."""
    client = f"http://127.0.0.1:{ports['etcd_client']}"
    peer = f"http://127.0.0.1:{ports['etcd_peer']}"
    return {
        "name": "default",
        "data-dir": str(folder / "etcd"),
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
    }


def unpacked_binaries() -> Path:
    """The wheel's binaries, unpacked once per version and user (5 s, 250 MB) into a folder
    beside the system's temporary files. Raises MilvusServerError.
    """
    wheel = importlib.util.find_spec("milvus")
    if wheel is None or wheel.origin is None:
        msg = "the package that carries the Milvus server is missing: pip install milvus==2.3.5"
        raise MilvusServerError(msg)
    packed = sorted((Path(wheel.origin).parent / "data" / "bin").glob("*.lzma"))
    version = importlib.metadata.version("milvus")
    folder = Path(tempfile.gettempdir()) / f"milvus-{version}-{os.getuid()}"
    if folder.is_dir() and folder.stat().st_uid == os.getuid():
        return folder
    fresh = Path(tempfile.mkdtemp(prefix="milvus-unpack-"))
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(functools.partial(_unpack, fresh), packed))
        with contextlib.suppress(OSError):  # another run was faster
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _unpack(folder: Path, packed: Path) -> None:
    target = folder / packed.stem
    with lzma.open(packed) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    target.chmod(0o700)
