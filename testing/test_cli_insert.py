"""`hashindex insert` of pictures, folders and lists: counts, keys, what is repeated and what is refused."""

import os
import tempfile
import unittest
from pathlib import Path

from hashindex.keys import meta_id_from_uri
from testing.commands import Done, run
from testing.making import saved

KEYS = ["inserted", "updated", "skipped", "rejected", "ignored", "seconds"]
BIGGEST = 2**63 - 1
NO_ID = f"is no number up to {BIGGEST}, so it gives no meta_id"


class InsertCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = Path(folder.name).resolve()

    def run_(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Done:
        return run(*arguments, cwd=self.cwd, stdin=stdin, environment=environment)

    def insert(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Done:
        return self.run_("insert", *arguments, stdin=stdin, **environment)

    def assert_counts(self, done: Done, **expected: int) -> None:
        """Compare the counts, those that are not named being 0, and the exit code with them."""
        value = done.value
        self.assertEqual(list(value), KEYS)
        self.assertIsInstance(value.pop("seconds"), float)
        self.assertEqual(value, dict.fromkeys(KEYS[:-1], 0) | expected, done.stderr)
        self.assertEqual(done.exit_code, 3 if value["rejected"] else 0)

    def entry(self, meta_id: int, company_id: int = 1) -> dict[str, object]:
        value = self.run_("get", "--company-id", str(company_id), "--meta-id", str(meta_id), "--json").value
        assert isinstance(value, dict)
        return value

    def refused(self, *arguments: str, sentence: str) -> None:
        """Check that it is wrong usage, and that not even an index was made."""
        before = sorted(os.listdir(self.cwd))
        done = self.insert(*arguments)
        self.assertEqual((done.exit_code, done.stdout, done.said), (2, "", [sentence]))
        self.assertEqual(sorted(os.listdir(self.cwd)), before)


class TestInsert(InsertCase):
    def test_a_folder_twice_then_changed(self) -> None:
        (self.cwd / "in").mkdir()
        for number, name in enumerate(("a.png", "b.png", "c.png")):
            saved(self.cwd / "in" / name, number)
        (self.cwd / "in" / "bad.jpg").write_text("no picture")
        (self.cwd / "in" / "notes.txt").touch()
        arguments = ("in", "--company-id", "1", "--json")
        first = self.insert(*arguments)
        self.assert_counts(first, inserted=3, rejected=1, ignored=1)
        self.assertEqual(
            first.said,
            [f"{self.cwd}/in/bad.jpg: not_an_image: the content is no picture of a format that is taken."],
        )
        self.assert_counts(self.insert(*arguments), skipped=3, rejected=1, ignored=1)
        saved(self.cwd / "in" / "a.png", 99)
        (self.cwd / "in" / "bad.jpg").unlink()
        self.assert_counts(self.insert(*arguments), updated=1, skipped=2, ignored=1)
        self.assert_counts(self.insert(*arguments, "--refresh"), updated=3, ignored=1)

    def test_people_get_the_counts_in_a_sentence(self) -> None:
        saved(self.cwd / "a.png", 1)
        done = self.insert("a.png", "b.png", "--company-id", "1")
        self.assertRegex(
            done.stdout, r"^1 inserted, 0 updated, 0 skipped, 1 rejected, 0 ignored in \d+\.\d+ s\n$"
        )
        self.assertEqual(done.said, [f"{self.cwd}/b.png: not_found: there is no such file."])

    def test_the_meta_id_is_made_of_the_uri_where_none_is_given(self) -> None:
        saved(self.cwd / "a.png", 1)
        self.assert_counts(self.insert("a.png", "--json", HASHINDEX_COMPANY_ID="1"), inserted=1)
        uri = f"{self.cwd}/a.png"
        self.assertEqual(self.entry(meta_id_from_uri(uri))["uri"], uri)

    def test_one_picture_with_its_meta_id(self) -> None:
        saved(self.cwd / "a.png", 1)
        saved(self.cwd / "b.png", 2)
        for name, company in (("a.png", "0"), ("b.png", str(BIGGEST))):
            done = self.insert(name, "--company-id", company, "--meta-id", str(BIGGEST), "--json")
            self.assert_counts(done, inserted=1)
        self.assertEqual(self.entry(BIGGEST, 0)["uri"], f"{self.cwd}/a.png")
        self.assertEqual(self.entry(BIGGEST, BIGGEST)["uri"], f"{self.cwd}/b.png")

    def test_a_meta_id_goes_with_one_picture(self) -> None:
        (self.cwd / "in").mkdir()
        sentence = "--meta-id goes with exactly one picture."
        for sources in (("a.png", "b.png"), ("in",), ("--manifest", "m.csv")):
            with self.subTest(sources):
                self.refused(*sources, "--company-id", "1", "--meta-id", "7", sentence=sentence)
        done = self.insert("-", "--company-id=1", "--meta-id=7", stdin=b"a.png\nb.png\n")
        self.assertEqual(
            (done.exit_code, done.stdout, done.said), (2, "", ["a meta_id goes with exactly one picture."])
        )

    def test_a_key_of_another_picture_is_a_conflict_unless_replaced(self) -> None:
        saved(self.cwd / "a.png", 1)
        saved(self.cwd / "b.png", 2)
        key = ("--company-id", "1", "--meta-id", "7", "--json")
        self.insert("a.png", *key)
        done = self.insert("b.png", *key)
        self.assert_counts(done, rejected=1)
        self.assertEqual(
            done.said,
            [
                (
                    f"{self.cwd}/b.png: conflict: its key 1:7 belongs to {self.cwd}/a.png; "
                    "--replace lets it take over."
                )
            ],
        )
        self.assertEqual(self.entry(7)["uri"], f"{self.cwd}/a.png")
        self.assert_counts(self.insert("b.png", *key, "--replace"), updated=1)
        self.assertEqual(self.entry(7)["uri"], f"{self.cwd}/b.png")

    def test_meta_ids_from_file_names_that_are_numbers(self) -> None:
        names = ("1234.png", "0.jpg", f"{BIGGEST}.png", f"{BIGGEST + 1}.png", "12a.png", "-5.png", "٣.png")
        (self.cwd / "in").mkdir()
        for number, name in enumerate(names):
            saved(self.cwd / "in" / name, number)
        done = self.insert("in", "--company-id", "1", "--meta-id-from", "stem", "--json")
        self.assert_counts(done, inserted=3, rejected=4)
        expected = [
            f"{self.cwd}/in/{stem}.png: bad_key: the file name '{stem}' {NO_ID}."
            for stem in (BIGGEST + 1, "12a", "-5", "٣")
        ]
        self.assertEqual(sorted(done.said), sorted(expected))
        self.assertEqual(self.entry(1234)["uri"], f"{self.cwd}/in/1234.png")

    def test_include_and_exclude(self) -> None:
        (self.cwd / "in").mkdir()
        for number, name in enumerate(("a.png", "b.png", "c.upload")):
            saved(self.cwd / "x.png", number).rename(self.cwd / "in" / name)
        flags = ("--include", "*.upload", "--include", "*.png", "--exclude", "b*")
        self.assert_counts(self.insert("in", *flags, "--company-id=1", "--json"), inserted=2, ignored=1)

    def test_a_list_with_names_that_are_not_utf8(self) -> None:
        saved(self.cwd / "a.png", 1).rename(os.fsdecode(os.fsencode(self.cwd) + b"/\xff.png"))
        done = self.insert("-", "--company-id", "1", "--json", stdin=b"\xff.png\nmissing.png\n")
        self.assert_counts(done, inserted=1, rejected=1)
        uri = f"{self.cwd}/%FF.png"
        self.assertEqual(self.entry(meta_id_from_uri(uri))["uri"], uri)

    def test_with_verbose_json_still_has_stdout_to_itself(self) -> None:
        saved(self.cwd / "a.png", 1)
        (self.cwd / "a.txt").touch()
        done = self.insert(".", "missing.png", "--company-id", "1", "--json", "--verbose")
        self.assert_counts(done, inserted=1, rejected=1, ignored=done.value["ignored"])
        key = f"1:{meta_id_from_uri(f'{self.cwd}/a.png')}"
        for said in (
            f"inserted {key}: {self.cwd}/a.png",
            f"ignored: {self.cwd}/a.txt",
            "Settings(milvus_uri=",
        ):
            self.assertIn(said, done.stderr)

    def test_wrong_usage_makes_no_index(self) -> None:
        saved(self.cwd / "a.png", 1)
        (self.cwd / "m.csv").write_text("uri,meta_id,company_id\na.png,1,1\n")
        one_of_two = "name pictures, or give --manifest: one of the two."
        ids = f"but must lie between 0 and {BIGGEST}."
        for arguments, sentence in (
            (
                ("a.png",),
                "no company is named; give --company-id, or set HASHINDEX_COMPANY_ID.",
            ),
            (("--company-id=1",), one_of_two),
            (("a.png", "--manifest", "m.csv"), one_of_two),
            (("a.png", "--company-id=-1"), f"company_id is -1, {ids}"),
            (("a.png", f"--company-id={BIGGEST + 1}"), f"company_id is {BIGGEST + 1}, {ids}"),
            (("a.png", "--company-id=1", "--meta-id=-1"), f"meta_id is -1, {ids}"),
            (("a.png", "--company-id=1", f"--meta-id={10**30}"), f"meta_id is {10**30}, {ids}"),
            (("--manifest", "m.csv", "--company-id=-1"), f"company_id is -1, {ids}"),
            (
                ("a.png", "--company-id=1", "--recipe=best"),
                "recipe 'best' is not known; known are default, strict.",
            ),
        ):
            with self.subTest(arguments):
                self.refused(*arguments, sentence=sentence)


if __name__ == "__main__":
    unittest.main()
