"""The way to a Milvus server: its address, token and certificates, and what happens when it goes away."""

import tempfile
from pathlib import Path
from typing import ClassVar
from unittest import mock

from hashindex.errors import ConfigurationError, InvalidArgumentError, StoreUnavailableError
from hashindex.records import Scope
from hashindex.store import milvus, server
from hashindex.store.vendor import UNREACHABLE
from testing import on_server
from testing.making import entry
from testing.milvus_server import free_ports
from testing.network import Certificates, Proxy, make_certificates, server_context
from testing.server_case import ServerCase


class TestAddress(ServerCase):
    def test_a_wrong_token_and_none(self) -> None:
        for token in ("root:wrong", "nobody:x", "", "x"):
            with self.subTest(token):
                self.refused(
                    StoreUnavailableError,
                    "{}: the token is refused; check HASHINDEX_MILVUS_TOKEN.",
                    token=token,
                )

    def test_nothing_listens(self) -> None:
        (port,) = free_ports(("nobody",)).values()
        for uri in (f"http://127.0.0.1:{port}", "http://no.such.host.invalid:19530"):
            self.refused(StoreUnavailableError, f"{uri}: {UNREACHABLE}", uri=uri)

    def test_an_address_that_is_none(self) -> None:
        sentence = (
            "the address of the Milvus server is malformed; write http://host:19530 or https://host:port."
        )
        for uri in (
            "http://[bad",
            "http://u:pw@host:port",
            "http://host:0",
            "http://",
            "ftp://u:pw@host",
            "://",
        ):
            with self.subTest(uri):
                self.refused(InvalidArgumentError, sentence, uri=uri)

    def test_credentials_in_the_address_are_used_and_never_told(self) -> None:
        running = on_server.server()
        with_token = running.uri.replace("//", f"//{running.token}@")
        store = on_server.opened(type(self), on_server.common(), uri=with_token, token="")
        store.upsert([entry(1, 1)])
        self.assertEqual(store.info().uri, running.uri)
        self.refused(
            StoreUnavailableError,
            "{}: the token is refused; check HASHINDEX_MILVUS_TOKEN.",
            uri=running.uri.replace("//", "//root:secret@"),
            token="",
        )
        (port,) = free_ports(("nobody",)).values()
        self.refused(
            StoreUnavailableError,
            f"http://127.0.0.1:{port}: {UNREACHABLE}",
            uri=f"http://root:secret@127.0.0.1:{port}?token=secret",
        )

    def test_one_that_accepts_and_never_answers(self) -> None:
        running = on_server.server()
        with Proxy(running.host, running.port) as proxy, mock.patch.object(server, "CONNECT_SECONDS", 1.0):
            proxy.stall()
            sentence = f"{proxy.uri}: no answer in time; see whether it is overloaded, and run again."
            self.refused(StoreUnavailableError, sentence, uri=proxy.uri)

    def test_one_that_goes_away_in_the_middle_and_comes_back(self) -> None:
        running = on_server.server()
        with Proxy(running.host, running.port) as proxy:
            store = on_server.opened(type(self), on_server.common(), uri=proxy.uri)
            store.upsert([entry(1, 1)])
            overloaded = f"{proxy.uri}: no answer in time; see whether it is overloaded, and run again."
            gone = f"{proxy.uri}: {UNREACHABLE}"
            for fail, sentence, seconds in ((proxy.cut, gone, 5.0), (proxy.stall, overloaded, 0.5)):
                fail()
                with (
                    mock.patch.object(server, "CALL_SECONDS", seconds),
                    mock.patch.object(milvus, "CALL_SECONDS", seconds),
                ):
                    self.says(StoreUnavailableError, sentence, lambda: store.upsert([entry(1, 2)]))
                    self.says(StoreUnavailableError, sentence, lambda: store.count(Scope.ALL))
                proxy.resume()
                store.upsert([entry(1, 2)])
                self.assertEqual(store.get([entry(1, 2).key]), {entry(1, 2).key: entry(1, 2)})
            store.close()
            self.says(StoreUnavailableError, gone, lambda: store.count(Scope.ALL))


class TestCertificates(ServerCase):
    folder: ClassVar[Path]
    certificates: ClassVar[Certificates]
    proxy: ClassVar[Proxy]

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.certificates = make_certificates(cls.folder)
        running = on_server.server()
        cls.proxy = Proxy(running.host, running.port, tls=server_context(cls.certificates))
        cls.addClassCleanup(cls.proxy.close)

    def test_the_right_authority(self) -> None:
        store = on_server.opened(
            type(self), on_server.common(), uri=self.proxy.uri, ca_file=self.certificates.authority
        )
        store.upsert([entry(2, 1)])
        self.assertEqual(store.count(Scope.company(2)), 1)
        self.assertEqual(store.info().uri, self.proxy.uri)

    def test_the_wrong_authority_none_and_no_tls_at_all(self) -> None:
        (self.folder / "other").mkdir()
        wrong = make_certificates(self.folder / "other").authority
        (self.folder / "text.pem").write_text("no certificate")
        for uri, ca_file in (
            (self.proxy.uri, wrong),
            (self.proxy.uri, self.folder / "text.pem"),
            (self.proxy.uri, None),
            (self.proxy.uri.replace("https", "http"), None),
        ):
            with self.subTest(uri=uri, ca_file=ca_file):
                self.refused(StoreUnavailableError, f"{uri}: {UNREACHABLE}", uri=uri, ca_file=ca_file)

    def test_a_file_that_is_not_there(self) -> None:
        missing = self.folder / "missing.pem"
        self.refused(
            ConfigurationError,
            f"HASHINDEX_MILVUS_CA_FILE names {missing}, which is no file.",
            uri=self.proxy.uri,
            ca_file=missing,
        )
