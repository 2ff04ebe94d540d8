"""A bad network for tests: a TCP proxy that cuts and stalls, and one that speaks TLS to clients.

with Proxy("127.0.0.1", server.port) as proxy:
    client = MilvusClient(uri=proxy.uri, token=server.token, dedicated=True, timeout=5)
    proxy.cut()
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import ipaddress
import selectors
import socket
import ssl
import threading
from typing import TYPE_CHECKING, NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from testing.milvus_server import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK_BYTES = 1 << 16
CONNECT_SECONDS = 5.0
LOOPBACK = "127.0.0.1"


class _State(enum.Enum):
    FORWARDING = enum.auto()
    STALLED = enum.auto()
    CUT = enum.auto()


class Proxy:
    """Forward a free loopback port to a target, and misbehave on demand.

    Starts listening when made; one thread accepts, one serves each connection. With `tls`, clients
    must speak TLS (ALPN h2, as gRPC wants); towards the target it is always plain TCP.
    """

    def __init__(self, target_host: str, target_port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self.host = LOOPBACK
        self._target = (target_host, target_port)
        self._tls = tls
        self._lock = threading.Lock()
        self._state = _State.FORWARDING
        self._flowing = threading.Event()
        self._flowing.set()
        self._live: set[socket.socket] = set()
        self._closed = False
        self._listener: socket.socket | None = None
        # Below those that systems hand out, so that nobody is given it while it is cut.
        (self.port,) = free_ports(("proxy",)).values()
        self._listen()

    @property
    def uri(self) -> str:
        """Where a client connects: https with TLS, else http."""
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def cut(self) -> None:
        """End every live connection and refuse new ones, until `resume`."""
        self._state = _State.CUT
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            _end(listener)  # wakes the thread in `accept`
            listener.close()
        self._drop_connections()

    def stall(self) -> None:
        """Keep connections and accept new ones, but pass on not one byte, until `resume`."""
        self._state = _State.STALLED
        self._flowing.clear()
        if self._listener is None:
            self._listen()

    def resume(self) -> None:
        """Forward again: what `stall` held back is delivered, and the port listens after `cut`."""
        self._state = _State.FORWARDING
        self._flowing.set()
        if self._listener is None:
            self._listen()

    def close(self) -> None:
        """Cut, and end the threads; may be repeated."""
        self._closed = True
        self.cut()
        self._flowing.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> None:
        listener = self._listener = socket.create_server((self.host, self.port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # `cut` ended the listener
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Hold one connection, from accepting it to its end in either direction."""
        if not self._register(client):
            return
        self._flowing.wait()  # a stalled proxy accepts, and no more
        ends = [client]
        # OSError covers ssl.SSLError: a client that does not trust us, or speaks plain TCP.
        with contextlib.suppress(OSError):
            if self._tls is not None:
                ends[0] = self._tls.wrap_socket(client, server_side=True)  # takes `client` over
            target = socket.create_connection(self._target, CONNECT_SECONDS)
            ends.append(target)
            if self._register(ends[0]) and self._register(target):
                self._pump(ends[0], target)
        with self._lock:
            self._live -= {client, *ends}
        for end in ends:
            _end(end)
            end.close()

    def _pump(self, client: socket.socket, target: socket.socket) -> None:
        """Copy both ways until either side ends. One thread: a TLS socket does not bear two."""
        peers = {client: target, target: client}
        with selectors.DefaultSelector() as selector:
            for end in peers:
                selector.register(end, selectors.EVENT_READ)
            while True:
                for source in [key.fileobj for key, _ in selector.select()]:
                    assert isinstance(source, socket.socket)
                    for chunk in _available(source):
                        if not chunk:
                            return
                        self._flowing.wait()
                        peers[source].sendall(chunk)

    def _register(self, end: socket.socket) -> bool:
        with self._lock:
            if self._state is not _State.CUT:
                self._live.add(end)
                return True
        _end(end)
        return False

    def _drop_connections(self) -> None:
        with self._lock:
            ends, self._live = self._live, set()
        for end in ends:
            _end(end)


class Certificates(NamedTuple):
    """Files in PEM form: give `authority` to clients, the other two to a server."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, *, host: str = LOOPBACK) -> Certificates:
    """Make a new authority and a server certificate of its, valid a day for `host` and localhost.

    The files go to `folder`; the authority's key is not kept.
    """
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hashindex test authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(host))]
    root = (
        _blank_certificate(root_name, root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _blank_certificate(name, root_name, key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    made.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    made.certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """What `Proxy(..., tls=...)` takes: the certificate, and ALPN h2 for gRPC."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.set_alpn_protocols(["h2"])
    return context


def _blank_certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )


def _available(source: socket.socket) -> Iterator[bytes]:
    """What can be read now without waiting; an empty chunk at the end of the stream."""
    source.setblocking(False)
    try:
        while True:
            try:
                chunk = source.recv(CHUNK_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            source.setblocking(True)
            yield chunk
            source.setblocking(False)
    finally:
        source.setblocking(True)


def _end(end: socket.socket) -> None:
    """End the connection under a thread that waits on it, which then closes the socket."""
    with contextlib.suppress(OSError):
        # Not SSLSocket's own, which drops its TLS state under that thread.
        socket.socket.shutdown(end, socket.SHUT_RDWR)
