"""What the tests of the report's page stand on: a report, opened in the one browser of the whole run."""

from __future__ import annotations

import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from hashindex.duplicates.decisions import Decisions, read_decisions
from hashindex.report import write_report
from testing.browser import Browser, shared_browser
from testing.reports import exact, member, near, thumbnail

if TYPE_CHECKING:
    from hashindex.duplicates.values import Group

GROUPS = [
    near(1, 2, 5),
    exact(2),
    *(near(number, 1 + number % 6, company_id=number % 3) for number in range(3, 50)),
]
"""49 of them; the first on the page is the exact one, the last is `near(1, 2, 5)` or another of 6 bits."""

FIRST_TITLES = """
return JSON.stringify([...document.querySelectorAll('.group')]
  .map((group) => group.querySelector('.name [title]').title));
"""
"""As JSON, since selenium cannot bring halves of UTF-16 pairs."""

KEPT_NAMES = """
return [...document.querySelectorAll('.kept .name > :first-child')].map((name) => name.textContent);
"""


class PageCase(unittest.TestCase):
    """A fresh report, nothing in the browser's storage, and an empty downloads folder for each test."""

    browser: ClassVar[Browser]

    @classmethod
    def setUpClass(cls) -> None:
        cls.browser = shared_browser()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "report.html"
        self.browser.get("about:blank")  # what the last page still loads is given up, and said
        self.browser.said()
        self.addCleanup(self.browser.run, "localStorage.clear()")  # all pages from files share it
        for left in self.browser.downloads.iterdir():
            left.unlink()

    def open(self, groups: list[Group] = GROUPS, **options: Any) -> None:
        """Write the report and open it."""
        write_report(self.file, groups, title="Duplicates", **{"thumbnail": thumbnail, **options})
        self.browser.get(self.file.as_uri())

    def reload(self) -> None:
        self.browser.driver.refresh()

    def press(self, *keys: str) -> None:
        """Press one after another; a capital letter with Shift."""
        typed = ActionChains(self.browser.driver, duration=0)
        for key in keys:
            if key.isupper():
                typed.key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT)
            else:
                typed.send_keys(key)
        typed.perform()

    def click(self, selector: str) -> None:
        self.browser.driver.find_element("css selector", selector).click()

    def text(self, selector: str) -> str:
        return str(self.browser.run("return document.querySelector(arguments[0]).textContent", selector))

    def number(self, selector: str) -> int:
        return int(self.browser.run("return document.querySelectorAll(arguments[0]).length", selector))

    def is_displayed(self, selector: str) -> bool:
        return self.browser.driver.find_element("css selector", selector).is_displayed()

    def states(self) -> list[str]:
        """What is decided about each group on the page."""
        script = "return [...document.querySelectorAll('.group')].map((group) => group.dataset.state)"
        return [str(each) for each in self.browser.run(script)]

    def kept(self) -> list[str]:
        """The names of the pictures to keep, of the groups on the page."""
        return [str(each) for each in self.browser.run(KEPT_NAMES)]

    def shown(self) -> list[str]:
        """The URI of the first picture of each group on the page."""
        return [str(each) for each in json.loads(self.browser.run(FIRST_TITLES))]

    def select(self, name: str, value: str) -> None:
        self.click(f"#{name} option[value='{value}']")

    def exported(self) -> Decisions:
        self.click("#export")
        file = self.browser.wait_until(self._whole_download)
        assert isinstance(file, Path)
        self.assertEqual(file.name, "decisions.jsonl")
        return read_decisions(file)

    def _whole_download(self) -> Path | None:
        found = list(self.browser.downloads.iterdir())
        return found[0] if [each.name for each in found] == ["decisions.jsonl"] else None


def digest(number: int) -> str:
    return member(number).content_digest


def with_uri(group: Group, uri: str) -> Group:
    return replace(group, kept=replace(group.kept, uri=uri))
