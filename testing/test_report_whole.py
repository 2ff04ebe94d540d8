"""From pictures to decisions and back: a report of real files, decided in, and honoured by the next run."""

import unittest
from pathlib import Path
from typing import Any

from selenium.webdriver.common.keys import Keys

from testing.commands import run
from testing.making import encoded, picture
from testing.report_pages import PageCase

CAT, QUOTED, IMAGE, LINES, SCRIPT = NAMES = (
    "图片 猫.png",
    'it\'s "quoted".png',
    "<img src=x onerror=alert(1)>.png",
    "two\nlines.png",
    "<\u2215script>.png",  # a slash cannot stand in a name; this one is another
)

PICTURES_LOADED = """
return [...document.images].slice(0, 2).every((image) => image.complete && image.naturalWidth > 0);
"""


class TestWhole(PageCase):
    def setUp(self) -> None:
        super().setUp()
        photos = self.folder / "photos"
        photos.mkdir()
        for seed, name in enumerate(NAMES):
            image = picture(seed, (320, 240))
            (photos / name).write_bytes(encoded(image))
            (photos / f"{seed} copy.jpg").write_bytes(encoded(image.resize((160, 120)), "JPEG"))

    def found(self, *options: str) -> dict[str, str]:
        """The names of each pair that is found, the one to keep first."""
        done = run("duplicates", "photos", "--json", "--report", "report.html", *options, cwd=self.folder)
        self.assertEqual(done.exit_code, 0, done.stderr)
        groups: list[dict[str, Any]] = done.values[:-1]
        return dict([Path(each["uri"]).name for each in group["members"]] for group in groups)

    def test_the_next_run_honours_what_was_decided(self) -> None:
        copies = {name: f"{seed} copy.jpg" for seed, name in enumerate(NAMES)}
        self.assertEqual(self.found(), copies)
        self.browser.get(self.file.as_uri())
        self.browser.wait_until(lambda: self.browser.run(PICTURES_LOADED))
        place = {Path(uri).name: number for number, uri in enumerate(self.shown(), 1)}
        self.assertEqual(set(place), set(NAMES))
        self.click(f".group:nth-child({place[QUOTED]}) [data-action=group-not]")
        self.click(f".group:nth-child({place[IMAGE]}) [data-action=group-duplicate]")
        self.click(f".group:nth-child({place[LINES]}) .member:nth-child(2) [data-action=keep]")
        self.press("/", *"<\u2215script>", Keys.ESCAPE, "2", " ", "n", Keys.ESCAPE)
        self.assertEqual([Path(uri).name for uri in self.shown()], [SCRIPT])
        self.assertEqual(self.states(), ["not_duplicate"])
        self.assertEqual(self.browser.said(), [])
        self.exported()
        decisions = self.browser.downloads / "decisions.jsonl"
        expected = {CAT: copies[CAT], IMAGE: copies[IMAGE], copies[LINES]: LINES}
        self.assertEqual(self.found("--decisions", str(decisions)), expected)


if __name__ == "__main__":
    unittest.main()
