"""`hashindex duplicates`: an index, a folder without one, pictures against an index, bare hashes."""

import csv
import json
import shutil
import signal
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from testing.commands import Done, Running, run
from testing.making import saved
from testing.oss_server import OssServer
from testing.photographs import photograph

MEMBER_KEYS = [
    *(
        "company_id",
        "meta_id",
        "uri",
        "distance",
        "phash_distance",
        "dhash_distance",
        "verdict",
        "keep",
        "why",
    ),
    *("protected", "decided", "content_digest", "width", "height", "file_size", "upload_time"),
]
NAMES = ("coffee.png", "copy.png", "small.jpg", "rocket.jpg", "mosaic.png")


class TestDuplicates(unittest.TestCase):
    """photos/ has the coffee, an exact copy and a small one; company 1 has it all, 2 the small one again."""

    cwd: Path
    photos: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.cwd = Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve()
        cls.photos = cls.cwd / "photos"
        cls.photos.mkdir()
        shutil.copy(photograph("coffee.png"), cls.photos)
        shutil.copy(photograph("coffee.png"), cls.photos / "copy.png")
        shutil.copy(photograph("rocket.jpg"), cls.photos)
        with Image.open(photograph("coffee.png")) as image:
            image.resize((300, 200)).save(cls.photos / "small.jpg", quality=60)
        saved(cls.photos / "mosaic.png", 1)
        (cls.photos / "notes.txt").write_text("no picture")
        rows = [f"photos/{name},{number},1" for number, name in enumerate(NAMES, 1)]
        rows += [f"{shutil.copy(cls.photos / 'small.jpg', cls.cwd / 'other.jpg')},9,2"]
        manifest = "\n".join(("uri,meta_id,company_id", *rows)).encode()
        done = run("insert", "--manifest", "-", "--json", cwd=cls.cwd, stdin=manifest)
        assert done.value["inserted"] == len(rows), done
        (cls.cwd / "empty").mkdir()

    def find(self, *arguments: str | Path, stdin: bytes = b"", **environment: str) -> Done:
        return run("duplicates", *arguments, cwd=self.cwd, stdin=stdin, environment=environment)

    def found(self, *arguments: str | Path, **environment: str) -> tuple[list[Any], Any]:
        done = self.find(*arguments, "--json", stdin=b"", **environment)
        self.assertEqual((done.exit_code, done.stderr), (0, ""))
        *groups, summary = done.values
        return groups, summary

    def names(self, group: Any) -> list[str]:
        return [member["uri"].removeprefix(f"{self.cwd}/") for member in group["members"]]

    def refused(self, *arguments: str | Path, sentence: str, code: int = 2) -> None:
        done = self.find(*arguments)
        self.assertEqual((done.exit_code, done.stdout, done.said), (code, "", [sentence]))

    def written(self, *lines: object) -> Path:
        path = self.cwd / "decisions.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    def test_a_folder_needs_no_index(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            done = run("duplicates", self.photos, "--json", cwd=Path(folder))
            self.assertEqual((done.exit_code, done.stderr), (0, ""))
            self.assertEqual(list(Path(folder).iterdir()), [])
        group, summary = done.values
        self.assertEqual(self.names(group), ["photos/coffee.png", "photos/copy.png", "photos/small.jpg"])
        self.assertEqual(list(group), ["why", "farthest", "members"])
        self.assertEqual([list(member) for member in group["members"]], [MEMBER_KEYS] * 3)
        kept, copy, small = group["members"]
        self.assertEqual((kept["keep"], kept["verdict"], kept["why"]), (True, None, group["why"]))
        self.assertTrue(group["why"].startswith("2 of 3 are largest: 600 x 400; of these"), group["why"])
        self.assertEqual((copy["keep"], copy["verdict"], copy["distance"]), (False, "exact", 0))
        self.assertEqual(
            (small["keep"], small["verdict"], small["why"]), (False, "near", "smaller: 300 x 200")
        )
        self.assertEqual((small["company_id"], small["meta_id"]), (None, None))
        size = (self.photos / "coffee.png").stat().st_size + (self.photos / "small.jpg").stat().st_size
        del summary["seconds"]
        counts = {"pictures": 5, "groups": 1, "members": 3, "exact": 1, "near": 1, "weak": 0, "unjudged": 0}
        counts |= {"removable": 2, "removable_bytes": size, "low_information": 0, "unplaced": 0}
        self.assertEqual(summary, {**counts, "rejected": 0, "ignored": 1})

    def test_a_prefix_of_a_bucket_needs_no_index_either(self) -> None:
        with OssServer() as server:
            for name in ("coffee.png", "copy.png", "rocket.jpg"):
                server.put(f"new/{name}", (self.photos / name).read_bytes())
            server.put("old/coffee.png", (self.photos / "coffee.png").read_bytes())
            (group,), summary = self.found(
                "oss://photos/new/",
                OSS_ACCESS_KEY_ID=server.credentials.access_key_id,
                OSS_ACCESS_KEY_SECRET=server.credentials.access_key_secret,
                OSS_ENDPOINT=server.endpoint,
            )
        uris = ["oss://photos/new/coffee.png", "oss://photos/new/copy.png"]
        self.assertEqual(sorted(member["uri"] for member in group["members"]), uris)
        self.assertEqual(summary["pictures"], 3)

    def test_a_company_by_flag_or_setting_and_all_of_them(self) -> None:
        by_flag = self.found("--company-id", "1")
        for (group,), summary in (by_flag, self.found(HASHINDEX_COMPANY_ID="1")):
            self.assertEqual([member["meta_id"] for member in group["members"]], [1, 2, 3])
            self.assertEqual(summary["pictures"], 5)
        (group,), summary = self.found("--all-companies", HASHINDEX_COMPANY_ID="1")
        self.assertEqual(
            sorted((member["company_id"], member["meta_id"]) for member in group["members"]),
            [(1, 1), (1, 2), (1, 3), (2, 9)],
        )
        groups, summary = self.found("--company-id", "2")
        self.assertEqual((groups, summary["pictures"]), ([], 1))

    def test_new_pictures_against_the_index(self) -> None:
        new = self.cwd / "new"
        new.mkdir(exist_ok=True)
        shutil.copy(self.photos / "rocket.jpg", new / "launch.jpg")
        for seed, name in ((7, "a.png"), (7, "b.png")):
            saved(new / name, seed)
        (group,), summary = self.found(new, "photos/mosaic.png", "--against", "--company-id", "1")
        self.assertEqual(set(self.names(group)), {"new/launch.jpg", "photos/rocket.jpg"})
        self.assertEqual(
            {member["uri"].removeprefix(f"{self.cwd}/"): member["meta_id"] for member in group["members"]},
            {"new/launch.jpg": None, "photos/rocket.jpg": 4},
        )
        self.assertEqual(summary["pictures"], 3 + 1 + 4)  # the entry of the mosaic is the mosaic itself
        self.assertEqual(group["why"], "stored: in the index")
        self.assertEqual([member["keep"] for member in group["members"]], [True, False])

    def test_bare_hashes(self) -> None:
        rows = np.random.default_rng(1).integers(0, 256, (4, 8), dtype=np.uint8)
        rows[3] = rows[1] ^ np.array([1, 0, 0, 0, 0, 0, 0, 3], np.uint8)
        np.save(self.cwd / "hashes.npy", rows)
        (group,), summary = self.found("--hashes", "hashes.npy")
        self.assertEqual([member["uri"] for member in group["members"]], ["1", "3"])
        other = group["members"][1]
        self.assertEqual((other["distance"], other["phash_distance"], other["verdict"]), (3, None, None))
        self.assertEqual(
            (summary["unjudged"], self.found("--hashes", "hashes.npy", "--radius=2")[0]), (1, [])
        )

    def test_hashes_that_are_none(self) -> None:
        (self.cwd / "text.npy").write_text("hello")
        np.save(self.cwd / "wide.npy", np.zeros((3, 9)))
        no = "is no .npy file of numbers; numpy.save writes one."
        self.refused("--hashes", "text.npy", sentence=f"--hashes text.npy {no}")
        wide = "hashes are float64 of shape (3, 9), but must be uint8 of shape (n, 8)."
        self.refused("--hashes", "wide.npy", sentence=wide)
        missing = "the hashes cannot be read from none.npy: No such file or directory."
        self.refused("--hashes", "none.npy", sentence=missing, code=1)

    def test_people_get_a_table(self) -> None:
        done = self.find("--all-companies")
        first, heading, *rows, last = done.stdout.splitlines()
        self.assertRegex(first, "^4 pictures, . bits? apart at most; kept: 2 of 4 are largest: 600 x 400; of")
        self.assertEqual(
            heading.split(), ["verdict", "aHash", "pHash", "dHash", "pixels", "company", "meta_id", "uri"]
        )
        self.assertTrue(rows[0].startswith("  keep"), rows)
        self.assertEqual({row[heading.index("uri") :].split("/")[0] for row in rows}, {""})
        self.assertRegex(last, r"^1 group among 6 pictures: 1 exact, 2 near; 3 could go, [\d,]+ bytes; in ")

    def test_of_a_large_group_people_see_the_nearest(self) -> None:
        np.save(self.cwd / "alike.npy", np.full((100_000, 8), 7, np.uint8))
        done = self.find("--hashes", "alike.npy")
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 1 + 1 + 20 + 1 + 1)
        self.assertRegex(lines[0], "^100,000 pictures, 0 bits apart at most; kept: ")
        self.assertEqual(lines[-2], "  and 99,980 more, as far or farther; --json and --csv give them all")
        self.assertRegex(
            lines[-1], "^1 group among 100,000 pictures: 99,999 unjudged; 99,999 could go, 0 bytes; "
        )
        (group,), summary = self.found("--hashes", "alike.npy")
        self.assertEqual((len(group["members"]), summary["members"]), (100_000, 100_000))

    def test_rejected_pictures_are_said(self) -> None:
        bad = self.cwd / "bad"
        bad.mkdir(exist_ok=True)
        (bad / "broken.jpg").write_text("hello")
        done = self.find("photos", "bad", "missing.png", "--json")
        self.assertEqual((done.exit_code, done.values[-1]["rejected"]), (3, 2))
        self.assertEqual([line.split(": ")[1] for line in done.said], ["not_an_image", "not_found"])

    def test_what_is_protected_stays(self) -> None:
        (group,), summary = self.found("photos", "--protect", "photos/small.jpg", "--protect", "photos/cop")
        self.assertEqual([member["keep"] for member in group["members"]], [True, False, True])
        self.assertEqual([member["protected"] for member in group["members"]], [False, False, True])
        self.assertEqual(summary["removable"], 1)
        (group,), summary = self.found("photos", "--protect", "photos")
        self.assertEqual([member["keep"] for member in group["members"]], [True] * 3)
        self.assertTrue(group["members"][2]["why"].startswith("protected; smaller: "))
        self.assertEqual((summary["removable"], summary["removable_bytes"]), (0, 0))

    def test_what_to_keep_is_chosen(self) -> None:
        (group,), _ = self.found("photos", "--keep", "shortest-path, size")
        self.assertEqual(self.names(group)[0], "photos/copy.png")
        (group,), _ = self.found("photos", "--prefer", "photos/small.jpg")
        self.assertEqual(self.names(group)[0], "photos/small.jpg")

    def test_decisions_are_honoured(self) -> None:
        (group,), _ = self.found("photos")
        coffee, copy, small = group["members"]
        mosaic = next(
            member
            for group in self.found("photos", "--radius=64", "--unconfirmed")[0]
            for member in group["members"]
            if member["uri"].endswith("mosaic.png")
        )
        apart = {"decision": "not_duplicate", "a": small["content_digest"], "b": coffee["content_digest"]}
        (group,), _ = self.found("photos", "--decisions", self.written(apart))
        self.assertEqual(self.names(group), ["photos/coffee.png", "photos/copy.png"])
        keep = {"decision": "keep", "a": copy["content_digest"], "uri_a": copy["uri"]}
        same = {"decision": "duplicate", "a": mosaic["content_digest"], "b": coffee["content_digest"]}
        (group,), summary = self.found("photos", "--decisions", self.written(apart, keep, same))
        self.assertEqual(self.names(group), ["photos/copy.png", "photos/coffee.png", "photos/mosaic.png"])
        self.assertEqual((group["members"][2]["decided"], summary["weak"]), (True, 1))

    def test_decisions_that_cannot_be_read(self) -> None:
        self.refused(
            *("photos", "--decisions", "none.jsonl"),
            sentence="the decisions cannot be read from none.jsonl: No such file or directory; name the file "
            "that a report exported.",
            code=1,
        )
        (self.cwd / "bad.jsonl").write_text("{}\n")
        self.refused(
            *("photos", "--decisions", "bad.jsonl"),
            sentence="bad.jsonl: line 1 has no decision of duplicate, not_duplicate or keep; mend or remove "
            "what is no decision and run again.",
            code=1,
        )

    def test_csv(self) -> None:
        done = self.find("photos", "--csv", "groups.csv")
        self.assertEqual(done.stdout.splitlines()[-1], "written to groups.csv")
        with (self.cwd / "groups.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["keep"] for row in rows], ["true", "false", "false"])
        self.assertEqual({row["group"] for row in rows}, {"1"})
        self.assertEqual(rows[2]["uri"], f"{self.photos}/small.jpg")
        shown = self.find("photos", "--csv", "-")
        self.assertEqual(shown.stdout, (self.cwd / "groups.csv").read_text())
        self.assertEqual(self.find("photos", "--csv", "groups.csv").exit_code, 0)
        self.assertEqual(list(self.cwd.glob(".hashindex-*")), [])

    def test_a_report_is_written_with_thumbnails(self) -> None:
        done = self.find("photos", "--report", "report.html")
        self.assertEqual((done.exit_code, done.stdout.splitlines()[-1]), (0, "written to report.html"))
        page = (self.cwd / "report.html").read_text()
        self.assertIn("/9j/", page)  # a JPEG in Base64
        self.assertIn("small.jpg", page)
        self.assertIn("Duplicates: 1 group<", page)

    def test_nothing_of_others_is_written_over(self) -> None:
        (self.cwd / "mine.txt").write_text("mine")
        self.refused(
            *("photos", "--csv", "mine.txt"),
            sentence="mine.txt holds no groups of hashindex, but something else, which would be lost; name "
            "another file.",
        )
        self.assertEqual(self.find("photos", "--report", "mine.txt").exit_code, 2)
        self.assertEqual((self.cwd / "mine.txt").read_text(), "mine")
        self.assertEqual(self.find("photos", "--csv", "nowhere/a.csv").exit_code, 1)
        self.refused(
            *("photos", "--csv", "both", "--report", "./both"),
            sentence="--csv and --report name the same file; give each its own.",
        )

    def test_wrong_usage(self) -> None:
        nothing = (
            "nothing is named to look at; name pictures, or give --company-id, --all-companies or --hashes, "
            "or set HASHINDEX_COMPANY_ID."
        )
        together = (
            "pictures are compared with each other, without an index; add --against to compare them with it, "
            "or leave the company out."
        )
        criteria = "take of resolution, size, earliest, latest, shortest-path, prefix."
        alone = "--hashes are looked at alone; leave out pictures, companies and --against."
        for arguments, sentence in (
            ((), nothing),
            (("--company-id=1", "--all-companies"), "--all-companies does not go with --company-id."),
            (("--hashes=a.npy", "photos"), alone),
            (("--hashes=a.npy", "--company-id=1"), alone),
            (
                ("--hashes=a.npy", "--protect=/a"),
                "--keep, --prefer, --protect, --decisions and --report say nothing of the bare --hashes.",
            ),
            (
                ("--company-id=1", "--exclude=*.png"),
                "--include and --exclude go with folders that are named.",
            ),
            (
                ("--against", "--company-id=1"),
                "--against compares pictures with the index; name the pictures.",
            ),
            (
                ("photos", "--against"),
                "--against needs an index; give --company-id, or --all-companies.",
            ),
            (("photos", "--company-id=1"), together),
            (("photos", "--radius=65"), "radius is 65, but must lie between 0 and 64."),
            (("photos", "--keep=beauty"), f"'beauty' is nothing to keep pictures by; {criteria}"),
            (
                ("photos", "--keep=prefix"),
                "--keep prefix goes with --prefer PREFIX, which names what is preferred.",
            ),
            (
                ("photos", "--json", "--csv=-"),
                "--json and --csv - both want stdout; give --csv a file.",
            ),
        ):
            with self.subTest(arguments):
                self.refused(*arguments, sentence=sentence)

    def test_a_place_without_an_index(self) -> None:
        done = self.find("--company-id=1", "--milvus-uri=none.db")
        self.assertEqual((done.exit_code, done.stdout), (1, ""))
        self.assertIn("there is no index at", done.said[0])

    def test_it_ends_at_once_when_it_is_interrupted(self) -> None:
        with Running("duplicates", "-", "photos/missing.png", cwd=self.cwd) as running:
            # What is named on stdin is read as it comes, so the command waits here.
            running.write(b"photos/none.png\n" * 2_000)
            running.wait_until(lambda: "none.png" in running.stderr)
            done = running.signal(signal.SIGINT)
        self.assertEqual(done.exit_code, 130)


if __name__ == "__main__":
    unittest.main()
