"""Listings of OSS: pages, and what breaks them off."""

import itertools
import unittest
from contextlib import closing

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Picture
from testing.oss_case import ATTEMPTS, OssTestCase, oss_source
from testing.oss_server import BUCKET, REGION, Fault, OssServer


class TestWalking(OssTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.keys = [f"many/{number:05}.jpg" for number in range(2500)]
        for key in self.keys:
            self.server.put(key, b"")
        self.uri = f"oss://{BUCKET}/many/"

    def test_pages(self) -> None:
        for region in (REGION, None):
            walked = list(self.opened(region=region).walk(self.uri))
            self.assertEqual([item.uri for item in walked], [f"oss://{BUCKET}/{key}" for key in self.keys])
            self.assertTrue(all(isinstance(item, Picture) for item in walked))
        sizes = [(request.query["max-keys"], request.query["prefix"]) for request in self.server.requests]
        self.assertEqual(sizes, [("1000", "many/")] * 6)

    def test_lazy(self) -> None:
        walk = self.source.walk(self.uri)
        self.assertEqual(self.server.count(""), 0)
        self.assertEqual(len(list(itertools.islice(walk, 1000))), 1000)
        self.assertEqual(self.server.count(""), 1)
        next(walk)
        self.assertEqual(self.server.count(""), 2)

    def test_whole_bucket(self) -> None:
        for root in (f"oss://{BUCKET}", f"oss://{BUCKET}/"):
            self.assertEqual(len(list(self.source.walk(root))), 2501)

    def test_failing_page_is_tried_again_and_paging_goes_on(self) -> None:
        self.server.order(Fault(status=503, code="ServiceUnavailable"), key="", skip=1, times=ATTEMPTS - 1)
        self.server.order(Fault(cut_after=5000), key="", skip=2, times=ATTEMPTS - 1)
        walked = [item.uri for item in self.source.walk(self.uri)]
        self.assertEqual(walked, [f"oss://{BUCKET}/{key}" for key in self.keys])
        self.assertEqual(self.server.count(""), 3 + 2 * (ATTEMPTS - 1))

    def test_listing_that_breaks_off(self) -> None:
        self.server.order(Fault(status=503, code="ServiceUnavailable"), key="", skip=2, times=None)
        *pictures, last = self.source.walk(self.uri)
        self.assertEqual(
            [item.uri for item in pictures], [f"oss://{BUCKET}/{key}" for key in self.keys[:2000]]
        )
        detail = (
            "the listing broke off after 2000 keys: OSS answered 503 ServiceUnavailable; "
            "given up after 3 attempts"
        )
        self.assertEqual(last, Rejected(self.uri, Reason.SOURCE_ERROR, detail))
        self.assertEqual(self.server.count(""), 2 + ATTEMPTS)

    def test_listing_that_stalls(self) -> None:
        self.server.order(Fault(stall_after=5000), key="", skip=1, times=None)
        *pictures, last = self.opened(read_timeout_seconds=1.0, attempts=1).walk(self.uri)
        self.assertEqual(len(pictures), 1000)
        detail = (
            "the listing broke off after 1000 keys: the answer of OSS stalled or was cut off; "
            "given up after 1 attempt"
        )
        self.assertEqual(last, Rejected(self.uri, Reason.SOURCE_ERROR, detail))

    def test_listing_that_becomes_forbidden(self) -> None:
        self.server.order(Fault(status=403, code="SecurityTokenExpired"), key="", skip=1, times=None)
        *pictures, last = self.source.walk(self.uri)
        self.assertEqual(len(pictures), 1000)
        detail = (
            "the listing broke off after 1000 keys: OSS refused it (403 SecurityTokenExpired); "
            "get a new temporary key and set OSS_SESSION_TOKEN with it"
        )
        self.assertEqual(last, Rejected(self.uri, Reason.FORBIDDEN, detail))

    def test_listing_that_goes_in_circles(self) -> None:
        page = (
            b"<ListBucketResult><IsTruncated>true</IsTruncated>"
            b"<NextContinuationToken>same</NextContinuationToken></ListBucketResult>"
        )
        self.server.order(Fault(body=page, headers={"Content-Type": "application/xml"}), key="", times=None)
        detail = "the listing broke off after 0 keys: OSS named no next page, though there is one"
        self.assertEqual(list(self.source.walk(self.uri)), [Rejected(self.uri, Reason.SOURCE_ERROR, detail)])
        self.assertEqual(self.server.count(""), 2)

    def test_folder_placeholders_are_left_out(self) -> None:
        for key in ("folder/", "folder/sub/", "folder/sub/x.jpg", "folder/y.jpg", "empty/"):
            self.server.put(key, b"")
        walked = [item.uri for item in self.source.walk(f"oss://{BUCKET}/folder/")]
        self.assertEqual(walked, [f"oss://{BUCKET}/folder/sub/x.jpg", f"oss://{BUCKET}/folder/y.jpg"])
        self.assertEqual(list(self.source.walk(f"oss://{BUCKET}/empty/")), [])

    def test_prefix_that_no_key_begins_with(self) -> None:
        self.assertEqual(list(self.source.walk(f"oss://{BUCKET}/typo/")), [])

    def test_empty_bucket(self) -> None:
        with OssServer() as server, closing(oss_source(server)) as source:
            self.assertEqual(list(source.walk(f"oss://{BUCKET}/")), [])


if __name__ == "__main__":
    unittest.main()
