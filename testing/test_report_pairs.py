"""The page of pairs, in a real browser: both pictures of each, harmless names, and no network."""

import json
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

from hashindex.errors import InvalidArgumentError
from hashindex.outcomes import Reason, Rejected
from hashindex.report import PairsShown, write_pairs
from testing.browser import Browser, shared_browser
from testing.nasty import TEXTS
from testing.reports import thumbnail

SHOWN = """
const all = (inside, selector) => [...inside.querySelectorAll(selector)];
return JSON.stringify(all(document, '.pairs').map((pairs) => all(pairs, '.pair').map((pair) => [
  ...all(pair, 'figcaption').map((each) => each.title), pair.querySelector('p:last-child').textContent])));
"""
PICTURES = """
const all = [...document.querySelectorAll('.pair img')];
all.forEach((image) => { image.loading = 'eager'; });
return all.length === arguments[0] && all.every((image) => image.complete && image.naturalWidth > 0);
"""


class TestPairs(unittest.TestCase):
    browser: ClassVar[Browser]

    @classmethod
    def setUpClass(cls) -> None:
        cls.browser = shared_browser()

    def setUp(self) -> None:
        self.file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "look.html"
        self.browser.said()
        self.browser.requested()

    def open(self, *sections: PairsShown, inside_bytes: int = 10**6) -> list[list[list[str]]]:
        """Write the page and open it; return what it shows, by section and pair."""
        write_pairs(self.file, sections, title="Pairs", thumbnail=thumbnail, inside_bytes=inside_bytes)
        self.browser.get(self.file.as_uri())
        shown: list[list[list[str]]] = json.loads(self.browser.run(SHOWN))
        return shown

    def test_sections_show_their_pairs_with_both_pictures(self) -> None:
        missed = [(f"/pictures/{i}.jpg", f"/pictures/{i + 1}.jpg", f"aHash {i}") for i in range(4)]
        for inside_bytes in (10**6, 0):  # in the page, and in a folder beside it
            with self.subTest(inside_bytes=inside_bytes):
                shown = self.open(
                    PairsShown("Missed", "4 pairs", missed),
                    PairsShown("Wrongly found", "0 pairs", []),
                    inside_bytes=inside_bytes,
                )
                self.assertEqual(shown, [[list(each) for each in missed], []])
                self.browser.wait_until(lambda: self.browser.run(PICTURES, 8))
                titles = "return [...document.querySelectorAll('h2, .muted')].map((each) => each.textContent)"
                self.assertEqual(self.browser.run(titles), ["Missed", "4 pairs", "Wrongly found", "0 pairs"])
                self.assertEqual(self.browser.said(), [])
                asked = self.browser.requested()
                self.assertTrue(all(each.startswith(("file:", "data:")) for each in asked), asked)

    def test_a_name_is_not_broken_where_it_fits_into_a_line(self) -> None:
        self.open(
            PairsShown(
                "", "", [(f"/{'folder/' * 6}{name}", "/b", "") for name in ("one.jpg", "two-of-them.jpg")]
            )
        )
        lines = (
            "return [...document.querySelectorAll('.folder + *')].map((name) => name.getClientRects().length)"
        )
        self.assertEqual(self.browser.run(lines), [1] * 4)

    def test_names_and_words_are_texts_whatever_they_hold(self) -> None:
        uris = [f"/pictures/{text}" for text in TEXTS]
        pairs = [(uri, uri, text) for uri, text in zip(uris, TEXTS, strict=True)]
        (shown,) = self.open(PairsShown("<b>", "<i>", pairs))
        self.assertEqual(shown, [list(each) for each in pairs])
        self.assertEqual(self.browser.run("return document.querySelectorAll('main b, main i').length"), 0)
        self.assertEqual(self.browser.said(), [])

    def test_where_there_is_no_picture_the_reason_stands(self) -> None:
        def refused(uri: str) -> bytes | Rejected:
            return Rejected(uri, Reason.NOT_FOUND, "there is no such file")

        write_pairs(self.file, [PairsShown("", "", [("/a", "/b", "")])], title="", thumbnail=refused)
        self.browser.get(self.file.as_uri())
        said = "return [...document.querySelectorAll('.no-thumbnail')].map((each) => each.textContent)"
        self.assertEqual(self.browser.run(said), ["not_found: there is no such file"] * 2)

    def test_a_page_is_written_whole_and_over_nobodys_file(self) -> None:
        def breaks(_uri: str) -> bytes:
            raise ZeroDivisionError

        section = PairsShown("", "", [("/pictures/1.jpg", "/pictures/2.jpg", "")])
        write_pairs(self.file, [section], title="Before", thumbnail=thumbnail)
        before = self.file.read_bytes()
        with self.assertRaises(ZeroDivisionError):
            write_pairs(self.file, [section], title="After", thumbnail=breaks)
        self.assertEqual([self.file.read_bytes()], [each.read_bytes() for each in self.file.parent.iterdir()])
        self.assertEqual(self.file.read_bytes(), before)
        self.file.write_text("mine")
        with self.assertRaises(InvalidArgumentError):
            write_pairs(self.file, [section], title="", thumbnail=thumbnail)
