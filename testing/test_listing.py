"""From names to pictures: whatever is named leaves a trace, walks select, keys are given."""

import os
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path

from hashindex.keys import Key, meta_id_from_stem, meta_id_from_uri
from hashindex.listing import EVERY_PICTURE, Selection, keyed, listed
from hashindex.outcomes import Ignored, Reason, Reject, Rejected, Wanted
from hashindex.records import Picture
from hashindex.sources.local import LocalSource
from hashindex.sources.oss import OssSource
from hashindex.sources.routing import RoutedSource
from testing.memory_source import MemorySource


class TestListed(unittest.TestCase):
    def setUp(self) -> None:
        self.source = RoutedSource({"": LocalSource(), "memory": MemorySource(), "oss": OssSource()})
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("a.jpg", "b.PNG", "notes.txt", "sub/c.webp", "sub/d", "only-text/readme.md"):
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"1")
        (self.folder / "empty").mkdir()

    def listed(self, *names: str, selection: Selection = EVERY_PICTURE) -> list[Picture | Rejected | Ignored]:
        return list(listed(self.source, names, selection))

    def taken(self, selection: Selection) -> list[str]:
        found = self.listed(str(self.folder), selection=selection)
        return sorted(os.path.relpath(one.uri, self.folder) for one in found if isinstance(one, Picture))

    def test_a_folder_gives_its_pictures_and_counts_the_rest(self) -> None:
        self.assertEqual(self.taken(EVERY_PICTURE), ["a.jpg", "b.PNG", "sub/c.webp"])
        found = self.listed(str(self.folder))
        ignored = sorted(os.path.relpath(one.uri, self.folder) for one in found if isinstance(one, Ignored))
        self.assertEqual(ignored, ["notes.txt", "only-text/readme.md", "sub/d"])

    def test_what_is_named_is_taken_whatever_its_name(self) -> None:
        names = [str(self.folder / name) for name in ("notes.txt", "sub/d", "missing.jpg", "a.jpg")]
        self.assertEqual(self.listed(*names), [Picture(name) for name in names])

    def test_named_files_are_taken_though_excluded(self) -> None:
        name = str(self.folder / "a.jpg")
        self.assertEqual(self.listed(name, selection=Selection(exclude=("*",))), [Picture(name)])

    def test_a_folder_without_pictures_is_rejected(self) -> None:
        for name, others in (("empty", 0), ("only-text", 1)):
            uri = str(self.folder / name)
            found = [one for one in self.listed(uri) if not isinstance(one, Ignored)]
            detail = f"there are no pictures in it, and {others} other files"
            self.assertEqual(found, [Rejected(uri, Reason.NOT_FOUND, detail)])

    def test_a_folder_whose_pictures_are_all_excluded_is_rejected(self) -> None:
        found = self.listed(str(self.folder), selection=Selection(exclude=("*",)))
        self.assertIs(next(one for one in found if isinstance(one, Rejected)).reason, Reason.NOT_FOUND)

    def test_what_is_named_twice_is_given_twice(self) -> None:
        name = str(self.folder / "a.jpg")
        self.assertEqual(len(self.listed(name, name)), 2)

    def test_include_and_exclude(self) -> None:
        self.assertEqual(self.taken(Selection(include=("*.txt", "d"))), ["notes.txt", "sub/d"])
        self.assertEqual(self.taken(Selection(exclude=("b.*",))), ["a.jpg", "sub/c.webp"])
        self.assertEqual(
            self.taken(Selection(include=("*",), exclude=("*.md", "?.jpg"))),
            ["b.PNG", "notes.txt", "sub/c.webp", "sub/d"],
        )
        self.assertEqual(self.taken(Selection(exclude=("*/sub/*",))), ["a.jpg", "b.PNG"])
        self.assertEqual(self.taken(Selection(include=(f"{self.folder}/sub/*",))), ["sub/c.webp", "sub/d"])
        self.assertEqual(self.taken(Selection(include=("*.png",))), [])  # as the shell: case matters

    def test_names_that_nothing_can_have_are_rejected_and_the_rest_goes_on(self) -> None:
        found = self.listed(
            "", "\ud800.jpg", "oss://", os.fsdecode(b"oss://b/\xff.jpg"), str(self.folder / "a.jpg")
        )
        self.assertEqual([type(one) for one in found], [Rejected] * 4 + [Picture])
        for one in found[:4]:
            assert isinstance(one, Rejected)
            self.assertEqual(one.reason, Reason.UNSUPPORTED)
            f"{one.uri} {one.detail}".encode()  # it can be printed

    def test_unknown_schemes_become_pictures_whose_reading_is_rejected(self) -> None:
        found = self.listed(os.fsdecode(b"s3://b/\xff.jpg"))
        self.assertEqual(found, [Picture("s3://b/%FF.jpg")])

    def test_names_and_folders_are_taken_lazily(self) -> None:
        def names() -> Iterator[str]:
            yield str(self.folder / "a.jpg")
            raise AssertionError("the second name was taken too early")

        found = listed(self.source, names(), EVERY_PICTURE)
        self.assertEqual(next(found), Picture(str(self.folder / "a.jpg")))


class TestKeyed(unittest.TestCase):
    def test_keys_from_uris_and_from_stems(self) -> None:
        pictures: list[Picture | Rejected | Ignored] = [
            Picture("/a/12.jpg"),
            Picture("/a/x.jpg"),
            Ignored("/a/t"),
            Rejected("/e", Reason.NOT_FOUND, ""),
        ]
        self.assertEqual(
            list(keyed(pictures, 7, meta_id_from_stem)),
            [
                Wanted(Key(7, 12), Picture("/a/12.jpg")),
                Reject(
                    Rejected(
                        "/a/x.jpg",
                        Reason.BAD_KEY,
                        f"the file name 'x' is no number up to {2**63 - 1}, so it gives no meta_id.",
                    ),
                    company_id=7,
                ),
                Ignored("/a/t"),
                Reject(Rejected("/e", Reason.NOT_FOUND, ""), company_id=7),
            ],
        )
        first = next(keyed(pictures, 7, meta_id_from_uri))
        assert isinstance(first, Wanted)
        self.assertEqual(first.key, Key(7, meta_id_from_uri("/a/12.jpg")))


if __name__ == "__main__":
    unittest.main()
