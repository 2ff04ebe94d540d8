"""Pictures that OSS shrinks before they travel: `--oss-process`."""

import io
import os
import unittest
from contextlib import closing
from dataclasses import replace
from typing import Any

from PIL import Image

from hashindex.decoding import Decoder
from hashindex.distance import distance
from hashindex.errors import InvalidArgumentError
from hashindex.hashing import fingerprint
from hashindex.outcomes import Reason, Rejected
from hashindex.reading import PictureReader, digest
from hashindex.recipe import DEFAULT, STRICT, Recipe
from hashindex.records import Content, HashedPicture, Picture
from hashindex.sources.oss import OssSource
from testing.making import encoded, picture
from testing.oss_case import ATTEMPTS, KEY, MAX_BYTES, URI, OssTestCase, oss_source
from testing.oss_server import BUCKET, MODIFIED, REGION, Fault, OssServer
from testing.photographs import photograph

STYLE = "image/resize,w_64/quality,q_90"
ORIGINAL = encoded(picture(1, (400, 300)), "JPEG", quality=95)


class ProcessTestCase(OssTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.enterContext(OssServer(styles={"small": "image/resize,l_32", "a-b_c.1": STYLE}))
        self.server.put(KEY, ORIGINAL)

    def processing(self, process: str = STYLE, **changes: Any) -> OssSource:
        return self.enterContext(closing(oss_source(self.server, process=process, **changes)))

    def made(self, source: OssSource) -> Content:
        content = source.read(URI, max_bytes=MAX_BYTES)
        assert isinstance(content, Content), content
        return content

    def size(self, source: OssSource) -> tuple[int, int]:
        return Image.open(io.BytesIO(self.made(source).data)).size


class TestProcessing(ProcessTestCase):
    def test_picture_is_shrunk_before_it_travels_with_both_signatures(self) -> None:
        for region in (REGION, None):
            for process, size in (
                (STYLE, (64, 48)),
                ("style/small", (32, 24)),
                ("style/a-b_c.1", (64, 48)),
                ("image/resize,h_30,w_1000", (40, 30)),
                ("image/format,png", (400, 300)),
                ("image/resize,w_9999", (400, 300)),
            ):
                with self.subTest(region=region, process=process):
                    self.assertEqual(self.size(self.processing(process, region=region)), size)

    def test_version_time_and_size_are_those_of_the_object(self) -> None:
        source = self.processing()
        content, known = self.made(source), source.stat(URI)
        assert isinstance(known, Picture)
        self.assertEqual(content.version, known.version)
        self.assertEqual(
            [found.version for found in source.walk(f"oss://{BUCKET}/a/") if isinstance(found, Picture)],
            [known.version],
        )
        self.assertEqual(content.modified_ms, int(MODIFIED.timestamp() * 1000))
        self.assertEqual(content.file_size, len(ORIGINAL))
        self.assertLess(len(content.data), len(ORIGINAL))

    def test_version_is_taken_before_the_bytes(self) -> None:
        self.made(self.processing())
        asked = [(request.method, request.query.get("x-oss-process")) for request in self.server.requests]
        self.assertEqual(asked, [("HEAD", None), ("GET", STYLE)])

    def test_without_it_nothing_is_asked_for(self) -> None:
        content = self.made(self.opened())
        self.assertEqual((content.data, content.file_size), (ORIGINAL, None))
        self.assertEqual(
            [(request.method, dict(request.query)) for request in self.server.requests], [("GET", {})]
        )

    def test_limit_on_bytes_is_one_on_what_travels(self) -> None:
        noise = os.urandom(300 * 300 * 3)
        large = encoded(Image.frombytes("RGB", (300, 300), noise))
        self.server.put(KEY, large)
        content = self.processing("image/resize,w_8").read(URI, max_bytes=10_000)
        assert isinstance(content, Content), content
        self.assertEqual(content.file_size, len(large))
        answer = self.processing("image/resize,w_250").read(URI, max_bytes=10_000)
        assert isinstance(answer, Rejected)
        self.assertEqual(answer.reason, Reason.TOO_MANY_BYTES)

    def test_reader_keeps_the_true_size_and_the_digest_of_what_travelled(self) -> None:
        source = self.processing()
        recipe = Recipe(oss=STYLE)
        reader = PictureReader(source, recipe, max_pixels=10**6, max_bytes=MAX_BYTES, workers=1, in_flight=1)
        hashed = reader.read(URI)
        assert isinstance(hashed, HashedPicture)
        self.assertEqual(hashed.file_size, len(ORIGINAL))
        self.assertEqual((hashed.width, hashed.height), (64, 48))
        self.assertEqual(hashed.content_digest, digest(self.made(source).data))

    def test_shrunk_photograph_stays_near_itself(self) -> None:
        data = photograph("coffee.png").read_bytes()
        self.server.put(KEY, data)
        decoder = Decoder(DEFAULT)
        here, there = (decoder.decode(each, None) for each in (data, self.made(self.processing()).data))
        assert not isinstance(here, Rejected)
        assert not isinstance(there, Rejected)
        first, second = (fingerprint(each.grey, DEFAULT) for each in (here, there))
        self.assertLessEqual(distance(first.ahash, second.ahash), 4)


class TestRecipeOfIt(unittest.TestCase):
    def test_it_is_a_part_of_the_recipe_that_is_read_back(self) -> None:
        for style in (STYLE, "style/small", "image/resize,w_256,h_256=?&%#", "image/" + "x" * 250):
            for base in (DEFAULT, STRICT):
                with self.subTest(style=style, base=str(base)):
                    recipe = replace(base, oss=style)
                    self.assertEqual(str(recipe), f"{base} oss={style}")
                    self.assertEqual(Recipe.parse(str(recipe)), recipe)
                    self.assertNotEqual(recipe, base)

    def test_without_it_the_text_is_what_it_was(self) -> None:
        self.assertEqual(replace(DEFAULT, oss=""), DEFAULT)
        self.assertNotIn("oss", str(DEFAULT))

    def test_what_is_no_style_is_refused(self) -> None:
        for style in (
            *(" ", "image", "image/", "style/", "resize,w_64", "Image/resize", "video/snapshot", "\n"),
            *("image/resize,w_64 ", "image/a b", "image/a\n", "image/\xe9", "image/\x7f", "image/a\tb"),
            *("image/resize,w_64|sys/saveas,o_eA", "image/" + "x" * 251),
        ):
            with self.subTest(style), self.assertRaisesRegex(InvalidArgumentError, "is no way for OSS to"):
                replace(DEFAULT, oss=style)
        for text in (
            f"{DEFAULT} oss=",
            f"{DEFAULT} oss=x",
            f"ahash/1 oss={STYLE}",
            f"{DEFAULT} oss={STYLE} oss={STYLE}",
        ):
            with self.subTest(text), self.assertRaises(InvalidArgumentError):
                Recipe.parse(text)


class TestRefusedProcessing(ProcessTestCase):
    def assert_unsupported(self, detail: str, process: str = STYLE) -> None:
        self.assert_rejected(
            self.processing(process).read(URI, max_bytes=MAX_BYTES), Reason.UNSUPPORTED, detail
        )

    def test_no_picture(self) -> None:
        self.server.put(KEY, b"no picture")
        detail = (
            "OSS does not process it (400 BadRequest); it is no picture that OSS processes, "
            f"or {STYLE} is wrong"
        )
        self.assert_unsupported(detail)
        self.assertEqual(self.server.count(KEY), 2)  # HEAD and GET, and not again

    def test_wrong_style(self) -> None:
        for process in ("image/resize,q_1", "image/unknown", "image/resize,w_x", "image/format,xyz"):
            with self.subTest(process):
                self.assert_unsupported(
                    "OSS does not process it (400 InvalidArgument); it is no picture that OSS processes, "
                    f"or {process} is wrong",
                    process,
                )

    def test_picture_too_large_for_oss(self) -> None:
        self.server.put(KEY, encoded(Image.new("1", (30_001, 1))))
        self.assert_unsupported(
            "OSS does not process it (400 ImageTooLarge); it has more bytes or pixels than OSS processes"
        )

    def test_not_implemented_is_not_tried_again(self) -> None:
        self.server.order(Fault(status=501, code="NotImplemented"), key=KEY, skip=1, times=None)
        detail = (
            "OSS does not process it (501 NotImplemented); it is no picture that OSS processes, "
            f"or {STYLE} is wrong"
        )
        self.assert_unsupported(detail)

    def test_style_that_the_bucket_does_not_have(self) -> None:
        detail = "the bucket photos has no style/none (404 NoSuchStyle); make that style in OSS"
        answer = self.processing("style/none").read(URI, max_bytes=MAX_BYTES)
        self.assert_rejected(answer, Reason.SOURCE_ERROR, detail)

    def test_missing_object(self) -> None:
        uri = f"oss://{BUCKET}/none.jpg"
        answer = self.processing().read(uri, max_bytes=MAX_BYTES)
        self.assert_rejected(answer, Reason.NOT_FOUND, "there is no such object (404 NoSuchKey)", uri)
        self.assertEqual(self.server.count("none.jpg"), 1)

    def test_temporary_errors_of_either_request_pass(self) -> None:
        busy = Fault(status=503, code="ServiceUnavailable")
        for skip in (0, 1):
            with self.subTest(skip=skip):
                self.server.order(busy, key=KEY, skip=skip)
                self.made(self.processing())
        self.server.order(Fault(cut_after=10), key=KEY, skip=1, times=None)
        answer = self.processing().read(URI, max_bytes=MAX_BYTES)
        assert isinstance(answer, Rejected)
        self.assertRegex(answer.detail, rf"was cut off; given up after {ATTEMPTS} attempts$")


if __name__ == "__main__":
    unittest.main()
