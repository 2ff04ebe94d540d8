"""Listings and entries set apart on disk: the kinds, the pages, and a disk that is full."""

import subprocess
import sys
import unittest

from hashindex.difference import PAGE, Counts, Difference, Known, Listed
from hashindex.records import Picture

FULL_DISK = """
import resource
from hashindex.difference import Difference, Listed
from hashindex.errors import ConfigurationError
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
with Difference() as difference:
    try:
        difference.add_listed(Listed(f"/{n:09}" * 20, "1", True) for n in range(1_000_000))
    except ConfigurationError as exc:
        print(exc)
"""


class TestDifference(unittest.TestCase):
    def setUp(self) -> None:
        self.difference = self.enterContext(Difference())

    def test_kinds(self) -> None:
        self.difference.add_entries(
            [
                Known("/same", 1, "v1"),
                Known("/changed", 2, "v1"),
                Known("/changed", 3, "v2"),
                Known("/unknown", 2**63 - 1, "v1"),
                Known("/gone", 5, "v1"),
                Known("/moved", 6, "v1"),
                Known("/moved", 6, "v1"),
            ]
        )
        self.difference.add_listed(
            [
                Listed("/same", "v1", is_taken=False),
                Listed("/changed", "v2", is_taken=True),
                Listed("/unknown", None, is_taken=True),
                Listed("/new", "v1", is_taken=True, meta_id=6),
                Listed("/new", "v1", is_taken=True, meta_id=6),
                Listed("/left out", "v1", is_taken=False, meta_id=5),
                Listed("/\0\N{GRINNING FACE}", None, is_taken=True),
                Listed("/notes", "v1", is_taken=False),
            ]
        )
        self.assertEqual(self.difference.counts(), Counts(entries=6, new=2, changed=2, vanished=2, ignored=2))
        self.assertCountEqual(
            self.difference.new(), [Picture("/\0\N{GRINNING FACE}", None), Picture("/new", "v1")]
        )
        self.assertCountEqual(
            self.difference.changed(), [Known("/changed", 2, "v2"), Known("/unknown", 2**63 - 1, None)]
        )
        self.assertCountEqual(self.difference.vanished(), [Known("/gone", 5, "v1"), Known("/moved", 6, "v1")])
        self.assertEqual([*self.difference.in_the_way()], [Known("/moved", 6, "v1")])
        self.assertEqual([*self.difference.unseen()], [])

    def test_every_entry_that_is_listed(self) -> None:
        with Difference(every=True) as difference:
            difference.add_entries([Known("/same", 1, "v1"), Known("/gone", 2, "v1")])
            difference.add_listed([Listed("/same", "v1", is_taken=True)])
            self.assertEqual([*difference.changed()], [Known("/same", 1, "v1")])
            self.assertEqual(difference.counts().changed, 1)

    def test_pages(self) -> None:
        number = 2 * PAGE + 1
        self.difference.add_entries(Known(f"/old/{n % 7}/{n}", n, "v1") for n in range(2 * number))
        self.difference.add_listed(
            Listed(f"/{kind}/{n % 7}/{n}", "v2", is_taken=True)
            for n in range(number)
            for kind in ("old", "new")
        )
        self.assertEqual(len({found.uri for found in self.difference.new()}), number)
        self.assertCountEqual([found.meta_id for found in self.difference.changed()], range(number))
        self.assertCountEqual(
            [found.meta_id for found in self.difference.vanished()], range(number, 2 * number)
        )

    def test_entries_behind_what_has_no_version(self) -> None:
        self.difference.add_entries(Known(uri, 1, "v1") for uri in ("/a/b", "/b", "/c/d", "/d-/e", "/d0"))
        self.difference.add_listed(
            Listed(uri, version, is_taken=False)
            for uri, version in (("/a", None), ("/b", None), ("/c", "v1"), ("/d", None))
        )
        self.assertEqual([*self.difference.unseen()], ["/a"])

    def test_a_full_disk(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", FULL_DISK], capture_output=True, text=True, timeout=60, check=True
        )
        self.assertRegex(
            done.stdout, "^what is listed cannot be kept in the temporary folder: .*SQLITE_TMPDIR"
        )


if __name__ == "__main__":
    unittest.main()
