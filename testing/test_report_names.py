"""File names that hold anything are texts in the report, and nothing else."""

import unittest
from dataclasses import replace

from selenium.webdriver.common.keys import Keys

from testing.nasty import TEXTS
from testing.report_pages import PageCase, with_uri
from testing.reports import near

HOSTILE = (
    *TEXTS,
    "</script><script>alert('script')</script>",
    '"><img src=x onerror="alert(1)">',
    "<svg onload=alert(2)>",
    "javascript:alert(3)",
    "<!--<script>",
    "\u2028\u2029line",
    "half\ud83d",
    "%FF%00 %25",
)


class TestHostileNames(PageCase):
    def test_names_are_texts_and_nothing_else(self) -> None:
        groups = [
            with_uri(near(number, 3), f"/{text}/{text}" if text else "/")
            for number, text in enumerate(HOSTILE, 1)
        ]
        groups.append(with_uri(near(90, 1), "<img src=x onerror=alert(4)>"))
        groups = [replace(each, why=f"{each.kept.uri}: {HOSTILE[-6]}") for each in groups]
        self.open(groups)
        seen: set[str] = set()
        for _ in range(2):
            seen.update(self.shown())
            self.press(Keys.ARROW_DOWN, "d")
            self.browser.run("document.getElementById('next').click()")
        self.assertEqual(seen, {each.kept.uri for each in groups})
        self.assertEqual(len(self.browser.driver.find_elements("css selector", "script")), 1)
        self.assertEqual(
            self.browser.run("return document.querySelectorAll('svg, [onload], [onerror]').length"), 0
        )
        schemes = "return [...document.links].every(each => /^(file:|.*#groups$)/.test(each.href))"
        self.assertTrue(self.browser.run(schemes))
        self.assertEqual(self.browser.said(), [])
        decided = self.exported()
        self.assertEqual(len(decided.duplicate), 2)

    def test_a_name_with_undecodable_bytes_opens_the_file(self) -> None:
        uri = "/pictures/%FF %2525 图#?.jpg"
        self.open([with_uri(near(1, 2), uri)])
        link = self.browser.run("return document.querySelector('.name a').href")
        self.assertEqual(link, "file:///pictures/%FF%20%2525%20%E5%9B%BE%23%3F.jpg")


if __name__ == "__main__":
    unittest.main()
