"""`hashindex insert --manifest` and `--rejects`: CSV, JSONL, stdin, and rejects that go back in."""

import json
import os
import unittest
from pathlib import Path

from testing.commands import Done, run_fresh
from testing.making import saved
from testing.test_cli_insert import BIGGEST, InsertCase

REJECT_KEYS = ["uri", "company_id", "meta_id", "line", "reason", "detail"]


class TestManifest(InsertCase):
    def setUp(self) -> None:
        super().setUp()
        for number in range(3):
            saved(self.cwd / f"{number}.png", number)

    def manifest(self, *arguments: str, stdin: bytes = b"") -> Done:
        return self.insert("--manifest", *arguments, "--json", stdin=stdin)

    def rejects(self, name: str = "rejects.jsonl") -> list[dict[str, object]]:
        lines = (self.cwd / name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def test_csv_rejects_by_line_and_takes_the_rest(self) -> None:
        rows = (
            "price,meta_id,uri,company_id",
            "9,1,0.png,1",
            "9,x,1.png,1",
            "9,2,1.png,-1",
            f"9,{BIGGEST + 1},1.png,1",
            '"two\nlines",3,1.png,2',
            "9,4,missing.png,2",
            "9,5,,2",
            "9,6,2.png,",
            "1,2,3,4,5",
        )
        (self.cwd / "m.csv").write_text("\ufeff" + "\r\n".join(rows), encoding="utf-8")
        done = self.manifest("m.csv", "--rejects", "rejects.jsonl")
        self.assert_counts(done, inserted=2, rejected=7)
        self.assertEqual(
            done.said,
            ["7 pictures were not taken; rejects.jsonl says why, and goes back in with --manifest."],
        )
        ids = f"but must lie between 0 and {BIGGEST}."
        expected = (
            (f"{self.cwd}/1.png", 1, None, 3, "bad_key", "meta_id is 'x', but must be an integer."),
            (f"{self.cwd}/1.png", None, 2, 4, "bad_key", f"company_id is -1, {ids}"),
            (f"{self.cwd}/1.png", 1, None, 5, "bad_key", f"meta_id is {BIGGEST + 1}, {ids}"),
            (f"{self.cwd}/missing.png", 2, 4, 8, "not_found", "there is no such file"),
            ("", 2, 5, 9, "bad_line", "the line has no uri"),
            (f"{self.cwd}/2.png", None, 6, 10, "bad_line", "the line has no company_id"),
            (None, None, None, 11, "bad_line", "5 values for 4 columns"),
        )
        rejects = sorted(self.rejects(), key=lambda reject: int(str(reject["line"])))
        self.assertEqual([list(reject) for reject in rejects], [REJECT_KEYS] * len(expected))
        self.assertEqual([tuple(reject.values()) for reject in rejects], list(expected))
        self.assertEqual(self.entry(3, 2)["uri"], f"{self.cwd}/1.png")

    def test_jsonl_on_stdin_with_a_default_company(self) -> None:
        lines = (
            {"uri": "0.png", "meta_id": 1, "company_id": 5, "more": [1]},
            {"uri": "1.png", "meta_id": "4"},
            {"uri": "2.png"},
        )
        text = "\n".join([*(json.dumps(line) for line in lines), "{broken", "[1]", ""])
        done = self.manifest("-", "--company-id", "1", "--meta-id-from", "stem", stdin=text.encode())
        self.assert_counts(done, inserted=3, rejected=2)
        self.assertRegex(done.said[0], "^line 4: bad_line: not JSON: .+[^.]\\.$")
        self.assertEqual(done.said[1], "line 5: bad_line: not a JSON object.")
        for meta_id, company, name in ((1, 5, "0.png"), (4, 1, "1.png"), (2, 1, "2.png")):
            self.assertEqual(self.entry(meta_id, company)["uri"], f"{self.cwd}/{name}")

    def test_rejects_go_back_in_once_mended(self) -> None:
        lines = b"uri,meta_id,company_id\n0.png,1,1\nlater.png,2,1\ncaf\xe9.png,3,2\n"
        (self.cwd / "m.csv").write_bytes(lines)
        done = self.manifest("m.csv", "--rejects", "r.jsonl")
        self.assert_counts(done, inserted=1, rejected=2)
        saved(self.cwd / "later.png", 7)
        again = self.manifest("r.jsonl", "--rejects", "r2.jsonl")
        self.assert_counts(again, inserted=1, rejected=1)
        self.assertEqual(self.entry(2)["uri"], f"{self.cwd}/later.png")
        self.assertEqual(len(self.rejects("r2.jsonl")), 1)

    def test_rejects_of_undecodable_names_go_back_in(self) -> None:
        self.assert_counts(
            self.insert("-", "--company-id=1", "--rejects=r.jsonl", "--json", stdin=b"\xe9.png\n"), rejected=1
        )
        saved(self.cwd / "x.png", 7).rename(os.fsdecode(os.fsencode(self.cwd) + b"/\xe9.png"))
        self.assert_counts(self.manifest("r.jsonl"), inserted=1)

    def test_rejects_never_take_the_place_of_anything_else(self) -> None:
        (self.cwd / "m.jsonl").write_text('{"uri": "0.png", "meta_id": 1, "company_id": 1}\n')
        (self.cwd / "link").symlink_to("m.jsonl")
        (self.cwd / "notes.txt").write_text("mine")
        self.assert_counts(self.manifest("m.jsonl"), inserted=1)
        kept = {path: path.read_bytes() for path in self.cwd.iterdir() if path.is_file()}
        for name, sentence in (
            (
                "m.jsonl",
                "--rejects m.jsonl is the file that is read, which would be lost; name another file.",
            ),
            ("link", "--rejects link is the file that is read, which would be lost; name another file."),
            *(
                (
                    name,
                    (
                        f"--rejects {name} holds something else than rejects, which would be lost; "
                        "name another file."
                    ),
                )
                for name in ("0.png", "hashindex.db", "notes.txt")
            ),
        ):
            with self.subTest(name):
                self.refused("--manifest", "m.jsonl", "--rejects", name, sentence=sentence)
        with (self.cwd / "m.jsonl").open("rb") as lines:
            done = run_fresh("insert", "--manifest=-", "--rejects=m.jsonl", cwd=self.cwd, stdin=lines)
        self.assertEqual((done.exit_code, done.stdout), (2, ""))
        self.assertEqual({path: path.read_bytes() for path in kept}, kept)

    def test_rejects_of_an_earlier_run_are_kept_until_the_index_is_open(self) -> None:
        self.insert("missing.png", "--company-id=1", "--rejects=r.jsonl")
        before = self.rejects("r.jsonl")
        done = self.insert("0.png", "--company-id=1", "--rejects=r.jsonl", "--milvus-uri=no.index")
        self.assertEqual((done.exit_code, self.rejects("r.jsonl")), (1, before))
        self.insert("0.png", "--company-id=1", "--rejects=r.jsonl")
        self.assertEqual(self.rejects("r.jsonl"), [])

    def test_rejects_that_cannot_be_written_stop_the_run_before_it_begins(self) -> None:
        done = self.insert("0.png", "--company-id=1", "--rejects=nowhere/r.jsonl", "--json")
        self.assertEqual((done.exit_code, done.stdout), (1, ""))
        self.assertEqual(
            done.said,
            [
                (
                    "the rejects cannot be written to nowhere/r.jsonl: No such file or directory; "
                    "make room there, or name another file."
                )
            ],
        )
        self.assertFalse(Path(self.cwd / "hashindex.db").exists())

    def test_rejects_that_cannot_be_written_any_more(self) -> None:
        done = self.insert("0.png", "missing.png", "--company-id=1", "--rejects=/dev/full", "--json")
        self.assertEqual((done.exit_code, done.stdout), (1, ""))
        self.assertEqual(
            done.said,
            [
                (
                    "the rejects cannot be written to /dev/full: No space left on device; "
                    "make room there, or name another file."
                )
            ],
        )

    def test_a_manifest_that_cannot_be_used(self) -> None:
        (self.cwd / "m.csv").write_text("name,meta_id\n0.png,1\n")
        for name, code, sentence in (
            ("m.csv", 2, "the manifest's first line must name its columns, with uri among them."),
            ("none.csv", 1, "none.csv: No such file or directory."),
            (".", 1, ".: Is a directory."),
        ):
            with self.subTest(name):
                done = self.manifest(name, "--company-id=1")
                self.assertEqual((done.exit_code, done.stdout, done.said), (code, "", [sentence]))


if __name__ == "__main__":
    unittest.main()
