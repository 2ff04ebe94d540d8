"""Copy: whole, provable, repeatable, between all stores; the digest sees every field, and no order."""

import random
import unittest
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from hashindex.copying import copy
from hashindex.entry_digest import EntryDigest, canonical
from hashindex.errors import IndexMismatchError, StoreError
from hashindex.keys import Key
from hashindex.recipe import STRICT
from hashindex.records import Entry, Fingerprint, HashedPicture, Scope
from hashindex.store import milvus
from hashindex.store.interface import Store
from hashindex.store.memory import MemoryStore
from testing.inserting import WatchedStore
from testing.lite_files import LiteCase
from testing.making import ORIGIN, entry
from testing.on_server import opened
from testing.property.entries import entries, ids


def digest(items: Sequence[Entry]) -> str:
    found = EntryDigest()
    found.add(items)
    return found.text


def everything(store: Store) -> Mapping[Key, Entry]:
    return {item.key: item for page in store.scan(Scope.ALL) for item in page}


def bare(company_id: int, meta_id: int) -> Entry:
    return Entry(Key(company_id, meta_id), HashedPicture.bare(meta_id.to_bytes(8, "big")), indexed_time=5)


class TestDigest(unittest.TestCase):
    @settings(deadline=None)
    @given(st.lists(entries(ids, ids), max_size=8, unique_by=lambda item: item.key), st.randoms())
    def test_the_order_does_not_matter(self, items: list[Entry], chance: random.Random) -> None:
        shuffled = items.copy()
        chance.shuffle(shuffled)
        self.assertEqual(digest(items), digest(shuffled))
        self.assertRegex(digest(items), r"\A[0-9a-f]{32}\Z")

    @given(entries(ids, ids), entries(ids, ids))
    def test_different_entries_have_different_bytes(self, one: Entry, other: Entry) -> None:
        self.assertEqual(one == other, canonical(one) == canonical(other))

    def test_every_field_counts(self) -> None:
        item = entry(1, 2)
        picture, prints = item.picture, item.picture.fingerprint
        assert isinstance(prints, Fingerprint)
        changed = [replace(item, key=Key(2, 1)), replace(item, indexed_time=1)]
        others: dict[str, Any] = {
            field.name: "x" + value[1:] if isinstance(value, str) else value + 1
            for field in fields(picture)
            if field.name != "fingerprint" and (value := getattr(picture, field.name)) is not None
        }
        changed += [
            replace(item, picture=replace(picture, **{name: value})) for name, value in others.items()
        ]
        hashes: dict[str, Any] = dict.fromkeys(("ahash", "phash", "dhash"), b"8 bytes.")
        for name, value in (*hashes.items(), ("contrast", 0.0), ("contrast", prints.contrast + 1)):
            other = replace(prints, **{name: value})
            changed.append(replace(item, picture=replace(picture, fingerprint=other)))
        self.assertEqual(len(changed), 2 + 7 + 5)
        self.assertEqual(len({canonical(item), *map(canonical, changed)}), len(changed) + 1)

    def test_texts_cannot_flow_into_each_other(self) -> None:
        one = replace(entry(1, 1).picture, uri="ab", source_version="c")
        other = replace(one, uri="a", source_version="bc")
        self.assertNotEqual(canonical(Entry(Key(1, 1), one, 0)), canonical(Entry(Key(1, 1), other, 0)))


class TestCopy(unittest.TestCase):
    def setUp(self) -> None:
        self.source, self.target = MemoryStore(ORIGIN), WatchedStore()
        self.items = [entry(company, meta_id) for company in (1, 2) for meta_id in range(20)]
        self.source.upsert([*self.items, bare(3, 1)])

    def refused(self, pattern: str, scope: Scope = Scope.ALL) -> None:
        before = everything(self.target)
        with self.assertRaisesRegex(IndexMismatchError, pattern):
            copy(self.source, self.target, scope)
        self.assertEqual(everything(self.target), before)

    def test_into_an_empty_store(self) -> None:
        seen: list[tuple[str, int, int]] = []
        report = copy(self.source, self.target, Scope.ALL, lambda *how_far: seen.append(how_far))
        self.assertEqual((report.copied, report.updated, report.unchanged, report.total), (41, 0, 0, 41))
        self.assertEqual(report.digest, digest([*self.items, bare(3, 1)]))
        self.assertEqual(seen, [("copying", 41, 41), ("proving", 41, 41)])
        self.assertEqual(everything(self.target), everything(self.source))
        self.assertEqual(self.target.lookups, [])

    def test_what_is_there_is_not_written_again_and_what_differs_is(self) -> None:
        copy(self.source, self.target, Scope.ALL)
        self.target.writes.clear()
        self.target.delete([Key(1, 3)])
        MemoryStore.upsert(self.target, [entry(1, 5, seed=99), replace(entry(2, 5), indexed_time=7)])
        report = copy(self.source, self.target, Scope.ALL)
        self.assertEqual((report.copied, report.updated, report.unchanged, report.total), (1, 2, 38, 41))
        self.assertEqual(
            sorted(key for keys in self.target.writes for key in keys), [Key(1, 3), Key(1, 5), Key(2, 5)]
        )
        self.assertEqual(everything(self.target), everything(self.source))

    def test_one_company(self) -> None:
        MemoryStore.upsert(self.target, [entry(7, 7)])
        report = copy(self.source, self.target, Scope.company(2))
        self.assertEqual((report.copied, report.total, report.digest), (20, 20, digest(self.items[20:])))
        self.assertEqual(self.target.count(Scope.ALL), 21)

    def test_a_target_with_entries_of_its_own_is_refused_untouched(self) -> None:
        MemoryStore.upsert(self.target, [entry(1, 1, seed=5), entry(2, 99), entry(7, 7)])
        said = r"^memory holds entries that the source has not, {} among them, so nothing was copied; delete "
        self.refused(said.format("2:99"))
        self.refused(said.format("2:99"), Scope.company(2))
        self.assertEqual(copy(self.source, self.target, Scope.company(1)).updated, 1)

    def test_a_target_with_another_recipe_is_refused(self) -> None:
        self.target = WatchedStore(replace(ORIGIN, recipe=str(STRICT)))
        self.refused(
            r"^memory has the recipe ahash/1 confirm=imagehash .*, and the source ahash/1 confirm=box64"
        )

    def test_a_target_that_changes_what_it_is_given_is_found_out(self) -> None:
        class Forgetful(MemoryStore):
            def upsert(self, entries: Sequence[Entry]) -> None:
                super().upsert([replace(item, indexed_time=0) for item in entries])

        ours = digest([*self.items, bare(3, 1)])
        with self.assertRaisesRegex(
            IndexMismatchError,
            rf"^memory holds 41 entries with the digest (?!{ours})\w{{32}}, and what was copied is 41 "
            rf"entries with the digest {ours}: something else wrote to one of the two meanwhile; copy again",
        ):
            copy(self.source, Forgetful(ORIGIN), Scope.ALL)

    def test_a_scan_that_misses_entries_is_found_out_in_the_source_too(self) -> None:
        class Missing(MemoryStore):
            def scan(self, scope: Scope) -> Iterator[Sequence[Entry]]:
                for page in super().scan(scope):
                    yield page[1:]

        source = Missing(ORIGIN)
        source.upsert(self.items)
        with self.assertRaisesRegex(StoreError, "^memory: a scan gave 39 of 40 entries; run again while"):
            copy(source, self.target, Scope.ALL)

    def test_an_empty_scope(self) -> None:
        report = copy(self.source, self.target, Scope.company(9))
        self.assertEqual((report.copied, report.total, report.digest), (0, 0, "0" * 32))
        self.assertEqual([keys for keys in self.target.writes if keys], [])


class TestThroughAllStores(LiteCase):
    def test_lite_to_server_to_lite(self) -> None:
        for name in ("SCAN_BATCH", "KEYS_PER_CALL"):  # so that few entries are several pages
            self.enterContext(mock.patch.object(milvus, name, 200))
        first, server = self.open(), opened(type(self), index_type="BIN_FLAT")
        there = [entry(company, meta_id) for company in (0, 1, 2**63 - 1) for meta_id in range(150)]
        there += [bare(5, meta_id) for meta_id in range(10)]
        there += [entry(6, 1, uri="/图/\u2028'\".png", source_version="")]
        first.upsert(there)
        out = copy(first, server, Scope.ALL)
        second = self.open(Path(self.folder, "second.db"))
        back = copy(server, second, Scope.ALL)
        again = copy(second, server, Scope.ALL)
        self.assertEqual((out.digest, again.digest), (back.digest, back.digest))
        self.assertEqual((out.copied, back.copied, again.unchanged), (len(there),) * 3)
        self.assertEqual(everything(second), {item.key: item for item in there})


if __name__ == "__main__":
    unittest.main()
