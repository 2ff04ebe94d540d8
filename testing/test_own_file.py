"""A file of ours is whole, or not there, and takes nobody else's place."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from hashindex.errors import ConfigurationError, InvalidArgumentError
from hashindex.own_file import OwnFile


class TestOwnFile(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.own = OwnFile(self.folder / "list.txt", "list", b"list:")

    def write(self, text: str) -> None:
        with self.own.drafted() as draft:
            draft.write_text(text, encoding="utf-8")

    def in_folder(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in self.folder.iterdir()}

    def test_it_has_its_name_when_it_is_whole(self) -> None:
        self.write("list: 1")
        with self.own.drafted() as draft:
            draft.write_text("list: ", encoding="utf-8")
            self.assertEqual(self.in_folder(), {"list.txt": "list: 1", draft.name: "list: "})
            draft.write_text("list: 2", encoding="utf-8")
        self.assertEqual(self.in_folder(), {"list.txt": "list: 2"})

    def test_whoever_reads_the_former_one_reads_it_whole(self) -> None:
        self.write("list: 1")
        with self.own.path.open(encoding="utf-8") as former:
            self.write("list: 2")
            self.assertEqual(former.read(), "list: 1")

    def test_what_is_broken_off_leaves_what_was_there(self) -> None:
        self.write("list: 1")
        with self.assertRaises(KeyboardInterrupt), self.own.drafted() as draft:
            draft.write_text("list: ", encoding="utf-8")
            raise KeyboardInterrupt
        self.assertEqual(self.in_folder(), {"list.txt": "list: 1"})

    def test_two_at_once_do_not_mix(self) -> None:
        with self.own.drafted() as first, self.own.drafted() as second:
            first.write_text("list: 1", encoding="utf-8")
            second.write_text("list: 2", encoding="utf-8")
        self.assertEqual(self.in_folder(), {"list.txt": "list: 1"})

    def test_a_link_stays_one(self) -> None:
        real = self.folder / "real.txt"
        self.own.path.symlink_to(real)
        self.write("list: 1")
        self.assertTrue(self.own.path.is_symlink())
        self.assertEqual(real.read_text(encoding="utf-8"), "list: 1")

    def test_a_link_to_nothing_is_followed_too(self) -> None:
        self.own.path.symlink_to(self.folder / "real.txt")
        self.own.check()
        self.own.path.unlink()
        self.own.path.symlink_to(self.folder / "no" / "real.txt")
        with self.assertRaisesRegex(ConfigurationError, "list.txt: .*/no is no folder; make it"):
            self.own.check()

    def test_only_its_like_is_replaced(self) -> None:
        for text in ("", "list: 1"):
            self.own.path.write_text(text, encoding="utf-8")
            self.own.check()
        for other in (self.own.path, self.folder):
            self.own.path.write_text("mine", encoding="utf-8")
            said = (
                f"^{other} holds no list of hashindex, but something else, which would be lost; name another"
            )
            with self.assertRaisesRegex(InvalidArgumentError, said):
                OwnFile(other, "list", b"list:").check()

    def test_a_missing_folder_is_said_before_the_work_and_at_it(self) -> None:
        nowhere = OwnFile(self.folder / "no" / "list.txt", "list", b"list:")
        with self.assertRaisesRegex(ConfigurationError, "list.txt: .*no is no folder; make it"):
            nowhere.check()
        with self.assertRaisesRegex(ConfigurationError, "list.txt: No such file"), nowhere.drafted():
            self.fail("the work began")

    def test_what_the_disk_will_refuse_is_said_before_the_work(self) -> None:
        self.own.path.symlink_to(self.own.path)
        for path, said in (
            (self.folder / ("x" * 256), "File name too long"),
            (Path("/proc/list.txt"), "No such file|Permission denied"),  # nobody can make one there
            (self.own.path, "Too many levels of symbolic links"),
        ):
            with self.subTest(path.name), self.assertRaisesRegex(ConfigurationError, said):
                OwnFile(path, "list", b"list:").check()

    def test_what_the_disk_refuses_at_the_end_is_said(self) -> None:
        said = "the list cannot be written to .*list.txt: Is a dir"
        with self.assertRaisesRegex(ConfigurationError, said), self.own.drafted():
            self.own.path.mkdir()
        self.assertEqual([path.name for path in self.folder.iterdir()], ["list.txt"])


if __name__ == "__main__":
    unittest.main()
