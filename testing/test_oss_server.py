"""The tests' OSS server, and the definitions that it goes by."""

import threading
import unittest
from contextlib import closing
from typing import Any

import oss2
import requests

from testing.oss_buckets import crc64_ecma
from testing.oss_case import DATA, KEY, MAX_BYTES, URI, OssTestCase, oss_source
from testing.oss_server import BUCKET, CREDENTIALS, Fault, OssServer
from testing.oss_signature import Request, v1_signature, v1_string_to_sign, v4_signature, v4_string_to_sign


class TestSignatureDefinition(unittest.TestCase):
    """The server's own arithmetic, against answers that Alibaba Cloud published."""

    def test_v1_example_of_the_documentation(self) -> None:
        headers = {
            "content-md5": "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=",
            "content-type": "text/html",
            "date": "Thu, 17 Nov 2005 18:49:58 GMT",
            "x-oss-magic": "abracadabra",
            "x-oss-meta-author": "foo@bar.com",
        }
        request = Request("PUT", "oss-example", "nelson", {}, headers)
        signature = v1_signature(v1_string_to_sign(request), "OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV")
        self.assertEqual(signature, "26NBxoKdsyly4EDv6inkoDft/yA=")

    def test_v4_known_answer_of_the_official_clients(self) -> None:
        query = {"param1": "value1", "+param1": "value3", "|param1": "value4"}
        query |= {"+param2": "", "|param2": "", "param2": ""}
        headers = {
            "abc": "value",
            "content-type": "text/plain",
            "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
            "x-oss-date": "20231216T162057Z",
            "x-oss-head1": "value",
        }
        request = Request("PUT", "bucket", "1234+-/123/1.txt", query, headers)
        self.assertEqual(
            v4_signature(v4_string_to_sign(request, region="cn-hangzhou"), "sk"),
            "e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe",
        )

    def test_crc64_check_value(self) -> None:
        self.assertEqual(crc64_ecma(b"123456789"), 0x995DC9BBDF1939FA)  # CRC-64/XZ


class TestServer(OssTestCase):
    """What the server promises its other users."""

    def client(self) -> Any:
        """Return a bare client of oss2."""
        auth = oss2.Auth(CREDENTIALS.access_key_id, CREDENTIALS.access_key_secret)
        return oss2.Bucket(auth, self.server.endpoint, BUCKET)

    def test_no_thread_outlives_the_block(self) -> None:
        before = set(threading.enumerate())
        with OssServer() as server:
            server.put(KEY, DATA)
            server.order(Fault(stall_after=1), key=KEY)
            server.order(Fault(hang=True), key=KEY)
            server.order(Fault(delay_seconds=600), key=KEY)
            with closing(oss_source(server, read_timeout_seconds=0.1)) as source:
                source.read(URI, max_bytes=MAX_BYTES)
            self.assertEqual(server.count(KEY), 3)
        self.assertEqual(set(threading.enumerate()) - before, set())

    def test_put_through_the_client(self) -> None:
        bucket = self.client()  # an application uploads; hashindex never does
        bucket.put_object("新.jpg", DATA)
        self.assert_read(self.source, f"oss://{BUCKET}/新.jpg")
        folders = bucket.list_objects_v2(delimiter="/").prefix_list
        self.assertEqual(folders, ["a/"])

    def test_unsigned_and_stale_requests_are_refused(self) -> None:
        url = f"{self.server.endpoint}/{BUCKET}/{KEY}"
        answer = requests.get(url, timeout=5)
        self.assertEqual((answer.status_code, "AccessDenied" in answer.text), (403, True))
        stale = {"Date": "Thu, 17 Nov 2005 18:49:58 GMT"}
        request = Request("GET", BUCKET, KEY, {}, {"date": stale["Date"]})
        signature = v1_signature(v1_string_to_sign(request), CREDENTIALS.access_key_secret)
        headers = stale | {"Authorization": f"OSS {CREDENTIALS.access_key_id}:{signature}"}
        self.assertIn("RequestTimeTooSkewed", requests.get(url, headers=headers, timeout=5).text)

    def test_start_after(self) -> None:
        bucket = self.client()
        self.server.put("a/dog.jpg", DATA)
        page = bucket.list_objects_v2(prefix="a/", start_after=KEY)
        self.assertEqual([found.key for found in page.object_list], ["a/dog.jpg"])

    def test_delimiter_over_pages(self) -> None:
        bucket = self.client()
        for key in ("a/dog.jpg", "b.jpg", "c/1", "c/2", "c/3", "d/1", "e.jpg"):
            self.server.put(key, DATA)
        for page_keys in (1, 2, 3, 100):
            found = oss2.ObjectIteratorV2(bucket, delimiter="/", max_keys=page_keys)
            self.assertEqual([item.key for item in found], ["a/", "b.jpg", "c/", "d/", "e.jpg"], page_keys)


if __name__ == "__main__":
    unittest.main()
