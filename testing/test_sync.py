"""Sync on a memory store: what goes in, is replaced, is removed, and above all what stays."""

import os
import tempfile
import unittest
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from unittest import mock

from hashindex.errors import InvalidArgumentError, NotPersistedError, TooManyVanishedError
from hashindex.keys import Key, MetaIdFrom, meta_id_from_stem, meta_id_from_uri
from hashindex.listing import EVERY_PICTURE, Selection
from hashindex.outcomes import Reason, Reject, Rejected, Removed, SyncReport, Taken
from hashindex.records import Picture, Scope
from hashindex.sources.local import LocalSource
from hashindex.sources.routing import RoutedSource
from hashindex.sync import Action, Step
from testing.inserting import WatchedStore, free_turns, index_of
from testing.making import encoded, entry, picture, saved
from testing.memory_source import MemorySource

ROOT = "memory://in/"
COUNTS = ("inserted", "updated", "skipped", "removed", "rejected", "ignored")


class ListedSource(MemorySource):
    """Fails to list a part where it is told to, and lets something happen while it lists."""

    def __init__(self) -> None:
        super().__init__()
        self.unlisted: Rejected | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def walk(self, uri: str) -> Iterator[Picture | Rejected]:
        yield from super().walk(uri)
        self.meanwhile()
        if self.unlisted:
            yield self.unlisted


def interrupting(number: int) -> Callable[[object], None]:
    """Return what is interrupted when it is called for this time."""
    calls = count(1)

    def each(_: object) -> None:
        if next(calls) == number:
            raise KeyboardInterrupt

    return each


class SyncCase(unittest.TestCase):
    def setUp(self) -> None:
        self.store, self.memory = WatchedStore(), ListedSource()
        self.index = index_of(self.store, RoutedSource({"": LocalSource(), "memory": self.memory}))
        self.company = self.index.company(1)

    def put(self, name: str, seed: int) -> str:
        return self.memory.put(f"in/{name}", encoded(picture(seed, (16, 12))))

    def sync(
        self,
        root: str = ROOT,
        *,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        selection: Selection = EVERY_PICTURE,
        refresh: bool = False,
        remove_many: bool = True,
    ) -> SyncReport:
        return self.company.sync(
            root,
            meta_id_from=meta_id_from,
            selection=selection,
            refresh=refresh,
            remove_many=remove_many,
        )

    def assert_counts(self, report: SyncReport, *, incomplete: bool = False, **expected: int) -> None:
        """Compare the counts, those that are not named being 0."""
        counts = {name: getattr(report, name) for name in COUNTS}
        self.assertEqual(counts, dict.fromkeys(COUNTS, 0) | expected, report)
        self.assertIs(report.incomplete, incomplete)

    def held(self) -> dict[Key, str]:
        """Return the URIs of all entries by key."""
        return {item.key: item.picture.uri for batch in self.store.scan(Scope.ALL) for item in batch}

    def folder(self) -> Path:
        return Path(self.enterContext(tempfile.TemporaryDirectory()))


class TestChanges(SyncCase):
    def test_what_vanished_is_removed_in_the_turn_of_the_company(self) -> None:
        self.put("a.png", 1)
        self.sync()
        self.memory.remove(f"{ROOT}a.png")
        delete, free = self.store.delete, list[int]()

        def watched(keys: Sequence[Key]) -> int:
            free.extend(free_turns(self.store, range(3)))
            return delete(keys)

        with mock.patch.object(self.store, "delete", watched):
            self.assertEqual(self.sync().removed, 1)
        self.assertEqual((free, free_turns(self.store, range(3))), ([0, 2], [0, 1, 2]))

    def test_new_changed_unchanged_and_vanished(self) -> None:
        uris = [self.put(f"{number}.png", number) for number in range(4)]
        self.assert_counts(self.sync(), inserted=4)
        self.assert_counts(self.sync(), skipped=4)
        self.memory.remove(uris[0])
        self.put("1.png", 11)
        self.put("new.png", 12)
        before = self.company.get(meta_id_from_uri(uris[1]))
        self.assert_counts(self.sync(), inserted=1, updated=1, skipped=2, removed=1)
        after = self.company.get(meta_id_from_uri(uris[1]))
        assert before is not None
        assert after is not None
        self.assertNotEqual(before.picture.content_digest, after.picture.content_digest)
        self.assertEqual(set(self.held().values()), {*uris[1:], "memory://in/new.png"})

    def test_what_is_unchanged_is_not_read_unless_it_is_refreshed(self) -> None:
        uri = self.put("a.png", 1)
        self.assert_counts(self.sync(), inserted=1)
        self.assert_counts(self.sync(), skipped=1)
        self.assertEqual(self.memory.reads[uri], 1)
        self.assert_counts(self.sync(refresh=True), updated=1)
        self.assertEqual(self.memory.reads[uri], 2)

    def test_each_is_told_of_everything_that_is_done(self) -> None:
        gone, kept = self.put("a.png", 1), self.put("b.png", 2)
        self.sync()
        self.memory.remove(gone)
        broken = self.memory.put("in/c.png", b"no picture")
        seen: list[Taken | Reject | Removed] = []
        self.put("b.png", 3)
        self.company.sync(ROOT, remove_many=True, each=seen.append)
        *others, removed = seen
        self.assertEqual(removed, Removed(Key(1, meta_id_from_uri(gone)), gone))
        told = {
            item.wanted.picture.uri if isinstance(item, Taken) else item.rejected.uri
            for item in others
            if not isinstance(item, Removed)
        }
        self.assertEqual((len(others), told), (2, {kept, broken}))

    def test_entries_keep_keys_of_the_callers_own(self) -> None:
        uri = self.put("a.png", 1)
        self.company.insert(uri, meta_id=5)
        self.assert_counts(self.sync(), skipped=1)
        self.company.insert(uri, meta_id=6)
        self.put("a.png", 2)
        self.assert_counts(self.sync(), updated=2)
        self.assertEqual(self.held(), {Key(1, 5): uri, Key(1, 6): uri})
        digests = {item.picture.content_digest for batch in self.store.scan(Scope.ALL) for item in batch}
        self.assertEqual(len(digests), 1)

    def test_a_number_that_moved_to_another_folder_is_no_conflict(self) -> None:
        old = self.put("a/7.png", 1)
        self.sync(meta_id_from=meta_id_from_stem)
        self.memory.remove(old)
        new = self.put("b/7.png", 1)
        self.assert_counts(self.sync(meta_id_from=meta_id_from_stem), inserted=1, removed=1)
        self.assertEqual(self.held(), {Key(1, 7): new})

    def test_a_picture_that_was_moved_has_an_entry_at_every_moment(self) -> None:
        old = self.put("a/1.png", 1)
        self.sync()
        self.memory.remove(old)
        new = self.put("b/1.png", 1)
        held: list[set[str]] = []
        self.company.sync(ROOT, remove_many=True, each=lambda _: held.append(set(self.held().values())))
        self.assertEqual(held, [{old, new}, {new}])

    def test_a_name_that_gives_no_key_is_rejected(self) -> None:
        self.put("x.png", 1)
        report = self.sync(meta_id_from=meta_id_from_stem)
        self.assert_counts(report, rejected=1)
        self.assertIs(report.first_rejects[0].rejected.reason, Reason.BAD_KEY)

    def test_what_was_broken_off_is_done_by_the_next_one(self) -> None:
        gone = self.put("a.png", 1)
        self.sync()
        self.memory.remove(gone)
        uri = self.put("b.png", 2)
        self.store.fail_at_write = len(self.store.writes)
        with self.assertRaises(NotPersistedError):
            self.sync()
        self.assertEqual(set(self.held().values()), {gone})
        self.store.fail_at_write = None
        self.assert_counts(self.sync(), inserted=1, removed=1)
        self.assertEqual(self.held(), {Key(1, meta_id_from_uri(uri)): uri})

    def test_an_interruption_after_any_outcome(self) -> None:
        for done in range(1, 5):
            with self.subTest(done):
                gone, changed = self.put(f"gone-{done}.png", 1), self.put("changed.png", done)
                self.sync()
                self.memory.remove(gone)
                self.put("changed.png", 10 + done)
                new = {self.put(f"{kind}-{done}.png", 20 + done) for kind in ("a", "b")}
                with self.assertRaises(KeyboardInterrupt):
                    self.company.sync(ROOT, remove_many=True, each=interrupting(done))
                self.assertLessEqual({changed}, set(self.held().values()))
                self.sync()
                self.assertLessEqual({changed, *new}, set(self.held().values()))
                self.assertNotIn(gone, self.held().values())
                self.assert_counts(self.sync(), skipped=1 + 2 * done)

    def test_what_is_removed_goes_in_batches(self) -> None:
        folder = str(self.folder())
        self.store.upsert([entry(1, number, uri=f"{folder}/{number}.png") for number in range(5)])
        self.store.lookups.clear()
        with mock.patch("hashindex.sync.WRITE_BATCH", 2):
            self.assert_counts(self.sync(folder), removed=5)
        self.assertEqual([len(keys) for keys in self.store.lookups], [2, 2, 1])
        self.assertEqual(self.held(), {})


class TestWhatStays(SyncCase):
    def test_entries_elsewhere_and_of_others(self) -> None:
        folder = self.folder()
        elsewhere = [
            entry(1, 1, uri=f"{folder}/in.png"),
            entry(1, 2, uri=f"{folder}/in-not/a.png"),
            entry(1, 3, uri=f"{folder}/in"),
            entry(1, 4, uri="memory://in/a.png"),
            entry(1, 7, uri=f"{folder}/in/sub/"),
            entry(2, 5, uri=f"{folder}/in/a.png"),
        ]
        self.store.upsert([*elsewhere, entry(1, 6, uri=f"{folder}/in/a.png")])
        (folder / "in").mkdir()
        for name in ("in", "in/", "./in/../in"):
            self.sync(f"{folder}/{name}")
            self.assertEqual(self.held(), {item.key: item.picture.uri for item in elsewhere})

    def test_entries_of_others_neither_count_nor_stand_for_a_picture(self) -> None:
        uri = self.put("a.png", 1)
        self.store.upsert([entry(2, 5, uri=uri), entry(2, 6, uri=f"{ROOT}gone.png")])
        self.assert_counts(self.sync(remove_many=False), inserted=1)
        self.assertEqual(len(self.held()), 3)

    def test_a_picture_that_is_there_but_rejected(self) -> None:
        uri = self.put("a.png", 1)
        self.sync()
        before = self.held()
        self.memory.put("in/a.png", b"no picture")
        self.assert_counts(self.sync(), rejected=1)
        self.put("a.png", 2)
        self.memory.refuse(uri, Reason.FORBIDDEN)
        self.assert_counts(self.sync(), rejected=1)
        self.assertEqual(self.held(), before)

    def test_the_selection_is_for_what_is_new(self) -> None:
        named = self.memory.put("in/upload", encoded(picture(1, (16, 12))))
        excluded = self.put("b.png", 2)
        self.company.insert([named, excluded])
        self.put("c.png", 3)
        self.memory.put("in/d", b"")
        selection = Selection(exclude=("*.png",))
        self.assert_counts(self.sync(selection=selection), skipped=2, ignored=2)
        self.memory.put("in/upload", encoded(picture(4, (16, 12))))
        self.assert_counts(self.sync(selection=selection), updated=1, skipped=1, ignored=2)
        self.memory.remove(named)
        self.assert_counts(self.sync(selection=selection), removed=1, skipped=1, ignored=2)

    def test_nothing_is_removed_where_the_listing_is_incomplete(self) -> None:
        gone, changed = self.put("a.png", 1), self.put("b.png", 2)
        self.sync()
        self.memory.remove(gone)
        self.put("b.png", 3)
        new = self.put("c.png", 4)
        self.memory.unlisted = Rejected("memory://in/sub/", Reason.FORBIDDEN, "closed")
        with self.company.compare(ROOT) as comparison:
            self.assertEqual((comparison.to_remove, comparison.to_do), (0, 3))
            self.assertEqual(len(list(comparison.steps())), 3)
        report = self.sync(remove_many=False)
        self.assert_counts(report, incomplete=True, inserted=1, updated=1, rejected=1)
        self.assertEqual(report.first_rejects, (Reject(self.memory.unlisted, 1),))
        self.assertEqual(set(self.held().values()), {gone, changed, new})
        self.memory.unlisted = None
        self.assert_counts(self.sync(), skipped=2, removed=1)

    def test_what_lies_behind_a_link_that_leads_nowhere(self) -> None:
        """As one to a disk that is not mounted: a walk takes it for a file, and nothing seems to fail."""
        folder, disk = self.folder(), self.folder() / "disk"
        disk.mkdir()
        saved(disk / "a.png", 1)
        for number in range(2, 9):
            saved(folder / f"{number}.png", number)
        (folder / "link").symlink_to(disk)
        self.assert_counts(self.sync(str(folder)), inserted=8)
        disk.rename(disk.with_name("elsewhere"))
        report = self.sync(str(folder))
        self.assert_counts(report, incomplete=True, skipped=7, ignored=1, rejected=1)
        self.assertEqual(report.first_rejects[0].rejected.uri, f"{folder}/link")
        (folder / "link").unlink()
        self.assert_counts(self.sync(str(folder)), skipped=7, removed=1)

    def test_a_folder_that_became_a_picture_has_vanished_whole(self) -> None:
        folder = self.folder()
        (folder / "a.png").mkdir()
        saved(folder / "a.png" / "b.png", 1)
        self.sync(str(folder))
        (folder / "a.png" / "b.png").unlink()
        (folder / "a.png").rmdir()
        saved(folder / "a.png", 2)
        self.assert_counts(self.sync(str(folder)), inserted=1, removed=1)

    def test_what_others_insert_meanwhile(self) -> None:
        """An entry that came after the entries were read, for a picture that came after the listing."""
        uri = self.memory.canonical("in/late.png")
        self.memory.meanwhile = lambda: self.store.upsert([entry(1, 9, uri=uri)])
        self.assert_counts(self.sync())
        self.assertEqual(self.held(), {Key(1, 9): uri})

    def test_a_key_that_others_give_to_another_picture_meanwhile(self) -> None:
        self.store.upsert([entry(1, number, uri=f"{ROOT}{number}.png") for number in (8, 9)])
        uri = "memory://elsewhere/9.png"
        self.memory.meanwhile = lambda: self.store.upsert([entry(1, 9, uri=uri)])
        self.assert_counts(self.sync(), removed=1)
        self.assertEqual(self.held(), {Key(1, 9): uri})

    def test_what_is_no_folder(self) -> None:
        folder = self.folder()
        self.store.upsert([entry(1, 1, uri=f"{folder}/gone/a.png")])
        saved(folder / "a.png", 1)
        for name in ("gone", "a.png"):
            with self.assertRaisesRegex(InvalidArgumentError, f"/{name} is no folder.*nothing was changed"):
                self.sync(f"{folder}/{name}")
        with self.assertRaises(InvalidArgumentError):
            self.sync("")
        self.assertEqual(len(self.held()), 1)

    def test_names_that_are_written_in_escapes(self) -> None:
        folder = self.folder() / os.fsdecode(b"%41 \xff")
        folder.mkdir()
        saved(folder / "%FF.png", 1)
        self.assert_counts(self.sync(str(folder)), inserted=1)
        self.assert_counts(self.sync(str(folder)), skipped=1)
        (folder / "%FF.png").unlink()
        self.assert_counts(self.sync(str(folder)), removed=1)


class TestGuard(SyncCase):
    def setUp(self) -> None:
        super().setUp()
        self.uris = [self.put(f"{number}.png", number) for number in range(5)]
        self.sync()

    def test_a_fifth_may_go(self) -> None:
        self.memory.remove(self.uris[0])
        self.assert_counts(self.sync(remove_many=False), skipped=4, removed=1)

    def test_more_is_to_be_confirmed(self) -> None:
        for uri in self.uris[:2]:
            self.memory.remove(uri)
        self.put("new.png", 9)
        before = self.held()
        with self.assertRaises(TooManyVanishedError) as caught:
            self.sync(remove_many=False)
        sentence = (
            f"2 of the 5 entries under {ROOT} have vanished, more than 20%, so nothing was changed; look "
            "with --dry-run, and say --yes if that is right."
        )
        self.assertEqual(str(caught.exception), sentence)
        self.assertEqual(self.held(), before)
        self.assert_counts(self.sync(remove_many=True), inserted=1, skipped=3, removed=2)

    def test_entries_elsewhere_do_not_count(self) -> None:
        self.store.upsert([entry(1, number, uri=f"memory://on/{number}.png") for number in range(90)])
        for uri in self.uris[:2]:
            self.memory.remove(uri)
        with self.assertRaises(TooManyVanishedError):
            self.sync(remove_many=False)


class TestCompare(SyncCase):
    def test_it_says_what_is_to_be_done_and_does_nothing(self) -> None:
        uris = [self.put(f"{number}.png", number) for number in range(3)]
        self.sync(meta_id_from=meta_id_from_stem)
        before, reads = self.held(), self.memory.reads.total()
        self.memory.remove(uris[0])
        self.put("1.png", 11)
        new, nameless = self.put("7.png", 7), self.put("x.png", 8)
        found: list[None] = []
        with self.company.compare(
            ROOT, meta_id_from=meta_id_from_stem, each_found=lambda: found.append(None)
        ) as comparison:
            steps = list(comparison.steps())
            self.assertTrue(comparison.needs_confirmation)
            self.assertEqual(comparison.to_do, len(steps))
        reject = steps.pop()
        assert isinstance(reject, Reject)
        self.assertEqual(reject.rejected.uri, nameless)
        self.assertEqual(
            steps,
            [
                Step(Action.REMOVE, Key(1, 0), uris[0]),
                Step(Action.UPDATE, Key(1, 1), uris[1]),
                Step(Action.INSERT, Key(1, 7), new),
            ],
        )
        self.assertEqual((self.held(), self.memory.reads.total()), (before, reads))
        self.assertEqual(len(found), 3 + 4)


if __name__ == "__main__":
    unittest.main()
