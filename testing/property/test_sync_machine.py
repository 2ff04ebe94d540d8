"""Syncs of a folder and of an OSS prefix that change, with listings that fail and stores that break off.

After each that reaches its end, the entries are those of an index made from scratch. HASHINDEX_EXAMPLES says
how many sequences of operations; `make campaign` sets it higher than `make test`.
"""

import os
import unittest
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from hashindex.errors import NotPersistedError
from hashindex.keys import Key, MetaIdFrom, meta_id_from_stem, meta_id_from_uri
from hashindex.outcomes import Reject, SyncReport
from hashindex.records import Entry, Scope
from hashindex.sources.oss import OssSource
from hashindex.store.memory import MemoryStore
from testing.inserting import index_of
from testing.making import ORIGIN, encoded, picture
from testing.oss_server import REGION, OssServer
from testing.property.places import BucketPlace, FolderPlace, Place, too_deep_folder

EXAMPLES = os.environ.get("HASHINDEX_EXAMPLES")

COMPANY, OTHER = 7, 70
OWN_KEYS = 1_000
"""Picture `n` may have an entry with this number more as a key of the caller's own, too."""

numbers = st.integers(1, 6)
folders = st.integers(0, 3)
seeds = st.integers(0, 9)

Entries = dict[Key, Entry]


@cache
def data(seed: int) -> bytes:
    return encoded(picture(seed, (16, 12)))


class BreakingStore(MemoryStore):
    """Fails when it has been changed so many times as it is told."""

    def __init__(self) -> None:
        super().__init__(ORIGIN)
        self.changes_left: int | None = None

    def upsert(self, entries: Sequence[Entry]) -> None:
        self._change()
        super().upsert(entries)

    def delete(self, keys: Sequence[Key]) -> int:
        self._change()
        return super().delete(keys)

    def _change(self) -> None:
        if self.changes_left is not None:
            if not self.changes_left:
                raise NotPersistedError("the disk is full.")
            self.changes_left -= 1


class SyncMachine(RuleBasedStateMachine):
    """Pictures called by numbers, each in one folder at a time, so that numbers can be keys too."""

    def __init__(self) -> None:
        super().__init__()
        self.place = self.new_place()
        self.store = BreakingStore()
        self.index = index_of(self.store, self.place.source)
        self.company = self.index.company(COMPANY)
        self.held: dict[str, bytes | None] = {}
        """By name; None for what is no picture."""
        self.names: dict[int, str] = {}
        """Of the pictures that are there, broken ones among them."""
        self.meta_id_from: MetaIdFrom = meta_id_from_uri

    @abstractmethod
    def new_place(self) -> Place:
        """Return an empty one."""

    @initialize(by_stem=st.booleans(), seed=seeds)
    def begin(self, by_stem: bool, seed: int) -> None:
        self.meta_id_from = meta_id_from_stem if by_stem else meta_id_from_uri
        self.put(1, 0, seed)
        for company in (COMPANY, OTHER):
            self.index.company(company).insert(self.place.put_beside(data(seed)), meta_id=5_000)
        self.index.company(OTHER).insert(self.place.uri(self.names[1]))

    @rule(number=numbers, folder=folders, seed=seeds)
    def put(self, number: int, folder: int, seed: int) -> None:
        """Add a picture, or change it where it is."""
        name = self.names.setdefault(number, f"{self.place.folders[folder]}{number}.png")
        self.write(name, data(seed))

    @precondition(lambda self: self.names)
    @rule(chance=st.data(), seed=seeds)
    def break_(self, chance: st.DataObject, seed: int) -> None:
        self.write(
            chance.draw(st.sampled_from(sorted(self.names.values()))), b"no picture %d" % seed, ok=False
        )

    @precondition(lambda self: self.names)
    @rule(chance=st.data())
    def delete(self, chance: st.DataObject) -> None:
        self.erase(self.names.pop(chance.draw(st.sampled_from(sorted(self.names)))))

    @precondition(lambda self: self.names)
    @rule(chance=st.data(), folder=folders)
    def move(self, chance: st.DataObject, folder: int) -> None:
        number = chance.draw(st.sampled_from(sorted(self.names)))
        old, new = self.names[number], f"{self.place.folders[folder]}{number}.png"
        if old != new:
            content = self.held[old]
            self.erase(old)
            self.names[number] = new
            self.write(new, content or b"no picture", ok=content is not None)

    @rule(number=numbers, folder=folders)
    def put_what_is_ignored(self, number: int, folder: int) -> None:
        self.write(f"{self.place.folders[folder]}{number}.txt", b"no picture", ok=False)

    @precondition(lambda self: self.names)
    @rule(chance=st.data())
    def insert_with_a_key_of_its_own(self, chance: st.DataObject) -> None:
        number = chance.draw(st.sampled_from(sorted(self.names)))
        self.company.insert(self.place.uri(self.names[number]), meta_id=OWN_KEYS + number, replace=True)

    @rule(refresh=st.booleans())
    def sync(self, refresh: bool) -> None:
        before, scratch = self.entries(), self.from_scratch()
        report, rejects = self.synced(refresh=refresh)
        assert not report.incomplete
        expected = self.expected(before, scratch, set(self.held), may_remove=True)
        self.compare(before, expected, report, rejects)
        own = {key for key in expected if key.meta_id >= OWN_KEYS}
        if not own and all(self.held[name] is not None for name in self.names.values()):
            assert {key: item for key, item in expected.items() if self.is_under(item)} == scratch

    @rule(pages=st.integers(0, 3))
    def sync_with_a_failing_listing(self, pages: int) -> None:
        before, scratch = self.entries(), self.from_scratch()
        with self.place.failing(self.held, pages) as listed:
            report, rejects = self.synced(refresh=False)
        assert report.incomplete
        assert report.removed == 0
        expected = self.expected(before, scratch, listed, may_remove=False)
        assert before.keys() <= expected.keys()
        self.compare(before, expected, report, rejects)

    @rule(changes=st.integers(0, 2))
    def sync_that_breaks_off(self, changes: int) -> None:
        """At the first change of the index, or later; what was done by then is part of the whole."""
        before, scratch = self.entries(), self.from_scratch()
        self.store.changes_left = changes
        with suppress(NotPersistedError):  # it may have had less to do
            self.synced(refresh=False)
        self.store.changes_left = None
        expected = self.expected(before, scratch, set(self.held), may_remove=True)
        after = self.entries()
        assert after.items() <= before.items() | expected.items()
        assert _same_uri(before, expected) <= after.keys()

    def write(self, name: str, content: bytes, *, ok: bool = True) -> None:
        self.place.put(name, content)
        self.held[name] = content if ok else None

    def erase(self, name: str) -> None:
        self.place.remove(name)
        del self.held[name]

    def synced(self, *, refresh: bool) -> tuple[SyncReport, int]:
        rejects: list[object] = []
        report = self.company.sync(
            self.place.root,
            meta_id_from=self.meta_id_from,
            refresh=refresh,
            remove_many=True,
            each=lambda item: rejects.append(item) if isinstance(item, Reject) else None,
        )
        return report, len(rejects)

    def entries(self) -> Entries:
        return _all(self.store)

    def from_scratch(self) -> Entries:
        store = MemoryStore(ORIGIN)
        if self.names:
            company = index_of(store, self.place.source).company(COMPANY)
            company.insert(self.place.root, meta_id_from=self.meta_id_from)
        return _all(store)

    def is_under(self, item: Entry) -> bool:
        return item.key.company_id == COMPANY and item.key.meta_id != 5_000

    def expected(self, before: Entries, scratch: Entries, listed: set[str], *, may_remove: bool) -> Entries:
        """Return the entries that there must be, of those before and those of an index made from scratch."""
        pictures = {item.picture.uri: item.picture for item in scratch.values()}
        uris = {self.place.uri(name) for name in listed}
        expected = {}
        for key, item in before.items():
            uri = item.picture.uri
            if self.is_under(item) and uri in uris and uri in pictures:
                expected[key] = replace(item, picture=pictures[uri])
            elif not self.is_under(item) or uri in uris or not may_remove:
                expected[key] = item
        known = {item.picture.uri for item in expected.values() if self.is_under(item)}
        for key, item in scratch.items():
            if item.picture.uri in uris - known:
                expected.setdefault(key, item)  # a number that is still taken stays with what has it
        return expected

    def compare(self, before: Entries, expected: Entries, report: SyncReport, rejects: int) -> None:
        after = self.entries()
        assert after == expected
        assert report.inserted - report.removed == len(after) - len(before)
        assert report.removed == len(before) - len(
            _same_uri(before, after)
        )  # a number that moved is among them
        assert report.rejected == rejects

    def teardown(self) -> None:
        self.place.close()


class FolderMachine(SyncMachine):
    too_deep: ClassVar[Path]

    def new_place(self) -> Place:
        return FolderPlace(self.too_deep)


class BucketMachine(SyncMachine):
    server: ClassVar[OssServer]
    source: ClassVar[OssSource]

    def new_place(self) -> Place:
        return BucketPlace(self.server, self.source)


def _all(store: MemoryStore) -> Entries:
    found = (item for batch in store.scan(Scope.ALL) for item in batch)
    return {item.key: replace(item, indexed_time=0) for item in found}


def _same_uri(before: Entries, after: Entries) -> set[Key]:
    return {key for key in before.keys() & after.keys() if before[key].picture.uri == after[key].picture.uri}


_SETTINGS = settings(
    max_examples=int(EXAMPLES or 15),
    stateful_step_count=25 if EXAMPLES is None else 30,
    derandomize=EXAMPLES is None,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class TestSyncOfAFolder(FolderMachine.TestCase):  # type: ignore[misc,valid-type]  # typed as a value
    settings = _SETTINGS

    @classmethod
    def setUpClass(cls) -> None:
        FolderMachine.too_deep = cls.enterClassContext(too_deep_folder())


class TestSyncOfAPrefix(BucketMachine.TestCase):  # type: ignore[misc,valid-type]  # as above
    settings = _SETTINGS

    @classmethod
    def setUpClass(cls) -> None:
        BucketMachine.server = cls.enterClassContext(OssServer())
        known = BucketMachine.server.credentials
        BucketMachine.source = cls.enterClassContext(
            closing(
                OssSource(
                    access_key_id=known.access_key_id,
                    access_key_secret=known.access_key_secret,
                    endpoint=BucketMachine.server.endpoint,
                    region=REGION,
                    attempts=1,
                )
            )
        )


if __name__ == "__main__":
    unittest.main()
