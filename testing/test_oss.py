"""OssSource with the real oss2, over real HTTP, against a server that checks signatures and misbehaves."""

import gzip
import io
import itertools
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from unittest import mock

import oss2
import requests

from hashindex.errors import ConfigurationError, InvalidArgumentError
from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content, Picture
from hashindex.sources.oss import OssSource
from testing.oss_buckets import crc64_ecma
from testing.oss_case import ATTEMPTS, DATA, KEY, MAX_BYTES, URI, OssTestCase, oss_source, retry_announced
from testing.oss_server import BUCKET, CREDENTIALS, LOOPBACK, MODIFIED, REGION, Fault, OssServer
from testing.oss_signature import (
    Credentials,
    Request,
    v1_signature,
    v1_string_to_sign,
    v4_signature,
    v4_string_to_sign,
)
from testing.waiting import SECONDS

if TYPE_CHECKING:
    from hashindex.sources.interface import Source

STS = Credentials("STS.test-id", "sts-secret-0123456789", "sts-token-abcdefghij")
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


@contextmanager
def every_log_record() -> Iterator[list[str]]:
    """Collect what any logger says at any level, with tracebacks."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    root, lines = logging.getLogger(), list[str]()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        lines.extend(stream.getvalue().splitlines())


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


class TestIdentity(OssTestCase):
    def test_v4_with_a_region(self) -> None:
        self.assert_read(self.source)
        self.assertRegex(self.server.requests[0].headers["authorization"], "^OSS4-HMAC-SHA256 ")

    def test_v1_without_a_region(self) -> None:
        source = self.opened(region=None)
        self.assert_read(source)
        self.assertEqual(len(list(source.walk(f"oss://{BUCKET}/"))), 1)
        for request in self.server.requests:
            self.assertRegex(request.headers["authorization"], "^OSS [^:]+:")

    def test_region_may_be_written_as_in_an_endpoint(self) -> None:
        self.assert_read(self.opened(region="oss-cn-hangzhou"))

    def test_temporary_key_with_both_signatures(self) -> None:
        for region in (REGION, None):
            with self.subTest(region=region), OssServer(credentials=STS) as server:
                server.put(KEY, DATA)
                with closing(oss_source(server, region=region)) as source:
                    self.assert_read(source)
                    self.assertIsInstance(source.stat(URI), Picture)
                    self.assertEqual(len(list(source.walk(f"oss://{BUCKET}/"))), 1)
                for request in server.requests:
                    self.assertEqual(request.headers["x-oss-security-token"], STS.session_token)

    def test_temporary_key_without_or_with_another_token(self) -> None:
        unknown = (
            "OSS refused it (403 InvalidAccessKeyId); "
            "check OSS_ACCESS_KEY_ID, and OSS_SESSION_TOKEN where the key is a temporary one"
        )
        other = (
            "OSS refused it (403 InvalidSecurityToken); check OSS_SESSION_TOKEN, or get a new temporary key"
        )
        with OssServer(credentials=STS) as server:
            for token, detail in ((None, unknown), ("another", other)):
                with self.subTest(token=token), closing(oss_source(server, session_token=token)) as source:
                    answer = source.read(URI, max_bytes=MAX_BYTES)
                    self.assert_rejected(answer, Reason.FORBIDDEN, detail)

    def test_wrong_secret_or_region(self) -> None:
        detail = "OSS refused it (403 SignatureDoesNotMatch); check OSS_ACCESS_KEY_SECRET and OSS_REGION"
        wrong: tuple[dict[str, str | None], ...] = (
            {"access_key_secret": "wrong"},
            {"access_key_secret": "wrong", "region": None},
            {"region": "cn-beijing"},
        )
        for changes in wrong:
            with self.subTest(changes):
                self.assert_read_fails(Reason.FORBIDDEN, detail, **changes)
                source = self.opened(**changes)
                self.assert_rejected(source.stat(URI), Reason.FORBIDDEN, detail)
                whole = f"the listing broke off after 0 keys: {detail}"
                self.assertEqual(
                    list(source.walk(f"oss://{BUCKET}/a/")),
                    [Rejected(f"oss://{BUCKET}/a/", Reason.FORBIDDEN, whole)],
                )
        self.assertEqual(len(self.server.requests), 9)  # none was tried again

    def test_spaces_around_a_key_are_not_part_of_it(self) -> None:
        key_id, secret = f" {CREDENTIALS.access_key_id}\n", f"{CREDENTIALS.access_key_secret} \n"
        self.assert_read(self.opened(access_key_id=key_id, access_key_secret=secret))

    def test_unsendable_key_names_no_secret(self) -> None:
        detail = "the request could not be sent (ValueError); check the settings"
        self.assert_read_fails(Reason.SOURCE_ERROR, detail, access_key_id="in\nside")


class TestSettings(unittest.TestCase):
    def assert_unusable(self, sentence: str, **changes: Any) -> None:
        with closing(oss_source(None, **changes)) as source:
            uses = (
                source.stat,
                lambda uri: source.read(uri, max_bytes=1),
                lambda uri: next(source.walk(uri)),
            )
            for use in uses:
                with self.assertRaises(ConfigurationError) as caught:
                    use(URI)
                self.assertEqual(str(caught.exception), sentence)

    def test_missing_credentials_are_named(self) -> None:
        self.assert_unusable(
            "Pictures on oss:// need these to be set: OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET.",
            access_key_id=None,
            access_key_secret="",
        )
        self.assert_unusable(
            "Pictures on oss:// need these to be set: OSS_ACCESS_KEY_SECRET, OSS_ENDPOINT (or OSS_REGION).",
            access_key_secret=" ",
            region=None,
        )

    def test_malformed_endpoints(self) -> None:
        sentence = (
            "OSS_ENDPOINT (or OSS_REGION) does not name a host; "
            "set OSS_ENDPOINT like https://oss-cn-hangzhou.aliyuncs.com, or OSS_REGION like cn-hangzhou."
        )
        for endpoint in (
            "https://",
            "http://a b",
            "ftp://host",
            "https://id:secret@host",
            "https://host/path",
            "h:x",
        ):
            with self.subTest(endpoint):
                self.assert_unusable(sentence, endpoint=endpoint)
        self.assert_unusable(sentence, region="cn hangzhou")

    def test_endpoint_from_the_region_and_https_by_default(self) -> None:
        given = {
            (None, "cn-hangzhou"): "https://photos.oss-cn-hangzhou.aliyuncs.com/",
            (None, "oss-cn-hangzhou"): "https://photos.oss-cn-hangzhou.aliyuncs.com/",
            ("oss-cn-beijing.aliyuncs.com", None): "https://photos.oss-cn-beijing.aliyuncs.com/",
            (
                "http://oss-cn-beijing-internal.aliyuncs.com/",
                "cn-beijing",
            ): "http://photos.oss-cn-beijing-internal",
        }
        for (endpoint, region), start in given.items():
            with (
                self.subTest(start),
                closing(oss_source(None, endpoint=endpoint, region=region, attempts=1)) as source,
            ):
                # No network is needed to see where a request would go.
                with mock.patch.object(
                    requests.adapters.HTTPAdapter, "send", side_effect=requests.ConnectionError
                ) as sent:
                    source.stat(URI)
                self.assertTrue(sent.call_args.args[0].url.startswith(start), sent.call_args)

    def test_import_loads_no_client(self) -> None:
        code = "import sys, hashindex.sources.oss; print({'oss2', 'requests', 'tenacity'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        self.assertEqual(done.stdout, "set()\n")


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


class TestRetries(OssTestCase):
    def test_temporary_errors_pass(self) -> None:
        faults = {
            "503": Fault(status=503, code="ServiceUnavailable"),
            "500": Fault(status=500, code="InternalError"),
            "502 without body": Fault(status=502),
            "429": Fault(status=429, code="TooManyRequests"),
            "cut": Fault(cut_after=100),
            "cut at once": Fault(cut_after=0),
            "cut, chunked": Fault(cut_after=100, headers={"Content-Length": None}),
            "cut error": Fault(status=503, code="ServiceUnavailable", cut_after=10),
            "checksum": Fault(headers={"x-oss-hash-crc64ecma": "1"}),
            "changed byte": Fault(body=DATA[:-1] + b"?"),
        }
        for number, (name, fault) in enumerate(faults.items()):
            with self.subTest(name):
                key = f"{number}.jpg"
                self.server.put(key, DATA)
                self.server.order(fault, key=key, times=ATTEMPTS - 1)
                self.assert_read(self.source, f"oss://{BUCKET}/{key}")
                self.assertEqual(self.server.count(key), ATTEMPTS)

    def test_head_is_tried_again(self) -> None:
        self.server.order(Fault(status=503, code="ServiceUnavailable"), key=KEY, times=ATTEMPTS - 1)
        self.assertIsInstance(self.source.stat(URI), Picture)
        self.assertEqual(self.server.count(KEY), ATTEMPTS)

    def test_permanent_errors_are_given_up(self) -> None:
        details = {
            "OSS answered 503 ServiceUnavailable": Fault(status=503, code="ServiceUnavailable"),
            "OSS answered 429 TooManyRequests": Fault(status=429, code="TooManyRequests"),
            "the body of 2048 bytes was cut off": Fault(cut_after=100),
            "the body was cut off": Fault(cut_after=100, headers={"Content-Length": None}),
            "the answer of OSS stalled or was cut off": Fault(status=500, code="InternalError", cut_after=9),
            "the bytes do not match the checksum that OSS has of them": Fault(
                headers={"x-oss-hash-crc64ecma": "1"}
            ),
        }
        for number, (detail, fault) in enumerate(details.items()):
            with self.subTest(detail):
                key = f"{number}.jpg"
                self.server.put(key, DATA)
                self.server.order(fault, key=key, times=None)
                uri = f"oss://{BUCKET}/{key}"
                answer = self.source.read(uri, max_bytes=MAX_BYTES)
                self.assert_rejected(answer, Reason.SOURCE_ERROR, f"{detail}; given up after 3 attempts", uri)
                self.assertEqual(self.server.count(key), ATTEMPTS)

    def test_one_attempt(self) -> None:
        self.server.order(Fault(status=503, code="ServiceUnavailable"), key=KEY)
        detail = "OSS answered 503 ServiceUnavailable; given up after 1 attempt"
        self.assert_read_fails(Reason.SOURCE_ERROR, detail, attempts=1)
        self.assertEqual(self.server.count(KEY), 1)

    def test_length_without_checksum_is_still_checked(self) -> None:
        self.server.order(Fault(cut_after=2047, headers={"x-oss-hash-crc64ecma": None}), key=KEY, times=None)
        detail = "the body of 2048 bytes was cut off; given up after 3 attempts"
        self.assert_read_fails(Reason.SOURCE_ERROR, detail)

    def test_length_is_checked_where_urllib3_does_not(self) -> None:
        self.server.order(Fault(cut_after=2047, headers={"x-oss-hash-crc64ecma": None}), key=KEY, times=None)
        detail = "the body of 2048 bytes was cut off; given up after 3 attempts"
        with mock.patch("urllib3.HTTPResponse._init_length", return_value=None):  # as in its version 1
            self.assert_read_fails(Reason.SOURCE_ERROR, detail)

    def test_stalled_body(self) -> None:
        self.server.order(Fault(stall_after=100), key=KEY)
        self.assert_read(self.opened(read_timeout_seconds=1.0))
        self.assertEqual(self.server.count(KEY), 2)
        self.server.order(Fault(stall_after=100), key=KEY, times=None)
        detail = "the body of 2048 bytes stalled; given up after 1 attempt"
        self.assert_read_fails(Reason.SOURCE_ERROR, detail, read_timeout_seconds=1.0, attempts=1)

    def test_endpoint_that_hangs(self) -> None:
        self.server.order(Fault(hang=True), times=None)
        hung = f"{self.server.endpoint} did not answer within 0.1 s; given up after 3 attempts"
        self.assert_read_fails(Reason.SOURCE_ERROR, hung, read_timeout_seconds=0.1)
        source, uri = self.opened(read_timeout_seconds=0.1), f"oss://{BUCKET}/a/"
        self.assert_rejected(source.stat(URI), Reason.SOURCE_ERROR, hung)
        detail = f"the listing broke off after 0 keys: {hung}"
        self.assertEqual(list(source.walk(uri)), [Rejected(uri, Reason.SOURCE_ERROR, detail)])
        self.assertEqual(len(self.server.requests), 3 * ATTEMPTS)

    def test_endpoint_where_nothing_listens(self) -> None:
        with socket.socket() as taken:
            taken.bind((LOOPBACK, 0))  # bound but not listening: the port refuses, and stays ours
            endpoint = f"http://{LOOPBACK}:{taken.getsockname()[1]}"
            detail = (
                f"the connection to {endpoint} failed; check OSS_ENDPOINT and the network; "
                "given up after 3 attempts"
            )
            self.assert_read_fails(Reason.SOURCE_ERROR, detail, endpoint=endpoint)

    def test_endpoint_that_accepts_no_connection(self) -> None:
        with socket.socket() as full, ExitStack() as waiting:
            full.bind((LOOPBACK, 0))
            full.listen(0)
            with suppress(TimeoutError):  # until the queue of waiting connections is full
                while True:
                    waiting.enter_context(socket.create_connection(full.getsockname(), timeout=0.1))
            endpoint = f"http://{LOOPBACK}:{full.getsockname()[1]}"
            detail = (
                f"no connection to {endpoint} within 0.1 s; check OSS_ENDPOINT; given up after 3 attempts"
            )
            self.assert_read_fails(
                Reason.SOURCE_ERROR, detail, endpoint=endpoint, connect_timeout_seconds=0.1
            )

    def test_endpoint_that_speaks_no_tls(self) -> None:
        endpoint = self.server.endpoint.replace("http://", "https://")
        detail = (
            f"the certificate of {endpoint} was not accepted; check OSS_ENDPOINT; given up after 3 attempts"
        )
        self.assert_read_fails(Reason.SOURCE_ERROR, detail, endpoint=endpoint)

    def test_waits_grow_and_vary(self) -> None:
        self.server.order(Fault(status=503, code="ServiceUnavailable"), times=None)
        source = self.opened(first_wait_seconds=0.002, longest_wait_seconds=0.008, attempts=6)
        with self.assertLogs("hashindex.sources.oss", logging.DEBUG) as logs:
            for _ in range(20):
                source.stat(URI)
        start = f"DEBUG:hashindex.sources.oss:{URI}: OSS answered 503 ServiceUnavailable; trying again in "
        self.assertTrue(all(line.startswith(start) for line in logs.output))
        waits = [float(line.removeprefix(start).removesuffix(" s")) for line in logs.output]
        self.assertEqual(len(waits), 20 * 5)
        for retry, bound in enumerate((0.002, 0.004, 0.008, 0.008, 0.008)):
            chosen = waits[retry::5]
            self.assertTrue(bound / 2 < max(chosen) <= bound, (retry, chosen))
            self.assertGreater(len(set(chosen)), 5)

    def test_close_ends_the_wait_of_a_retry(self) -> None:
        self.server.order(Fault(status=503, code="ServiceUnavailable"), times=None)
        source = self.opened(first_wait_seconds=600.0, longest_wait_seconds=600.0, attempts=50)
        with ThreadPoolExecutor(1) as pool, retry_announced() as waiting:
            answer = pool.submit(source.read, URI, max_bytes=MAX_BYTES)
            announced = waiting.wait(timeout=SECONDS)
            source.close()
            self.assertTrue(announced)
            self.assertIsInstance(answer.result(timeout=SECONDS), Rejected)
        self.assertEqual(self.server.count(KEY), 2)


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


class TestSecrets(OssTestCase):
    def test_no_detail_and_no_log_record_holds_one(self) -> None:
        faults = [Fault(status=status, code=code) for status, code in ((503, "Busy"), (403, "AccessDenied"))]
        faults += [Fault(cut_after=1), Fault(stall_after=1), Fault(hang=True)]
        details: list[str] = []
        with every_log_record() as lines, OssServer(credentials=STS) as server:
            for region in (REGION, None):
                for secret in (STS.access_key_secret, "wrong-secret"):
                    changes = {"region": region, "access_key_secret": secret, "read_timeout_seconds": 0.1}
                    with closing(oss_source(server, **changes)) as source:
                        for fault in (*faults, None):
                            if fault:
                                server.order(fault)
                                server.order(fault, skip=3)
                            answers = (
                                source.read(URI, max_bytes=MAX_BYTES),
                                source.stat(URI),
                                *source.walk(f"oss://{BUCKET}/"),
                            )
                            details += [answer.detail for answer in answers if isinstance(answer, Rejected)]
        signatures = re.findall(
            r"(?:Signature=|OSS [^:]+:)([^\s,]+)",
            "\n".join(r.headers["authorization"] for r in server.requests),
        )
        self.assertGreater(len(signatures), 50)
        self.assertGreater(len(details), 20)
        self.assertTrue(any("hashindex.sources.oss DEBUG" in line for line in lines), lines[:5])
        text = "\n".join((*lines, *details))
        secrets = {
            STS.access_key_id,
            STS.access_key_secret,
            STS.session_token or "",
            "wrong-secret",
            *signatures,
        }
        self.assertEqual([secret for secret in secrets if secret in text], [])
        self.assertNotIn("?", "\n".join(details))

    def test_source_does_not_show_its_secrets(self) -> None:
        self.assertNotIn(CREDENTIALS.access_key_secret, repr(self.source) + str(self.source))


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
