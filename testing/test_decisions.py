"""The decisions file: what its lines mean, and that none is passed over."""

import json
import tempfile
import unittest
from pathlib import Path

from hashindex.duplicates.decisions import Decisions, Keep, decisions_from, read_decisions
from hashindex.errors import ConfigurationError

A, B, C = "a" * 32, "b" * 32, "c" * 32


def line(**values: object) -> str:
    return json.dumps(values) + "\n"


class TestDecisions(unittest.TestCase):
    def test_lines_are_read_whatever_the_order_of_the_two(self) -> None:
        found = decisions_from(
            [
                line(decision="not_duplicate", a=B, b=A, uri_a="/b", uri_b="/a", more=1),
                "\n",
                line(decision="duplicate", a=A.upper(), b=C),
                line(decision="keep", a=C, uri_a="/c"),
            ]
        )
        self.assertEqual(found, Decisions(frozenset({(A, C)}), frozenset({(A, B)}), {C: Keep("/c", 4)}))

    def test_a_later_line_wins(self) -> None:
        found = decisions_from(
            [
                line(decision="duplicate", a=A, b=B),
                line(decision="not_duplicate", a=B, b=A),
                line(decision="keep", a=A, uri_a="/1"),
                line(decision="keep", a=A),
            ]
        )
        self.assertEqual(found, Decisions(frozenset(), frozenset({(A, B)}), {A: Keep(None, 4)}))

    def test_bad_lines_end_the_run_and_are_named(self) -> None:
        lines = [
            line(decision="keep", a=A),
            "{",
            "[]",
            line(decision="maybe", a=A, b=B),
            line(decision="duplicate", a=A),
            line(decision="duplicate", a="xyz", b=B),
            "nothing",
            "[" * 100_000,
        ]
        with self.assertRaises(ConfigurationError) as caught:
            decisions_from(lines, "d.jsonl")
        self.assertEqual(
            str(caught.exception),
            "d.jsonl: line 2 is no JSON; line 3 is no JSON object; line 4 has no decision of duplicate, "
            "not_duplicate or keep; line 5 has no b of 32 hex digits; line 6 has no a of 32 hex digits; and "
            "2 more; mend or remove what is no decision and run again.",
        )

    def test_a_file_that_is_missing_is_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "d.jsonl"
            with self.assertRaisesRegex(ConfigurationError, "No such file"):
                read_decisions(path)
            path.write_bytes(b"\xef\xbb\xbf" + line(decision="keep", a=A).encode())
            self.assertEqual(read_decisions(path).keep, {A: Keep(None, 1)})
            path.write_bytes(b"\xff\xfe\n")
            with self.assertRaisesRegex(ConfigurationError, "line 1 is no JSON"):
                read_decisions(path)


if __name__ == "__main__":
    unittest.main()
