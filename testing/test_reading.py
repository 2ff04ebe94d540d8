"""Reading: from names to hashed pictures, in order, with the limits of size and pixels."""

import hashlib
import os
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from PIL import Image

from hashindex.concurrency import Budget
from hashindex.decoding import Decoded, Decoder
from hashindex.errors import InvalidArgumentError
from hashindex.hashing import fingerprint
from hashindex.listing import EVERY_PICTURE
from hashindex.outcomes import Reason, Rejected
from hashindex.reading import PictureReader, digest
from hashindex.recipe import DEFAULT, STRICT
from hashindex.records import HashedPicture
from hashindex.sources.local import LocalSource
from hashindex.sources.oss import OssSource
from hashindex.sources.routing import RoutedSource
from hashindex.views import ONLY_AS_IS
from testing.inserting import looked, reader_of
from testing.making import encoded, picture, saved
from testing.memory_source import MemorySource
from testing.waiting import SECONDS


class TestReading(unittest.TestCase):
    def setUp(self) -> None:
        self.source = MemorySource()
        self.reader = reader_of(self.source)

    def test_a_hashed_picture_holds_what_is_known_of_it(self) -> None:
        data = encoded(picture(1))
        uri = self.source.put("a.png", data)
        self.assertEqual(
            self.reader.read(uri),
            HashedPicture(
                uri=uri,
                fingerprint=fingerprint(picture(1).convert("L"), DEFAULT),
                content_digest=hashlib.blake2b(data, digest_size=16).hexdigest(),
                source_version="v1",
                width=64,
                height=48,
                file_size=len(data),
                upload_time=1_000,
            ),
        )

    def test_width_and_height_are_those_of_the_upright_picture(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        found = self.reader.read(self.source.put("a.jpg", encoded(picture(1), "JPEG", exif=exif.tobytes())))
        assert isinstance(found, HashedPicture), found
        self.assertEqual((found.width, found.height), (48, 64))

    def test_limits(self) -> None:
        data = encoded(picture(1))
        uri = self.source.put("a.png", data)
        for limits, reason in (
            ({"max_bytes": len(data) - 1, "max_pixels": 3_072}, Reason.TOO_MANY_BYTES),
            ({"max_bytes": len(data), "max_pixels": 3_071}, Reason.TOO_MANY_PIXELS),
        ):
            found = PictureReader(self.source, DEFAULT, workers=1, in_flight=1, **limits).read(uri)
            assert isinstance(found, Rejected), found
            self.assertEqual(found.reason, reason)

    def test_more_pictures_are_fetched_at_once_than_decoded(self) -> None:
        uris = [self.source.put(f"{number}.png", encoded(picture(number))) for number in range(6)]
        together = threading.Barrier(3)
        self.source.before_read = lambda _: together.wait(SECONDS)
        reader = PictureReader(
            self.source, DEFAULT, max_pixels=10_000, max_bytes=100_000, workers=1, in_flight=3
        )
        decoding, most = 0, 0
        decode = Decoder.decode

        def watched(decoder: Decoder, data: bytes, uri: str | None) -> Decoded | Rejected:
            nonlocal decoding, most
            decoding += 1
            most = max(most, decoding)
            found = decode(decoder, data, uri)
            decoding -= 1
            return found

        with mock.patch.object(Decoder, "decode", watched):
            found = list(reader.map(reader.read, uris))
        self.assertEqual([item.uri for item in found], uris)
        self.assertEqual(most, 1)

    def test_what_is_held_of_files_is_bounded(self) -> None:
        uri = self.source.put("a.png", encoded(picture(1)))
        with mock.patch.object(Budget, "account", autospec=True, side_effect=Budget.account) as account:
            self.reader.read(uri)
        self.assertEqual(account.call_count, 2)  # of its bytes, and of its pixels
        spent: list[int] = []
        self.source.read(uri, max_bytes=100_000, reserve=spent.append)
        self.assertEqual(spent, [len(encoded(picture(1)))])

    def test_rejects_of_the_source_and_of_the_decoder_carry_the_uri(self) -> None:
        missing = self.reader.read("memory://missing")
        broken = self.reader.read(self.source.put("b.png", b"text"))
        for found, uri in ((missing, "memory://missing"), (broken, "memory://b.png")):
            assert isinstance(found, Rejected), found
            self.assertEqual(found.uri, uri)

    def test_bytes_and_opened_pictures_have_no_uri(self) -> None:
        found, opened = looked(self.reader, encoded(picture(1))), looked(self.reader, picture(1))
        self.assertEqual((found.uri, found.source_version, found.upload_time), ("", "", 0))
        self.assertEqual((opened.uri, opened.content_digest), ("", ""))
        self.assertEqual(opened.fingerprint, found.fingerprint)
        self.assertEqual((opened.width, opened.height), (found.width, found.height))
        for image in (b"text", Image.new("L", (2_000, 1_000))):
            rejected = self.reader.look(image, ONLY_AS_IS)
            assert isinstance(rejected, Rejected), rejected
            self.assertIsNone(rejected.uri)

    def test_once_it_is_closed_it_says_so(self) -> None:
        self.reader.close()
        uri = self.source.put("a.png", encoded(picture(1)))
        for call in (self.reader.read, self.reader.thumbnail, lambda uri: self.reader.look(uri, ONLY_AS_IS)):
            with self.assertRaisesRegex(InvalidArgumentError, "was closed; open the index again"):
                call(uri)

    def test_a_thread_that_cannot_be_started_is_another_matter(self) -> None:
        self.addCleanup(threading.stack_size, threading.stack_size(2**46))  # bytes, which no system has
        with self.assertRaisesRegex(RuntimeError, "can't start new thread"):
            self.reader.look(encoded(picture(1)), ONLY_AS_IS)

    def test_the_recipe_decides_the_bits(self) -> None:
        data = encoded(picture(1))
        default = looked(self.reader, data)
        strict = looked(reader_of(self.source, recipe=STRICT), data)
        self.assertEqual(strict.fingerprint, fingerprint(picture(1).convert("L"), STRICT))
        self.assertEqual(strict.fingerprint.ahash, default.fingerprint.ahash)
        self.assertNotEqual(strict.fingerprint, default.fingerprint)

    def test_equal_digests_mean_equal_bytes(self) -> None:
        self.assertEqual(digest(b""), "cae66941d9efbd404e4d88758ea67670")
        self.assertEqual(len({digest(bytes([value])) for value in range(256)}), 256)


class TestReadAll(unittest.TestCase):
    def test_one_line_for_each_thing_named_in_order(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for number in range(30):
            saved(folder / f"{number}.png", number)
        (folder / "notes.txt").write_text("no picture")
        (folder / "sub").mkdir()
        saved(folder / "sub" / "deep.png", 31)
        names = [str(folder / f"{number}.png") for number in range(30)]
        names[7:7] = [
            str(folder / "notes.txt"),
            "",
            str(folder / "sub"),
            "oss://",
            "\ud800",
            str(folder / "gone.png"),
        ]
        reader = reader_of(RoutedSource({"": LocalSource(), "oss": OssSource()}))
        found = list(reader.read_all(iter(names), EVERY_PICTURE))
        self.assertEqual(len(found), 36)
        expected = [
            *names[:7],
            names[7],
            "",
            str(folder / "sub" / "deep.png"),
            "oss://",
            "\\ud800",
            *names[12:],
        ]
        self.assertEqual([item.uri for item in found], expected)
        reasons = {item.uri: item.reason for item in found if isinstance(item, Rejected)}
        self.assertEqual(
            reasons,
            {
                names[7]: Reason.NOT_AN_IMAGE,
                "": Reason.UNSUPPORTED,
                "oss://": Reason.UNSUPPORTED,
                "\\ud800": Reason.UNSUPPORTED,
                names[12]: Reason.NOT_FOUND,
            },
        )

    def test_a_name_that_nothing_can_have_is_a_reject(self) -> None:
        found = reader_of(OssSource()).look(os.fsdecode(b"oss://b/\xff.jpg"), ONLY_AS_IS)
        assert isinstance(found, Rejected), found
        self.assertEqual((found.uri, found.reason), ("oss://b/%FF.jpg", Reason.UNSUPPORTED))


if __name__ == "__main__":
    unittest.main()
