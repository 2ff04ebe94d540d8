"""OssSource's own limits: requests at once, bytes per second, the time of a whole body, and closing."""

import os
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from unittest import mock

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content
from hashindex.sources.oss_pace import Pace
from testing.oss_case import ATTEMPTS, KEY, MAX_BYTES, URI, OssTestCase, oss_source, retry_announced
from testing.oss_server import BUCKET, Fault, OssServer
from testing.oss_signature import Request
from testing.waiting import SECONDS


class Clock(threading.Event):
    """An event that nobody sets, on which waiting takes no time but moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.now += timeout
        return self.is_set()


class TestPace(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = Clock()

    def paced(self, bytes_per_second: int | None) -> Pace:
        return Pace(bytes_per_second, self.clock, clock=lambda: self.clock.now)

    def test_bytes_take_their_time_however_they_come(self) -> None:
        pace = self.paced(1_000_000)
        for number in (1, 999_999, 2_000_000, 5_000_000):
            self.assertTrue(pace.pay(number))
        self.assertAlmostEqual(self.clock.now, 1008.0)

    def test_idle_time_is_not_made_up_for(self) -> None:
        pace = self.paced(1_000)
        pace.pay(1_000)
        self.clock.now += 3_600
        before = self.clock.now
        pace.pay(500)
        self.assertAlmostEqual(self.clock.now - before, 0.5)

    def test_time_between_payments_counts(self) -> None:
        pace = self.paced(1_000)
        pace.pay(1_000)
        self.clock.now -= 0.75  # as for a thread that comes while another waits
        pace.pay(1_000)
        self.assertAlmostEqual(self.clock.now, 1002.0)

    def test_no_limit(self) -> None:
        self.assertTrue(self.paced(None).pay(10**12))
        self.assertEqual(self.clock.now, 1000.0)

    def test_says_when_it_is_closing(self) -> None:
        self.clock.set()
        self.assertFalse(self.paced(None).pay(1))
        self.assertFalse(self.paced(1_000).pay(1))


class TestBytesPerSecond(OssTestCase):
    def read_ten_with_four_threads(self, bytes_per_second: int | None, *, size: int = 30_000) -> float:
        """Return the seconds that ten objects took."""
        data = os.urandom(size)
        self.server.put(KEY, data)
        source = self.opened(bytes_per_second=bytes_per_second)
        self.assert_read(source, data=data)  # connect, and import what is needed
        with ThreadPoolExecutor(4) as pool:
            began = time.monotonic()
            answers = list(pool.map(lambda _: source.read(URI, max_bytes=MAX_BYTES), range(10)))
            seconds = time.monotonic() - began
        self.assertEqual({type(answer) for answer in answers}, {Content})
        return seconds

    def test_all_threads_together_keep_to_it(self) -> None:
        self.assertGreaterEqual(self.read_ten_with_four_threads(1_000_000), 0.3)

    def test_without_it_they_do_not(self) -> None:
        self.assertLess(self.read_ten_with_four_threads(None, size=900_000), 9)

    def test_chunked_bodies_too(self) -> None:
        self.server.order(Fault(headers={"Content-Length": None}), times=None)
        self.assertGreaterEqual(self.read_ten_with_four_threads(1_000_000), 0.3)

    def test_close_ends_the_wait(self) -> None:
        source = self.opened(bytes_per_second=1)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(source.read, URI, max_bytes=MAX_BYTES)
            self.server.wait_for_requests(1)
            source.close()
            detail = "the source was closed while it was read"
            self.assert_rejected(answer.result(timeout=SECONDS), Reason.SOURCE_ERROR, detail)


class TestRequestsAtOnce(OssTestCase):
    def test_no_more_than_allowed(self) -> None:
        with ThreadPoolExecutor(8) as pool, OssServer() as server:
            server.order(Fault(hang=True), times=None)
            source = self.enterContext(closing(oss_source(server, max_requests=3, attempts=1)))
            for _ in range(6):
                pool.submit(source.read, URI, max_bytes=MAX_BYTES)
            for _ in range(2):
                pool.submit(list, source.walk(f"oss://{BUCKET}/a/"))
            server.wait_for_requests(3)
            with self.assertRaises(TimeoutError):
                server.wait_for_requests(4, seconds=0.2)
            source.close()  # so that it asks for no more when the server is gone
        self.assertEqual(len(server.requests), 3)

    def test_as_many_as_allowed(self) -> None:
        together = threading.Barrier(8, timeout=SECONDS)

        def admit(_: Request) -> Fault:
            together.wait()
            return Fault()

        source = self.opened(max_requests=8)
        with mock.patch.object(self.server, "admit", admit), ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: source.read(URI, max_bytes=MAX_BYTES), range(8)))
        self.assertEqual({type(answer) for answer in answers}, {Content})

    def test_who_waits_for_a_turn_when_it_is_closed_asks_no_more(self) -> None:
        self.server.order(Fault(status=503, code="ServiceUnavailable"), times=None)
        source = self.opened(max_requests=1, first_wait_seconds=600.0, longest_wait_seconds=600.0)
        with ThreadPoolExecutor(2) as pool, retry_announced() as waiting:
            first = pool.submit(source.stat, URI)
            announced = waiting.wait(timeout=SECONDS)
            second = pool.submit(source.stat, f"oss://{BUCKET}/other.jpg")
            source.close()
            self.assertTrue(announced)
            self.assertIsInstance(first.result(timeout=SECONDS), Rejected)
            detail = "the source was closed before it was asked"
            answer = second.result(timeout=SECONDS)
            self.assert_rejected(answer, Reason.SOURCE_ERROR, detail, f"oss://{BUCKET}/other.jpg")
        self.assertEqual(self.server.count("other.jpg"), 0)

    def test_attempts_of_one_picture_are_one_turn(self) -> None:
        self.server.order(Fault(status=503, code="ServiceUnavailable"), times=None)
        source = self.opened(max_requests=1)
        for _ in range(3):
            self.assertIsInstance(source.stat(URI), Rejected)
        self.assertEqual(self.server.count(KEY), 3 * ATTEMPTS)


class TestWholeBody(OssTestCase):
    def test_body_that_drips_is_given_up(self) -> None:
        self.server.order(Fault(drip_seconds=0.01), times=None)  # never silent, and 20 seconds in all
        began = time.monotonic()
        detail = "the body of 2048 bytes was not there within 0.2 s; given up after 1 attempt"
        with mock.patch("hashindex.sources.oss.BODY_PER_SILENCE", 0.1):
            self.assert_read_fails(Reason.SOURCE_ERROR, detail, read_timeout_seconds=2.0, attempts=1)
        self.assertLess(time.monotonic() - began, 10)

    def test_own_waits_are_not_counted(self) -> None:
        with mock.patch("hashindex.sources.oss.BODY_PER_SILENCE", 0.1):
            source = self.opened(read_timeout_seconds=8.0, bytes_per_second=2_000)  # a second
        self.assert_read(source)

    def test_body_that_drips_may_come_the_next_time(self) -> None:
        self.server.order(Fault(drip_seconds=0.01))
        with mock.patch("hashindex.sources.oss.BODY_PER_SILENCE", 0.1):
            self.assert_read(self.opened(read_timeout_seconds=8.0))
        self.assertEqual(self.server.count(KEY), 2)


class TestEnvironment(OssTestCase):
    def test_netrc_does_not_take_the_place_of_the_signature(self) -> None:
        file = Path(self.enterContext(tempfile.TemporaryDirectory()), "netrc")
        file.write_text("default login someone password secret\n")
        with mock.patch.dict(os.environ, {"NETRC": str(file)}):
            self.assert_read(self.source)

    def test_proxies_of_the_environment_are_used(self) -> None:
        with OssServer() as proxy:
            endpoint = "http://oss.example"
            with (
                mock.patch.dict(os.environ, {"http_proxy": proxy.endpoint}),
                closing(oss_source(self.server, endpoint=endpoint, attempts=1)) as source,
            ):
                source.stat(URI)
            self.assertEqual(len(proxy.requests), 1)

    def test_hosts_without_a_proxy(self) -> None:
        with OssServer() as proxy, mock.patch.dict(os.environ, {"http_proxy": proxy.endpoint}):
            self.assert_read(self.source)  # NO_PROXY names the loopback address
            self.assertEqual(len(proxy.requests), 0)


if __name__ == "__main__":
    unittest.main()
