"""What OssSource tries again, for how long, and what it gives up."""

import logging
import socket
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from unittest import mock

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Picture
from testing.oss_case import ATTEMPTS, DATA, KEY, MAX_BYTES, URI, OssTestCase, retry_announced
from testing.oss_server import BUCKET, LOOPBACK, Fault
from testing.waiting import SECONDS


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


if __name__ == "__main__":
    unittest.main()
