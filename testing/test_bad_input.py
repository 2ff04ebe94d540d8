"""What a person gets for pictures that cannot be taken: an exact sentence, an exit code, and nothing lost."""

import os
import struct
import tempfile
import unittest
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from hashindex.keys import meta_id_from_uri
from testing.commands import Done, run
from testing.making import saved
from testing.oss_server import Fault, OssServer
from testing.photographs import photograph

SECRET = "another-secret-0123"


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG with a header and hardly anything behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


class BadInputCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()

    def run_(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Done:
        return run(*arguments, cwd=self.cwd, stdin=stdin, environment=environment)

    def failed(self, done: Done, *sentences: str) -> None:
        """Check that it could not be done, and that nothing else is said."""
        self.assertEqual((done.exit_code, done.stdout, done.said), (1, "", list(sentences)))


class TestPictures(BadInputCase):
    """Each bad picture is rejected, and the good one beside it is taken."""

    def rejected(self, name: str, reason: str, detail: str) -> None:
        saved(self.cwd / "good.png", 1)
        done = self.run_("hash", name, "good.png", "--json")
        bad, good = done.values
        self.assertEqual((done.exit_code, done.stderr), (3, ""))
        self.assertEqual(bad["rejected"], {"reason": reason, "detail": detail})
        self.assertIsNone(good["rejected"])
        done = self.run_("hash", name, "good.png")
        self.assertEqual(
            (done.exit_code, done.said), (3, [f"{bad['uri']}: {reason}: {detail.removesuffix('.')}."])
        )
        self.assertEqual(done.stdout, f"{good['hash']}  {good['uri']}\n")

    def test_a_missing_file(self) -> None:
        self.rejected("missing.jpg", "not_found", "there is no such file")

    def test_a_folder_without_pictures(self) -> None:
        (self.cwd / "in").mkdir()
        for name in ("notes.txt", "more.txt"):
            (self.cwd / "in" / name).touch()
        self.rejected("in", "not_found", "there are no pictures in it, and 2 other files")

    def test_an_empty_file(self) -> None:
        (self.cwd / "empty.jpg").touch()
        self.rejected("empty.jpg", "not_an_image", "the file is empty")

    def test_a_truncated_jpeg(self) -> None:
        data = photograph("rocket.jpg").read_bytes()
        (self.cwd / "half.jpg").write_bytes(data[: len(data) // 2])
        with Image.open(self.cwd / "half.jpg") as image, self.assertRaises(OSError) as raised:
            image.load()
        self.assertIn("truncated", str(raised.exception))
        self.rejected("half.jpg", "truncated", str(raised.exception))

    def test_a_decompression_bomb(self) -> None:
        (self.cwd / "bomb.png").write_bytes(png_that_claims(3_000_000, 2_000_000))
        with self.assertRaises(Image.DecompressionBombError) as raised:
            Image.open(self.cwd / "bomb.png")
        self.rejected("bomb.png", "too_many_pixels", str(raised.exception))

    def test_a_picture_of_too_many_pixels(self) -> None:
        (self.cwd / "big.png").write_bytes(png_that_claims(10_001, 10_000))
        self.rejected("big.png", "too_many_pixels", "10001 x 10000 pixels, but at most 100000000 are taken")

    def test_a_file_of_too_many_bytes(self) -> None:
        saved(self.cwd / "good.png", 1)
        size = (self.cwd / "good.png").stat().st_size
        done = self.run_("hash", "good.png", HASHINDEX_MAX_BYTES="10")
        detail = f"{size} bytes, but at most 10 are taken"
        self.assertEqual(
            (done.exit_code, done.said), (3, [f"{self.cwd}/good.png: too_many_bytes: {detail}."])
        )

    def test_text_renamed_to_jpg(self) -> None:
        (self.cwd / "text.jpg").write_text("no picture at all")
        self.rejected("text.jpg", "not_an_image", "the content is no picture of a format that is taken")

    def test_an_unknown_scheme(self) -> None:
        self.rejected(
            "ftp://host/a.jpg",
            "unsupported",
            "ftp:// is not a source that hashindex knows; use a path or oss://",
        )

    def test_a_name_that_is_not_utf8(self) -> None:
        name = b"\xff\xfe.jpg"
        done = self.run_("hash", os.fsdecode(name))
        self.assertEqual(
            (done.exit_code, done.said),
            (3, [f"{self.cwd}/%FF%FE.jpg: not_found: there is no such file."]),
        )
        saved(self.cwd / "good.png", 1).rename(self.cwd / os.fsdecode(name))
        done = self.run_("insert", ".", "--company-id", "1", "--json")
        self.assertEqual((done.exit_code, done.value["inserted"]), (0, 1))
        key = str(meta_id_from_uri(f"{self.cwd}/%FF%FE.jpg"))
        entry = self.run_("get", "--company-id", "1", "--meta-id", key, "--json").value
        self.assertEqual(entry["uri"], f"{self.cwd}/%FF%FE.jpg")

    def test_a_uri_longer_than_its_field(self) -> None:
        name = "/" + "d/" * 2_100 + "a.png"
        saved(self.cwd / "good.png", 1)
        done = self.run_("insert", name, "good.png", "--company-id", "1", "--json")
        detail = "the URI has more than 4096 bytes, which is all that an entry can hold"
        self.assertEqual((done.exit_code, done.value["inserted"]), (3, 1))
        self.assertEqual(done.said, [f"{name}: uri_too_long: {detail}."])


class TestOss(BadInputCase):
    server: OssServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(OssServer())
        cls.server.put("in/coffee.png", photograph("coffee.png").read_bytes())

    def hash(self, *names: str, **environment: str) -> Done:
        settings: Any = {
            **self.server.environment,
            "OSS_REGION": self.server.region,
            "HASHINDEX_SOURCE_ATTEMPTS": "2",
        }
        return self.run_("hash", *names, **settings | environment)

    def rejected(self, done: Done, *sentences: str) -> None:
        self.assertEqual((done.exit_code, done.said), (3, list(sentences)))

    def test_missing_credentials(self) -> None:
        missing = "OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, OSS_ENDPOINT (or OSS_REGION)"
        sentence = f"Pictures on oss:// need these to be set: {missing}."
        self.failed(self.run_("hash", "oss://photos/in/coffee.png"), sentence)
        self.failed(self.run_("insert", "oss://photos/in/", "--company-id", "1"), sentence)

    def test_what_is_not_there(self) -> None:
        done = self.hash(
            "oss://nowhere/a.jpg",
            "oss://photos/no.jpg",
            "oss://photos/no/",
            "oss://photos/in/",
            "oss://x/a.jpg",
        )
        self.rejected(
            done,
            "oss://nowhere/a.jpg: not_found: there is no bucket nowhere (404 NoSuchBucket); "
            "check the name, and OSS_ENDPOINT or OSS_REGION.",
            "oss://photos/no.jpg: not_found: there is no such object (404 NoSuchKey).",
            "oss://photos/no/: not_found: there are no pictures in it, and 0 other files.",
            "oss://x/a.jpg: unsupported: 'oss://x/a.jpg' names no bucket: write oss://bucket/key, "
            "the bucket in 3 to 63 of a-z, 0-9 and -.",
        )
        self.assertEqual(done.stdout, "3f3fbfbb818081c3  oss://photos/in/coffee.png\n")

    def test_what_is_forbidden(self) -> None:
        self.server.order(Fault(status=403, code="AccessDenied"), key="in/secret.png", times=None)
        done = self.hash("oss://photos/in/secret.png", "oss://photos/in/coffee.png")
        self.rejected(
            done,
            "oss://photos/in/secret.png: forbidden: OSS refused it (403 AccessDenied); grant this access key "
            "oss:GetObject on the objects and oss:ListObjects on the bucket.",
        )
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_a_wrong_secret_is_named_and_never_shown(self) -> None:
        done = self.hash("oss://photos/in/coffee.png", "oss://photos/in/", OSS_ACCESS_KEY_SECRET=SECRET)
        refused = "OSS refused it (403 SignatureDoesNotMatch); check OSS_ACCESS_KEY_SECRET and OSS_REGION."
        self.rejected(
            done,
            f"oss://photos/in/coffee.png: forbidden: {refused}",
            f"oss://photos/in/: forbidden: the listing broke off after 0 keys: {refused}",
        )
        done = self.hash("oss://photos/in/coffee.png", "--verbose", OSS_ACCESS_KEY_SECRET=SECRET)
        self.assertIn("SecretStr('**********')", done.stderr)
        self.assertNotIn(SECRET, done.stderr)

    def test_an_endpoint_that_hangs(self) -> None:
        self.server.order(Fault(hang=True), key="in/slow.png", times=None)
        saved(self.cwd / "good.png", 1)
        done = self.hash("oss://photos/in/slow.png", "good.png", HASHINDEX_SOURCE_TIMEOUT_SECONDS="0.2")
        self.rejected(
            done,
            f"oss://photos/in/slow.png: source_error: {self.server.endpoint} did not answer within 0.2 s; "
            "given up after 2 attempts.",
        )
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertEqual(self.server.count("in/slow.png"), 2)

    def test_an_endpoint_where_nobody_is(self) -> None:
        self.rejected(
            self.hash("oss://photos/in/coffee.png", OSS_ENDPOINT="http://127.0.0.1:1"),
            "oss://photos/in/coffee.png: source_error: the connection to http://127.0.0.1:1 failed; "
            "check OSS_ENDPOINT and the network; given up after 2 attempts.",
        )


if __name__ == "__main__":
    unittest.main()
