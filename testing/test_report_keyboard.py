"""The report without a mouse: keys, focus, and what a screen reader is told."""

import unittest

from selenium.webdriver.common.keys import Keys

from testing.report_pages import PageCase, digest
from testing.reports import near

FOCUSED = """
const focused = document.activeElement;
const name = focused.id || focused.dataset.action || focused.className;
return [name, getComputedStyle(focused).outlineStyle];
"""

PLACES = """
document.querySelectorAll('#compare figcaption')[1].append(' and more of it'.repeat(9));
return [...document.querySelectorAll('#compare figure > :first-child')].map((picture) => {
  const { top, height } = picture.getBoundingClientRect();
  return [top, height];
});
"""


class TestKeyboard(PageCase):
    def test_tab_reaches_everything_and_focus_is_seen(self) -> None:
        self.open([near(1, 2)])
        names: list[str] = []
        while len(names) < 40:
            self.press(Keys.TAB)
            name, outline = self.browser.run(FOCUSED)
            if name == "skip" and names:
                break
            names.append(name)
            if name not in ("", "skip"):
                self.assertNotEqual(outline, "none", name)
        controls = ("text", "decision", "verdict", "distance", "order", "import", "export", "help", "page")
        for expected in (
            *controls,
            "group",
            "group-duplicate",
            "group-not",
            "keep",
            "duplicate",
            "not",
            "compare",
        ):
            self.assertIn(expected, names)

    def test_help_opens_and_closes_and_holds_the_keys(self) -> None:
        self.open([near(1, 2)])
        self.press("?")
        self.assertTrue(self.is_displayed("#keys"))
        self.press("d", "e", Keys.ESCAPE)  # they do nothing meanwhile
        self.assertFalse(self.is_displayed("#keys"))
        self.assertEqual((self.states(), self.text("#notice")), (["open"], ""))

    def test_keys_go_over_the_end_of_a_page(self) -> None:
        self.open()
        self.press(*[Keys.ARROW_DOWN] * 21)
        self.assertEqual(self.browser.run("return document.getElementById('page').value"), "2")
        self.assertEqual(self.focused_group(), 20)
        self.press(Keys.ARROW_UP)
        self.assertEqual(self.focused_group(), 19)

    def focused_group(self) -> int:
        return int(self.browser.run("return document.activeElement.closest('.group').dataset.group"))

    def test_letters_in_the_search_field_decide_nothing(self) -> None:
        self.open([near(1, 2)])
        self.press("/", "d", "n", "k", "/")
        self.assertEqual(self.browser.run("return document.getElementById('text').value"), "dnk/")
        self.assertEqual(self.browser.run("return localStorage.length"), 0)

    def test_compare_shows_two_and_decides_by_key_and_by_mouse(self) -> None:
        self.open([near(1, 2, 4), near(2, 5)])
        self.press(Keys.ARROW_DOWN, "3", " ")
        self.assertEqual(self.compared(), ["00010.jpg", "00012.jpg"])
        kept, other = self.browser.run(PLACES)
        self.assertEqual(kept, other, "a longer caption moves its picture")
        self.press("n", Keys.ARROW_RIGHT)
        self.assertEqual(self.compared(), ["00010.jpg", "00011.jpg"])
        self.click("#compare-duplicate")
        self.click("#compare-keep")
        self.assertEqual(self.compared(), ["00011.jpg", "00010.jpg"])
        self.click("#compare-close")
        self.assertEqual((self.states(), self.kept()[0]), (["mixed", "open"], "00011.jpg"))
        decided = self.exported()
        self.assertEqual(decided.duplicate, {(digest(10), digest(11))})
        self.assertEqual(decided.not_duplicate, {(digest(10), digest(12)), (digest(11), digest(12))})
        self.browser.said()

    def compared(self) -> list[str]:
        script = "return [...document.querySelectorAll('#compare bdi')].map((name) => name.textContent)"
        return [str(each) for each in self.browser.run(script)]

    def test_roles_and_names(self) -> None:
        self.open([near(1, 2)])
        tree = self.browser.command("Accessibility.getFullAXTree")["nodes"]
        named = {
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in tree
            if not node["ignored"] and "role" in node
        }
        for role, name in (
            ("search", "Filter the groups"),
            ("searchbox", "Search"),
            ("main", "Groups of duplicates"),
            ("navigation", "Pages"),
            ("article", "1 Near, up to 2 bits"),
            ("group", "Decide about the group"),
            ("button", "Not duplicates"),
            ("button", "Compare 00010.jpg"),
            ("button", "Keep this one: 00011.jpg"),
            ("listitem", "Picture 2: 00011.jpg"),
        ):
            self.assertTrue(
                any(role == each and other.startswith(name) for each, other in named), (role, name)
            )
        self.assertEqual([role for role, name in named if role in ("button", "textbox") and not name], [])


if __name__ == "__main__":
    unittest.main()
