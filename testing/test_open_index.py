"""`open_index` and `open_reader`: which recipe counts, and what is said or refused on opening."""

import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from hashindex import compose, open_index, open_reader
from hashindex.decoding import made_with
from hashindex.errors import IndexMismatchError, IndexNotFoundError, InvalidArgumentError
from hashindex.recipe import DEFAULT, STRICT
from hashindex.records import HashedPicture, Origin
from hashindex.store.interface import Store
from hashindex.store.memory import MemoryStore
from hashindex.views import ONLY_AS_IS
from settings import load_settings
from testing.making import picture, saved


class TestWithLite(unittest.TestCase):
    """The way that people take, on a real file."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.settings = load_settings(milvus_uri=str(self.folder / "index.db"), workers=2)

    def test_there_is_no_index_until_one_is_made(self) -> None:
        with self.assertRaisesRegex(IndexNotFoundError, "there is no index at .*index.db"):
            open_index(settings=self.settings)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_index_keeps_its_recipe(self) -> None:
        path = saved(self.folder / "a.png", 1)
        with open_index(create=True, recipe="strict", settings=self.settings) as index:
            self.assertTrue(index.created)
            index.company(1).insert(path, meta_id=1)
            self.assertEqual(index.stats().origin, Origin(str(STRICT), made_with()))
        with self.assertNoLogs("hashindex"), open_index(settings=self.settings) as index:
            self.assertFalse(index.created)
            entry = index.company(1).get(1)
            assert entry is not None
            with open_reader("strict", settings=self.settings) as reader:
                found = reader.read(str(path))
            assert isinstance(found, HashedPicture)
            self.assertEqual(entry.picture.fingerprint, found.fingerprint)
            self.assertEqual(index.company(1).search(path).matches[0].phash_distance, 0)
        with self.assertRaisesRegex(
            IndexMismatchError, "was made with the recipe .*, and keeps it; make another"
        ):
            open_index(recipe="default", settings=self.settings)
        with open_index(create=True, recipe=str(STRICT), settings=self.settings) as index:
            self.assertFalse(index.created)

    def test_a_place_that_is_named_beats_the_settings(self) -> None:
        other = self.folder / "other.db"
        with open_index(str(other), create=True, settings=self.settings):
            pass
        self.assertTrue(other.exists())
        self.assertFalse((self.folder / "index.db").exists())


class TestAdoption(unittest.TestCase):
    """What an index says of itself, against what this program knows; a store in memory tells any story."""

    @contextmanager
    def standing(self, origin: Origin) -> Iterator[mock.Mock]:
        store = MemoryStore(origin)

        def opened(*_: object) -> Store:
            return store

        with mock.patch.object(compose, "_open_store", opened), mock.patch.object(store, "close") as closed:
            yield closed

    def test_a_recipe_that_is_not_known_is_refused_and_the_store_closed(self) -> None:
        unknown = str(DEFAULT).replace("ahash/1", "ahash/2")
        with self.standing(Origin(unknown, made_with())) as closed:
            with self.assertRaisesRegex(
                IndexMismatchError, "'ahash/2 .* does not know; use the version that made it"
            ):
                open_index(settings=load_settings())
            closed.assert_called_once()

    def test_another_recipe_than_asked_for_is_refused_and_the_store_closed(self) -> None:
        with self.standing(Origin(str(DEFAULT), made_with())) as closed:
            with self.assertRaises(IndexMismatchError):
                open_index(recipe="strict", settings=load_settings())
            closed.assert_called_once()

    def test_a_recipe_that_is_none_is_refused_before_anything_is_opened(self) -> None:
        with mock.patch.object(compose, "_open_store", side_effect=AssertionError("it was opened")):
            with self.assertRaises(InvalidArgumentError):
                open_index(create=True, recipe="sharp", settings=load_settings())
            with self.assertRaises(InvalidArgumentError), open_reader("sharp", settings=load_settings()):
                pass

    def test_other_decoders_are_said(self) -> None:
        with (
            self.standing(Origin(str(DEFAULT), "Pillow 1.0, libjpeg 6b")),
            self.assertLogs("hashindex.compose", "WARNING") as logged,
        ):
            open_index(settings=load_settings()).close()
        self.assertEqual(
            logged.records[0].getMessage(),
            f"the index was made with Pillow 1.0, libjpeg 6b and this is {made_with()}: "
            "a few bits of some pictures may differ.",
        )

    def test_the_same_decoders_need_no_word(self) -> None:
        with self.standing(Origin(str(DEFAULT), made_with())), self.assertNoLogs("hashindex"):
            open_index(settings=load_settings()).close()

    def test_the_limits_of_the_settings_count(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = saved(Path(folder, "a.png"), 1)
            with open_reader(settings=load_settings(max_bytes=10)) as reader:
                self.assertIn("at most 10 are taken", str(reader.read(str(path))))
            with open_reader(settings=load_settings(max_pixels=10)) as reader:
                self.assertIn("at most 10 are taken", str(reader.look(picture(1), ONLY_AS_IS)))


if __name__ == "__main__":
    unittest.main()
