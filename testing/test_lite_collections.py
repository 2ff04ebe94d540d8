"""What a Milvus Lite file can hold in the place of our collection, and what is said of it."""

from contextlib import chdir
from pathlib import Path

from hashindex.compose import open_index
from hashindex.errors import HashIndexError, IndexMismatchError, IndexNotFoundError
from hashindex.records import Origin, Scope
from hashindex.store.collection import schema_for
from hashindex.store.lite import open_lite
from hashindex.store.lite_opening import connected
from hashindex.store.lite_process import LiteProcess
from hashindex.store.vendor import pymilvus
from settings import load_settings
from testing.lite_files import COLLECTION, LiteCase, children
from testing.making import ORIGIN, entry


class TestCollections(LiteCase):
    def refused(self, kind: type[HashIndexError], sentence: str, collection: str = COLLECTION) -> None:
        with self.assertRaises(kind) as caught:
            open_lite(str(self.file), collection, create=None, index_type="auto")
        self.assertEqual(str(caught.exception), sentence)
        self.assertEqual(children(self.file), [])

    def test_a_collection_that_is_not_there(self) -> None:
        self.open().close()
        self.refused(
            IndexNotFoundError,
            f"{self.file} has no collection other; `hashindex insert` or `create` makes one.",
            "other",
        )

    def test_an_index_has_one_identity_whatever_it_is_called(self) -> None:
        link = self.folder / "link.db"
        link.symlink_to(self.file)
        identities = set()
        with chdir(self.folder):
            for place in (self.file, Path("index.db"), link):
                store = self.open(place)
                identities.add(store.identity)
                store.close()
        self.assertEqual(len(identities), 1)

    def test_two_collections_in_one_file_do_not_meet(self) -> None:
        first = self.open()
        first.upsert([entry(1, 1)])
        first.close()
        other = open_lite(str(self.file), "other", create=ORIGIN, index_type="auto")
        self.addCleanup(other.close)
        self.assertTrue(other.created)
        self.assertEqual(other.count(Scope.ALL), 0)
        other.upsert([entry(1, 1, uri="/other.jpg")])
        other.close()
        self.assertNotEqual(other.identity, first.identity)
        self.assertEqual(self.open().get([entry(1, 1).key]), {entry(1, 1).key: entry(1, 1)})

    def test_a_collection_made_by_other_code(self) -> None:
        self.make(COLLECTION, "")
        sentence = f"the collection {COLLECTION} was not made by hashindex; name another with --collection."
        self.refused(IndexMismatchError, sentence)
        self.make("described", '{"their": "own"}')
        self.refused(IndexMismatchError, sentence.replace(COLLECTION, "described"), "described")

    def test_fields_of_another_kind(self) -> None:
        self.make(COLLECTION, '{"hashindex": 1, "made_with": "x", "recipe": "r"}')
        with self.assertRaises(IndexMismatchError) as caught:
            self.open()
        self.assertEqual(
            str(caught.exception),
            f"the collection {COLLECTION} does not have the fields of an index (they differ in company_id, "
            "content_digest, contrast, dhash, file_size, height, image_vector, indexed_time, meta_id, phash, "
            "source_version, upload_time, uri, vector, width); name another with --collection.",
        )

    def test_another_version_of_the_schema(self) -> None:
        self.make(COLLECTION, '{"hashindex": 2, "made_with": "x", "recipe": "r"}')
        self.refused(
            IndexMismatchError,
            f"the collection {COLLECTION} has schema 2, and this version of hashindex knows 1; use the "
            "version that made it.",
        )

    def test_a_recipe_that_this_version_does_not_know(self) -> None:
        unknown = Origin("ahash/9 confirm=magic", "the tests")
        open_lite(str(self.file), COLLECTION, create=unknown, index_type="auto").close()
        with self.assertRaises(IndexMismatchError) as caught:
            open_index(settings=load_settings(milvus_uri=str(self.file)))
        self.assertEqual(
            str(caught.exception),
            "the index was made with the recipe 'ahash/9 confirm=magic', which this version of hashindex "
            "does not know; use the version that made it.",
        )
        self.assertEqual(children(self.file), [])

    def test_the_origin_survives(self) -> None:
        self.open().close()
        again = self.open(create=Origin("another", "elsewhere"))
        self.assertEqual(again.origin, ORIGIN)
        self.assertEqual(again.info().backend, "Milvus Lite 2.5.1")
        self.assertEqual(again.info().index_type, "BIN_FLAT")

    def test_making_that_was_broken_off_is_gone_on_with(self) -> None:
        self.made(COLLECTION, schema_for(pymilvus(), ORIGIN, partition_key=False))  # and no index
        again = self.open()
        self.assertFalse(again.created)
        again.upsert([entry(1, 1)])
        (found,) = again.search([entry(1, 1).picture.fingerprint.ahash], Scope.ALL, radius=0, limit=1)
        self.assertEqual([hit.key for hit in found.found], [entry(1, 1).key])

    def make(self, collection: str, description: str) -> None:
        """Make a collection as other code does, with fields of its own."""
        milvus = pymilvus()
        schema = milvus.MilvusClient.create_schema(auto_id=False, description=description)
        schema.add_field("id", milvus.DataType.VARCHAR, is_primary=True, max_length=40)
        schema.add_field("vector", milvus.DataType.FLOAT_VECTOR, dim=4)
        self.made(collection, schema)

    def made(self, collection: str, schema: object) -> None:
        process = LiteProcess(self.file, 0)
        client = connected(process)
        client.create_collection(collection, schema=schema)
        client.close()
        process.stop()
