"""The file that says which pictures belong together: CSV or JSONL, exact, or refused with the line."""

import io
import unittest

from hashindex.errors import InvalidArgumentError
from hashindex.quality.truth import read_truth
from hashindex.sources.local import LocalSource
from hashindex.sources.routing import RoutedSource


def read(text: str, folder: str = "/pictures") -> dict[str, str]:
    source = RoutedSource({"": LocalSource()})
    return read_truth(io.StringIO(text), source.canonical, folder)


class TestTruth(unittest.TestCase):
    def test_names_lie_in_the_folder_unless_they_are_absolute(self) -> None:
        found = read("uri,group\na.jpg,1\nsub/b.jpg,1\n/other/c.jpg,two words\n")
        self.assertEqual(
            found, {"/pictures/a.jpg": "1", "/pictures/sub/b.jpg": "1", "/other/c.jpg": "two words"}
        )

    def test_json_lines_and_other_columns_will_do(self) -> None:
        found = read('{"uri": "a.jpg", "group": 7, "note": "x"}\n{"uri": "b.jpg", "group": "7"}\n')
        self.assertEqual(found, {"/pictures/a.jpg": "7", "/pictures/b.jpg": "7"})

    def test_the_same_line_twice_is_no_contradiction(self) -> None:
        self.assertEqual(read("uri,group\na.jpg,1\n./a.jpg,1\n"), {"/pictures/a.jpg": "1"})

    def test_a_line_that_cannot_be_used_is_named(self) -> None:
        for text, said in (
            ("uri,group\na.jpg,1\nb.jpg\n", "line 3 .*1 values for 2 columns"),
            ("uri,group\na.jpg,\n", "line 2 .*lacks its uri or its group"),
            ("uri,group\n,1\n", "line 2 .*lacks its uri or its group"),
            ('{"uri": "a.jpg"}\n', "line 1 .*lacks its uri or its group"),
            ("uri,group\na.jpg,1\na.jpg,2\n", "line 3 .*a.jpg into a second group"),
            ("uri,group\n", "the truth names no picture"),
            ("uri\na.jpg\n", "truth's first line must name its columns"),
        ):
            with self.subTest(text), self.assertRaisesRegex(InvalidArgumentError, said):
                read(text)
