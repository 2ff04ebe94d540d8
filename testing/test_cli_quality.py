"""`hashindex calibrate` and `evaluate`: what they print, for people and as JSON, and what they refuse."""

import re
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree as ET

from hashindex.cli.calibration_shown import NOTHING
from hashindex.confirming import WIDE_RULE
from hashindex.errors import ConfigurationError
from hashindex.quality.plots import ready
from hashindex.quality.transformations import TRANSFORMATIONS
from testing.commands import Done, run, shell
from testing.making import encoded, picture, saved

CALIBRATION = [
    *("seed", "recipe", "found", "ignored", "compared", "copied", "repeated", "low_information", "rejected"),
    *("wanted_per_million", "rules", "recommended", "nearest", "best_by_radius", "curves"),
]
EVALUATION = [
    *(
        "recipe",
        "rule",
        "orientations",
        "trimmed",
        "pictures",
        "grouped",
        "groups",
        "ignored",
        "low_information",
        "rejected",
    ),
    *("right", "wrong", "missed", "precision", "recall", "f1"),
    *("mean_average_precision", "radii", "missed_pairs", "wrong_pairs"),
]
SHARE = ["count", "of", "share", "low", "high"]


def words_of(done: Done) -> str:
    """Return what was printed, in one line."""
    return " ".join(done.stdout.split())


class TestQuality(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.folder = self.cwd / "photos"
        self.folder.mkdir()
        for seed in range(3):
            saved(self.folder / f"{seed}.png", seed)

    def fits(self, done: Done) -> None:
        """See that sentences are folded, and that tables fit but for the names of files."""
        for line in done.stdout.splitlines():
            if "/photos/" not in line:
                self.assertLess(len(line), 120 if "  " in line else 81, line)

    def quality(self, *arguments: str, workers: str = "1") -> Done:
        return run(*arguments, cwd=self.cwd, environment={"HASHINDEX_WORKERS": workers})


class TestCalibrate(TestQuality):
    def test_json_is_one_value_with_every_row(self) -> None:
        done = self.quality("calibrate", "photos", "--json", "--seed", "7", workers="2")
        self.assertEqual((done.exit_code, done.stderr), (0, ""))
        self.assertEqual(list(done.value), CALIBRATION)
        self.assertEqual((done.value["seed"], done.value["found"]), (7, 3))
        for rule in done.value["rules"]:
            self.assertEqual(list(rule["recall"]["held_out"]), list(TRANSFORMATIONS))
            self.assertEqual(list(rule["recall"]["held_out"]["JPEG 30"]), SHARE)
            self.assertEqual(rule["false_pairs"]["all"]["of"], 3)
            confirmed_as_is = (
                rule["rule"]["joint_radius"] and not rule["orientations"] and not rule["trimmed"]
            )
            self.assertEqual(list(rule["expected_per_million"]), ["tuning", "all"] if confirmed_as_is else [])
        self.assertEqual([len(curve) for curve in done.value["curves"].values()], [33] * 3)

    def test_people_get_every_row_the_nearest_pairs_and_the_curves(self) -> None:
        (self.folder / "broken.png").write_text("hello")
        for name in ("LICENSE", "picture.svg"):
            (self.folder / name).write_bytes(encoded(picture(1)))
        (self.folder / "1.jpg").write_bytes(encoded(picture(1), "JPEG"))
        done = self.quality("calibrate", "photos", "--seed", "2", "--plots", "drawn")
        self.assertEqual(done.exit_code, 3)
        self.assertIn("5 pictures, of which 4 are compared", done.stdout)
        pair = r"as_is +\S*/photos/1\.\w+  \S*/photos/1\.\w+"
        self.assertRegex(done.stdout, rf"(?m)^ +\d +\d +\d  {pair}  default; default, ")
        self.assertIn("1 rejected, 2 other files ignored", words_of(done))
        self.assertIn("broken.png: not_an_image", done.stderr)
        for name in TRANSFORMATIONS:
            self.assertRegex(done.stdout, rf"(?m)^{re.escape(name)}  +\d\.\d{{3}} \d/\d \(", name)
        other_views = done.stdout.partition("by other views")[2]
        self.assertRegex(other_views, r"(?m)^mirror  ")
        self.assertNotRegex(other_views, r"(?m)^JPEG 90  ")
        self.assertIn("it takes falsely at most 1 of a million pairs;", words_of(done))
        self.assertNotIn("The best rules", done.stdout)
        self.fits(done)
        for name in ("tradeoff", "recall"):
            self.assertEqual(ET.parse(self.cwd / "drawn" / f"{name}.svg").getroot().tag[-3:], "svg")
        label = "(where none was seen, at most 5e+05)"  # none of 6 pairs leaves about 3 of 6
        self.assertIn(label, (self.cwd / "drawn" / "tradeoff.svg").read_text())

    def test_what_the_truth_names_and_is_not_there_is_said(self) -> None:
        (self.cwd / "groups.csv").write_text("uri,group\n1.png,1\nnothing.png,1\n")
        done = self.quality("calibrate", "photos", "--truth", "groups.csv", "--json", "--copies-of", "1")
        self.assertEqual(done.exit_code, 3)
        self.assertEqual(
            [(each["uri"], each["reason"]) for each in done.value["rejected"]],
            [(str(self.folder / "nothing.png"), "not_found")],
        )

    def test_a_curve_that_cannot_be_drawn_loses_no_figure(self) -> None:
        (self.cwd / "drawn" / "tradeoff.svg").mkdir(parents=True)
        done = self.quality("calibrate", "photos", "--plots", "drawn", "--json", "--copies-of", "1")
        self.assertEqual((done.exit_code, done.said), (1, ["drawn/tradeoff.svg: Is a directory."]))
        self.assertEqual(list(done.value), CALIBRATION)

    def test_rules_of_which_none_keeps_to_the_limit_of_candidates_are_not_said_to_be_missing(self) -> None:
        done = self.quality("calibrate", "photos", "--false-pairs", "1e6")
        self.assertNotIn("No rule is recommended", done.stdout)
        for name, share in (("narrow", "0.3%"), ("wide", "3.0%")):
            self.assertRegex(
                words_of(done), rf"No {name} rule is recommended: .* no more than {share} of all"
            )

    def test_pictures_that_were_not_drawn_are_accounted_for(self) -> None:
        done = self.quality("calibrate", "photos", "--pictures", "2", "--copies-of", "1")
        self.assertRegex(
            words_of(done), "^3 pictures, of which 2 are compared .* Left out: 1 beyond --pictures, "
        )

    def test_progress_knows_how_many_pictures_are_compared(self) -> None:
        hasty = (
            "from hashindex.cli import progress\n"
            "progress.PATIENCE_SECONDS, progress.LINE_SECONDS = 0, 0.02\n"
            "from hashindex.cli.app import run\n"
            "run(['calibrate', 'photos', '--pictures', '2', '--json'])"
        )
        command = [sys.executable, "-c", hasty]
        done = subprocess.run(command, cwd=self.cwd, capture_output=True, text=True, check=True)
        self.assertRegex(done.stderr, r"hashindex: measuring: \d of 2 pictures")

    def test_plots_go_into_a_folder(self) -> None:
        (self.cwd / "taken").touch()
        done = self.quality("calibrate", "photos", "--plots", "taken")
        said = "taken cannot be a folder for plots: File exists; name another."
        self.assertEqual((done.exit_code, done.stdout, done.said), (1, "", [said]))

    def test_where_nothing_can_be_compared_there_are_no_tables(self) -> None:
        (self.cwd / "empty").mkdir()
        done = self.quality("calibrate", "empty")
        self.assertEqual(done.exit_code, 3)
        self.assertNotIn("  ", done.stdout)
        self.assertIn("nothing to compare: name a folder with two pictures at least", done.stdout)

    def test_plots_without_matplotlib_are_refused_before_anything_is_measured(self) -> None:
        with (
            mock.patch.dict(sys.modules, {"matplotlib": None}),
            self.assertRaisesRegex(ConfigurationError, r"pip install 'hashindex\[plots\]'"),
        ):
            ready(self.cwd / "drawn")


class TestEvaluate(TestQuality):
    def setUp(self) -> None:
        super().setUp()
        (self.folder / "1.jpg").write_bytes(encoded(picture(1), "JPEG"))
        (self.folder / "2-turned.png").write_bytes(encoded(picture(2).rotate(90, expand=True)))
        self.truth = self.cwd / "groups.csv"
        self.truth.write_text("uri,group\n1.png,1\n1.jpg,1\n2.png,2\n2-turned.png,2\n")
        (self.folder / "LICENSE").write_text("no picture")

    def test_json_is_one_value(self) -> None:
        done = self.quality("evaluate", "photos", "--truth", "groups.csv", "--json")
        self.assertEqual((done.exit_code, done.stderr), (0, ""))
        value = done.value
        self.assertEqual(list(value), EVALUATION)
        self.assertEqual((value["right"], value["missed"], value["wrong"]), (1, 1, 0))
        self.assertEqual(value["ignored"], 1)
        self.assertEqual((value["precision"]["share"], value["recall"]["share"]), (1.0, 0.5))
        (missed,) = value["missed_pairs"]
        self.assertEqual({Path(missed["left"]).name, Path(missed["right"]).name}, {"2.png", "2-turned.png"})
        self.assertEqual([each["radius"] for each in value["radii"]], list(range(21)))

    def test_where_nothing_can_be_compared_there_are_no_tables(self) -> None:
        (self.cwd / "empty").mkdir()
        done = self.quality("evaluate", "empty", "--truth", "groups.csv")
        self.assertEqual((done.exit_code, done.stdout.splitlines()[-1]), (3, NOTHING))

    def test_people_get_a_line_for_each_radius_and_the_pairs(self) -> None:
        done = self.quality("evaluate", "photos", "--truth", "groups.csv")
        self.assertEqual((done.exit_code, done.stderr), (0, ""))
        self.assertIn("5 pictures, of which 4 belong to 2 groups", done.stdout)
        self.assertIn("as if pairs were independent", words_of(done))
        self.fits(done)
        rows = re.findall(r"(?m)^ +8  1\.000 1/1 .* 0\.500 1/2 .* 0\.667$", done.stdout)
        self.assertEqual(len(rows), 2, "by the aHash alone, and confirmed")
        self.assertRegex(done.stdout, r"Mean average precision: \d\.\d+ by aHash")
        self.assertRegex(done.stdout, r"Pairs missed: 1\n(.*\n)?.*2-turned\.png")
        self.assertIn("Pairs wrongly found: 0", done.stdout)

    def test_rule_and_views_are_those_that_are_asked_for(self) -> None:
        flags = ("--wide", "--joint-radius", "31", "--orientations", "--no-trim")
        value = self.quality("evaluate", "photos", "--truth", "groups.csv", "--json", *flags).value
        self.assertEqual(value["rule"]["text"], str(replace(WIDE_RULE, joint_radius=31)))
        self.assertEqual((value["orientations"], value["trimmed"]), (True, False))
        self.assertEqual((value["right"], value["missed"], value["wrong"]), (2, 0, 0))

    def test_the_report_takes_the_place_of_no_other_file(self) -> None:
        done = self.quality("evaluate", "photos", "--truth", "groups.csv", "--report", "groups.csv")
        self.assertEqual((done.exit_code, done.stdout), (2, ""))
        self.assertIn("groups.csv holds no report of hashindex", done.stderr)
        done = self.quality("evaluate", "photos", "--truth", "groups.csv", "--report", "look.html")
        self.assertEqual((done.exit_code, done.said), (0, []))
        self.assertIn("written to look.html", done.stdout)
        page = (self.cwd / "look.html").read_text()
        for text in (
            "2-turned.png",
            "Evaluation: 1 pair missed, 0 wrongly",
            "1 pair within a group, and not",
        ):
            self.assertIn(text, page)

    def test_a_page_that_cannot_be_written_loses_no_figure(self) -> None:
        command = "hashindex evaluate photos --truth groups.csv --report look.html"
        # Files of a kilobyte at most; what Python compiles would be cut off, too, and stay so.
        done = shell(f"export PYTHONDONTWRITEBYTECODE=1; ulimit -f 1; {command}", cwd=self.cwd)
        self.assertEqual(done.exit_code, 1)
        self.assertIn("the report cannot be written to look.html: File too large", done.stderr)
        self.assertIn("Pairs missed: 1", done.stdout)
        self.assertNotIn("written to", done.stdout)

    def test_what_the_truth_names_and_is_not_there_is_said(self) -> None:
        self.truth.write_text("uri,group\n1.png,1\nnothing.png,1\n")
        done = self.quality("evaluate", "photos", "--truth", "groups.csv", "--json")
        self.assertEqual(done.exit_code, 3)
        self.assertEqual(
            done.value["rejected"],
            [
                {
                    "uri": str(self.folder / "nothing.png"),
                    "reason": "not_found",
                    "detail": "the truth names it, but it is not among the pictures",
                }
            ],
        )

    def test_wrong_usage(self) -> None:
        self.truth.write_text("uri,group\n1.png\n")
        for arguments, said in (
            (("evaluate", "photos", "--truth", "groups.csv"), "line 2 of the truth cannot be used"),
            (("evaluate", "photos"), "Missing option '--truth'"),
            (("calibrate",), "Missing argument 'FOLDER'"),
            (("calibrate", "photos", "--false-pairs", "-1"), "Invalid value for '--false-pairs'"),
            (("calibrate", "photos", "--false-pairs", "inf"), "Invalid value for '--false-pairs'"),
        ):
            with self.subTest(arguments):
                done = self.quality(*arguments)
                self.assertEqual((done.exit_code, done.stdout), (2, ""))
                self.assertIn(said, done.stderr)
        done = self.quality("evaluate", "photos", "--truth", "missing.csv")
        self.assertEqual((done.exit_code, done.said), (1, ["missing.csv: No such file or directory."]))
