"""`hashindex check`: what it prints, its exit codes, and several of them at once."""

import fcntl
import shutil
import tempfile
import termios
import unittest
from collections import Counter
from functools import partial
from pathlib import Path
from typing import ClassVar

from PIL import Image, ImageOps

from testing import on_server
from testing.commands import Done, Running, run, shell
from testing.making import encoded, picture, saved
from testing.photographs import photograph

KEYS = [
    *("uri", "status", "hash", "matches", "recipe", "low_information", "truncated"),
    *("inserted", "meta_id", "rejected"),
]
COMPANY = ("--company-id", "1")
AT_ONCE = 4


class CheckCase(unittest.TestCase):
    cwd: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        cls.cwd = Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve()
        shutil.copy(photograph("coffee.png"), cls.cwd)
        shutil.copy(photograph("coffee.png"), cls.cwd / "copy.png")
        with Image.open(photograph("coffee.png")) as image:
            image.resize((300, 200)).save(cls.cwd / "half.jpg")
        saved(cls.cwd / "other.png", 1)
        (cls.cwd / "white.png").write_bytes(encoded(Image.new("L", (64, 48), 255)))
        (cls.cwd / "broken.jpg").write_text("hello")
        done = run("insert", "coffee.png", *COMPANY, "--meta-id", "7", cwd=cls.cwd)
        assert done.exit_code == 0, done

    def check(self, *arguments: str, **environment: str) -> Done:
        return run("check", *arguments, *COMPANY, cwd=self.cwd, environment=environment)


class TestCheck(CheckCase):
    """Nothing is inserted here but `coffee.png`, under the number 7."""

    def test_json_has_a_line_for_each_picture(self) -> None:
        names = ("copy.png", "half.jpg", "other.png", "white.png", "broken.jpg", "nothing.jpg")
        done = self.check(*names, "--json")
        self.assertEqual((done.exit_code, done.stderr), (3, ""))
        for name, value in zip(names, done.values, strict=True):
            self.assertEqual((list(value), value["uri"]), (KEYS, f"{self.cwd}/{name}"))
            self.assertTrue(value["recipe"].startswith("ahash/1 "))
            self.assertEqual((value["inserted"], value["meta_id"], value["truncated"]), (False, None, False))
        said = [value["status"] for value in done.values]
        self.assertEqual(said, ["exact", "near", "new", "low_information", "undecodable", "unavailable"])
        exact, near, new, flat, broken, nothing = done.values
        same = {"distance": 0, "phash_distance": 0, "dhash_distance": 0, "verdict": "exact"}
        whose = {"company_id": 1, "meta_id": 7, "uri": f"{self.cwd}/coffee.png"}
        self.assertEqual(exact["matches"], [whose | same])
        self.assertEqual([match["verdict"] for match in near["matches"]], ["near"])
        self.assertEqual((new["matches"], new["rejected"], len(new["hash"])), ([], None, 16))
        self.assertEqual((flat["low_information"], exact["low_information"]), (True, False))
        self.assertEqual((broken["hash"], broken["rejected"]["reason"]), (None, "not_an_image"))
        self.assertEqual(nothing["rejected"], {"reason": "not_found", "detail": "there is no such file"})

    def test_exit_codes(self) -> None:
        for names, code in (
            (("other.png", "white.png"), 12),
            (("white.png", "half.jpg", "other.png"), 11),
            (("white.png", "half.jpg", "other.png", "copy.png"), 10),
            (("broken.jpg",), 3),
            (("copy.png", "nothing.jpg", "other.png"), 3),
        ):
            with self.subTest(names):
                self.assertEqual(self.check(*names, "--json").exit_code, code)

    def test_people_get_a_line_for_each_picture_and_its_matches_below(self) -> None:
        done = self.check("copy.png", "other.png", "broken.jpg")
        exact, heading, match, new, broken = done.stdout.splitlines()
        self.assertEqual(exact, f"exact            {self.cwd}/copy.png")
        self.assertEqual(heading.split(), ["verdict", "aHash", "pHash", "dHash", "company", "meta_id", "uri"])
        self.assertEqual(match.split(), ["exact", "0", "0", "0", "1", "7", f"{self.cwd}/coffee.png"])
        self.assertEqual(new, f"new              {self.cwd}/other.png")
        self.assertEqual(broken, f"undecodable      {self.cwd}/broken.jpg")
        why = "not_an_image: the content is no picture of a format that is taken."
        self.assertEqual(done.said, [f"{self.cwd}/broken.jpg: {why}"])

    def test_the_rule_and_the_views_are_those_of_search(self) -> None:
        with Image.open(self.cwd / "coffee.png") as image:
            image.transpose(Image.Transpose.ROTATE_90).save(self.cwd / "turned.png")
        self.assertEqual(self.check("turned.png", "--json").exit_code, 0)
        done = self.check("turned.png", "--orientations", "--json")
        self.assertEqual((done.exit_code, done.value["matches"][0]["view"]), (11, "rotated_270"))
        with Image.open(self.cwd / "coffee.png") as image:
            ImageOps.crop(image, 34).save(self.cwd / "cropped.png")
        found = [self.check("cropped.png", *wide, "--json").exit_code for wide in ((), ("--wide",))]
        self.assertEqual(found, [0, 11])
        self.assertEqual(self.check("half.jpg", "--joint-radius", "0", "--json").exit_code, 0)
        self.assertEqual(self.check("other.png", "--radius", "64", "--joint-radius", "192").exit_code, 11)

    def test_a_script_can_branch(self) -> None:
        script = """
            for name in half.jpg broken.jpg other.png; do
                hashindex check "$name" --company-id 1 > answer 2>&1
                case $? in
                    0) echo "$name: welcome" ;;
                    10 | 11) echo "$name: we have it" ;;
                    12) echo "$name: look at it" ;;
                    *) echo "$name: not taken" ;;
                esac
            done
        """
        done = shell(script, cwd=self.cwd)
        said = [line.partition(": ")[2] for line in done.stdout.splitlines()]
        self.assertEqual(said, ["we have it", "not taken", "welcome"])

    def test_wrong_usage_and_no_index(self) -> None:
        goes_with = "--meta-id, --meta-id-from and --replace go with --insert-if-new."
        one = "--meta-id goes with exactly one picture."
        for arguments, sentence in (
            (("copy.png", "--meta-id", "1"), goes_with),
            (("copy.png", "--replace"), goes_with),
            (("copy.png", "--meta-id-from", "stem"), goes_with),
            (("copy.png", "half.jpg", "--insert-if-new", "--meta-id", "1"), one),
            ((".", "--insert-if-new", "--meta-id", "1"), one),
            (("copy.png", "--radius", "65"), "radius is 65, but must lie between 0 and 64."),
        ):
            with self.subTest(arguments):
                done = self.check(*arguments)
                self.assertEqual((done.exit_code, done.stdout, done.said), (2, "", [sentence]))
        listed = run(
            *("check", "-", "--insert-if-new", "--meta-id", "1", *COMPANY),
            cwd=self.cwd,
            stdin=b"copy.png\nhalf.jpg\n",
        )
        self.assertEqual((listed.exit_code, listed.said), (2, [one]))
        empty = run("check", "-", *COMPANY, cwd=self.cwd, stdin=b"")
        self.assertEqual((empty.exit_code, empty.said), (2, ["no picture was named, so none was checked."]))
        done = self.check("copy.png", HASHINDEX_MILVUS_URI="none.db")
        self.assertEqual((done.exit_code, done.stdout), (1, ""))
        self.assertIn("there is no index at", done.stderr)
        self.assertFalse((self.cwd / "none.db").exists())


class TestInsertIfNew(CheckCase):
    def test_once_again_and_under_a_key_of_another(self) -> None:
        arguments = ("other.png", "--insert-if-new", "--meta-id", "5", "--json")
        done = self.check(*arguments)
        self.assertEqual((done.exit_code, done.value["status"]), (0, "new"))
        self.assertEqual((done.value["inserted"], done.value["meta_id"]), (True, 5))
        done = self.check(*arguments)
        self.assertEqual((done.exit_code, done.value["status"], done.value["inserted"]), (10, "exact", False))
        self.assertEqual([match["meta_id"] for match in done.value["matches"]], [5])
        done = self.check("white.png", "--insert-if-new", "--meta-id", "5", "--json")
        self.assertEqual((done.exit_code, done.value["status"]), (3, "low_information"))
        self.assertEqual((done.value["inserted"], done.value["rejected"]["reason"]), (False, "conflict"))
        done = self.check("white.png", "--insert-if-new", "--meta-id", "6")
        self.assertEqual((done.exit_code, done.stderr), (12, ""))
        self.assertEqual(done.stdout, f"low_information  {self.cwd}/white.png  inserted as 6\n")

    def test_many_with_keys_of_their_names(self) -> None:
        folder = self.cwd / "many"
        folder.mkdir()
        for number in (101, 102, 103):
            saved(folder / f"{number}.png", number // 2)  # the last two are one picture
        done = self.check("many", "--insert-if-new", "--meta-id-from", "stem", "--json")
        self.assertEqual(done.exit_code, 10)
        self.assertEqual(sorted(value["status"] for value in done.values), ["exact", "new", "new"])
        (twin,) = (value for value in done.values if value["status"] == "exact")
        first = 205 - int(Path(twin["uri"]).stem)  # whichever of the two the folder gives first
        self.assertEqual([match["meta_id"] for match in twin["matches"]], [first])
        self.assertEqual({value["meta_id"] for value in done.values}, {101, first, None})


def _is_empty(pipe: int) -> bool:
    return not any(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))


class AtOnce(unittest.TestCase):
    """Several processes that are started together come with the same picture, under keys of their own."""

    cwd: ClassVar[Path]
    environment: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.cwd = Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve()
        for number in range(AT_ONCE):
            (cls.cwd / f"{number}.png").write_bytes(encoded(picture(1)))
        done = run("create", cwd=cls.cwd, environment=cls.environment)
        assert done.exit_code == 0, done

    def check(self) -> Running:
        """Start one that takes the names of its pictures from stdin."""
        arguments = ("-", *COMPANY, "--insert-if-new", "--meta-id-from", "stem", "--json")
        running = Running("check", *arguments, cwd=self.cwd, environment=self.environment)
        running.write(b"missing.png\n")
        return self.enterContext(running)

    def begin(self, running: list[Running]) -> None:
        """Give each its picture."""
        for number, each in enumerate(running):
            each.write(f"{number}.png\n".encode(), last=True)

    def test_exactly_one_is_new(self) -> None:
        running = [self.check() for _ in range(AT_ONCE)]
        self.begin(running)
        ended = [each.finish() for each in running]
        self.assertEqual([done.exit_code for done in ended], [3] * AT_ONCE, ended)  # as one is missing
        answers = [done.values[1] for done in ended]
        self.assertEqual(Counter(value["status"] for value in answers), {"new": 1, "exact": AT_ONCE - 1})
        (admitted,) = (value["meta_id"] for value in answers if value["inserted"])
        for value in answers:
            if not value["inserted"]:
                self.assertEqual([match["meta_id"] for match in value["matches"]], [admitted])
        stats = run("stats", "--json", cwd=self.cwd, environment=self.environment)
        self.assertEqual(stats.value["total"], 1)


class TestAtOnceOnLite(AtOnce):
    environment: ClassVar[dict[str, str]] = {}

    def test_who_holds_the_file_for_long_keeps_others_out(self) -> None:
        owner = self.cwd / ".hashindex.db.owner"
        with Running("insert", "-", *COMPANY, cwd=self.cwd) as holder:
            holder.wait_until(lambda: owner.read_text() == f"{holder.process.pid}\n")
            short = {"HASHINDEX_WAIT_SECONDS": "0.1"}
            done = run("check", "0.png", *COMPANY, cwd=self.cwd, environment=short)
            self.assertEqual((done.exit_code, done.stdout), (1, ""))
            self.assertIn(f"is held by process {holder.process.pid}; wait for it to end", done.stderr)
            self.assertEqual(holder.finish(close_stdin=True).exit_code, 0)


class TestAtOnceOnServer(AtOnce):
    @classmethod
    def setUpClass(cls) -> None:
        server = on_server.server()
        cls.environment = {
            "HASHINDEX_MILVUS_URI": server.uri,
            "HASHINDEX_MILVUS_TOKEN": server.token,
            "HASHINDEX_COLLECTION": on_server.fresh_name(cls),
            "HASHINDEX_NLIST": "64",
        }
        super().setUpClass()

    def begin(self, running: list[Running]) -> None:
        """Do so when all have opened the index, and read: then they come within a moment."""
        for each in running:
            assert each.process.stdin is not None
            pipe = each.process.stdin.fileno()
            each.wait_until(partial(_is_empty, pipe))
        super().begin(running)


del AtOnce  # it is no test
