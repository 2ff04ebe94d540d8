"""How OssSource signs, what it takes for credentials and endpoints, and that it keeps secrets."""

import io
import logging
import re
import subprocess
import sys
import unittest
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest import mock

import requests

from hashindex.errors import ConfigurationError
from hashindex.outcomes import Reason, Rejected
from hashindex.records import Picture
from testing.oss_case import DATA, KEY, MAX_BYTES, URI, OssTestCase, oss_source
from testing.oss_server import BUCKET, CREDENTIALS, REGION, Fault, OssServer
from testing.oss_signature import Credentials

STS = Credentials("STS.test-id", "sts-secret-0123456789", "sts-token-abcdefghij")


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


if __name__ == "__main__":
    unittest.main()
