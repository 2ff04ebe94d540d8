"""The report as people look at it: what it shows, finds and asks for, in a real Chromium, from a file."""

import shutil
import unittest
from dataclasses import replace

from selenium.webdriver.common.keys import Keys

from hashindex.answers import Verdict
from hashindex.outcomes import Reason, Rejected
from hashindex.report.rows import MOST_MEMBERS
from testing.report_pages import GROUPS, PageCase, with_uri
from testing.reports import exact, near

PICTURES_LOADED = """
return [...document.images].slice(0, 4).every((image) => image.complete && image.naturalWidth === 64);
"""

CONTRAST = """
// Every text on the page against what lies behind it; those below 4.5 to 1 (WCAG 2.2, 1.4.3).
const parts = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
const ground = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const color = parts(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const bad = [];
let seen = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.data.trim();
  if (!text || !element.checkVisibility() || element.closest("script, :disabled")) continue;
  const [a, b] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  seen += 1;
  if (ratio < 4.5) bad.push(`${ratio.toFixed(2)}: ${text}`);
}
return [getComputedStyle(document.body).backgroundColor, seen, bad.slice(0, 5)];
"""

FORBIDDEN = """
const [done] = arguments;
const refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
  refused.push(event.effectiveDirective);
  if (refused.includes("connect-src")) done(refused);
});
try { document.body.innerHTML += "<p>"; } catch (error) { refused.push(error.name); }
fetch("http://127.0.0.1:9/").catch(() => {});
"""


class TestLooking(PageCase):
    def test_it_shows_groups_surest_first_with_their_pictures(self) -> None:
        self.open()
        self.assertEqual(self.text("#found"), "49 groups")
        self.assertEqual(self.shown()[:2], ["/pictures/00020.jpg", "/pictures/00060.jpg"])
        self.assertIn("Exact copies", self.text(".group h2"))
        self.assertEqual(len(self.shown()), 20)
        self.assertEqual(self.kept(), [uri.removeprefix("/pictures/") for uri in self.shown()])
        self.assertEqual(self.text(".group .why"), "Keep 00020.jpg: earliest: 2023-11-14")
        facts = self.text(".group:nth-child(2) .member:nth-child(2) .facts")
        for fact in (
            "4,000 \u00d7 3,000",
            "1.5 MB",
            "2023-11-14",
            "1 bit",
            "pHash 1",
            "dHash 1",
            f"{2**62 + 61}",
        ):
            self.assertIn(fact, facts)
        self.browser.wait_until(lambda: self.browser.run(PICTURES_LOADED))
        self.assertEqual(self.browser.said(), [])

    def test_pictures_beside_the_page_are_found(self) -> None:
        self.file = self.folder / "a %41 # 图片'.html"
        self.open([near(1, 2)], inside_bytes=0)
        self.browser.wait_until(lambda: self.browser.run(PICTURES_LOADED))
        self.assertEqual(self.browser.said(), [])

    def test_a_page_without_its_folder_says_so(self) -> None:
        self.open([near(1, 2)], inside_bytes=0)
        shutil.rmtree(self.folder / "report_files")
        self.reload()
        self.browser.wait_until(lambda: self.number(".no-thumbnail") == 2)
        self.assertIn("report_files/ is not beside this page", self.text(".no-thumbnail"))
        self.browser.said()

    def test_what_cannot_be_read_says_why(self) -> None:
        def refused(uri: str) -> Rejected:
            return Rejected(uri, Reason.TRUNCATED, "the picture <b>ends</b> early")

        self.open([near(1, 2)], thumbnail=refused)
        self.assertIn("truncated: the picture <b>ends</b> early", self.text(".member .no-thumbnail"))
        self.press(Keys.ARROW_DOWN, " ")
        self.browser.wait_until(lambda: self.number("#compare .no-thumbnail") == 2)
        self.press(Keys.ESCAPE)
        self.browser.said()

    def test_it_asks_no_network(self) -> None:
        self.browser.requested()
        self.open([near(1, 2), near(2, 3)], inside_bytes=0)
        self.press(Keys.ARROW_DOWN, "d", " ", Keys.ESCAPE, "/", "7", Keys.ESCAPE)
        asked = self.browser.requested()
        self.assertIn(self.file.as_uri(), asked)
        here = (self.folder.as_uri(), "file:///pictures/")
        self.assertEqual([each for each in asked if not each.startswith(here)], [])
        self.browser.said()

    def test_its_policy_forbids_the_network_and_markup(self) -> None:
        self.open([near(1, 2)])
        refused = self.browser.driver.execute_async_script(FORBIDDEN)
        self.assertIn("connect-src", refused)
        self.assertIn("TypeError", refused)
        self.browser.said()

    def test_it_filters_by_text_company_verdict_and_distance(self) -> None:
        self.open()
        self.press("/", *"0033")
        self.assertEqual(self.text("#found"), "1 of 49 groups")
        self.assertEqual(self.shown(), ["/pictures/00330.jpg"])
        self.search("company:2 PI")
        self.assertEqual(self.text("#found"), f"{sum(1 for n in range(3, 50) if n % 3 == 2)} of 49 groups")
        self.search("none")
        self.assertIn("No group is left", self.text("#groups"))
        self.search("")
        self.select("verdict", "exact")
        self.assertEqual(self.shown(), ["/pictures/00020.jpg"])
        self.select("verdict", "")
        distance = self.browser.driver.find_element("id", "distance")
        distance.send_keys(Keys.HOME)
        self.assertEqual(self.text("#found"), "1 of 49 groups")
        distance.send_keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.text("#distance-said"), "\u2264 1")
        self.assertEqual(
            self.text("#found"), f"{1 + sum(1 for n in range(3, 50) if n % 6 == 0)} of 49 groups"
        )
        self.assertEqual(self.browser.said(), [])

    def search(self, text: str) -> None:
        self.browser.run("document.getElementById('text').select()")
        self.press(Keys.DELETE, *text)

    def test_what_is_not_confirmed_is_found_and_said(self) -> None:
        weak = near(1, 2)
        weak = replace(weak, others=(replace(weak.others[0], verdict=Verdict.WEAK),))
        bare = near(2, 3)
        bare = replace(bare, others=(replace(bare.others[0], verdict=None),))
        self.open([weak, bare, near(3, 4)])
        self.select("verdict", "unconfirmed")
        self.assertEqual(self.shown(), ["/pictures/00010.jpg", "/pictures/00020.jpg"])
        marks = (
            "return [...document.querySelectorAll('.mark')].map((mark) => mark.hidden || mark.textContent)"
        )
        self.assertEqual(self.browser.run(marks), [True, "not confirmed", True, "no verdict"])

    def test_it_orders(self) -> None:
        self.open([near(1, 2), exact(2, 4), near(3, 3, 3)])
        for order, first in (("", 2), ("doubtful", 3), ("bytes", 2), ("members", 2)):
            self.select("order", order)
            self.assertEqual(self.shown()[0], f"/pictures/000{first}0.jpg", order)
        self.assertEqual(self.shown()[-1], "/pictures/00010.jpg")

    def test_it_pages_and_comes_back_after_a_reload(self) -> None:
        self.open()
        first = self.shown()
        self.assertFalse(self.browser.driver.find_element("id", "previous").is_enabled())
        self.click("#next")
        second = self.shown()
        self.assertFalse(set(first) & set(second))
        self.press("]")
        self.assertEqual(len(self.shown()), 9)
        self.assertFalse(self.browser.driver.find_element("id", "next").is_enabled())
        self.press("[")
        self.reload()
        self.assertEqual(self.shown(), second)
        self.assertEqual(len({*first, *second}), 40)

    def test_a_large_group_shows_more_on_demand_and_says_what_the_page_does_not_hold(self) -> None:
        self.open([exact(1, 100)])
        for number in (12, 72, 100):
            self.assertEqual(self.number(".member"), number)
            self.assertEqual(self.is_displayed("[data-action=more]"), number < 100)
            if number < 100:
                self.click("[data-action=more]")
        self.open([exact(1, MOST_MEMBERS + 234)])
        self.assertIn("1,000 of its 1,234 pictures", self.text(".more-exist"))
        self.assertIn("1,234 pictures", self.text("#summary"))

    def test_an_empty_report_says_so(self) -> None:
        self.open([])
        self.assertIn("There are no duplicates", self.text("#groups"))
        self.assertEqual(self.browser.said(), [])

    def test_both_schemes_can_be_read(self) -> None:
        self.open([near(1, 2), near(2, 3), exact(3)])
        self.press(Keys.ARROW_DOWN, "d", "n")
        self.addCleanup(self.browser.command, "Emulation.setEmulatedMedia", features=[])
        grounds = set()
        for scheme in ("light", "dark"):
            self.browser.command(
                "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
            )
            ground, seen, worst = self.browser.run(CONTRAST)
            grounds.add(ground)
            self.assertGreater(seen, 50)
            self.assertEqual(worst, [], scheme)
        self.assertEqual(len(grounds), 2)

    def test_a_narrow_window_needs_no_scrolling_sideways(self) -> None:
        self.open([near(1, 3), exact(2, 5), *GROUPS[2:6], with_uri(near(60, 3), "/" + "long" * 900)])
        self.addCleanup(self.browser.command, "Emulation.clearDeviceMetricsOverride")
        for width in (320, 380, 800):
            self.browser.command(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=800,
                deviceScaleFactor=1,
                mobile=False,
            )
            wide = self.browser.run("return document.documentElement.scrollWidth - innerWidth")
            self.assertLessEqual(wide, 0, width)


if __name__ == "__main__":
    unittest.main()
