"""What people decide in the report, by mouse and by keyboard: kept, taken back, exported, read again."""

import json
import unittest
from dataclasses import replace

from selenium.webdriver.common.keys import Keys

from hashindex.duplicates.decisions import Decisions, Keep
from hashindex.report import write_report
from testing.report_pages import PageCase, digest
from testing.reports import exact, near, thumbnail


class TestDeciding(PageCase):
    def test_by_mouse(self) -> None:
        self.open([exact(1), near(2, 2), near(3, 3), near(4, 5)])
        self.click(".group:nth-child(1) [data-action=group-duplicate]")
        self.click(".group:nth-child(2) [data-action=group-not]")
        self.click(".group:nth-child(3) .member:nth-child(2) [data-action=keep]")
        self.click(".group:nth-child(3) .member:nth-child(1) [data-action=duplicate]")
        self.assertEqual(self.states(), ["duplicate", "not_duplicate", "duplicate", "open"])
        self.assertEqual(self.kept(), ["00010.jpg", "00020.jpg", "00031.jpg", "00040.jpg"])
        self.assertEqual(self.text("#counts"), "3 of 4 groups decided")
        self.assertEqual(self.text(".group:nth-child(3) .why"), "Keep 00031.jpg: your choice")
        self.assertEqual(
            self.exported(),
            Decisions(
                frozenset({(digest(10), digest(10)), (digest(30), digest(31))}),
                frozenset({(digest(20), digest(21))}),
                {digest(31): Keep("/pictures/00031.jpg", 4)},
            ),
        )
        self.assertEqual(self.browser.said(), [])

    def test_by_keyboard_alone(self) -> None:
        self.open([exact(1), near(2, 2), near(3, 3, 4), near(4, 5)])
        self.press(Keys.ARROW_DOWN, "d", "n")  # each goes on
        self.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "N", "3", "D")
        self.press(Keys.ARROW_DOWN, "2", "k")
        self.assertEqual(self.states(), ["duplicate", "not_duplicate", "mixed", "open"])
        self.press("e")
        self.assertEqual(
            self.exported(),
            Decisions(
                frozenset({(digest(10), digest(10)), (digest(30), digest(32))}),
                frozenset({(digest(20), digest(21)), (digest(30), digest(31))}),
                {digest(41): Keep("/pictures/00041.jpg", 5)},
            ),
        )

    def test_not_duplicates_parts_every_pair(self) -> None:
        self.open([near(1, 2, 5)])
        self.press(Keys.ARROW_DOWN, "n")
        pairs = {(digest(10), digest(11)), (digest(10), digest(12)), (digest(11), digest(12))}
        self.assertEqual(self.exported().not_duplicate, pairs)

    def test_in_a_very_large_group_each_is_parted_from_the_kept_one_and_that_is_said(self) -> None:
        self.open([near(1, *[3] * 64)])
        self.press(Keys.ARROW_DOWN, "n")
        self.assertIn("the others, 64, may be asked about again", self.text("#notice"))
        self.assertEqual(len(self.exported().not_duplicate), 64)

    def test_a_changed_mind_leaves_nothing_behind(self) -> None:
        self.open([near(1, 2, 5)])
        self.press(Keys.ARROW_DOWN, "n", "d")
        decided = self.exported()
        self.assertEqual(decided.duplicate, {(digest(10), digest(11)), (digest(10), digest(12))})
        self.assertEqual(decided.not_duplicate, frozenset())
        self.click("[data-action=group-duplicate]")  # the same again
        self.assertEqual(self.states(), ["open"])
        self.assertEqual(self.browser.run("return localStorage.length"), 0)

    def test_keeping_another_says_again_what_was_decided(self) -> None:
        self.open([near(1, 2, 5)])
        self.press(Keys.ARROW_DOWN, "d", "2", "k")
        self.assertEqual((self.states(), self.kept()), (["duplicate"], ["00011.jpg"]))
        decided = self.exported()
        self.assertIn((digest(11), digest(12)), decided.duplicate)
        self.assertEqual(set(decided.keep), {digest(11)})
        self.click(".kept [data-action=keep]")  # the same again
        self.assertEqual((self.states(), self.kept()), (["duplicate"], ["00010.jpg"]))

    def test_which_of_several_copies_is_kept(self) -> None:
        self.open([exact(1, 3)])
        self.press(Keys.ARROW_DOWN, "3", "k", "2", "k")
        self.assertEqual(self.kept(), ["00011.jpg"])
        self.assertEqual(self.exported(), Decisions(keep={digest(10): Keep("/pictures/00011.jpg", 1)}))

    def test_undo_takes_back_one_step_at_a_time(self) -> None:
        self.open([near(1, 2, 5), near(2, 6)])
        self.press(Keys.ARROW_DOWN, "n", "d")
        self.assertEqual(self.states(), ["not_duplicate", "duplicate"])
        self.press("u")
        self.assertEqual(self.states(), ["not_duplicate", "open"])
        self.click("#undo")
        self.assertEqual(self.states(), ["open", "open"])
        self.assertEqual(self.browser.run("return localStorage.length"), 0)
        self.assertFalse(self.browser.driver.find_element("id", "undo").is_enabled())

    def test_decisions_are_kept_over_a_reload_and_a_new_report_and_for_this_report_only(self) -> None:
        self.open([near(5, 1), near(6, 2), near(7, 3)])
        self.press(Keys.ARROW_DOWN, "d", "n")
        self.reload()
        self.assertEqual(self.states(), ["duplicate", "not_duplicate", "open"])
        self.open([near(6, 1)])
        self.assertEqual(self.states(), ["not_duplicate"])
        self.assertIn("1 decision about pictures of an earlier report", self.text("#summary"))
        self.assertEqual(len(self.exported().duplicate), 1)
        self.file = self.folder / "another.html"
        self.open([near(6, 1)])
        self.assertEqual(self.states(), ["open"])

    def test_of_two_to_be_kept_the_later_one_counts_after_a_reload_too(self) -> None:
        for first, second in ((10, 11), (11, 10)):
            self.open([near(1, 2)])
            lines = "\n".join(json.dumps({"decision": "keep", "a": digest(each)}) for each in (first, second))
            self.take_in(lines)
            self.browser.wait_until(lambda: self.text("#export") == "Export 2")
            self.reload()
            self.assertEqual(self.kept(), [f"{second:05d}.jpg"])
            self.browser.run("localStorage.clear()")

    def test_filter_by_decision_keeps_its_place(self) -> None:
        self.open()
        self.select("decision", "open")
        self.click(".group:nth-child(1) [data-action=group-duplicate]")
        self.assertEqual(self.text("#found"), "49 groups")
        last = self.shown()[-1]
        self.click("#next")
        second = self.shown()
        self.assertNotIn(last, second)
        self.click("#previous")
        self.assertEqual(self.text("#again"), "Filter again: 1 no longer fits")
        self.click("#again")
        self.assertEqual(self.text("#found"), "48 of 49 groups")
        self.assertEqual(self.shown()[-1], second[0])  # only now did they move up
        for decision in ("duplicate", "decided"):
            self.select("decision", decision)
            self.assertEqual(self.shown(), ["/pictures/00020.jpg"])

    def test_what_was_decided_before_the_report_counts(self) -> None:
        group = near(1, 2)
        self.open([replace(group, others=(replace(group.others[0], decided=True),))])
        self.assertEqual(self.states(), ["duplicate"])
        self.press(Keys.ARROW_DOWN, "n")
        self.assertEqual(self.exported().not_duplicate, {(digest(10), digest(11))})

    def test_bare_hashes_cannot_be_decided_about(self) -> None:
        group = near(1, 2)
        bare = [replace(each, content_digest="") for each in group.members]
        self.open([replace(group, kept=bare[0], others=tuple(bare[1:]))])
        self.assertEqual(self.text("#counts"), "0 of 0 groups decided")
        self.press(Keys.ARROW_DOWN, "d")
        self.assertIn("Only hashes are known", self.text("#notice"))
        self.assertEqual(self.browser.run("return localStorage.length"), 0)

    def test_an_earlier_file_is_taken_in_or_refused_whole(self) -> None:
        self.open([near(1, 2), near(2, 3)])
        line = json.dumps({"decision": "not_duplicate", "a": digest(11), "b": digest(10)})
        keep = json.dumps({"decision": "keep", "a": digest(21), "uri_a": "/pictures/00021.jpg"})
        self.take_in(f"\ufeff{line}\n\n{keep}\n")
        self.browser.wait_until(lambda: self.states() == ["not_duplicate", "open"])
        self.assertEqual(self.kept(), ["00010.jpg", "00021.jpg"])
        self.press("u")
        self.take_in(f"{line}\nnonsense\n")
        self.browser.wait_until(lambda: "no decision in line 2" in self.text("#notice"))
        self.assertEqual(self.states(), ["open", "open"])

    def take_in(self, text: str) -> None:
        file = self.folder / "earlier.jsonl"
        file.write_text(text, "utf-8")
        self.browser.driver.find_element("id", "file").send_keys(str(file))

    def test_two_windows_agree(self) -> None:
        self.open([near(1, 2)])
        driver = self.browser.driver
        window = driver.current_window_handle
        driver.switch_to.new_window("tab")
        self.addCleanup(driver.switch_to.window, window)
        self.addCleanup(driver.close)
        self.browser.get(self.file.as_uri())
        self.press(Keys.ARROW_DOWN, "d")
        driver.switch_to.window(window)
        self.browser.wait_until(lambda: self.states() == ["duplicate"])
        driver.switch_to.window(driver.window_handles[-1])

    def test_storage_that_fails_is_said(self) -> None:
        self.open([near(1, 2), near(2, 3)])
        self.browser.run(
            "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }"
        )
        self.press(Keys.ARROW_DOWN, "d")
        self.assertIn("does not keep your decisions (QuotaExceededError)", self.text("#notice"))
        self.assertEqual(len(self.exported().duplicate), 1)  # still there
        self.press("u")  # else leaving asks


class TestNextReport(PageCase):
    def test_a_report_that_replaces_it_asks_only_about_what_is_new(self) -> None:
        self.open([near(1, 2)])
        self.press(Keys.ARROW_DOWN, "d")
        write_report(self.file, [near(1, 2, 4)], title="Duplicates", thumbnail=thumbnail)
        self.reload()
        self.assertEqual(self.states(), ["partly"])
        said = "return [...document.querySelectorAll('.member')].map((row) => row.dataset.said)"
        self.assertEqual(self.browser.run(said), ["", "duplicate", ""])


if __name__ == "__main__":
    unittest.main()
