"""Insert: every item has one outcome, the same as one by one, and nothing is said before it is stored."""

import threading
import unittest
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from hashindex import insert
from hashindex.errors import ConfigurationError, NotPersistedError, StoreUnavailableError
from hashindex.insert import CHUNK, LATER_CHUNK, Insert
from hashindex.keys import Key
from hashindex.opened import Opened
from hashindex.outcomes import Ignored, Outcome, Reason, Reject, Rejected, Taken, Wanted
from hashindex.records import MAX_URI_BYTES, Scope
from testing.inserting import WatchedStore, free_turns, reader_of, turns_of, wanted
from testing.making import encoded, entry, picture
from testing.memory_source import MemorySource
from testing.waiting import SECONDS, wait_until

PICTURES = [encoded(picture(seed, (16, 12))) for seed in range(6)]

Item = Wanted | Reject | Ignored
Done = Taken | Reject | Ignored


class InsertCase(unittest.TestCase):
    def setUp(self) -> None:
        self.store, self.source = WatchedStore(), MemorySource()

    def use_case(self, *, replace: bool = False, refresh: bool = False) -> Insert:
        opened = Opened(self.store, self.source, reader_of(self.source), turns_of(self.store))
        return Insert(opened, replace=replace, refresh=refresh)

    def run_all(self, *items: Item, replace: bool = False, refresh: bool = False) -> list[Done]:
        return list(self.use_case(replace=replace, refresh=refresh).run(items))

    def outcome(self, item: Item, *, replace: bool = False, refresh: bool = False) -> str:
        (done,) = self.run_all(item, replace=replace, refresh=refresh)
        return said(done)

    def stored(self, meta_id: int, company_id: int = 1) -> tuple[str, str]:
        key = Key(company_id, meta_id)
        found = self.store.get([key])[key].picture
        return found.uri, found.source_version


def said(done: Done) -> str:
    if isinstance(done, Taken):
        return done.outcome.value
    return done.rejected.reason.value if isinstance(done, Reject) else "ignored"


class TestOutcomes(InsertCase):
    def test_inserted_then_skipped_then_updated(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        self.assertEqual(self.outcome(wanted(1, 5, uri)), "inserted")
        self.assertEqual(self.outcome(wanted(1, 5, uri)), "skipped")
        self.assertEqual(self.source.reads[uri], 1)  # an unchanged picture is not read again
        self.source.put("a.png", PICTURES[1])
        self.assertEqual(self.outcome(wanted(1, 5, uri)), "updated")
        self.assertEqual(self.stored(5), (uri, "v2"))
        self.assertEqual(self.source.reads[uri], 2)

    def test_a_listed_version_spares_asking_for_it(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        self.outcome(wanted(1, 5, uri))
        self.source.remove(uri)  # so that asking would tell
        self.assertEqual(self.outcome(wanted(1, 5, uri, version="v1")), "skipped")
        self.assertEqual(self.outcome(wanted(1, 5, uri, version="v2")), "not_found")

    def test_refresh_reads_what_has_not_changed(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        self.outcome(wanted(1, 5, uri))
        self.assertEqual(self.outcome(wanted(1, 5, uri), refresh=True), "updated")
        self.assertEqual(self.source.reads[uri], 2)

    def test_a_key_of_another_uri_is_a_conflict_unless_replaced(self) -> None:
        first, second = self.source.put("a.png", PICTURES[0]), self.source.put("b.png", PICTURES[1])
        self.outcome(wanted(1, 5, first))
        (done,) = self.run_all(wanted(1, 5, second, line=9))
        detail = f"its key 1:5 belongs to {first}; --replace lets it take over"
        self.assertEqual(done, Reject(Rejected(second, Reason.CONFLICT, detail), 1, 5, 9))
        self.assertEqual(self.stored(5), (first, "v1"))
        self.assertEqual(self.source.reads[second], 0)
        self.assertEqual(self.outcome(wanted(1, 5, second), replace=True), "updated")
        self.assertEqual(self.stored(5), (second, "v2"))

    def test_the_same_meta_id_in_another_company_is_no_conflict(self) -> None:
        first, second = self.source.put("a.png", PICTURES[0]), self.source.put("b.png", PICTURES[1])
        self.assertEqual(self.outcome(wanted(1, 5, first)), "inserted")
        self.assertEqual(self.outcome(wanted(2, 5, second)), "inserted")
        self.assertEqual((self.stored(5, 1)[0], self.stored(5, 2)[0]), (first, second))

    def test_one_picture_under_several_keys(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        done = self.run_all(*(wanted(1, number, uri) for number in range(3)))
        self.assertEqual([said(one) for one in done], ["inserted"] * 3)

    def test_a_uri_too_long(self) -> None:
        fits = self.source.put("x" * (MAX_URI_BYTES - len("memory://")), PICTURES[0])
        self.assertEqual(len(fits), MAX_URI_BYTES)
        self.assertEqual(self.outcome(wanted(1, 1, fits)), "inserted")
        long = self.source.put("é" * (MAX_URI_BYTES // 2), PICTURES[0])  # bytes count, not characters
        (done,) = self.run_all(wanted(1, 2, long))
        assert isinstance(done, Reject)
        self.assertEqual(done.rejected.reason, Reason.URI_TOO_LONG)
        self.assertIn("more than 4096 bytes", done.rejected.detail)
        self.assertEqual(self.source.reads[long], 0)

    def test_a_picture_that_changed_and_cannot_be_read_keeps_its_entry_and_is_said(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        self.outcome(wanted(1, 5, uri))
        before = self.store.get([Key(1, 5)])
        self.source.put("a.png", PICTURES[1][:-30])
        self.assertEqual(self.outcome(wanted(1, 5, uri)), "truncated")
        self.source.refuse(uri, Reason.FORBIDDEN)
        self.assertEqual(self.outcome(wanted(1, 5, uri)), "forbidden")
        self.source.refuse(uri, None)
        self.source.remove(uri)
        self.assertEqual(self.outcome(wanted(1, 5, uri)), "not_found")
        self.assertEqual(self.store.get([Key(1, 5)]), before)

    def test_rejects_carry_their_key_and_line(self) -> None:
        (done,) = self.run_all(wanted(7, 8, "memory://missing", line=9))
        self.assertEqual(
            done, Reject(Rejected("memory://missing", Reason.NOT_FOUND, "there is no such file"), 7, 8, 9)
        )

    def test_what_comes_rejected_or_ignored_is_passed_on_without_a_lookup(self) -> None:
        reject = Reject(Rejected("/x", Reason.NOT_FOUND, "gone"), 1)
        self.assertEqual(self.run_all(reject, Ignored("/y"), reject), [reject, Ignored("/y"), reject])
        self.assertEqual((self.store.lookups, self.store.writes), ([], []))

    def test_what_is_stored_is_what_was_read(self) -> None:
        uri = self.source.put("a.png", PICTURES[3])
        self.outcome(wanted(1, 5, uri))
        entry = self.store.get([Key(1, 5)])[Key(1, 5)]
        self.assertEqual(entry.picture, reader_of(self.source).read(uri))
        self.assertGreater(entry.indexed_time, 1_700_000_000_000)


class TestRuns(InsertCase):
    def test_every_item_has_one_outcome_over_several_chunks(self) -> None:
        uris = [self.source.put(f"{number}.png", PICTURES[number % 6]) for number in range(40)]
        items: list[Item] = []
        for number in range(2 * CHUNK + 300):
            kind = number % 5
            if kind == 0:
                items.append(wanted(number % 3, number, uris[number % 40], line=number))
            elif kind == 1:
                items.append(Reject(Rejected(None, Reason.BAD_LINE, ""), line=number))
            elif kind == 2:
                items.append(wanted(1, number, "memory://missing", line=number))
            elif kind == 3:
                items.append(wanted(1, number % 7, uris[number % 40], line=number))
            else:
                items.append(Ignored(f"/{number}"))
        done = self.run_all(*items)
        self.assertEqual(len(done), len(items))
        self.assertEqual(Counter(map(place, done)), Counter(map(place, items)))

    def test_writes_and_lookups_are_few_and_large(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        with mock.patch.object(insert, "WRITE_BATCH", 400), mock.patch.object(insert, "FLUSH_SECONDS", 600.0):
            self.run_all(*(wanted(1, number, uri) for number in range(CHUNK + 10)))
        self.assertEqual([len(keys) for keys in self.store.writes], [400, 400, 210])
        # Each picture is looked up before it is read, and again in the turn in which it is written.
        self.assertCountEqual([len(keys) for keys in self.store.lookups], [CHUNK, 10, 400, 400, 210])

    def test_lookups_grow(self) -> None:
        with mock.patch.object(insert, "CHUNK", 10), mock.patch.object(insert, "LATER_CHUNK", 30):
            self.run_all(*(wanted(1, number, "memory://missing") for number in range(75)))
        self.assertEqual([len(keys) for keys in self.store.lookups], [10, 30, 30, 5])

    def test_nothing_is_said_to_be_taken_before_it_is_stored(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        for done in self.use_case().run(wanted(1, number, uri) for number in range(CHUNK + 50)):
            assert isinstance(done, Taken)
            self.assertIn(done.wanted.key, self.store.get([done.wanted.key]))

    def test_a_write_that_fails_ends_the_run_and_claims_nothing(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        self.store.fail_at_write = 1
        taken: list[Key] = []
        with (
            mock.patch.object(insert, "WRITE_BATCH", 100),
            mock.patch.object(insert, "FLUSH_SECONDS", 600.0),
            self.assertRaises(NotPersistedError),
        ):
            for done in self.use_case().run(wanted(1, number, uri) for number in range(300)):
                assert isinstance(done, Taken)
                taken.append(done.wanted.key)
        self.assertEqual(sorted(taken), sorted(self.store.writes[0]))
        self.assertEqual(self.store.count(Scope.ALL), 100)
        self.store.fail_at_write = None  # mended: the same run again goes on where it was
        again = Counter(
            said(done) for done in self.run_all(*(wanted(1, number, uri) for number in range(300)))
        )
        self.assertEqual(again, {"skipped": 100, "inserted": 200})

    def test_one_key_a_thousand_times_is_not_read_a_thousand_times(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        done = Counter(said(one) for one in self.run_all(*[wanted(1, 5, uri)] * CHUNK))
        self.assertEqual(done, {"inserted": 1, "skipped": CHUNK - 1})
        self.assertEqual(self.source.reads[uri], 1)


class TestStages(InsertCase):
    """All stages run at once, and none runs away from the others."""

    def numbered(self, first: int, last: int) -> Iterator[Wanted]:
        uri = self.source.put("a.png", PICTURES[0])
        return (wanted(1, number, uri) for number in range(first, last))

    def test_listing_stays_a_bounded_way_ahead(self) -> None:
        asked, go_on = 0, threading.Event()

        def items() -> Iterator[Wanted]:
            nonlocal asked
            for asked, item in enumerate(self.numbered(0, 10 * CHUNK), start=1):  # noqa: B007
                yield item

        self.store.before_write = lambda: go_on.wait(SECONDS)
        with (
            mock.patch.object(insert, "WRITE_BATCH", 100),
            mock.patch.object(insert, "FLUSH_SECONDS", 600.0),
        ):
            run = self.use_case().run(items())
            thread = threading.Thread(target=lambda: next(run))
            thread.start()
            # Until the first write ends, two batches are hashed, a window is read, and two chunks are listed.
            wait_until(lambda: len(self.source.reads) and sum(self.source.reads.values()) >= 200)
            go_on.set()
            thread.join(SECONDS)
            self.assertLessEqual(asked, CHUNK + LATER_CHUNK)
            run.close()

    def test_a_key_that_came_to_belong_to_another_while_its_picture_was_read_is_a_conflict(self) -> None:
        """Those with keys 0 to 2 were absent when they were looked up, and 3 was there."""
        uris = [self.source.put(f"{number}.png", PICTURES[number]) for number in range(4)]
        self.outcome(wanted(1, 3, uris[3]))
        self.source.put("3.png", PICTURES[4])

        def meanwhile(uri: str) -> None:
            if uri == uris[0]:
                self.store.upsert(
                    [
                        entry(1, 0, uri="/others.png"),
                        entry(1, 1, uri=uris[1]),
                        entry(1, 3, uri="/others.png"),
                    ]
                )

        self.source.before_read = meanwhile
        items = [wanted(1, number, uri) for number, uri in enumerate(uris)]
        reader = reader_of(self.source, workers=1)
        use_case = Insert(Opened(self.store, self.source, reader, turns_of(self.store)))
        done = list(use_case.run(items))
        self.assertEqual(
            sorted((str(place_of(item)), said(item)) for item in done),
            [("1:0", "conflict"), ("1:1", "updated"), ("1:2", "inserted"), ("1:3", "conflict")],
        )
        self.assertEqual(self.stored(0)[0], "/others.png")
        self.assertEqual(self.stored(1), (uris[1], "v2"))
        self.source.before_read = lambda _: None
        self.assertEqual(self.outcome(items[0], replace=True), "updated")

    def test_a_batch_is_written_in_the_turn_of_its_companies(self) -> None:
        uris = [self.source.put(f"{number}.png", PICTURES[number]) for number in range(2)]
        free: list[int] = []
        self.store.before_write = lambda: free.extend(free_turns(self.store, range(4)))
        self.run_all(wanted(1, 1, uris[0]), wanted(2, 1, uris[1]))
        self.assertEqual((free, free_turns(self.store, range(4))), ([0, 3], [0, 1, 2, 3]))

    def test_an_insert_whose_turn_does_not_come_says_so(self) -> None:
        uri = self.source.put("a.png", PICTURES[0])
        turns = turns_of(self.store, wait_seconds=0.0)
        use_case = Insert(Opened(self.store, self.source, reader_of(self.source), turns))
        with turns.of([1]), self.assertRaises(StoreUnavailableError):
            list(use_case.run([wanted(1, 1, uri)]))
        self.assertEqual(self.store.count(Scope.ALL), 0)

    def test_what_is_hashed_is_written_while_the_listing_waits(self) -> None:
        stored = threading.Event()

        def items() -> Iterator[Wanted]:
            yield from self.numbered(0, CHUNK)
            self.assertTrue(stored.wait(SECONDS))

        with mock.patch.object(insert, "FLUSH_SECONDS", 0.05):
            for number, _ in enumerate(self.use_case().run(items()), start=1):
                if number == CHUNK:
                    stored.set()
        self.assertEqual(self.store.count(Scope.ALL), CHUNK)

    def test_reading_goes_on_during_a_write(self) -> None:
        def more_is_read() -> None:
            wait_until(lambda: self.source.reads.total() >= 150)

        self.store.before_write = more_is_read
        with (
            mock.patch.object(insert, "WRITE_BATCH", 100),
            mock.patch.object(insert, "FLUSH_SECONDS", 600.0),
        ):
            self.assertEqual(len(list(self.use_case().run(self.numbered(0, 200)))), 200)

    def test_a_slow_picture_holds_up_no_other(self) -> None:
        go_on = threading.Event()
        slow = self.source.put("slow.png", PICTURES[1])
        self.source.before_read = lambda uri: uri != slow or go_on.wait(SECONDS)
        with mock.patch.object(insert, "FLUSH_SECONDS", 0.05):
            run = self.use_case().run([wanted(1, 0, slow), *self.numbered(1, 300)])
            others = [next(run) for _ in range(299)]
            go_on.set()
            (last,) = run
        self.assertNotIn(last, others)
        self.assertEqual(cast("Taken", last).wanted.key, Key(1, 0))

    def test_an_error_of_the_listing_ends_the_run(self) -> None:
        def items() -> Iterator[Wanted]:
            yield from self.numbered(0, 5)
            raise ConfigurationError("no credentials.")

        with self.assertRaises(ConfigurationError):
            list(self.use_case().run(items()))

    def test_stopping_leaves_no_thread(self) -> None:
        def left() -> list[str]:
            names = [one.name for one in threading.enumerate()]  # those that decode are the reader's
            return [name for name in names if name.startswith("hashindex") and "-decode" not in name]

        run = self.use_case().run(self.numbered(0, 50_000))
        with mock.patch.object(insert, "FLUSH_SECONDS", 0.05):
            next(run)
        self.assertTrue(left())
        run.close()
        wait_until(lambda: not left())


def place_of(item: Done) -> Key | None:
    if isinstance(item, Taken):
        return item.wanted.key
    assert isinstance(item, Reject)
    assert item.company_id is not None
    assert item.meta_id is not None
    return Key(item.company_id, item.meta_id)


def place(item: Item | Done) -> object:
    """Return what tells an item from the others, before and after."""
    if isinstance(item, Ignored):
        return item.uri
    return item.wanted.line if isinstance(item, Taken) else item.line


@dataclass(frozen=True)
class Flags:
    replace: bool
    refresh: bool


ITEMS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 2), st.integers(0, 5), st.booleans()), max_size=25
)


class TestLikeOneByOne(unittest.TestCase):
    """Against a model that takes the items one by one: 0 to 3 are good pictures, 4 is broken, 5 missing."""

    @settings(max_examples=150, deadline=None)
    @given(ITEMS, ITEMS, st.builds(Flags, st.booleans(), st.booleans()), st.sets(st.integers(0, 3)))
    def test_the_same_outcomes_and_the_same_entries(
        self,
        first: list[tuple[int, int, int, bool]],
        second: list[tuple[int, int, int, bool]],
        flags: Flags,
        changed: set[int],
    ) -> None:
        store, source = WatchedStore(), MemorySource()
        for number in range(5):
            source.put(f"{number}.png", PICTURES[number] if number < 4 else b"broken")
        model: dict[Key, tuple[str, str]] = {}
        opened = Opened(store, source, reader_of(source), turns_of(store))
        use_case = Insert(opened, replace=flags.replace, refresh=flags.refresh)
        for run in (first, second):
            items = [
                wanted(company_id, meta_id, f"memory://{number}.png", version_of(source, number, told), line)
                for line, (company_id, meta_id, number, told) in enumerate(run)
            ]
            expected = {item.line: take(model, source, item, flags) for item in items}
            self.assertEqual({place(done): said(done) for done in use_case.run(items)}, expected)
            keys = [Key(company_id, meta_id) for company_id in (1, 2) for meta_id in range(3)]
            stored = {
                key: (entry.picture.uri, entry.picture.source_version)
                for key, entry in store.get(keys).items()
            }
            self.assertEqual(stored, model)
            for number in changed:
                source.put(f"{number}.png", PICTURES[5 - number])


def version_of(source: MemorySource, number: int, told: bool) -> str | None:
    found = source.stat(f"memory://{number}.png")
    return None if isinstance(found, Rejected) or not told else found.version


def take(model: dict[Key, tuple[str, str]], source: MemorySource, item: Wanted, flags: Flags) -> str:
    """Do to the model what an insert of this one item does; return its outcome."""
    known, found = model.get(item.key), source.stat(item.picture.uri)
    version = "" if isinstance(found, Rejected) else str(found.version)
    if known and known[0] != item.picture.uri and not flags.replace:
        return Reason.CONFLICT.value
    if known == (item.picture.uri, version) and not flags.refresh:
        return Outcome.SKIPPED.value
    if isinstance(found, Rejected):
        return Reason.NOT_FOUND.value
    if item.picture.uri == "memory://4.png":
        return Reason.NOT_AN_IMAGE.value
    model[item.key] = (item.picture.uri, version)
    return Outcome.UPDATED.value if known else Outcome.INSERTED.value


if __name__ == "__main__":
    unittest.main()
