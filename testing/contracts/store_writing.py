"""What every store does with writes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from unittest import mock

import numpy as np

from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import Entry, HashedPicture, Scope
from hashindex.store import milvus
from testing.contracts.store_case import CROWD, StoreCase
from testing.making import entry, fingerprint
from testing.nasty import EDGE_IDS, TEXTS


class WritingContract(StoreCase):
    def test_every_field_comes_back_as_it_was(self) -> None:
        owner = self.company()
        entries = [
            Entry(
                Key(owner, meta_id),
                replace(
                    entry(owner, meta_id).picture,
                    uri=text,
                    source_version=text[:20],
                    fingerprint=replace(
                        fingerprint(meta_id), contrast=float(np.float32(0.1) * (meta_id + 1))
                    ),
                    width=2**31 - 1,
                    height=1,
                    file_size=2**63 - 1,
                    upload_time=-1,
                ),
                indexed_time=2**62,
            )
            for meta_id, text in enumerate((*TEXTS, "u" * 4_096, "图" * 1_365))
        ]
        self.store.upsert(entries)
        self.assertEqual(self.stored(*(item.key for item in entries)), entries)
        self.assertCountEqual(self.scanned(Scope.company(owner)), entries)

    def test_hashes_at_the_edges_come_back_as_they_were(self) -> None:
        owner = self.company()
        edges = (b"\0" * 8, b"\xff" * 8, b"\x80" + b"\0" * 7, b"\x7f" + b"\xff" * 7)
        entries = [
            entry(owner, meta_id, prints=fingerprint(1, ahash=value, phash=value, dhash=value))
            for meta_id, value in enumerate(edges)
        ]
        self.store.upsert(entries)
        self.assertEqual(self.stored(*(item.key for item in entries)), entries)

    def test_keys_at_the_edges_of_their_range(self) -> None:
        entries = [entry(owner, meta_id) for owner in EDGE_IDS for meta_id in EDGE_IDS]
        self.store.upsert(entries)
        self.assertEqual(self.stored(*(item.key for item in entries)), entries)
        self.assertEqual(self.store.delete([Key(1, 10)]), 1)
        self.assertEqual(
            self.stored(Key(1, 10), Key(11, 0), Key(1, 1), Key(10, 1)), [entry(1, 1), entry(10, 1)]
        )
        for owner in EDGE_IDS:
            self.assertEqual(self.store.delete_company(owner), len(EDGE_IDS) - (owner == 1))
        self.assertEqual(self.stored(*(item.key for item in entries)), [])

    def test_an_entry_replaces_the_one_of_its_key_whole(self) -> None:
        owner = self.company()
        before = [entry(owner, meta_id) for meta_id in range(3)]
        after = [entry(owner, 1, seed=77, uri="/elsewhere.png", source_version="2"), entry(owner, 3)]
        self.store.upsert(before)
        self.store.upsert(after)
        self.assertEqual(self.scanned(Scope.company(owner)), [before[0], after[0], before[2], after[1]])
        (old, new) = self.store.search(
            [item.picture.fingerprint.ahash for item in (before[1], after[0])],
            Scope.company(owner),
            radius=0,
            limit=10,
        )
        self.assertEqual((old.found, [hit.key for hit in new.found]), ((), [Key(owner, 1)]))

    def test_a_bare_entry_comes_back_with_nothing_but_its_hash(self) -> None:
        owner = self.company()
        bare = Entry(Key(owner, 1), HashedPicture.bare(bytes(8)), indexed_time=5)
        self.store.upsert([bare, entry(owner, 2)])
        self.assertEqual(self.stored(bare.key), [bare])
        (found,) = self.store.search([bytes(8)], Scope.company(owner), radius=0, limit=9)
        self.assertEqual([(hit.key, hit.phash, hit.dhash) for hit in found.found], [(bare.key, None, None)])
        self.store.upsert([entry(owner, 1)])
        self.assertEqual(self.scanned(Scope.company(owner)), [entry(owner, 1), entry(owner, 2)])

    def test_what_was_written_is_seen_at_once(self) -> None:
        owner = self.company()
        key = Key(owner, 1)
        for seed in range(3):
            item = entry(owner, 1, seed=seed)
            self.store.upsert([item])
            self.assertEqual(self.stored(key), [item])
            self.assertEqual(self.store.delete([key]), 1)
            self.assertEqual(self.stored(key), [])

    def test_nothing_is_written_where_one_entry_is_refused(self) -> None:
        owner = self.company()
        good, key = entry(owner, 1), Key(owner, 2)
        prints = fingerprint(2)
        for bad, sentence in (
            (entry(owner, 2, prints=replace(prints, ahash=b"7 bytes")), _wrong_length(key)),
            (entry(owner, 2, prints=replace(prints, phash=b"9 bytes..")), _wrong_length(key)),
            (entry(owner, 2, prints=replace(prints, dhash=b"")), _wrong_length(key)),
            (entry(owner, 2, uri="u" * 4_097), f"entry {key} has a uri of more than 4096 bytes."),
            (entry(owner, 2, uri="图" * 1_366), f"entry {key} has a uri of more than 4096 bytes."),
            (entry(owner, 2, uri="\udc80"), f"entry {key} has a uri that UTF-8 cannot express."),
            (
                entry(owner, 2, content_digest="0" * 33),
                f"entry {key} has a content_digest of more than 32 bytes.",
            ),
            (
                entry(owner, 2, content_digest=""),
                f"entry {key} has a content digest without confirming hashes, or them without it.",
            ),
            (
                entry(owner, 2, source_version="v" * 65),
                f"entry {key} has a source_version of more than 64 bytes.",
            ),
            (
                entry(owner, 1, seed=9),
                "a key stands twice in one call; which entry should win is not said.",
            ),
        ):
            with self.subTest(sentence), self.assertRaises(InvalidArgumentError) as caught:
                self.store.upsert([good, bad])
            self.assertEqual(str(caught.exception), sentence)
        self.assertEqual(self.store.count(Scope.company(owner)), 0)

    def test_writing_nothing_does_nothing(self) -> None:
        self.store.upsert([])
        self.assertEqual(self.store.delete([]), 0)
        self.assertEqual(self.store.delete_company(self.company()), 0)

    def test_delete_counts_what_there_was(self) -> None:
        owner, other = self.company(), self.company()
        self.store.upsert([entry(who, meta_id) for who in (owner, other) for meta_id in range(4)])
        with mock.patch.object(milvus, "KEYS_PER_CALL", 2):
            asked = [Key(owner, 0), Key(owner, 2), Key(owner, 2), Key(owner, 99)]
            self.assertEqual(self.store.delete(asked), 2)
        self.assertEqual(self.store.delete([Key(owner, 0)]), 0)
        self.assertEqual([item.key.meta_id for item in self.scanned(Scope.company(owner))], [1, 3])
        self.assertEqual(self.store.count(Scope.company(other)), 4)

    def test_a_large_company_is_deleted_whole_and_no_other_is_touched(self) -> None:
        owner, other = self.crowd(), self.company()
        self.store.upsert([entry(other, meta_id) for meta_id in range(3)])
        type(self).crowded = None
        self.assertEqual(self.store.delete_company(owner), CROWD)
        self.assertEqual(self.store.count(Scope.company(owner)), 0)
        self.assertEqual(self.store.count(Scope.company(other)), 3)
        self.assertEqual(self.store.delete_company(owner), 0)

    def test_threads_write_at_the_same_time(self) -> None:
        owners = [self.company() for _ in range(4)]

        def write(owner: int) -> list[Entry]:
            for start in range(0, 60, 20):
                self.store.upsert([entry(owner, meta_id) for meta_id in range(start, start + 20)])
            self.store.delete([Key(owner, 0)])
            return self.scanned(Scope.company(owner))

        with ThreadPoolExecutor(len(owners)) as pool:
            for owner, found in zip(owners, pool.map(write, owners), strict=True):
                self.assertEqual(found, [entry(owner, meta_id) for meta_id in range(1, 60)])


def _wrong_length(key: Key) -> str:
    return f"entry {key} has a hash that is not 8 bytes long."
