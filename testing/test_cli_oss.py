"""`--oss-process` and the limits on OSS, from the command line to the requests that OSS gets."""

import tempfile
import time
import unittest
from pathlib import Path

from testing.commands import Done, run
from testing.making import encoded, picture
from testing.oss_server import Fault, OssServer

STYLE = "image/resize,w_64"
RECIPE = f"ahash/1 confirm=box64 orientation=exif alpha=white depth=scaled decode=exact oss={STYLE}"
ORIGINAL = encoded(picture(1, (400, 300)), "JPEG")
URI = "oss://photos/in/1.jpg"
WARNING = (
    f"hashindex: pictures that do not come from OSS are hashed without {STYLE}: a few of their bits may "
    "differ from those of their copies there, and no match between the two is exact.\n"
)


class OssCase(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.server = self.enterContext(OssServer())
        self.server.put("in/1.jpg", ORIGINAL)
        self.seen = 0

    def run_(self, *arguments: str, **environment: str) -> Done:
        return run(*arguments, cwd=self.cwd, environment={**self.server.environment, **environment})


class TestLimits(OssCase):
    def test_requests_at_once(self) -> None:
        self.server.order(Fault(delay_seconds=0.02), times=None)
        self.assertEqual(self.run_("hash", *[URI] * 6, HASHINDEX_OSS_REQUESTS="1").exit_code, 0)
        self.assertEqual((len(self.server.requests), self.server.connections), (6, 1))
        self.assertEqual(self.run_("hash", *[URI] * 6, HASHINDEX_IN_FLIGHT="3").exit_code, 0)
        self.assertEqual(len(self.server.requests), 12)
        self.assertIn(self.server.connections, (1 + 2, 1 + 3))

    def test_bytes_per_second(self) -> None:
        self.run_("hash", URI)  # so that all is imported
        began, pace = time.monotonic(), f"{4 * len(ORIGINAL)}"
        self.assertEqual(self.run_("hash", *[URI] * 2, HASHINDEX_OSS_BYTES_PER_SECOND=pace).exit_code, 0)
        self.assertGreaterEqual(time.monotonic() - began, 0.5)


class TestOssProcess(OssCase):
    def asked(self) -> list[tuple[str, str | None]]:
        """Return what was asked for since the last time, but for listings."""
        requests = self.server.requests
        new, self.seen = requests[self.seen :], len(requests)
        return [(each.method, each.query.get("x-oss-process")) for each in new if each.key]

    def test_an_index_keeps_to_it(self) -> None:
        created = self.run_("create", "--oss-process", STYLE, "--json")
        self.assertEqual((created.exit_code, created.value["recipe"]), (0, RECIPE))
        names = ("insert", "oss://photos/in/", "--company-id", "1", "--json")
        self.assertEqual(self.run_(*names).value["inserted"], 1)
        self.assertEqual(self.asked(), [("HEAD", None), ("GET", STYLE)])
        entry = self.run_("search", URI, "--company-id", "1", "--json").value["matches"][0]
        self.assertEqual((entry["uri"], entry["verdict"]), (URI, "exact"))
        self.asked()
        again = self.run_(*names)
        self.assertEqual((again.value["skipped"], again.stderr, self.asked()), (1, "", []))
        stored = self.run_("get", "--company-id", "1", "--meta-id", str(entry["meta_id"]), "--json").value
        self.assertEqual((stored["width"], stored["height"], stored["file_size"]), (64, 48, len(ORIGINAL)))

    def test_pictures_from_a_disk_are_taken_as_they_are_and_that_is_said_once(self) -> None:
        self.run_("insert", URI, "--company-id", "1", "--oss-process", STYLE)
        for name in ("1.jpg", "2.jpg"):
            (self.cwd / name).write_bytes(ORIGINAL)
        found = self.run_("search", "1.jpg", "2.jpg", "--company-id", "1", "--json")
        self.assertEqual([value["matches"][0]["verdict"] for value in found.values], ["near", "near"])
        self.assertEqual((found.exit_code, found.stderr), (0, WARNING))

    def test_hash_takes_it_too(self) -> None:
        done = self.run_("hash", URI, "--oss-process", STYLE, "--json")
        self.assertEqual((done.exit_code, done.stderr, done.value["rejected"]), (0, "", None))
        self.assertEqual(self.asked(), [("HEAD", None), ("GET", STYLE)])

    def test_it_goes_with_a_named_recipe(self) -> None:
        created = self.run_("create", "--recipe", "strict", "--oss-process", STYLE, "--json")
        self.assertRegex(created.value["recipe"], rf"^ahash/1 confirm=imagehash .* oss={STYLE}$")

    def test_an_index_without_it_is_not_turned_into_one_with_it(self) -> None:
        self.run_("create")
        done = self.run_("insert", URI, "--company-id", "1", "--oss-process", STYLE)
        self.assertEqual(done.exit_code, 1)
        self.assertIn(f"keeps it; make another index for {RECIPE}.", done.stderr)
        self.assertEqual(self.asked(), [])

    def test_what_is_no_style(self) -> None:
        for command in (("create",), ("hash", URI), ("insert", URI, "--company-id", "1")):
            done = self.run_(*command, "--oss-process", "resize,w_64")
            self.assertEqual(done.exit_code, 2)
            self.assertIn("'resize,w_64' is no way for OSS to process pictures", done.stderr)
        self.assertFalse((self.cwd / "hashindex.db").exists())


if __name__ == "__main__":
    unittest.main()
