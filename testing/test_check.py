"""The upload gate: what it says of a picture, and that of many uploads at once exactly one is new."""

import tempfile
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import ClassVar
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from hashindex import check as check_module
from hashindex.answers import Checked, Status, Verdict
from hashindex.check import CHUNK, WIDE_CHUNK
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.distance import distance
from hashindex.errors import InvalidArgumentError, NotPersistedError, StoreUnavailableError
from hashindex.index import Index
from hashindex.keys import Key, meta_id_from_stem
from hashindex.outcomes import Reason, Rejected
from hashindex.reading import Looked
from hashindex.records import Entry, HashedPicture, Scope
from hashindex.search import LIMIT
from hashindex.sources.local import LocalSource
from hashindex.sources.routing import RoutedSource
from hashindex.store import memory, milvus
from hashindex.store.interface import Store
from hashindex.store.lite import open_lite
from hashindex.store.memory import MemoryStore
from hashindex.store.vendor import UNREACHABLE
from hashindex.views import Orientation, Ways
from testing import on_server
from testing.inserting import WatchedStore, index_of, turns_of
from testing.making import ORIGIN, encoded, entry, fingerprint, picture, prints_of
from testing.memory_source import MemorySource
from testing.network import Proxy
from testing.waiting import SECONDS

SIZE = (160, 120)


def flat(level: int, size: tuple[int, int] = (64, 48)) -> bytes:
    return encoded(Image.new("L", size, level))


ORIGINAL = picture(1, SIZE)
NEAR = encoded(ORIGINAL.resize((80, 60)), "JPEG", quality=60)
FRAMED = encoded(ImageOps.expand(ORIGINAL, 20, "white"))
OTHER = encoded(picture(2, SIZE))
MIRRORED = encoded(ImageOps.mirror(ORIGINAL))


UNDECODABLE = {"not_an_image", "truncated", "unsupported", "too_many_pixels", "too_many_bytes"}


class CheckCase(unittest.TestCase):
    def setUp(self) -> None:
        self.store, self.source = WatchedStore(), MemorySource()
        self.index = index_of(self.store, RoutedSource({"": LocalSource(), "memory": self.source}))
        self.addCleanup(self.index.close)
        self.company = self.index.company(1)

    def put(self, name: str, data: bytes) -> str:
        return self.source.put(name, data)


class TestStatus(CheckCase):
    def setUp(self) -> None:
        super().setUp()
        self.original = self.put("original.png", encoded(ORIGINAL))
        self.company.insert(self.original, meta_id=7)

    def status(self, data: bytes, **options: object) -> Status:
        return self.company.check(data, **options).status  # type: ignore[arg-type]

    def test_new(self) -> None:
        checked = self.company.check(encoded(picture(2, SIZE)))
        self.assertEqual((checked.status, checked.matches, checked.rejected), (Status.NEW, (), None))
        self.assertEqual((checked.low_information, checked.truncated, checked.inserted), (False,) * 3)
        self.assertEqual((checked.uri, checked.meta_id, checked.recipe), (None, None, ORIGIN.recipe))
        self.assertEqual(len(checked.ahash or b""), 8)

    def test_exact_and_of_whom(self) -> None:
        copy = self.put("copy.png", encoded(ORIGINAL))
        checked = self.company.check(copy)
        self.assertEqual((checked.status, checked.uri), (Status.EXACT, copy))
        self.assertEqual([match.key for match in checked.matches], [Key(1, 7)])
        self.assertEqual(self.index.company(2).check(copy).status, Status.NEW)

    def test_near(self) -> None:
        checked = self.company.check(NEAR)
        self.assertEqual(checked.status, Status.NEAR)
        self.assertEqual([match.verdict for match in checked.matches], [Verdict.NEAR])

    def test_the_rule_and_the_ways_can_be_others(self) -> None:
        self.assertEqual(self.status(MIRRORED), Status.NEW)
        self.assertEqual(self.status(MIRRORED, ways=Ways(orientations=True)), Status.NEAR)
        self.assertEqual(self.status(FRAMED), Status.NEAR)
        self.assertEqual(self.status(FRAMED, ways=Ways(trimmed=False)), Status.NEW)
        self.assertEqual(self.status(OTHER), Status.NEW)
        self.assertEqual(self.status(OTHER, rule=Rule(radius=64, joint_radius=192)), Status.NEAR)
        turned = self.company.check(MIRRORED, ways=Ways(orientations=True)).matches
        self.assertEqual([match.view.orientation for match in turned], [Orientation.MIRRORED])

    def test_low_information_unless_it_is_an_exact_copy(self) -> None:
        self.company.insert(self.put("white.png", flat(255)), meta_id=8)
        checked = self.company.check(flat(254))
        self.assertEqual((checked.status, checked.matches), (Status.LOW_INFORMATION, ()))
        self.assertTrue(checked.low_information)
        checked = self.company.check(flat(255))
        self.assertEqual((checked.status, checked.low_information), (Status.EXACT, True))

    def test_undecodable_and_unavailable(self) -> None:
        uri = self.put("a.png", encoded(ORIGINAL))
        for reason in Reason:
            self.source.refuse(uri, reason)
            expected = Status.UNDECODABLE if reason in UNDECODABLE else Status.UNAVAILABLE
            checked = self.company.check(uri)
            self.assertEqual(checked.status, expected, reason)
            self.assertEqual(checked.rejected, Rejected(uri, reason, "refused by the test"))
            self.assertEqual((checked.uri, checked.ahash), (uri, None))
        listed = Rejected("/folder", Reason.FORBIDDEN, "closed")
        (checked,) = self.company.check_many([listed])
        self.assertEqual((checked.status, checked.rejected), (Status.UNAVAILABLE, listed))
        self.assertEqual(self.status(b"x"), Status.UNDECODABLE)

    def test_a_hash_that_was_imported_is_shown_and_makes_nothing_near(self) -> None:
        ahash = self.company.check(NEAR).ahash
        assert ahash is not None
        self.company.delete_all()
        self.store.upsert([Entry(Key(1, 9), HashedPicture.bare(ahash), 1)])
        checked = self.company.check(NEAR)
        self.assertEqual((checked.status, [match.verdict for match in checked.matches]), (Status.NEW, [None]))

    def test_an_exact_copy_is_shown_before_a_hundred_near_ones(self) -> None:
        prints = prints_of(self.store.get([Key(1, 7)])[Key(1, 7)].picture)
        many = [entry(1, number, prints=prints) for number in range(LIMIT + 7)]
        self.store.upsert([one for one in many if one.key.meta_id != 7])
        self.company.delete(7)
        self.assertEqual(self.store.delete([Key(1, number) for number in range(6)]), 6)
        checked = self.company.check(self.original)
        self.assertEqual(
            (checked.status, checked.truncated, len(checked.matches)), (Status.NEAR, False, LIMIT)
        )
        self.company.insert(self.original, meta_id=LIMIT + 7)
        checked = self.company.check(self.original)
        self.assertEqual((checked.status, checked.truncated), (Status.EXACT, True))
        self.assertEqual((checked.matches[0].key.meta_id, len(checked.matches)), (LIMIT + 7, LIMIT))

    def test_every_stored_hash_is_compared(self) -> None:
        asked = []

        def watched(*arguments: object, exhaustive: bool, **others: object) -> object:
            asked.append(exhaustive)
            return MemoryStore.search(self.store, *arguments, exhaustive=exhaustive, **others)  # type: ignore[arg-type]

        with mock.patch.object(self.store, "search", watched):
            self.status(NEAR)
        self.assertEqual(asked, [True])


class TestTooManyCandidates(CheckCase):
    """The engine gives a part of them: what is said holds all the same."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch.object(memory, "MAX_CANDIDATES", 3))
        self.uri = self.put("a.png", encoded(ORIGINAL))

    def crowd(self, data: bytes, number: int) -> None:
        """Store entries whose aHash is that of the picture, and whose other hashes are not."""
        ahash = self.company.check(data).ahash
        self.store.upsert([entry(1, each, prints=fingerprint(each, ahash=ahash)) for each in range(number)])

    def test_new_cannot_be_said_then(self) -> None:
        self.crowd(encoded(ORIGINAL), 3)
        self.assertEqual(self.company.check(self.uri).status, Status.NEW)
        self.crowd(encoded(ORIGINAL), 4)
        checked = self.company.check(self.uri)
        self.assertEqual((checked.status, checked.truncated), (Status.UNAVAILABLE, True))
        assert checked.rejected is not None
        self.assertEqual(checked.rejected.uri, self.uri)
        self.assertEqual(checked.rejected.reason, Reason.TOO_MANY_CANDIDATES)
        self.assertIn("are within 8 bits of it", checked.rejected.detail)
        checked = self.company.insert_if_new(self.uri)
        self.assertEqual((checked.status, checked.inserted), (Status.UNAVAILABLE, False))

    def test_low_information_cannot_be_said_then_of_what_is_left_without_borders(self) -> None:
        page = Image.new("RGB", (1100, 900), "white")
        page.paste(ORIGINAL.resize((36, 24)), (500, 400))
        data = encoded(page)
        checked = self.company.check(data)
        self.assertEqual((checked.status, checked.low_information), (Status.LOW_INFORMATION, True))
        looked = self.index.reader.look(data, Ways())
        assert isinstance(looked, Looked)
        (_, (_, inside)) = looked.views
        self.store.upsert([entry(1, each, prints=fingerprint(each, ahash=inside.ahash)) for each in range(4)])
        with mock.patch.object(MemoryStore, "copies") as copies:
            self.assertEqual(self.company.check(data).status, Status.UNAVAILABLE)
        copies.assert_not_called()  # no exact copy can be among those that only the other view would find

    def test_an_exact_copy_behind_them_is_found(self) -> None:
        self.crowd(encoded(ORIGINAL), 4)
        self.company.insert(self.uri, meta_id=99)  # the engine gives those with smaller keys first
        checked = self.company.check(encoded(ORIGINAL))
        self.assertEqual((checked.status, checked.matches[0].key.meta_id), (Status.EXACT, 99))
        self.assertTrue(checked.truncated)
        self.assertEqual(self.company.check(NEAR).status, Status.UNAVAILABLE)

    def test_what_another_view_found_counts_though_no_exact_copy_is_behind_them(self) -> None:
        self.crowd(FRAMED, 4)
        self.company.insert(self.uri, meta_id=99)
        checked = self.company.check(FRAMED)
        self.assertEqual((checked.status, checked.truncated), (Status.NEAR, True))
        self.assertEqual([match.key.meta_id for match in checked.matches], [99])

    def test_an_exact_copy_behind_them_that_is_about_to_be_replaced_is_not_found(self) -> None:
        self.crowd(encoded(ORIGINAL), 4)
        self.company.insert(self.uri, meta_id=99)
        uploads = [self.put("b/99.png", OTHER), self.put("100.png", encoded(ORIGINAL))]
        done = list(self.company.insert_many_if_new(uploads, meta_id_from=meta_id_from_stem, replace=True))
        self.assertEqual([one.status for one in done], [Status.NEW, Status.UNAVAILABLE])

    def test_low_information_can_be_said(self) -> None:
        self.crowd(flat(255), 4)
        checked = self.company.check(flat(255))
        self.assertEqual((checked.status, checked.truncated), (Status.LOW_INFORMATION, True))
        self.company.insert(self.put("white.png", flat(255)), meta_id=99)
        self.assertEqual(self.company.check(flat(255)).status, Status.EXACT)


class TestIndexAway(CheckCase):
    def test_an_index_that_stops_answering_makes_no_picture_new(self) -> None:
        uris = [self.put(f"{number}.png", encoded(picture(number, SIZE))) for number in range(4)]
        search, calls = self.store.search, 0

        def failing(*arguments: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise StoreUnavailableError("the server went away.")
            return search(*arguments, **options)  # type: ignore[arg-type]

        with mock.patch.object(self.store, "search", failing), mock.patch.object(check_module, "CHUNK", 1):
            done = list(self.company.insert_many_if_new(uris[:3]))
        self.assertEqual([one.status for one in done], [Status.NEW, Status.UNAVAILABLE, Status.NEW])
        self.assertEqual(
            done[1].rejected, Rejected(uris[1], Reason.INDEX_UNAVAILABLE, "the server went away.")
        )
        self.assertEqual([one.inserted for one in done], [True, False, True])
        self.assertIsNotNone(done[1].ahash)
        with mock.patch.object(self.store, "search", side_effect=StoreUnavailableError("x")):
            self.assertEqual(self.company.check(uris[3]).status, Status.UNAVAILABLE)
            for data, says_little in ((encoded(ORIGINAL), False), (flat(255), True)):
                self.assertEqual(self.company.check(data).low_information, says_little)

    def test_what_cannot_be_stored_is_not_answered(self) -> None:
        uri = self.put("a.png", encoded(ORIGINAL))
        self.store.fail_at_write = 0
        with self.assertRaises(NotPersistedError):
            self.company.insert_if_new(uri)
        lost = mock.patch.object(self.store, "upsert", side_effect=StoreUnavailableError("it went away."))
        with lost:
            checked = self.company.insert_if_new(uri)
        self.assertEqual((checked.status, checked.inserted), (Status.UNAVAILABLE, False))

    def test_a_turn_that_does_not_come(self) -> None:
        uri = self.put("a.png", encoded(ORIGINAL))
        turns = turns_of(self.store, wait_seconds=0.0)
        index = Index(self.store, self.source, self.index.reader, turns)
        with turns.of([1]):
            checked = index.company(1).insert_if_new(uri)
            self.assertEqual(index.company(1).check(uri).status, Status.NEW)  # that one waits for nobody
        self.assertEqual((checked.status, checked.inserted), (Status.UNAVAILABLE, False))
        assert checked.rejected is not None
        self.assertIn("the turn to write for company 1 did not come", checked.rejected.detail)
        self.assertEqual(self.store.count(Scope.ALL), 0)


class TestServerAway(unittest.TestCase):
    def test_a_real_server_that_goes_away_makes_no_picture_new(self) -> None:
        running = on_server.server()
        with Proxy(running.host, running.port) as proxy:
            store = on_server.opened(type(self), on_server.common(), uri=proxy.uri)
            with closing(index_of(store, MemorySource())) as index:
                self.assertEqual(index.company(77).check(OTHER).status, Status.NEW)
                proxy.cut()
                with mock.patch.object(milvus, "CALL_SECONDS", 5.0):
                    checked = index.company(77).check(OTHER)
        gone = Rejected(None, Reason.INDEX_UNAVAILABLE, f"{proxy.uri}: {UNREACHABLE}")
        self.assertEqual((checked.status, checked.rejected), (Status.UNAVAILABLE, gone))


class TestInsertIfNew(CheckCase):
    def test_once_and_again(self) -> None:
        first, copy = self.put("a.png", encoded(ORIGINAL)), self.put("b.png", encoded(ORIGINAL))
        checked = self.company.insert_if_new(first, meta_id=7)
        self.assertEqual((checked.status, checked.inserted, checked.meta_id), (Status.NEW, True, 7))
        for uri in (first, copy):  # its own entry is a match like any other
            checked = self.company.insert_if_new(uri, meta_id=7)
            self.assertEqual((checked.status, checked.inserted, checked.meta_id), (Status.EXACT, False, None))
            self.assertEqual([match.key.meta_id for match in checked.matches], [7])
        near = self.company.insert_if_new(self.put("c.jpg", NEAR), meta_id=8)
        self.assertEqual((near.status, near.inserted), (Status.NEAR, False))
        self.assertEqual(self.store.count(Scope.ALL), 1)
        self.assertEqual(self.company.get(7).picture.uri, first)  # type: ignore[union-attr]

    def test_what_says_little_goes_in_too(self) -> None:
        checked = self.company.insert_if_new(self.put("white.png", flat(255)))
        self.assertEqual((checked.status, checked.inserted), (Status.LOW_INFORMATION, True))
        checked = self.company.insert_if_new(self.put("copy.png", flat(255)))
        self.assertEqual((checked.status, checked.inserted), (Status.EXACT, False))
        checked = self.company.insert_if_new(self.put("grey.png", flat(128)))
        self.assertEqual((checked.status, checked.inserted), (Status.LOW_INFORMATION, True))

    def test_a_key_of_another_uri_is_a_conflict_unless_replaced(self) -> None:
        first, other = self.put("a.png", encoded(ORIGINAL)), self.put("b.png", encoded(picture(2, SIZE)))
        self.company.insert_if_new(first, meta_id=7)
        checked = self.company.insert_if_new(other, meta_id=7)
        detail = f"its key 1:7 belongs to {first}; --replace lets it take over"
        self.assertEqual((checked.status, checked.inserted, checked.meta_id), (Status.NEW, False, None))
        self.assertEqual(checked.rejected, Rejected(other, Reason.CONFLICT, detail))
        checked = self.company.insert_if_new(other, meta_id=7, replace=True)
        self.assertEqual((checked.status, checked.inserted), (Status.NEW, True))
        self.assertEqual(self.company.check(first).status, Status.NEW)  # its entry has been taken over

    def test_a_picture_that_has_changed_takes_the_place_of_its_entry(self) -> None:
        uri = self.put("a.png", encoded(ORIGINAL))
        self.company.insert_if_new(uri, meta_id=7)
        self.put("a.png", encoded(picture(2, SIZE)))
        checked = self.company.insert_if_new(uri, meta_id=7)
        self.assertEqual(
            (checked.status, checked.inserted, self.store.count(Scope.ALL)), (Status.NEW, True, 1)
        )

    def test_a_key_that_cannot_be_made(self) -> None:
        uri = self.put("name.png", encoded(ORIGINAL))
        checked = self.company.insert_if_new(uri, meta_id_from=meta_id_from_stem)
        assert checked.rejected is not None
        self.assertEqual((checked.status, checked.inserted), (Status.NEW, False))
        self.assertEqual(checked.rejected.reason, Reason.BAD_KEY)
        uploads = [uri, self.put("7.png", OTHER)]
        done = list(self.company.insert_many_if_new(uploads, meta_id_from=meta_id_from_stem))
        self.assertEqual([one.meta_id for one in done], [None, 7])
        self.assertEqual((self.store.lookups, self.store.writes), ([[Key(1, 7)]], [[Key(1, 7)]]))
        with self.assertRaises(InvalidArgumentError):
            self.company.insert_if_new(uri, meta_id=-1)

    def test_what_has_no_uri_cannot_go_in(self) -> None:
        for image in (encoded(ORIGINAL), ORIGINAL):
            with self.assertRaises(InvalidArgumentError) as caught:
                self.company.insert_if_new(image)  # type: ignore[arg-type]
            self.assertIn("named by its path or URI", str(caught.exception))

    def test_a_hundred_take_one_look_up_and_one_write(self) -> None:
        data = [encoded(picture(seed, (32, 24))) for seed in range(10)]
        uris = [self.put(f"{number}.png", data[number % 10]) for number in range(CHUNK + 5)]
        with mock.patch.object(self.store, "search", wraps=self.store.search) as search:
            statuses = [one.status for one in self.company.insert_many_if_new(uris)]
        self.assertEqual(statuses, [Status.NEW] * 10 + [Status.EXACT] * (CHUNK - 5))
        self.assertEqual((search.call_count, len(self.store.writes), len(self.store.lookups)), (2, 1, 1))

    def test_fewer_are_written_together_where_the_radius_is_wide(self) -> None:
        uris = [self.put(f"{seed}.png", encoded(picture(seed, (32, 24)))) for seed in range(WIDE_CHUNK + 1)]
        for rule, writes in ((DEFAULT_RULE, [WIDE_CHUNK + 1]), (WIDE_RULE, [WIDE_CHUNK, 1])):
            self.store.writes.clear()
            list(self.company.insert_many_if_new(uris, rule=rule))
            self.assertEqual([len(keys) for keys in self.store.writes], writes)
            self.company.delete_all()

    def test_an_entry_that_is_about_to_be_replaced_is_no_match_any_more(self) -> None:
        first, copy = self.put("7.png", encoded(ORIGINAL)), self.put("8.png", encoded(ORIGINAL))
        self.company.insert(first, meta_id=7)
        uploads = [self.put("b/7.png", OTHER), copy]
        done = list(self.company.insert_many_if_new(uploads, meta_id_from=meta_id_from_stem, replace=True))
        self.assertEqual([(one.status, one.meta_id) for one in done], [(Status.NEW, 7), (Status.NEW, 8)])

    def test_those_that_come_together_are_compared_by_the_rule(self) -> None:
        uploads = [self.put("a.png", encoded(ORIGINAL)), self.put("b.png", OTHER)]
        apart = [
            one.status
            for one in self.company.insert_many_if_new(uploads, rule=Rule(radius=0, joint_radius=192))
        ]
        self.assertEqual(apart, [Status.NEW, Status.NEW])
        self.company.delete_all()
        alike = [
            one.status
            for one in self.company.insert_many_if_new(uploads, rule=Rule(radius=64, joint_radius=192))
        ]
        self.assertEqual(alike, [Status.NEW, Status.NEAR])
        first, second = (self.company.check(uri).ahash or b"" for uri in uploads)
        for radius, status in (
            (distance(first, second), Status.NEAR),
            (distance(first, second) - 1, Status.NEW),
        ):
            self.company.delete_all()
            rule = Rule(radius=radius, joint_radius=192)
            self.assertEqual(list(self.company.insert_many_if_new(uploads, rule=rule))[1].status, status)

    def test_an_answer_is_given_when_all_is_stored(self) -> None:
        uris = [self.put(f"{seed}.png", encoded(picture(seed, (32, 24)))) for seed in range(3)]
        answers = self.company.insert_many_if_new(uris)
        next(answers)
        self.assertEqual(self.store.count(Scope.ALL), 3)


POOL = (
    *(encoded(ORIGINAL), NEAR, FRAMED, encoded(ORIGINAL, "BMP")),
    *(OTHER, flat(255), flat(250), flat(0), b"broken"),
)
"""The first four are one picture; then another, three that say nothing, and one that is none."""

UPLOADS = st.lists(st.tuples(st.integers(0, len(POOL) - 1), st.integers(0, 3)), max_size=8)


def said(checked: Checked) -> object:
    reason = checked.rejected and checked.rejected.reason
    keys = [(match.key.meta_id, match.distance, match.verdict) for match in checked.matches]
    return checked.uri, checked.status, checked.inserted, checked.meta_id, reason, keys


class TestTogetherAsOneByOne(unittest.TestCase):
    """Pictures of a small pool, under a few keys that they have to share."""

    source: ClassVar[MemorySource]

    @classmethod
    def setUpClass(cls) -> None:
        cls.source = MemorySource()
        for number, data in enumerate(POOL):
            for key in range(4):
                cls.source.put(f"{number}/{key}.png", data)

    def gate(
        self, uploads: list[tuple[int, int]], size: int, *, replacing: bool
    ) -> tuple[list[object], object]:
        uris = [f"memory://{number}/{key}.png" for number, key in uploads]
        store = MemoryStore(ORIGIN)
        with mock.patch.object(check_module, "CHUNK", size), closing(index_of(store, self.source)) as index:
            done = list(
                index.company(1).insert_many_if_new(uris, meta_id_from=meta_id_from_stem, replace=replacing)
            )
        held = {item.key: item.picture for some in store.scan(Scope.ALL) for item in some}
        return [said(one) for one in done], held

    @settings(max_examples=60, deadline=None)
    @given(UPLOADS, st.integers(2, 9), st.booleans())
    def test_the_same_answers_and_the_same_entries(
        self, uploads: list[tuple[int, int]], size: int, replacing: bool
    ) -> None:
        self.assertEqual(
            self.gate(uploads, size, replacing=replacing), self.gate(uploads, 1, replacing=replacing)
        )

    @settings(max_examples=40, deadline=None)
    @given(UPLOADS, st.permutations(range(len(POOL))), st.integers(1, 9))
    def test_a_check_depends_on_no_order_and_no_size(
        self, stored: list[tuple[int, int]], order: list[int], size: int
    ) -> None:
        with closing(index_of(MemoryStore(ORIGIN), self.source)) as index:
            company = index.company(1)
            company.insert([f"memory://{n}/{k}.png" for n, k in stored], meta_id_from=meta_id_from_stem)
            alone = {data: said(company.check(data)) for data in POOL}
            with mock.patch.object(check_module, "CHUNK", size):
                together = company.check_many([POOL[number] for number in order])
                self.assertEqual([said(one) for one in together], [alone[POOL[number]] for number in order])


class AtOnce(unittest.TestCase):
    """Sixteen threads come with the same picture, under names and keys of their own."""

    store: ClassVar[Store]

    @classmethod
    def setUpClass(cls) -> None:
        cls.store = cls.open_store()
        cls.addClassCleanup(cls.store.close)

    @classmethod
    def open_store(cls) -> Store:
        raise NotImplementedError

    def test_exactly_one_is_new(self) -> None:
        source, together = MemorySource(), Barrier(16)
        uris = [source.put(f"{number}.png", encoded(ORIGINAL)) for number in range(16)]
        with closing(index_of(self.store, source, workers=16)) as index:

            def upload(number: int) -> Checked:
                together.wait(SECONDS)
                return index.company(1).insert_if_new(uris[number], meta_id=number)

            with ThreadPoolExecutor(16) as pool:
                done = list(pool.map(upload, range(16)))
            self.assertEqual(Counter(one.status for one in done), {Status.NEW: 1, Status.EXACT: 15})
            (admitted,) = (one.meta_id for one in done if one.inserted)
            matched = {match.key.meta_id for one in done for match in one.matches}
            self.assertEqual(matched, {admitted})
            self.assertEqual(self.store.count(Scope.company(1)), 1)


class TestAtOnceInMemory(AtOnce):
    @classmethod
    def open_store(cls) -> Store:
        return MemoryStore(ORIGIN)


class TestAtOnceOnLite(AtOnce):
    @classmethod
    def open_store(cls) -> Store:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        return open_lite(str(folder / "index.db"), "image_hash", create=ORIGIN, index_type="auto")


class TestAtOnceOnServer(AtOnce):
    @classmethod
    def open_store(cls) -> Store:
        return on_server.opened(cls, nlist=64)


del AtOnce  # it is no test
