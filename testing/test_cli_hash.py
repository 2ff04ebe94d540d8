"""`hashindex hash`: what it prints, for people and as JSON."""

import os
import shutil
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagehash
from PIL import Image

from hashindex.decoding import Decoded, Decoder
from hashindex.hashing import fingerprint
from hashindex.recipe import DEFAULT, STRICT
from testing.commands import Done, run, run_fresh
from testing.making import encoded, noise, saved
from testing.photographs import photograph

KEYS = ["uri", "hash", "phash", "dhash", "low_information", "rejected"]
PICTURES = ("coffee.png", "rocket.jpg", "camera.png")


class TestHash(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()

    def hash(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Done:
        return run("hash", *arguments, cwd=self.cwd, stdin=stdin, environment=environment)

    def test_json_has_a_line_for_each_picture_in_order(self) -> None:
        for name in PICTURES:
            shutil.copy(photograph(name), self.cwd)
        done = self.hash(*PICTURES, "--json")
        self.assertEqual((done.exit_code, done.stderr), (0, ""))
        for name, value in zip(PICTURES, done.values, strict=True):
            self.assertEqual(list(value), KEYS)
            with Image.open(self.cwd / name) as image:
                ours = str(imagehash.average_hash(image))
            self.assertEqual((value["uri"], value["hash"]), (str(self.cwd / name), ours))
            for other in ("phash", "dhash"):
                self.assertRegex(value[other], "^[0-9a-f]{16}$")
            self.assertEqual((value["low_information"], value["rejected"]), (False, None))

    def test_json_of_a_reject_has_the_same_keys(self) -> None:
        saved(self.cwd / "good.png", 1)
        done = self.hash("missing.jpg", "good.png", "--json")
        self.assertEqual((done.exit_code, done.stderr), (3, ""))
        rejected, good = done.values
        expected: dict[str, Any] = dict.fromkeys(KEYS)
        expected["uri"] = str(self.cwd / "missing.jpg")
        expected["rejected"] = {"reason": "not_found", "detail": "there is no such file"}
        self.assertEqual((list(rejected), rejected), (KEYS, expected))
        self.assertIsNone(good["rejected"])

    def test_people_get_the_hash_then_the_name(self) -> None:
        shutil.copy(photograph("coffee.png"), self.cwd)
        Image.new("L", (64, 64), 7).save(self.cwd / "plain.png")
        done = self.hash("coffee.png", "plain.png", "missing.jpg")
        self.assertEqual(done.exit_code, 3)
        self.assertEqual(
            done.stdout,
            f"3f3fbfbb818081c3  {self.cwd}/coffee.png\n"
            f"0000000000000000  {self.cwd}/plain.png  (low information)\n",
        )
        self.assertEqual(done.said, [f"{self.cwd}/missing.jpg: not_found: there is no such file."])

    def test_a_folder_is_walked_and_its_other_files_are_passed_over(self) -> None:
        (self.cwd / "deep" / "er").mkdir(parents=True)
        saved(self.cwd / "deep" / "a.png", 1)
        saved(self.cwd / "deep" / "er" / "b.JPG", 2)
        (self.cwd / "deep" / "notes.txt").write_text("no picture")
        done = self.hash("deep", "--json")
        self.assertEqual(done.exit_code, 0)
        self.assertEqual(
            {value["uri"] for value in done.values},
            {f"{self.cwd}/deep/a.png", f"{self.cwd}/deep/er/b.JPG"},
        )

    def test_include_and_exclude_choose_what_a_walk_takes(self) -> None:
        (self.cwd / "in" / "old").mkdir(parents=True)
        for number, name in enumerate(("a.png", "b.png", "old/c.png")):
            saved(self.cwd / "in" / name, number)
        saved(self.cwd / "d.png", 9).rename(self.cwd / "in" / "d.upload")
        for flags, names in (
            (("--include", "*.upload"), {"d.upload"}),
            (("--include", "*.upload", "--include", "a.*"), {"a.png", "d.upload"}),
            (("--exclude", "*/old/*", "--exclude", "b*"), {"a.png"}),
            (("--include", "*", "--exclude", "*.png"), {"d.upload"}),
        ):
            with self.subTest(flags):
                done = self.hash("in", *flags, "--json")
                self.assertEqual(done.exit_code, 0)
                self.assertEqual(
                    {value["uri"].removeprefix(f"{self.cwd}/in/") for value in done.values}, names
                )

    def test_a_list_on_stdin_may_hold_names_that_are_not_utf8(self) -> None:
        name = b"caf\xe9 100%.png"
        saved(self.cwd / "a.png", 1).rename(os.fsdecode(os.fsencode(self.cwd) + b"/" + name))
        saved(self.cwd / "b\n.png", 2)  # a newline in a name cannot stand in a list
        done = self.hash("-", "--json", stdin=b"\n" + name + b"\nmissing\xff.png\n" + b"missing.png")
        self.assertEqual((done.exit_code, done.stderr), (3, ""))
        self.assertEqual(
            [value["uri"] for value in done.values],
            [f"{self.cwd}/{name}" for name in ("caf%E9 100%.png", "missing%FF.png", "missing.png")],
        )
        self.assertEqual([value["rejected"] is None for value in done.values], [True, False, False])

    def test_an_empty_list_is_done(self) -> None:
        self.assertEqual(self.hash("-", "--json"), Done(0, "", ""))

    def test_control_characters_of_names_are_shown_not_obeyed(self) -> None:
        saved(self.cwd / "a\x1b[31m\n.png", 1)
        done = self.hash(".", "missing\x1b.png")
        self.assertTrue(done.stdout.endswith(f"  {self.cwd}/a\\x1b[31m\\n.png\n"), done.stdout)
        self.assertEqual(done.said, [f"{self.cwd}/missing\\x1b.png: not_found: there is no such file."])

    def test_json_is_the_same_in_a_terminal_that_is_not_utf8(self) -> None:
        saved(self.cwd / "猫.png", 1)
        plain = self.hash("猫.png", "--json")
        latin = run_fresh(
            "hash", "猫.png", "--json", cwd=self.cwd, environment={"PYTHONIOENCODING": "latin-1"}
        )
        self.assertEqual((latin.exit_code, latin.values), (0, plain.values))
        self.assertTrue(latin.stdout.isascii())
        shown = run_fresh("hash", "猫.png", cwd=self.cwd, environment={"PYTHONIOENCODING": "latin-1"})
        self.assertTrue(shown.stdout.endswith(f"  {self.cwd}/\\u732b.png\n"), shown)

    def test_the_recipe_strict_ignores_the_orientation_tag(self) -> None:
        with Image.open(photograph("coffee.png")) as image:
            tags = image.getexif()
            tags[0x0112] = 6
            image.save(self.cwd / "turned.jpg", exif=tags, quality=95)
        strict = self.hash("turned.jpg", "--recipe", "strict", "--json")
        with Image.open(self.cwd / "turned.jpg") as image:
            self.assertEqual(strict.value["hash"], str(imagehash.average_hash(image)))
        self.assertNotEqual(self.hash("turned.jpg", "--json").value["hash"], strict.value["hash"])

    def test_decode_fast_is_part_of_the_recipe(self) -> None:
        path = self.cwd / "a.jpg"
        path.write_bytes(encoded(noise(1, (650, 640)), "JPEG"))
        for recipe in (DEFAULT, STRICT):
            fast = replace(recipe, decode="fast")
            decoded = Decoder(fast).decode(path.read_bytes(), None)
            assert isinstance(decoded, Decoded), decoded
            prints = fingerprint(decoded.grey, fast, of=(decoded.width, decoded.height))
            name = "strict" if recipe == STRICT else "default"
            done = self.hash("a.jpg", "--recipe", name, "--decode", "fast", "--json")
            self.assertEqual(done.value["phash"], prints.phash.hex())
            self.assertNotEqual(self.hash("a.jpg", "--recipe", name, "--json").value, done.value)

    def test_a_recipe_that_is_not_known_is_wrong_usage(self) -> None:
        done = self.hash("a.png", "--recipe", "best")
        self.assertEqual((done.exit_code, done.stdout), (2, ""))
        self.assertEqual(done.said, ["recipe 'best' is not known; known are default, strict."])

    def test_nothing_is_left_in_the_folder(self) -> None:
        saved(self.cwd / "a.png", 1)
        self.hash("a.png")
        self.assertEqual(os.listdir(self.cwd), ["a.png"])


if __name__ == "__main__":
    unittest.main()
