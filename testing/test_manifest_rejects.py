"""Bad lines of manifests: told by their number, nothing guessed, the rest goes in; rejects go back in."""

import unittest
from typing import cast

from hashindex.errors import InvalidArgumentError
from hashindex.keys import MAX_ID
from hashindex.outcomes import Reason, Reject, Rejected, Wanted
from testing.manifests import HEADER, jsonl, read, wanted


class TestBadLines(unittest.TestCase):
    def check(self, item: Wanted | Reject, line: int, reason: Reason, detail: str, uri: str | None) -> None:
        assert isinstance(item, Reject), item
        self.assertEqual((item.line, item.rejected.reason, item.rejected.uri), (line, reason, uri), item)
        self.assertIn(detail, item.rejected.detail)
        self.assertLess(len(item.rejected.detail), 300)
        f"{item.rejected.detail}{item.rejected.uri}".encode()

    def test_bad_ids(self) -> None:
        long = 10**29
        for value, detail in (
            (-1, "is -1, but must lie between 0 and"),
            (MAX_ID + 1, "but must lie between 0 and"),
            (10**60, "but must lie between 0 and"),
            (long, "but must lie between 0 and"),
            (True, "is True, but must be an integer"),
            (False, "is False, but must be an integer"),
            (1.0, "is 1.0, but must be an integer"),
            (float("nan"), "is nan, but must be an integer"),
            ("1.0", "is '1.0', but must be an integer"),
            ("1e3", "must be an integer"),
            ("+1", "must be an integer"),
            ("1_000", "must be an integer"),
            ("x" * 10_000, "must be an integer"),
            (" ", "must be an integer"),
            ("\uff11", "must be an integer"),
            ([1], "is [1], but must be an integer"),
            ({}, "is {}, but must be an integer"),
            ("1' OR '1'='1", "must be an integer"),
        ):
            for name in ("meta_id", "company_id"):
                with self.subTest(name=name, value=value):
                    row = {"uri": "/a.jpg", "meta_id": 1, "company_id": 7} | {name: value}
                    bad, good = read(jsonl(row, {"uri": "/b.jpg", "meta_id": 2, "company_id": 7}))
                    self.check(
                        bad, 1, Reason.BAD_KEY, f"{name} {detail}" if "is " in detail else detail, "/a.jpg"
                    )
                    self.assertEqual(good, wanted("/b.jpg", 2, 7, 2))

    def test_a_number_with_thousands_of_digits(self) -> None:
        bad, good = read(
            '{"uri": "/a.jpg", "meta_id": ' + "9" * 10_000 + "}\n" + jsonl({"uri": "/b", "meta_id": 2}),
            company_id=7,
        )
        self.check(bad, 1, Reason.BAD_LINE, "not JSON", None)
        self.assertEqual(good, wanted("/b", 2, 7, 2))

    def test_no_company(self) -> None:
        (bad,) = read(jsonl({"uri": "/a.jpg", "meta_id": 5}))
        self.check(bad, 1, Reason.BAD_LINE, "the line has no company_id", "/a.jpg")
        self.assertEqual(bad, Reject(cast("Reject", bad).rejected, None, 5, 1))

    def test_no_uri(self) -> None:
        cases: tuple[object, ...] = (None, "", 5, [], True)
        for uri in cases:
            (bad,) = read(jsonl({"uri": uri, "meta_id": 1, "company_id": 7}))
            self.check(bad, 1, Reason.BAD_LINE, "the line has no uri", None if uri != "" else "")
        (bad,) = read(jsonl({"meta_id": 1, "company_id": 7}))
        self.check(bad, 1, Reason.BAD_LINE, "the line has no uri", None)

    def test_what_is_not_utf8(self) -> None:
        for line in (
            b'{"uri": "/caf\xe9.jpg", "meta_id": 1, "company_id": 7}\n',
            b'{"uri": "/\\udcff.jpg", "meta_id": 1, "company_id": 7}\n',
            b'{"uri": "/\\ud800.jpg", "meta_id": 1, "company_id": 7}\n',
            b'{"uri": "/a\\u0000b.jpg", "meta_id": 1, "company_id": 7}\n',
        ):
            bad, good = read(line + b'{"uri": "/b.jpg", "meta_id": 2, "company_id": 7}\n')
            self.check(bad, 1, Reason.BAD_LINE, "its uri is not UTF-8, or holds a NUL", None)
            self.assertEqual(good, wanted("/b.jpg", 2, 7, 2))
        bad, good = read(HEADER.encode() + b"/caf\xe9.jpg,1,7\n/b.jpg,2,7\n")
        self.check(bad, 2, Reason.BAD_LINE, "its uri is not UTF-8", None)
        self.assertEqual(good, wanted("/b.jpg", 2, 7, 3))

    def test_lines_that_are_no_json_object(self) -> None:
        good = '{"uri": "/a.jpg", "meta_id": 1, "company_id": 7}\n'
        for line in (
            "{",
            "[]",
            '"/a.jpg"',
            "null",
            "/a.jpg,1,7",
            '{"uri": "/a.jpg"',
            "{'uri': 1}",
            "[" * 100_000,
        ):
            with self.subTest(line=line[:20]):
                first, bad, last = read(f"{good}{line}\n{good}")
                self.check(bad, 2, Reason.BAD_LINE, "not ", None)
                self.assertEqual((first, last), (wanted("/a.jpg", 1, 7, 1), wanted("/a.jpg", 1, 7, 3)))

    def test_too_many_or_too_few_values(self) -> None:
        found = read(HEADER + "/a.jpg,1,7,9\n/b.jpg,12\n/c.jpg\n/d.jpg,4,7\n", company_id=7)
        self.check(found[0], 2, Reason.BAD_LINE, "4 values for 3 columns", None)
        self.check(
            found[1], 3, Reason.BAD_LINE, "2 values for 3 columns", None
        )  # a line cut short is not guessed at
        self.check(found[2], 4, Reason.BAD_LINE, "1 values for 3 columns", None)
        self.assertEqual(found[3:], [wanted("/d.jpg", 4, 7, 5)])

    def test_a_quote_that_is_never_closed_costs_its_own_line_only(self) -> None:
        lines = [f"/{number}.jpg,{number},7\n" for number in range(500)]
        lines[100] = '"/100.jpg,100,7\n'
        found = read(HEADER + "".join(lines))
        self.assertEqual(len(found), 500)
        self.check(found[100], 102, Reason.BAD_LINE, "not CSV", None)
        good = [item.key.meta_id for item in found if isinstance(item, Wanted)]
        self.assertEqual(good, [number for number in range(500) if number != 100])
        self.assertEqual([item.line for item in found], list(range(2, 502)))

    def test_a_name_over_more_lines_than_a_name_has_is_an_open_quote(self) -> None:
        (item,) = read(HEADER + '"/' + "x\n" * 90 + '.jpg",1,7\n')
        self.assertIsInstance(item, Wanted)
        found = read(HEADER + '"/' + "x\n" * 110 + '.jpg",1,7\n/b.jpg,2,7\n')
        self.check(found[0], 2, Reason.BAD_LINE, "not CSV", None)
        self.assertEqual(found[-1], wanted("/b.jpg", 2, 7, 113))
        self.assertEqual(len(found), 112)

    def test_two_such_quotes_cost_their_own_lines_only(self) -> None:
        found = read(HEADER + '"/a.jpg,1,7\n/b.jpg,2,7\n"/c.jpg,3,7\n/d.jpg,4,7\n')
        self.assertEqual([type(item) for item in found], [Reject, Wanted, Reject, Wanted])
        self.assertEqual([item.line for item in found], [2, 3, 4, 5])

    def test_a_value_longer_than_csv_takes(self) -> None:
        found = read(HEADER + "/" + "x" * 200_000 + ",1,7\n/b.jpg,2,7\n")
        self.check(found[0], 2, Reason.BAD_LINE, "field larger than field limit", None)
        self.assertEqual(found[1:], [wanted("/b.jpg", 2, 7, 3)])

    def test_headers_that_do_not_do(self) -> None:
        for text in (
            "url,meta_id\n/a,1\n",
            "/a.jpg,1,7\n",
            "uri;meta_id;company_id\n/a;1;7\n",
            '[{"uri": "/a.jpg"}]\n',
            b"\xff\xd8\xff\xe0" + bytes(200_000),
            "\x00" * 300_000,
            '"' + "x" * 200_000,
        ):
            with self.assertRaisesRegex(InvalidArgumentError, "first line must name its columns, with uri"):
                read(text)
        with self.assertRaisesRegex(InvalidArgumentError, "names a column twice"):
            read("uri,meta_id,meta_id\n/a,1,2\n")

    def test_versions_that_are_none(self) -> None:
        for version in (5, ["x"], "x" * 65):
            (bad,) = read(jsonl({"uri": "/a.jpg", "meta_id": 1, "company_id": 7, "source_version": version}))
            self.check(bad, 1, Reason.BAD_LINE, "source_version is no text of up to 64 bytes", "/a.jpg")

    def test_uris_that_no_source_takes(self) -> None:
        bad, good = read(HEADER + "oss://,5,7\ns3://b/a.jpg,6,7\n")
        self.check(bad, 2, Reason.UNSUPPORTED, "", "oss://")
        self.assertEqual((cast("Reject", bad).company_id, cast("Reject", bad).meta_id), (7, 5))
        self.assertEqual(good, wanted("s3://b/a.jpg", 6, 7, 3))  # its reading says what is wrong


class TestRejectsFile(unittest.TestCase):
    """A rejects file goes back in as it is, and nothing in it gets another key than was meant."""

    def again(self, reject: Reject, **changes: object) -> Wanted | Reject:
        line = {
            "uri": reject.rejected.uri,
            "company_id": reject.company_id,
            "meta_id": reject.meta_id,
            "line": reject.line,
            "reason": reject.rejected.reason.value,
            "detail": reject.rejected.detail,
        }
        (item,) = read(jsonl(line | changes), company_id=1)
        return item

    def test_a_picture_that_could_not_be_had(self) -> None:
        for reason in (Reason.NOT_FOUND, Reason.TRUNCATED, Reason.CONFLICT, Reason.SOURCE_ERROR):
            reject = Reject(Rejected("/a.jpg", reason, "..."), 7, 5, 99)
            self.assertEqual(self.again(reject), wanted("/a.jpg", 5, 7, 1))

    def test_bad_ids_stay_rejected_until_they_are_mended(self) -> None:
        for ids in ({"meta_id": "x"}, {"company_id": -1, "meta_id": 5}, {"company_id": 7, "meta_id": True}):
            (reject,) = read(jsonl({"uri": "/a.jpg"} | ids), company_id=1)
            assert isinstance(reject, Reject)
            self.assertEqual(reject.rejected.reason, Reason.BAD_KEY)
            again = self.again(reject)
            assert isinstance(again, Reject), "it went in under a key that nobody named"
            self.assertIn("it was rejected for its key", again.rejected.detail)
            self.assertEqual(self.again(reject, meta_id=6, company_id=7), wanted("/a.jpg", 6, 7, 1))

    def test_a_line_without_a_company_goes_in_once_one_is_given(self) -> None:
        (reject,) = read(jsonl({"uri": "/a.jpg", "meta_id": 5}))
        assert isinstance(reject, Reject)
        self.assertEqual(self.again(reject), wanted("/a.jpg", 5, 1, 1))


if __name__ == "__main__":
    unittest.main()
