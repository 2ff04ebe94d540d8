"""OssSource with the real oss2, over real HTTP, against a server that checks signatures and misbehaves."""

import gzip
import os
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any
from unittest import mock

import oss2

from hashindex.errors import InvalidArgumentError
from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content, Picture
from hashindex.sources.oss import OssSource
from testing.oss_case import ATTEMPTS, DATA, KEY, MAX_BYTES, URI, OssTestCase
from testing.oss_server import BUCKET, MODIFIED, REGION, Fault
from testing.oss_signature import Request
from testing.waiting import SECONDS

if TYPE_CHECKING:
    from hashindex.sources.interface import Source

ODD_KEYS = (
    "照片/猫 1.jpg",
    "100%.jpg",
    "%41%2F.jpg",
    "a?b=c&d.jpg",
    "?start.jpg",
    "a+b c.jpg",
    "#hash.jpg",
    "quote'\".jpg",
    "line\nbreak\ttab\r.jpg",
    "a/../b.jpg",
    "a/./b//c.jpg",
    "../up.jpg",
    "...",
    "<&>]]>.jpg",
    "\N{GRINNING FACE}.jpg",
    "back\\slash;semi:colon.jpg",
)


class TestUris(unittest.TestCase):
    def setUp(self) -> None:
        self.source: Source = self.enterContext(
            closing(OssSource(access_key_id=None, access_key_secret=None))
        )

    def test_canonical(self) -> None:
        canonical = {
            "oss://photos": "oss://photos/",
            "OSS://photos/a": "oss://photos/a",
            "oss://photos/": "oss://photos/",
            "oss://photos//a//../%41?b#c \n+": "oss://photos//a//../%41?b#c \n+",
        }
        for name, uri in canonical.items():
            with self.subTest(name):
                self.assertEqual(self.source.canonical(name), uri)
                self.assertEqual(self.source.canonical(uri), uri)

    def test_no_bucket(self) -> None:
        for name in ("oss://", "oss:///a", "photos/a", "oss:/photos/a", "s3://photos/a"):
            with self.subTest(name), self.assertRaises(InvalidArgumentError) as caught:
                self.source.canonical(name)
            sentence = (
                f"{name!r} names no bucket: write oss://bucket/key, the bucket in 3 to 63 of a-z, 0-9 and -."
            )
            self.assertEqual(str(caught.exception), sentence)

    def test_impossible_names(self) -> None:
        for bucket in ("Photos", "ab", "-ab", "ab-", "a_b", "a.b", "a" * 64, "b\u00fccher", "a b"):
            with self.subTest(bucket), self.assertRaises(InvalidArgumentError):
                self.source.canonical(f"oss://{bucket}/a")
        with self.assertRaisesRegex(InvalidArgumentError, "not valid UTF-8"):
            self.source.canonical("oss://photos/\udc80")

    def test_is_folder(self) -> None:
        for uri, folder in {
            "oss://photos": True,
            "oss://photos/": True,
            "oss://photos/a/": True,
            "oss://photos/a": False,
            "oss://photos/a\n": False,
        }.items():
            with self.subTest(uri):
                self.assertIs(self.source.is_folder(uri), folder)


class TestReading(OssTestCase):
    def test_content(self) -> None:
        content = self.assert_read(self.source)
        self.assertEqual(content.version, "1576A94D6CB334DD126CB1C27F19E0F2")
        self.assertEqual(content.modified_ms, int(MODIFIED.timestamp() * 1000))
        self.assertEqual(self.source.stat(URI), Picture(URI, content.version))
        (walked,) = self.source.walk(f"oss://{BUCKET}/a/")
        self.assertEqual(walked, Picture(URI, content.version))
        self.assertEqual([request.method for request in self.server.requests], ["GET", "HEAD", "GET"])

    def test_empty_and_large_objects(self) -> None:
        for size in (0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, MAX_BYTES):
            with self.subTest(size):
                data = os.urandom(size)
                self.server.put(KEY, data)
                self.assert_read(self.source, data=data)

    def test_odd_keys_with_both_signatures(self) -> None:
        for number, key in enumerate(ODD_KEYS):
            self.server.put(key, b"%d" % number)
        for region in (REGION, None):
            source = self.opened(region=region)
            for number, key in enumerate(ODD_KEYS):
                with self.subTest(key=key, region=region):
                    uri = source.canonical(f"oss://{BUCKET}/{key}")
                    self.assert_read(source, uri, b"%d" % number)
                    self.assertIsInstance(source.stat(uri), Picture)
            walked = {item.uri for item in source.walk(f"oss://{BUCKET}/")}
            self.assertEqual(walked, {URI, *(f"oss://{BUCKET}/{key}" for key in ODD_KEYS)})
            (odd,) = source.walk(f"oss://{BUCKET}/照片/")
            self.assertEqual(odd.uri, f"oss://{BUCKET}/{ODD_KEYS[0]}")

    def test_keys_that_a_url_cannot_carry(self) -> None:
        for key in (".", ".."):
            uri = f"oss://{BUCKET}/{key}"
            detail = f"an object named {key!r} cannot be asked for over HTTP"
            self.assert_rejected(self.source.read(uri, max_bytes=1), Reason.UNSUPPORTED, detail, uri)
            self.assert_rejected(self.source.stat(uri), Reason.UNSUPPORTED, detail, uri)
        self.assertEqual(self.server.requests, ())

    def test_bucket_is_no_object(self) -> None:
        uri = f"oss://{BUCKET}/"
        detail = "this names a bucket, not an object"
        self.assert_rejected(self.source.read(uri, max_bytes=1), Reason.NOT_FOUND, detail, uri)
        self.assert_rejected(self.source.stat(uri), Reason.NOT_FOUND, detail, uri)

    def test_too_many_bytes_by_content_length_is_not_read(self) -> None:
        self.server.order(Fault(stall_after=0), key=KEY)  # a body that is read would stall
        answer = self.source.read(URI, max_bytes=2047)
        self.assert_rejected(answer, Reason.TOO_MANY_BYTES, "2048 bytes, but at most 2047 are taken")
        self.assertIsInstance(self.source.read(URI, max_bytes=2048), Content)

    def test_too_many_bytes_without_a_length(self) -> None:
        self.server.order(Fault(headers={"Content-Length": None}), key=KEY)
        answer = self.source.read(URI, max_bytes=2047)
        self.assert_rejected(answer, Reason.TOO_MANY_BYTES, "more than 2047 bytes, the most that are taken")
        self.assertEqual(self.server.count(KEY), 1)

    def test_reads_at_most_one_byte_more_than_allowed(self) -> None:
        self.server.order(Fault(headers={"Content-Length": None}, stall_after=1001), key=KEY)
        answer = self.source.read(URI, max_bytes=1000)
        self.assert_rejected(answer, Reason.TOO_MANY_BYTES, "more than 1000 bytes, the most that are taken")

    def test_body_longer_than_its_length(self) -> None:
        self.server.put(KEY, DATA, headers={"Content-Length": "10"})
        detail = "the bytes do not match the checksum that OSS has of them; given up after 3 attempts"
        self.assert_read_fails(Reason.SOURCE_ERROR, detail)

    def test_chunked_body_is_read_whole(self) -> None:
        data = os.urandom(900_000)
        self.server.put(KEY, data)
        self.server.order(Fault(headers={"Content-Length": None, "x-oss-hash-crc64ecma": None}), key=KEY)
        self.assert_read(self.source, data=data)

    def test_object_stored_compressed(self) -> None:
        self.server.put(KEY, gzip.compress(DATA), headers={"Content-Encoding": "gzip"})
        detail = "it is stored compressed, with a Content-Encoding; store it without one"
        self.assert_read_fails(Reason.UNSUPPORTED, detail)

    def test_sixteen_threads_at_once(self) -> None:
        bodies = {f"many/{number}.jpg": os.urandom(20_000 + number) for number in range(160)}
        for key, data in bodies.items():
            self.server.put(key, data)
        together, admit = threading.Barrier(16, timeout=SECONDS), self.server.admit

        def admit_together(request: Request) -> Fault:
            together.wait()  # none is answered before all have asked
            return admit(request)

        with mock.patch.object(self.server, "admit", admit_together), ThreadPoolExecutor(16) as pool:
            uris = [f"oss://{BUCKET}/{key}" for key in bodies]
            answers = list(pool.map(lambda uri: self.source.read(uri, max_bytes=MAX_BYTES), uris))
        for answer, data in zip(answers, bodies.values(), strict=True):
            assert isinstance(answer, Content), answer
            self.assertEqual(answer.data, data)
        self.assertLessEqual(self.server.connections, 16)

    def test_one_bucket_object_for_all_threads(self) -> None:
        real, together = oss2.Bucket, threading.Barrier(2)

        def slow_bucket(*args: Any, **kwargs: Any) -> Any:
            with suppress(threading.BrokenBarrierError):  # nobody else may come in here meanwhile
                together.wait(timeout=0.1)
            return real(*args, **kwargs)

        with (
            mock.patch.object(oss2, "Bucket", side_effect=slow_bucket) as made,
            ThreadPoolExecutor(16) as pool,
        ):
            answers = list(pool.map(self.source.stat, [URI] * 64))
        self.assertTrue(all(isinstance(answer, Picture) for answer in answers))
        self.assertEqual(made.call_count, 1)

    def test_connections_are_used_again(self) -> None:
        for _ in range(5):
            self.assert_read(self.source)
            self.source.stat(URI)
            list(self.source.walk(f"oss://{BUCKET}/a/"))
            self.source.read(f"oss://{BUCKET}/none", max_bytes=1)
        self.assertEqual(self.server.connections, 1)


class TestRefusals(OssTestCase):
    def assert_everywhere(self, reason: Reason, detail: str, fault: Fault) -> None:
        """The same words from read, stat and walk, after one request each."""
        self.server.order(fault, times=None)
        uri = f"oss://{BUCKET}/a/"
        before = len(self.server.requests)
        self.assert_rejected(self.source.read(URI, max_bytes=MAX_BYTES), reason, detail)
        self.assert_rejected(self.source.stat(URI), reason, detail)
        broken = Rejected(uri, reason, f"the listing broke off after 0 keys: {detail}")
        self.assertEqual(list(self.source.walk(uri)), [broken])
        self.assertEqual(len(self.server.requests) - before, 3)

    def test_missing_object(self) -> None:
        uri = f"oss://{BUCKET}/none.jpg"
        detail = "there is no such object (404 NoSuchKey)"
        self.assert_rejected(self.source.read(uri, max_bytes=1), Reason.NOT_FOUND, detail, uri)
        self.assert_rejected(self.source.stat(uri), Reason.NOT_FOUND, detail, uri)
        self.assertEqual(self.server.count("none.jpg"), 2)

    def test_missing_object_without_an_error_code(self) -> None:
        self.server.order(Fault(status=404), times=None)
        self.assert_read_fails(Reason.NOT_FOUND, "there is no such object (404)")

    def test_missing_bucket(self) -> None:
        detail = (
            "there is no bucket elsewhere (404 NoSuchBucket); check the name, and OSS_ENDPOINT or OSS_REGION"
        )
        uri, prefix = "oss://elsewhere/a.jpg", "oss://elsewhere/a/"
        self.assert_rejected(self.source.read(uri, max_bytes=1), Reason.NOT_FOUND, detail, uri)
        self.assert_rejected(self.source.stat(uri), Reason.NOT_FOUND, detail, uri)
        broken = Rejected(prefix, Reason.NOT_FOUND, f"the listing broke off after 0 keys: {detail}")
        self.assertEqual(list(self.source.walk(prefix)), [broken])

    def test_access_denied(self) -> None:
        detail = (
            "OSS refused it (403 AccessDenied); "
            "grant this access key oss:GetObject on the objects and oss:ListObjects on the bucket"
        )
        self.assert_everywhere(Reason.FORBIDDEN, detail, Fault(status=403, code="AccessDenied"))

    def test_wrong_endpoint_names_the_right_one(self) -> None:
        detail = "OSS refused it (403 AccessDenied); set OSS_ENDPOINT to oss-cn-beijing.aliyuncs.com"
        fault = Fault(status=403, code="AccessDenied", more={"Endpoint": "oss-cn-beijing.aliyuncs.com"})
        self.assert_everywhere(Reason.FORBIDDEN, detail, fault)

    def test_archived_object(self) -> None:
        detail = (
            "OSS refused it (403 InvalidObjectState); "
            "it is archived or cold, so restore it in OSS before reading it"
        )
        self.server.order(Fault(status=403, code="InvalidObjectState"), key=KEY)
        self.assert_read_fails(Reason.FORBIDDEN, detail)

    def test_forbidden_without_an_error_code(self) -> None:
        detail = "OSS refused it (403); check what this access key may do"
        self.assert_everywhere(Reason.FORBIDDEN, detail, Fault(status=403))

    def test_bad_request_is_not_tried_again(self) -> None:
        detail = "OSS answered 400 InvalidObjectName"
        self.assert_everywhere(Reason.SOURCE_ERROR, detail, Fault(status=400, code="InvalidObjectName"))

    def test_servers_text_stays_out_of_details(self) -> None:
        fault = Fault(status=403, code="Sig=abc see http://x/?y", more={"Endpoint": "http://evil/?sig=1"})
        self.assert_everywhere(
            Reason.FORBIDDEN, "OSS refused it (403); check what this access key may do", fault
        )

    def test_answer_of_something_else(self) -> None:
        headers = {"ETag": None, "Last-Modified": None, "x-oss-hash-crc64ecma": None}
        self.server.order(Fault(headers=headers, body=b"<html>Log in</html>"), times=None)
        detail = "the answer has no ETag or no Last-Modified, so it is not from OSS; check OSS_ENDPOINT"
        self.assert_read_fails(Reason.SOURCE_ERROR, detail)

    def test_listing_that_is_none(self) -> None:
        uri = f"oss://{BUCKET}/a/"
        detail = (
            "the listing broke off after 0 keys: the answer is not what OSS answers; check OSS_ENDPOINT; "
            "given up after 3 attempts"
        )
        entry = (
            b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a/b</Key>"
            b"<LastModified>yesterday</LastModified></Contents></ListBucketResult>"
        )
        for body in (b"<html>Log in</html>", b"<html><p>Log in</html>", b"", entry):
            with self.subTest(body):
                self.server.order(Fault(body=body), times=ATTEMPTS)
                self.assertEqual(list(self.source.walk(uri)), [Rejected(uri, Reason.SOURCE_ERROR, detail)])
        self.assertEqual(self.server.count(""), 4 * ATTEMPTS)


if __name__ == "__main__":
    unittest.main()
