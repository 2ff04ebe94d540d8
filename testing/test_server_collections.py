"""What a Milvus server can hold under our name, and how it is indexed."""

from contextlib import closing
from unittest import mock

from hashindex.errors import ConfigurationError, IndexMismatchError, IndexNotFoundError
from hashindex.records import Origin, Scope
from hashindex.store import server
from hashindex.store.collection import schema_for
from hashindex.store.server import nlist_for, nprobe_for
from hashindex.store.vendor import pymilvus
from testing import on_server
from testing.making import ORIGIN, entry
from testing.server_case import ServerCase


class TestCollections(ServerCase):
    def setUp(self) -> None:
        self.bare = on_server.client()
        self.addCleanup(self.bare.close)

    def test_no_index_there(self) -> None:
        self.refused(
            IndexNotFoundError,
            "{} has no index no_index; `hashindex insert` or `create` makes one.",
            create=None,
        )
        self.assertFalse(self.bare.has_collection("no_index"))

    def test_making_that_was_broken_off_is_gone_on_with(self) -> None:
        name, client = on_server.fresh_name(type(self)), type(self.bare)
        for step in ("create_index", "create_alias"):
            with (
                mock.patch.object(client, step, side_effect=KeyboardInterrupt),
                self.assertRaises(KeyboardInterrupt),
            ):
                on_server.opened(type(self), name)
            self.assertTrue(self.bare.has_collection(f"{name}_1"))
            self.refused(
                IndexNotFoundError,
                f"{{}} has no index {name}; `hashindex insert` or `create` makes one.",
                name=name,
                create=None,
            )
        self.refused(
            IndexMismatchError,
            f"the collection {name}_1 is there without its alias, and has another recipe; drop it, or name "
            "another with --collection.",
            name=name,
            create=Origin("another", "x"),
        )
        store = on_server.opened(type(self), name)
        self.assertTrue(store.created)
        store.upsert([entry(1, 1)])
        (found,) = store.search([entry(1, 1).picture.fingerprint.ahash], Scope.ALL, radius=0, limit=1)
        self.assertEqual([hit.key for hit in found.found], [entry(1, 1).key])

    def test_the_name_is_an_alias_that_another_collection_can_take_over(self) -> None:
        name = on_server.fresh_name(type(self))
        self.bare.create_alias(f"{on_server.common()}_1", name)
        store = on_server.opened(type(self), name, index_type="BIN_IVF_FLAT")
        self.assertFalse(store.created)
        self.assertEqual(self.bare.describe_collection(name)["collection_name"], f"{on_server.common()}_1")
        store.upsert([entry(3, 1)])
        flat = on_server.fresh_name(type(self))
        other = on_server.opened(type(self), flat, index_type="BIN_FLAT")
        with closing(on_server.opened(type(self), on_server.common(), nlist=64)) as common:
            self.assertEqual(store.identity, common.identity)  # which is what the turns go by
        self.assertNotEqual(store.identity, other.identity)
        self.assertEqual(other.info().index_type, "BIN_FLAT")
        self.addCleanup(self.bare.alter_alias, f"{on_server.common()}_1", name)
        self.bare.alter_alias(f"{flat}_1", name)
        self.assertEqual(store.count(Scope.company(3)), 0)
        store.upsert([entry(3, meta_id) for meta_id in range(4)])
        self.assertEqual(other.count(Scope.company(3)), 4)

    def test_a_collection_made_by_other_code(self) -> None:
        name = "theirs_" + on_server.fresh_name(type(self))
        self.made(name, self.their_schema(""))
        self.addClassCleanup(self.drop, name)
        sentence = f"the collection {name} was not made by hashindex; name another with --collection."
        self.refused(IndexMismatchError, sentence, name=name)
        self.refused(IndexMismatchError, sentence, name=name, create=None)

    def test_a_collection_of_another_schema(self) -> None:
        name = "schema_" + on_server.fresh_name(type(self))
        self.made(name, self.their_schema('{"hashindex": 7, "made_with": "x", "recipe": "r"}'))
        self.addClassCleanup(self.drop, name)
        self.refused(
            IndexMismatchError,
            f"the collection {name} has schema 7, and this version of hashindex knows 1; use the version "
            "that made it.",
            name=name,
        )

    def test_a_collection_without_an_index(self) -> None:
        name = on_server.fresh_name(type(self))
        self.made(f"{name}_1", schema_for(pymilvus(), ORIGIN, partition_key=False))
        self.bare.create_alias(f"{name}_1", name)
        self.refused(
            IndexMismatchError,
            f"the collection {name} is not indexed over its hashes; do that in Milvus.",
            name=name,
        )

    def their_schema(self, description: str) -> object:
        kinds = pymilvus().DataType
        schema = self.bare.create_schema(auto_id=False, description=description)
        schema.add_field("id", kinds.INT64, is_primary=True)
        schema.add_field("vector", kinds.BINARY_VECTOR, dim=64)
        return schema

    def made(self, name: str, schema: object) -> None:
        self.bare.create_collection(name, schema=schema)

    def drop(self, name: str) -> None:
        bare = on_server.client()
        bare.drop_collection(name)
        bare.close()


class TestIndex(ServerCase):
    def test_what_is_chosen_for_a_size(self) -> None:
        for expected, nlist, nprobe in (
            (1, 128, 128),
            (100_000, 128, 128),
            (100_001, 1_024, 1_024),
            (1_000_000, 1_024, 1_024),
            (10**9, 4_096, 512),
        ):
            self.assertEqual((nlist_for(expected), nprobe_for(nlist)), (nlist, nprobe))

    def test_another_index_type_than_there_is(self) -> None:
        name = on_server.common()
        self.refused(
            ConfigurationError,
            f"the collection {name} is indexed by BIN_IVF_FLAT, not BIN_FLAT; set the index type to auto.",
            name=name,
            index_type="BIN_FLAT",
        )

    def test_it_says_where_and_what_it_is(self) -> None:
        store = on_server.opened(type(self), on_server.common())
        found = store.info()
        self.assertEqual((found.origin, found.uri), (ORIGIN, on_server.server().uri))
        self.assertEqual((found.total, found.index_type), (store.count(Scope.ALL), "BIN_IVF_FLAT"))
        self.assertRegex(found.backend, r"\AMilvus v2\.")

    def test_the_numbers_of_clusters_can_be_set(self) -> None:
        name = on_server.common()
        bare = on_server.client()
        self.addCleanup(bare.close)
        self.assertEqual(bare.describe_index(name, "image_vector")["nlist"], "64")
        for nprobe, all_compared in ((None, True), (64, True), (1_000, True), (63, False), (1, False)):
            store = on_server.opened(type(self), name, nprobe=nprobe)
            for exhaustive in (False, True):
                (found,) = store.search([bytes(8)], Scope.ALL, radius=0, limit=1, exhaustive=exhaustive)
                self.assertEqual(found.exhaustive, all_compared or exhaustive, nprobe)

    def test_the_version_decides_on_the_partition_key(self) -> None:
        works = server._partition_key_works  # noqa: SLF001  # versions that cannot be run here
        for version in ("v2.3.5-lite", "2.3.10", "v2.3", "unknown", ""):
            self.assertFalse(works(version), version)
        for version in ("v2.4.0", "2.4-20240101-abc", "v2.10.1", "3.0", "Cloud (compatible with Milvus 2.5)"):
            self.assertTrue(works(version), version)

    def test_the_partition_key_is_the_company(self) -> None:
        bare = on_server.client()
        self.addCleanup(bare.close)
        for version, expected in (("v2.4.0", {"company_id"}), ("v2.3.5", set())):
            name = on_server.fresh_name(type(self))
            with (
                mock.patch.object(type(bare), "get_server_version", return_value=version),
                mock.patch.object(type(bare), "load_collection"),
            ):
                on_server.opened(type(self), name)
            fields = bare.describe_collection(name)["fields"]
            self.assertEqual({field["name"] for field in fields if field.get("is_partition_key")}, expected)
