"""What a person gets for a Milvus server that is down, refuses the token, or goes away in a run."""

import shutil
import tempfile
import unittest
import uuid
from pathlib import Path

from pymilvus import MilvusClient

from hashindex.insert import CHUNK
from testing.commands import Done, Running, run
from testing.making import saved
from testing.milvus_server import MilvusServer, free_ports, shared_server
from testing.network import Proxy
from testing.photographs import photograph

WRONG_TOKEN = "root:not-the-password"
UNREACHABLE = "it cannot be reached; see whether it runs, and whether address and certificates are right."


class TestServer(unittest.TestCase):
    server: MilvusServer
    client: MilvusClient
    cwd: Path
    collection: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.cwd = Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve()
        shutil.copy(photograph("coffee.png"), cls.cwd)
        cls.server = shared_server()
        cls.collection = f"cli_{uuid.uuid4().hex[:12]}"
        cls.client = MilvusClient(uri=cls.server.uri, token=cls.server.token, dedicated=True)
        cls.addClassCleanup(cls.client.close)
        cls.addClassCleanup(cls.drop, cls.collection)

    @classmethod
    def drop(cls, collection: str) -> None:
        cls.client.drop_alias(collection)
        cls.client.drop_collection(f"{collection}_1")

    def run_(self, *arguments: str, **environment: str) -> Done:
        return run(*arguments, cwd=self.cwd, environment=self.settings() | environment)

    def settings(self, uri: str = "") -> dict[str, str]:
        return {
            "HASHINDEX_MILVUS_URI": uri or self.server.uri,
            "HASHINDEX_MILVUS_TOKEN": self.server.token,
            "HASHINDEX_COLLECTION": self.collection,
        }

    def failed(self, done: Done, *sentences: str) -> None:
        self.assertEqual((done.exit_code, done.stdout, done.said), (1, "", list(sentences)))

    def test_1_where_no_index_is(self) -> None:
        sentence = (
            f"{self.server.uri} has no index {self.collection}; `hashindex insert` or `create` makes one."
        )
        for arguments in (("stats",), ("search", "coffee.png", "--company-id", "1")):
            self.failed(self.run_(*arguments), sentence)

    def test_2_the_same_commands_as_on_lite(self) -> None:
        done = self.run_("create", "--expect", "1000", "--json")
        self.assertEqual((done.exit_code, done.value["created"]), (0, True), done.stderr)
        self.assertEqual(done.value["index_type"], "BIN_IVF_FLAT")
        done = self.run_("insert", "coffee.png", "--company-id", "1", "--meta-id", "7", "--json")
        self.assertEqual((done.exit_code, done.value["inserted"], done.stderr), (0, 1, ""))
        done = self.run_("search", "coffee.png", "--company-id", "1", "--json")
        self.assertEqual([match["meta_id"] for match in done.value["matches"]], [7])
        self.assertEqual(self.run_("search", "coffee.png", "--company-id=2", "--json").value["matches"], [])
        done = self.run_("stats", "--companies", "--json")
        self.assertEqual((done.value["companies"], done.value["uri"]), ({"1": 1}, self.server.uri))
        self.failed(
            self.run_("stats", HASHINDEX_INDEX_TYPE="BIN_FLAT"),
            f"the collection {self.collection} is indexed by BIN_IVF_FLAT, not BIN_FLAT; "
            "set the index type to auto.",
        )

    def test_3_a_wrong_token_is_refused_and_never_shown(self) -> None:
        sentence = f"{self.server.uri}: the token is refused; check HASHINDEX_MILVUS_TOKEN."
        self.failed(self.run_("stats", HASHINDEX_MILVUS_TOKEN=WRONG_TOKEN), sentence)
        done = self.run_("stats", "--verbose", HASHINDEX_MILVUS_TOKEN=WRONG_TOKEN)
        self.assertEqual((done.exit_code, done.said[-1]), (1, sentence))
        self.assertIn("Traceback", done.stderr)  # the cause
        with_password = self.server.uri.replace("://", f"://{WRONG_TOKEN}@")
        in_address = self.run_("stats", "--verbose", "--milvus-uri", with_password)
        for text in (done.stderr, in_address.stderr):
            self.assertNotIn("not-the-password", text)
            self.assertNotIn("cm9vdDpub3QtdGhlLXBhc3N3b3Jk", text)  # as gRPC sends it

    def test_4_a_collection_of_someone_elses_code(self) -> None:
        theirs = f"theirs_{uuid.uuid4().hex[:12]}"
        self.client.create_collection(theirs, dimension=8)
        self.addCleanup(self.client.drop_collection, theirs)
        self.failed(
            self.run_("insert", "coffee.png", "--company-id", "1", "--collection", theirs),
            f"the collection {theirs} was not made by hashindex; name another with --collection.",
        )

    def test_5_a_server_that_is_down(self) -> None:
        (port,) = free_ports(("nobody",)).values()
        uri = f"http://127.0.0.1:{port}"
        self.failed(
            self.run_("stats", "--milvus-uri", uri),
            f"{uri}: {UNREACHABLE}",
        )

    def test_6_a_server_that_goes_away_and_comes_back(self) -> None:
        (self.cwd / "in").mkdir()
        names = [str(saved(self.cwd / "in" / f"{number}.pgm", number)) for number in range(CHUNK + 1)]
        with Proxy(self.server.host, self.server.port) as proxy:
            running = self.enterContext(
                Running(
                    *("insert", "-", "--company-id", "6", "--json", "--verbose"),
                    cwd=self.cwd,
                    environment=self.settings(proxy.uri),
                )
            )
            running.write("".join(f"{name}\n" for name in names[:CHUNK]).encode())
            running.wait_until(lambda: running.stderr.count(" inserted 6:") == CHUNK)
            proxy.cut()
            running.write(f"{names[-1]}\n".encode())
            done = running.finish(close_stdin=True)
            self.assertEqual((done.exit_code, done.stdout), (1, ""))
            self.assertEqual(
                done.said[-2:],
                [
                    f"{proxy.uri}: {UNREACHABLE}",
                    f"{CHUNK} pictures of this run are in the index; run it again to go on.",
                ],
            )
            proxy.resume()
            again = self.run_("insert", "in", "--company-id=6", "--json", "--milvus-uri", proxy.uri)
        self.assertEqual((again.value["skipped"], again.value["inserted"]), (CHUNK, 1))


if __name__ == "__main__":
    unittest.main()
