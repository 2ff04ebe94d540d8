"""`make demo`: it finds the copies, in the pictures that are shipped and in a folder of one's own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from PIL import Image

from testing.commands import REPOSITORY, Done, clean_environment
from testing.making import saved
from testing.photographs import photograph

MATCH = re.compile(r"^  (near|exact) +\d+ +\d+ +\d+ +(\d+) +\d+  (/.+)$", re.MULTILINE)


class TestDemo(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def demo(self, *arguments: str) -> Done:
        done = subprocess.run(
            [sys.executable, REPOSITORY / "demo.py", *arguments],
            cwd=self.cwd,
            env=clean_environment(self.cwd, {"HASHINDEX_COMPANY_ID": "5", "HASHINDEX_COLLECTION": "other"}),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def assert_both_copies_found(self, done: Done) -> None:
        self.assertEqual((done.exit_code, done.stderr), (0, ""), done)
        matches = MATCH.findall(done.stdout)
        self.assertEqual([(verdict, company) for verdict, company, _ in matches[:2]], [("near", "1")] * 2)
        self.assertEqual(matches[0][2], matches[1][2])
        self.assertIn(f"{self.cwd}/.demo/reencoded.jpg: no match", done.stdout)  # for the other company
        self.assertIn("\n$ hashindex stats\ntotal ", done.stdout)

    def test_with_the_pictures_that_are_shipped(self) -> None:
        done = self.demo()
        self.assert_both_copies_found(done)
        self.assertNotIn("hashindex: ", done.stdout)  # nothing is rejected or warned of
        self.assertEqual(os.listdir(self.cwd), [".demo"])

    def test_with_a_folder_of_ones_own(self) -> None:
        folder = self.cwd / "mine"
        folder.mkdir()
        (folder / "a broken.jpg").write_bytes(photograph("rocket.jpg").read_bytes()[:10_000])
        for number in range(3):
            saved(folder / f"icon {number}.png", number)
        with Image.open(photograph("coffee.png")) as image:
            tags = image.getexif()
            tags[0x0112] = 6  # as telephones store them: lying on the side
            image.save(folder / os.fsdecode(b"phone \xff.jpg"), exif=tags, quality=95)
        done = self.demo("mine")
        self.assert_both_copies_found(done)
        self.assertIn("a broken.jpg: truncated: ", done.stdout)

    def test_a_folder_without_photographs(self) -> None:
        (self.cwd / "empty").mkdir()
        done = self.demo("empty")
        self.assertEqual(
            (done.exit_code, done.stdout),
            (1, "There is no photograph in empty; name another folder: make demo PICTURES=FOLDER\n"),
        )
        self.assertFalse((self.cwd / ".demo").exists())

    def test_it_is_what_make_runs(self) -> None:
        make = shutil.which("make")
        assert make is not None
        done = subprocess.run(
            [make, "-n", "demo", "PICTURES=folder"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertRegex(done.stdout, r"(?m)^\S+python demo\.py .?folder.?$")


if __name__ == "__main__":
    unittest.main()
