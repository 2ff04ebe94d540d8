"""What is written: whole or not at all, over nobody's file, and the same pictures once."""

import json
import os
import re
import tempfile
import unittest
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hashindex.duplicates.values import Group
from hashindex.errors import ConfigurationError, InvalidArgumentError
from hashindex.outcomes import Reason, Rejected
from hashindex.report import report_at, write_report
from hashindex.report.filling import harmless_json
from hashindex.report.rows import MOST_MEMBERS
from testing.nasty import TEXTS
from testing.reports import exact, near, thumbnail


def data_of(file: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', file.read_text("utf-8"), re.DOTALL
    )
    assert found is not None
    data: dict[str, Any] = json.loads(found.group(1))
    return data


class ReportCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "report.html"

    def write(self, *groups: Group, **options: Any) -> dict[str, Any]:
        write_report(self.file, groups, title="A title", thumbnail=thumbnail, **options)
        return data_of(self.file)

    def in_folder(self) -> set[str]:
        return {str(each.relative_to(self.folder)) for each in self.folder.rglob("*") if each.is_file()}


class TestOrder(ReportCase):
    def test_exact_copies_come_first_then_the_nearest(self) -> None:
        data = self.write(near(1, 5), near(2, 1, 8), exact(3), near(4, 2))
        kept = [group["members"][0][0] for group in data["groups"]]
        self.assertEqual(kept, [f"/pictures/{number:05d}.jpg" for number in (30, 40, 10, 20)])

    def test_a_group_without_phash_is_less_sure(self) -> None:
        unknown = near(1, 3)
        unknown = replace(unknown, others=(replace(unknown.others[0], phash_distance=None),))
        data = self.write(unknown, near(2, 3))
        self.assertEqual(
            [group["members"][0][0] for group in data["groups"]],
            ["/pictures/00020.jpg", "/pictures/00010.jpg"],
        )

    def test_large_ids_are_texts(self) -> None:
        members = self.write(near(1, 5))["groups"][0]["members"]
        self.assertEqual(members[1][1:3], ["1", str(2**62 + 11)])


class TestPictures(ReportCase):
    def test_few_are_inside_and_the_page_is_all(self) -> None:
        data = self.write(near(1, 5), exact(2, 3))
        self.assertIsNone(data["folder"])
        self.assertEqual(len(data["pictures"]), 3)  # copies share theirs
        self.assertEqual(self.in_folder(), {"report.html"})

    def test_many_are_beside_it(self) -> None:
        data = self.write(near(1, 5), exact(2, 3), inside_bytes=1000)
        self.assertEqual(data["folder"], "report_files/")
        expected = {f"report_files/{name[:2]}/{name}.jpg" for name in data["pictures"]}
        self.assertEqual(self.in_folder(), expected | {"report.html"})
        number = data["groups"][0]["members"][0][-1]
        name = data["pictures"][number]
        self.assertEqual(
            (self.folder / "report_files" / name[:2] / f"{name}.jpg").read_bytes(),
            thumbnail(exact(2).kept.uri),
        )

    def test_copies_are_asked_for_once(self) -> None:
        asked: list[str] = []

        def counted(uri: str) -> bytes:
            asked.append(uri)
            return thumbnail(uri)

        write_report(self.file, [exact(1, 5), near(2, 3)], title="", thumbnail=counted)
        self.assertEqual(sorted(asked), [f"/pictures/{number:05d}.jpg" for number in (10, 20, 21)])

    def test_a_copy_that_is_gone_does_not_hide_the_others(self) -> None:
        gone = exact(1, 2).kept.uri

        def found(uri: str) -> bytes | Rejected:
            return Rejected(uri, Reason.NOT_FOUND, "") if uri == gone else thumbnail(uri)

        write_report(self.file, [exact(1, 2)], title="", thumbnail=found)
        self.assertEqual(len(data_of(self.file)["pictures"]), 1)

    def test_bare_hashes_are_not_taken_for_copies_and_have_no_picture(self) -> None:
        group = near(1, 3)
        kept, other = (replace(each, content_digest="", key=None) for each in group.members)
        placed = replace(group, kept=kept, others=(other,))
        data = self.write(placed)
        self.assertEqual(len(data["pictures"]), 2)
        data = self.write(replace(group, kept=replace(kept, uri="17"), others=(replace(other, uri=""),)))
        self.assertEqual(data["pictures"], [])
        self.assertEqual(
            [row[-1] for row in data["groups"][0]["members"]], ["nothing says where it lies"] * 2
        )

    def test_what_cannot_be_read_says_why(self) -> None:
        def refused(uri: str) -> Rejected:
            return Rejected(uri, Reason.TRUNCATED, "the picture ends early")

        write_report(self.file, [near(1, 5)], title="", thumbnail=refused)
        data = data_of(self.file)
        self.assertEqual(data["pictures"], [])
        self.assertEqual(data["groups"][0]["members"][0][-1], "truncated: the picture ends early")

    def test_a_huge_group_is_held_in_part_and_counted_whole(self) -> None:
        asked: list[str] = []
        group = near(1, *[5] * (MOST_MEMBERS + 9), 7)

        def counted(uri: str) -> bytes:
            asked.append(uri)
            return thumbnail("/1")

        write_report(self.file, [group], title="", thumbnail=counted)
        (values,) = data_of(self.file)["groups"]
        self.assertEqual((len(values["members"]), len(asked)), (MOST_MEMBERS, MOST_MEMBERS))
        self.assertEqual((values["count"], values["distance"]), (MOST_MEMBERS + 11, 7))
        self.assertEqual(values["bytes"], (MOST_MEMBERS + 10) * 1_500_000)

    def test_a_later_report_takes_away_what_it_does_not_show(self) -> None:
        self.write(near(1, 5), near(2, 5), inside_bytes=0)
        own = self.folder / "report_files" / "mine.jpg"
        own.write_bytes(b"somebody's")
        data = self.write(near(2, 5), inside_bytes=0)
        expected = {f"report_files/{name[:2]}/{name}.jpg" for name in data["pictures"]}
        self.assertEqual(self.in_folder(), expected | {"report.html", "report_files/mine.jpg"})
        own.unlink()
        self.write(near(2, 5))
        self.assertEqual([each.name for each in self.folder.iterdir()], ["report.html"])


class TestPlace(ReportCase):
    def test_a_broken_run_leaves_the_former_report(self) -> None:
        self.write(near(1, 5), near(2, 6), inside_bytes=0)
        former, pictures = self.file.read_bytes(), self.in_folder()

        def breaks() -> Iterator[Group]:
            yield near(3, 5)
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            write_report(self.file, breaks(), title="", thumbnail=thumbnail)
        with self.assertRaises(ZeroDivisionError):
            write_report(self.file, [near(3, 5)], title="", thumbnail=lambda _: bytes(1 // 0))
        self.assertEqual(self.file.read_bytes(), former)
        self.assertEqual(self.in_folder(), pictures)

    def test_the_same_place_is_the_same_report(self) -> None:
        first = self.write(near(1, 5))["report"]
        self.assertEqual(self.write(near(2, 5))["report"], first)
        self.file = self.folder / "another.html"
        self.assertNotEqual(self.write(near(1, 5))["report"], first)

    def test_what_is_no_report_is_not_replaced(self) -> None:
        self.file.write_bytes(b"\xff\xd8 a picture")
        with self.assertRaisesRegex(InvalidArgumentError, "holds no report of hashindex"):
            self.write(near(1, 5))
        self.assertEqual(self.file.read_bytes(), b"\xff\xd8 a picture")
        with self.assertRaisesRegex(InvalidArgumentError, "holds no report of hashindex"):
            report_at(self.folder).check()

    def test_an_empty_file_may_be_replaced(self) -> None:
        self.file.touch()
        self.write(near(1, 5))

    def test_a_folder_that_is_missing(self) -> None:
        with self.assertRaisesRegex(ConfigurationError, "is no folder"):
            report_at(self.folder / "no" / "report.html").check()

    def test_a_full_disk_is_said(self) -> None:
        (self.folder / "report_files").touch()  # stands where the pictures are to go
        with self.assertRaisesRegex(ConfigurationError, "cannot be written"):
            self.write(near(1, 5), inside_bytes=0)
        self.assertEqual(self.in_folder(), {"report_files"})

    def test_a_link_stays_one(self) -> None:
        target = self.folder / "target.html"
        target.touch()
        self.file.symlink_to(target)
        self.write(near(1, 5))
        self.assertTrue(self.file.is_symlink())
        self.assertIn("A title", target.read_text("utf-8"))

    def test_its_name_may_hold_anything(self) -> None:
        self.file = self.folder / os.fsdecode(b"a %41?#&'\"<\n\xff.html")
        data = self.write(near(1, 5), inside_bytes=0)
        self.assertEqual(data["folder"], "a%20%2541%3F%23%26%27%22%3C%0A%FF_files/")


class TestHarmless(ReportCase):
    def test_no_text_ends_its_element(self) -> None:
        texts = [*TEXTS, "</script><script>alert(1)</script>", "<!--", "]]>", "\u2028\u2029", "\udc80\udfff"]
        said = harmless_json(texts)
        self.assertTrue(said.isascii())
        self.assertFalse(set(said) & set("<>&\n\r"))
        self.assertEqual(json.loads(said), texts)

    def test_a_title_is_a_text(self) -> None:
        write_report(self.file, [exact(1)], title="<b>&\udcff 图片", thumbnail=thumbnail)
        self.assertIn("<h1>&lt;b&gt;&amp;%FF 图片</h1>", self.file.read_text("utf-8"))

    def test_no_group_at_all(self) -> None:
        self.assertEqual(self.write()["groups"], [])

    def test_a_verdict_of_none(self) -> None:
        group = near(1, 4)
        data = self.write(replace(group, others=(replace(group.others[0], verdict=None),)))
        (values,) = data["groups"]
        self.assertEqual(values["verdicts"], [""])
        self.assertIsNone(values["members"][1][12])
        (values,) = self.write(near(1, 4))["groups"]
        self.assertEqual((values["verdicts"], values["members"][1][12]), (["near"], "near"))


if __name__ == "__main__":
    unittest.main()
