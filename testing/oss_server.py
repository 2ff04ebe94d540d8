"""An OSS server for tests and benchmarks: real HTTP on a free loopback port, faults on demand.

with OssServer() as server:
    server.put("a/cat.jpg", data)
    server.order(Fault(status=503, code="ServiceUnavailable"), key="a/cat.jpg", times=2)
    OssSource(endpoint=server.endpoint, ...)
    assert server.count("a/cat.jpg") == 3

It speaks what hashindex uses of the protocol: GET, HEAD and PUT of objects, pictures processed on their way,
ListObjectsV2, path-style addresses, XML errors, and it checks signatures. Leaving the block ends every
thread, stalled ones too.
"""

import base64
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from testing.oss_buckets import Buckets, StoredObject, error_xml
from testing.oss_processing import processed
from testing.oss_signature import Credentials, Refusal, Request, check
from testing.waiting import SECONDS

LOOPBACK = "127.0.0.1"
BUCKET = "photos"
REGION = "cn-hangzhou"
CREDENTIALS = Credentials("LTAI-test-id", "test-secret-0123456789")
MODIFIED = datetime(2024, 2, 29, 12, 34, 56, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do to a request instead of, or on the way to, answering it well."""

    status: int = 0
    """Answer with this error instead; 0 goes on to the true answer."""
    code: str = ""
    """OSS's error code; without one the answer has no body, as from a proxy in between."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Further elements of the error's XML."""
    delay_seconds: float = 0
    """Wait before answering."""
    hang: bool = False
    """Never answer."""
    stall_after: int | None = None
    """Stop sending after so many bytes of the body, and keep the connection."""
    drip_seconds: float = 0
    """Send the body byte by byte, with such waits in between."""
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Headers to replace, or with None to leave out; without Content-Length the body is chunked."""
    body: bytes | None = None
    """Send this in place of the body."""


@dataclass(slots=True)
class _Order:
    fault: Fault
    key: str | None
    skip: int
    times: int | None


class OssServer:
    """Buckets in memory, the faults ordered, and every request that came in."""

    def __init__(
        self,
        *,
        credentials: Credentials = CREDENTIALS,
        region: str = REGION,
        buckets: tuple[str, ...] = (BUCKET,),
        styles: Mapping[str, str] | None = None,
    ) -> None:
        """Make empty buckets; `styles` by name say how pictures are processed, as `image/resize,w_64`."""
        self.credentials, self.region = credentials, region
        self.styles = styles or {}
        self.buckets = Buckets(buckets)
        self.stopping = threading.Event()
        self._lock = threading.Condition()
        self._requests: list[Request] = []
        self._orders: list[_Order] = []
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.close_connections()
        self._http.server_close()  # joins the threads of all connections
        self._thread.join()
        if self._http.failures:
            raise self._http.failures[0]

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self._http.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead hashindex here."""
        return {
            "OSS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "OSS_ACCESS_KEY_SECRET": self.credentials.access_key_secret,
            "OSS_ENDPOINT": self.endpoint,
        }

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests so far, refused ones too, in the order of their arrival."""
        with self._lock:
            return tuple(self._requests)

    def count(self, key: str) -> int:
        """Return how many requests named this key; a listing names the empty one."""
        return sum(request.key == key for request in self.requests)

    @property
    def connections(self) -> int:
        """How many connections clients have opened."""
        return self._http.connections

    def wait_for_requests(self, number: int, *, seconds: float = SECONDS) -> None:
        """Wait until so many requests have come in; TimeoutError when they do not."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self._requests) >= number, timeout=seconds):
                raise TimeoutError(f"{len(self._requests)} of {number} requests came in")

    def put(
        self,
        key: str,
        data: bytes,
        *,
        bucket: str = BUCKET,
        modified: datetime = MODIFIED,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Store an object without a request; `headers` replace its own of the same name."""
        self.buckets.put(bucket, key, data, modified=modified, headers=headers or {})

    def order(self, fault: Fault, *, key: str | None = None, skip: int = 0, times: int | None = 1) -> None:
        """Let `fault` happen to the next `times` requests (None: to all), after `skip` good ones.

        `key` names the object; the empty one means listings, None any request.
        """
        with self._lock:
            self._orders.append(_Order(fault, key, skip, times))

    def forgive(self) -> None:
        """Forget what was ordered."""
        with self._lock:
            self._orders.clear()

    def admit(self, request: Request) -> Fault:
        """Record a request and return what is ordered for it."""
        with self._lock:
            self._requests.append(request)
            self._lock.notify_all()
            for order in self._orders:
                if order.key not in {None, request.key} or order.times == 0:
                    continue
                if order.skip:
                    order.skip -= 1
                    continue
                order.times = None if order.times is None else order.times - 1
                return order.fault
        return Fault()


class _Http(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for them
    request_queue_size = 128

    def __init__(self, oss: OssServer) -> None:
        self.oss = oss
        self.failures: list[BaseException] = []
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((LOOPBACK, 0), _Handler)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], address: object) -> None:
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.add(request)
            self.connections += 1
        super().process_request(request, address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake the threads that wait for a next request."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):  # clients hang up on purpose
            self.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "AliyunOSS", ""
    disable_nagle_algorithm = True  # else headers and body, written apart, wait 40 ms for each other
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that http.server gives it
        pass

    def _serve(self) -> None:
        oss = self.server.oss
        request = self._request()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = oss.admit(request)
        oss.stopping.wait(fault.delay_seconds)
        if fault.hang:
            oss.stopping.wait()
        if oss.stopping.is_set():
            self.close_connection = True
            return
        answer = self._answer(request, body, fault)
        if isinstance(answer, Refusal):
            xml = error_xml(answer) if answer.code else b""
            headers = {"Content-Type": "application/xml"} if xml else {}
            if request.method == "HEAD" and xml:
                headers["x-oss-err"] = base64.b64encode(xml).decode()
            self._send(answer.status, StoredObject(xml, headers), fault)
        else:
            self._send(200, answer, fault)

    def _request(self) -> Request:
        url = urlsplit(self.path)
        bucket, _, key = url.path.removeprefix("/").partition("/")
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, unquote(bucket), unquote(key), query, headers)

    def _answer(self, request: Request, body: bytes, fault: Fault) -> StoredObject | Refusal:
        oss = self.server.oss
        if fault.status:
            return Refusal(fault.status, fault.code, "Ordered by the test.", fault.more)
        if refusal := check(request, oss.credentials, region=oss.region, now=datetime.now(UTC)):
            return refusal
        if request.method == "PUT":
            return oss.buckets.put(request.bucket, request.key, body, modified=datetime.now(UTC), headers={})
        if request.key:
            return self._found(request)
        if request.query.get("list-type") != "2":
            return Refusal(400, "InvalidArgument", "This server lists by ListObjectsV2 only.")
        return oss.buckets.list_page(request.bucket, request.query)

    def _found(self, request: Request) -> StoredObject | Refusal:
        oss = self.server.oss
        found = oss.buckets.find(request.bucket, request.key)
        process = request.query.get("x-oss-process")
        if process is None or request.method == "HEAD" or isinstance(found, Refusal):
            return found
        return processed(found, process, oss.styles)

    def _send(self, status: int, answer: StoredObject, fault: Fault) -> None:
        body = answer.data if fault.body is None else fault.body
        headers: dict[str, str | None] = {"Content-Length": str(len(body)), **answer.headers, **fault.headers}
        chunked = headers["Content-Length"] is None and self.command != "HEAD"
        self.send_response(status)
        self.send_header("x-oss-request-id", f"{id(self):024X}")
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command == "HEAD":
            return
        stop = fault.cut_after if fault.stall_after is None else fault.stall_after
        part = body[:stop]
        if fault.drip_seconds:
            self._drip(part, fault.drip_seconds)
            return
        for start in range(0, len(part), 1 << 16):
            piece = part[start : start + (1 << 16)]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if stop is not None:
            self.wfile.flush()
            if fault.stall_after is not None:
                self.server.oss.stopping.wait()
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _drip(self, body: bytes, seconds: float) -> None:
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.oss.stopping.wait(seconds):
                break
        self.close_connection = True
