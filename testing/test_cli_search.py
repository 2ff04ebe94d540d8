"""`hashindex search`: one company or explicitly all, pictures, bare hashes and stored entries."""

import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

from PIL import Image

from testing.commands import Done, run
from testing.making import saved
from testing.photographs import photograph

KEYS = ["uri", "hash", "matches", "truncated", "exhaustive", "rejected"]
MATCH_KEYS = ["company_id", "meta_id", "uri", "distance", "phash_distance", "dhash_distance", "verdict"]
COFFEE = "3f3fbfbb818081c3"
BIGGEST = 2**63 - 1
NO_SCOPE = "no company is named; give --company-id, or set HASHINDEX_COMPANY_ID."


class TestSearch(unittest.TestCase):
    """One index for all: companies 1 and 2 both have the coffee, and only 1 has the rocket."""

    cwd: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.cwd = Path(folder.name).resolve()
        with Image.open(photograph("coffee.png")) as image:
            image.save(cls.cwd / "coffee.png")
            image.save(cls.cwd / "poor.jpg", quality=30)
            image.resize((300, 200)).save(cls.cwd / "half.png")
        shutil.copy(photograph("rocket.jpg"), cls.cwd)
        saved(cls.cwd / "mosaic.png", 1)
        rows = ("coffee.png,7,1", "rocket.jpg,8,1", "half.png,9,1", f"coffee.png,{BIGGEST},{BIGGEST}")
        manifest = "\n".join(("uri,meta_id,company_id", *rows)).encode()
        done = run("insert", "--manifest", "-", "--json", cwd=cls.cwd, stdin=manifest)
        assert done.value["inserted"] == len(rows), done

    def search(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Done:
        return run("search", *arguments, cwd=self.cwd, stdin=stdin, environment=environment)

    def refused(self, *arguments: str, sentence: str) -> None:
        done = self.search(*arguments)
        self.assertEqual((done.exit_code, done.stdout, done.said), (2, "", [sentence]))

    def match(self, meta_id: int, name: str, company_id: int = 1, **changes: Any) -> dict[str, Any]:
        same = {"distance": 0, "phash_distance": 0, "dhash_distance": 0, "verdict": "exact"}
        return {"company_id": company_id, "meta_id": meta_id, "uri": f"{self.cwd}/{name}", **same, **changes}

    def test_json_has_a_line_for_each_picture(self) -> None:
        done = self.search("coffee.png", "missing.jpg", "mosaic.png", "--company-id", "1", "--json")
        self.assertEqual((done.exit_code, done.stderr), (3, ""))
        coffee, missing, mosaic_ = done.values
        for value in done.values:
            self.assertEqual(list(value), KEYS)
        self.assertEqual((coffee["uri"], coffee["hash"]), (f"{self.cwd}/coffee.png", COFFEE))
        self.assertEqual([list(match) for match in coffee["matches"]], [MATCH_KEYS, MATCH_KEYS])
        self.assertEqual(coffee["matches"][0], self.match(7, "coffee.png"))
        self.assertEqual((coffee["matches"][1]["meta_id"], coffee["matches"][1]["verdict"]), (9, "near"))
        self.assertEqual((coffee["truncated"], coffee["exhaustive"]), (False, True))
        self.assertEqual(missing["rejected"], {"reason": "not_found", "detail": "there is no such file"})
        self.assertEqual((missing["hash"], missing["matches"]), (None, []))
        self.assertEqual((mosaic_["matches"], mosaic_["rejected"]), ([], None))

    def test_another_company_sees_only_its_own(self) -> None:
        done = self.search("poor.jpg", "rocket.jpg", "--company-id", str(BIGGEST), "--json")
        poor, rocket = done.values
        self.assertEqual(
            [(match["company_id"], match["verdict"]) for match in poor["matches"]], [(BIGGEST, "near")]
        )
        self.assertEqual((done.exit_code, rocket["matches"]), (0, []))

    def test_all_companies_are_crossed_only_when_that_is_said(self) -> None:
        done = self.search("coffee.png", "--all-companies", "--json")
        self.assertEqual(
            [match for match in done.value["matches"] if match["verdict"] == "exact"],
            [self.match(7, "coffee.png"), self.match(BIGGEST, "coffee.png", BIGGEST)],
        )

    def test_without_a_company_nothing_is_searched(self) -> None:
        for what in (("coffee.png",), ("--hash", COFFEE), ("--like", "7")):
            with self.subTest(what):
                self.refused(*what, "--json", sentence=NO_SCOPE)

    def test_the_company_may_come_from_the_environment_and_a_flag_beats_it(self) -> None:
        for flags, companies in (
            ((), {1}),
            (("--company-id", str(BIGGEST)), {BIGGEST}),
            (("--all-companies",), {1, BIGGEST}),
        ):
            done = self.search("coffee.png", "--json", *flags, HASHINDEX_COMPANY_ID="1")
            self.assertEqual({match["company_id"] for match in done.value["matches"]}, companies)

    def test_bare_hashes_have_no_verdict(self) -> None:
        done = self.search("--hash", COFFEE.upper(), "--hash", "0" * 16, "--company-id", "1", "--json")
        coffee, nothing = done.values
        self.assertEqual((list(coffee), done.exit_code), (KEYS, 0))
        self.assertEqual((coffee["uri"], coffee["hash"]), (None, COFFEE))
        nulls: dict[str, Any] = {"phash_distance": None, "dhash_distance": None, "verdict": None}
        self.assertEqual(coffee["matches"][0], self.match(7, "coffee.png", **nulls))
        self.assertEqual((nothing["hash"], nothing["matches"]), ("0" * 16, []))

    def test_like_leaves_the_entry_itself_out(self) -> None:
        done = self.search("--like", "7", "--company-id", "1", "--json")
        self.assertEqual((list(done.value), done.value["uri"]), (KEYS, f"{self.cwd}/coffee.png"))
        self.assertEqual([match["meta_id"] for match in done.value["matches"]], [9])

    def test_like_an_entry_that_is_not_there(self) -> None:
        detail = "company 1 has no entry with meta_id 99"
        done = self.search("--like", "99", "--company-id", "1", "--json")
        self.assertEqual((done.exit_code, done.stderr), (3, ""))
        self.assertEqual(done.value["rejected"], {"reason": "not_found", "detail": detail})
        done = self.search("--like", "99", "--company-id", "1")
        self.assertEqual((done.exit_code, done.stdout, done.said), (3, "", [f"not_found: {detail}."]))

    def test_limit_cuts_and_says_so(self) -> None:
        done = self.search("coffee.png", "--company-id=1", "--limit=1", "--json")
        self.assertEqual((len(done.value["matches"]), done.value["truncated"]), (1, True))
        done = self.search("coffee.png", "--company-id=1", "--limit=1")
        self.assertEqual(done.stdout.splitlines()[-1], "There are more; raise --limit, or lower --radius.")

    def test_people_get_an_aligned_table_with_whole_names(self) -> None:
        done = self.search("poor.jpg", "mosaic.png", "--all-companies", COLUMNS="40")
        self.assertEqual((done.exit_code, done.stderr), (0, ""))
        first, heading, *rows, last = done.stdout.splitlines()
        self.assertEqual(first, f"{self.cwd}/poor.jpg: 3 matches")
        self.assertEqual(heading.split(), ["verdict", "aHash", "pHash", "dHash", "company", "meta_id", "uri"])
        self.assertEqual(last, f"{self.cwd}/mosaic.png: no match")
        self.assertEqual(len(rows), 3)
        for row, name in zip(rows, ("coffee.png", "half.png", "coffee.png"), strict=True):
            self.assertEqual(row[heading.index("uri") :], f"{self.cwd}/{name}")  # so all before is aligned
            self.assertEqual(row, row.rstrip())
        for end, column in ((heading.index("company") + len("company"), -3), (heading.index("uri") - 2, -2)):
            for row in rows:
                self.assertTrue(row[:end].endswith(row.split()[column]), (row, end))

    def test_a_folder_and_a_list_are_searched_for(self) -> None:
        done = self.search(
            ".", "-", "--exclude", "*.jpg", "--company-id=1", "--json", stdin=b"rocket.jpg\nnothing.png\n"
        )
        self.assertEqual(done.exit_code, 3)
        names = [value["uri"].removeprefix(f"{self.cwd}/") for value in done.values]
        self.assertEqual(sorted(names[:3]), ["coffee.png", "half.png", "mosaic.png"])
        self.assertEqual(names[3:], ["rocket.jpg", "nothing.png"])

    def test_weak_matches_are_shown_when_asked_for(self) -> None:
        arguments = ("mosaic.png", "--company-id=1", "--radius=64", "--exhaustive", "--json")
        self.assertEqual(self.search(*arguments).value["matches"], [])
        shown = self.search(*arguments, "--unconfirmed").value["matches"]
        self.assertEqual({match["verdict"] for match in shown}, {"weak"})
        self.assertEqual(len(shown), 3)

    def test_wrong_usage(self) -> None:
        one = ("--company-id", "1")
        views = "--orientations and --no-trim need a picture; a hash has no other view."
        bare = "--joint-radius says nothing of a bare --hash, only --radius does."
        what = "name pictures, or give --hash, or --like: one of the three."
        ids = f"but must lie between 0 and {BIGGEST}."
        chosen = "--include and --exclude choose among pictures of folders; there are none."
        both = "--all-companies goes with neither --company-id nor --like."
        for arguments, sentence in (
            (one, what),
            (("a.png", "--hash", COFFEE, *one), what),
            (("--like", "7", "--hash", COFFEE, *one), what),
            (("--like", "7", "--include", "*.png", *one), chosen),
            (("--hash", COFFEE, "--exclude", "*.png", *one), chosen),
            (("--all-companies", "--like", "7"), both),
            (("--all-companies", "a.png", *one), both),
            (
                ("--hash", COFFEE, "--no-trim", *one),
                views,
            ),
            (
                ("--like", "7", "--orientations", *one),
                views,
            ),
            (
                ("--hash", COFFEE, "--joint-radius", "9", *one),
                bare,
            ),
            (("--hash", "zz", *one), "'zz' is no hash; a hash is 16 hex digits."),
            (("--hash", "é" * 16, *one), f"'{'é' * 16}' is no hash; a hash is 16 hex digits."),
            (("--hash", COFFEE[:14], *one), f"'{COFFEE[:14]}' is no hash; a hash is 16 hex digits."),
            (("--hash", COFFEE + " ", *one), f"'{COFFEE} ' is no hash; a hash is 16 hex digits."),
            (("a.png", "--radius", "65", *one), "radius is 65, but must lie between 0 and 64."),
            (("a.png", "--radius", "-1", *one), "radius is -1, but must lie between 0 and 64."),
            (("a.png", "--limit", "0", *one), "limit is 0, but must be at least 1."),
            (("a.png", "--company-id", "-1"), f"company_id is -1, {ids}"),
            (("a.png", "--company-id", str(BIGGEST + 1)), f"company_id is {BIGGEST + 1}, {ids}"),
            (("--like", "-7", *one), f"meta_id is -7, {ids}"),
            (("--like", str(BIGGEST + 1), *one), f"meta_id is {BIGGEST + 1}, {ids}"),
        ):
            with self.subTest(arguments):
                self.refused(*arguments, sentence=sentence)


if __name__ == "__main__":
    unittest.main()
