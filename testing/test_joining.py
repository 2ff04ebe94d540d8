"""Joins against brute force on chosen sets, under every plan; what they refuse, and the memory they take."""

import subprocess
import sys
import time
import unittest
from collections.abc import Iterator
from itertools import combinations, product
from math import comb
from queue import SimpleQueue
from typing import Any
from unittest import mock

import numpy as np

from hashindex.errors import InvalidArgumentError
from hashindex.joining import (
    bands,
    compare,
    join_between,
    join_within,
    pairs_between,
    pairs_within,
    runs,
    scanning,
)
from hashindex.joining import distinct as distinct_hashes
from hashindex.joining import plan as planning
from hashindex.joining.distinct import Block, Distinct
from testing.joins import (
    Hashes,
    around_edges,
    brute_between,
    brute_within,
    forced,
    hashes_of,
    listed,
    met,
    plans,
    values_of,
)


def random_hashes(number: int, seed: int, bits: int = 64) -> Hashes:
    return hashes_of(np.random.default_rng(seed).integers(0, 1 << bits, number, dtype=np.uint64))


def near(hashes: Hashes, flips: int, seed: int) -> Hashes:
    """Return as many hashes, each up to so many bits from one of these."""
    rng = np.random.default_rng(seed)
    values = values_of(hashes)[rng.integers(0, len(hashes), len(hashes))]
    for _ in range(flips):
        values ^= np.uint64(1) << rng.integers(0, 64, len(values), dtype=np.uint64)
    return hashes_of(values)


def crowded(number: int, seed: int) -> Hashes:
    """Return a third random, a third in a few clusters, a third with most bits alike; some repeat."""
    some = number // 3
    sets = (
        random_hashes(some, seed),
        near(np.repeat(random_hashes(4, seed + 1), some // 4, axis=0), 6, seed),
        random_hashes(some, seed + 2, bits=12),
    )
    return np.concatenate((*sets, sets[1][:20], sets[2][:5]))


class TestAgainstBruteForce(unittest.TestCase):
    def assert_exact(self, hashes: Hashes, radius: int) -> None:
        self.assertEqual(listed(pairs_within(hashes, radius)), brute_within(hashes, radius))

    def test_none_one_and_two(self) -> None:
        for radius in (0, 1, 16, 64):
            for values in ([], [5], [5, 5], [5, 4], [0, 2**64 - 1]):
                with self.subTest(radius=radius, values=values):
                    self.assert_exact(hashes_of(values), radius)

    def test_crowded_at_every_radius(self) -> None:
        hashes = crowded(400, seed=1)
        for radius in range(18):
            with self.subTest(radius):
                self.assert_exact(hashes, radius)

    def test_all_equal(self) -> None:
        self.assert_exact(np.repeat(random_hashes(1, 1), 70, axis=0), 3)

    def test_all_within_the_radius(self) -> None:
        hashes = hashes_of([1 << bit for bit in range(64)])
        self.assertEqual(len(pairs_within(hashes, 1)[0]), 0)
        self.assertEqual(len(pairs_within(hashes, 2)[0]), 64 * 63 // 2)
        self.assert_exact(hashes, 2)

    def test_between_at_every_radius(self) -> None:
        left, right = crowded(150, seed=2), crowded(600, seed=2)
        for radius in range(18):
            with self.subTest(radius):
                self.assertEqual(
                    listed(pairs_between(left, right, radius)), brute_between(left, right, radius)
                )

    def test_between_with_nothing(self) -> None:
        some, none = random_hashes(3, 1), hashes_of([])
        for left, right in ((some, none), (none, some), (none, none)):
            self.assertEqual(listed(pairs_between(left, right, 64)), [])

    def test_sets_for_which_bands_are_chosen(self) -> None:
        """So many that the plan is not brute force, also inside runs that are joined by themselves."""
        hashes = np.concatenate((random_hashes(30_000, 3), random_hashes(9_000, 4, bits=20)))
        hashes = np.concatenate((hashes, near(hashes[:3_000], 5, 5)))
        self.assertIsNotNone(planning.banding_for(values_of(hashes), None, 4))
        pairs, distances = pairs_within(hashes, 4)
        values, found = values_of(hashes), 0
        for i in range(len(values)):
            found += int((np.bitwise_count(values[i + 1 :] ^ values[i]) <= 4).sum())
        self.assertEqual(len(pairs), found)
        self.assertTrue((np.diff(pairs[:, 0] * len(values) + pairs[:, 1]) > 0).all(), "sorted, each once")
        self.assertTrue((pairs[:, 0] < pairs[:, 1]).all())
        apart = np.bitwise_count(values[pairs[:, 0]] ^ values[pairs[:, 1]])
        self.assertEqual((distances.dtype, distances.max()), (np.uint8, 4))
        self.assertTrue((apart == distances).all())


class TestEveryPlan(unittest.TestCase):
    """Each plan finds all pairs, each once: also those that the cost model does not choose."""

    def assert_plan(self, values: Any, others: Any, radius: int, plan: bands.Plan, *, dealt: bool) -> None:
        wanted = [pair[:2] for pair in brute_within(hashes_of(values), radius)]
        between = [pair[:2] for pair in brute_between(hashes_of(values), hashes_of(others), radius)]
        with self.subTest(radius=radius, plan=plan):
            self.assertEqual(met(forced(values, None, radius, plan, dealt=dealt)), wanted)
            self.assertEqual(met(forced(values, others, radius, plan, dealt=dealt)), between)

    def test_one_bit_around_every_edge(self) -> None:
        for radius in (0, 1, 2, 3, 5, 8, 16):
            for plan in plans(radius, most_choices=22):
                values = np.array(around_edges(0x0123456789ABCDEF, plan, radius), np.uint64)
                self.assert_plan(values, values[::2], radius, plan, dealt=False)

    def test_long_runs_are_joined_by_themselves(self) -> None:
        values = np.unique(values_of(crowded(90, seed=7)))
        with (
            mock.patch.object(runs, "LONG_RUN", 8),
            mock.patch.object(compare, "TILE", 256),
            mock.patch.object(planning, "OVERHEAD_NS", 5_000.0),
            mock.patch.object(planning, "BRUTE_NS", 60.0),
        ):
            for radius, plan in (
                (1, bands.Plan(3, 1)),
                (2, bands.Plan(4, 2)),
                (5, bands.Plan(6, 1)),
                (5, bands.Plan(7, 2)),
                (8, bands.Plan(10, 2)),
            ):
                self.assert_plan(values, values[::3], radius, plan, dealt=True)

    def test_bands_hold_every_bit_once(self) -> None:
        bits = bands.BitStatistics.of(values_of(crowded(300, seed=3)))
        for number in range(1, 65):
            banding = bands.Banding(bands.Plan(number, 1), bits.dealt(number))
            self.assertEqual(sorted(banding.order), list(range(64)))
            self.assertEqual(sum(int(mask) for mask in banding.masks()), 2**64 - 1)
        values = values_of(random_hashes(50, 1))
        moved = banding.moved(values)
        for i, j in combinations(range(20), 2):
            self.assertEqual(int(moved[i] ^ moved[j]).bit_count(), int(values[i] ^ values[j]).bit_count())


class TestComparing(unittest.TestCase):
    def test_all_pairs_come_in_blocks_of_bounded_size(self) -> None:
        values = np.arange(300, dtype=np.uint64)
        each, none, all_of_them = np.arange(300), np.zeros(300, np.int64), np.full(300, 300)
        with mock.patch.object(compare, "TILE", 100):
            for wanted, found in (
                (list(combinations(range(300), 2)), compare.in_runs(values, all_of_them[:1], 64)),
                (
                    list(product(range(300), repeat=2)),
                    compare.in_ranges(values, each, values, none, all_of_them, 64),
                ),
            ):
                blocks = list(found)
                pairs = [pair for i, j, _ in blocks for pair in zip(i.tolist(), j.tolist(), strict=True)]
                self.assertEqual(sorted(pairs), wanted)
                self.assertLessEqual(max(len(i) for i, _, _ in blocks), 200)


class TestPlanning(unittest.TestCase):
    def test_random_hashes_get_the_bands_that_measured_best(self) -> None:
        values = np.unique(np.random.default_rng(1).integers(0, 2**64, 1_000_000, dtype=np.uint64))
        chosen = {
            radius: getattr(planning.banding_for(values, None, radius), "plan", None) for radius in (5, 8)
        }
        self.assertEqual(chosen[5], bands.Plan(7, 2))
        self.assertIn(chosen[8], (bands.Plan(10, 2), bands.Plan(11, 3)))

    def test_few_hashes_and_wide_radii_are_compared_all_with_all(self) -> None:
        values = np.arange(1_000, dtype=np.uint64)
        self.assertIsNone(planning.banding_for(values, None, 5))
        self.assertIsNone(planning.banding_for(np.arange(20_000, dtype=np.uint64), None, 40))

    def test_bits_that_say_nothing_are_spread_over_the_bands(self) -> None:
        """Where only half of the bits vary, bands of neighbours would have nothing to tell by."""
        rng = np.random.default_rng(1)
        values = np.unique(rng.integers(0, 2**32, 50_000, dtype=np.uint64))
        order = bands.BitStatistics.of(values).dealt(8)
        for band in range(8):
            self.assertEqual(sum(bit < 32 for bit in order[band * 8 : band * 8 + 8]), 4)

    def test_bits_that_repeat_each_other_go_to_different_bands(self) -> None:
        half = np.random.default_rng(1).integers(0, 2**32, 50_000, dtype=np.uint64)
        order = bands.BitStatistics.of(half | (half << np.uint64(32))).dealt(4)
        for band in range(4):
            self.assertEqual(len({bit % 32 for bit in order[band * 16 : band * 16 + 16]}), 16)


class TestDistinct(unittest.TestCase):
    def test_what_repeats_is_one_node(self) -> None:
        hashes = hashes_of([7, 3, 7, 0xFF00, 7, 3])
        joined = join_within(hashes, 1)
        self.assertEqual(values_of(joined.left.hashes).tolist(), [3, 7, 0xFF00])
        self.assertEqual([joined.left.members_of(k).tolist() for k in range(3)], [[1, 5], [0, 2, 4], [3]])
        self.assertEqual(joined.left.sizes.tolist(), [2, 3, 1])
        self.assertEqual((joined.pairs.tolist(), joined.distances.tolist()), ([[0, 1]], [1]))
        self.assertIs(joined.left, joined.right)
        self.assertEqual(joined.total, 2 * 3 + 1 + 3)

    def test_a_hundred_thousand_equal_ones_are_no_work(self) -> None:
        hashes = np.repeat(random_hashes(2, 1), 100_000, axis=0)
        joined = join_within(hashes, 8)
        self.assertEqual(len(joined.pairs), 0)
        self.assertEqual(joined.total, 2 * (100_000 * 99_999 // 2))

    def test_between_two_sides(self) -> None:
        joined = join_between(hashes_of([7, 7, 100]), hashes_of([6, 7, 7]), 1)
        self.assertIsNot(joined.left, joined.right)
        self.assertEqual((joined.pairs.tolist(), joined.distances.tolist()), ([[0, 0], [0, 1]], [1, 0]))
        self.assertEqual(joined.total, 6)

    def test_pairs_of_members_are_made_some_at_a_time(self) -> None:
        hashes = hashes_of([7, 3, 7, 0xFF00, 7, 3, 6, 6, 2, 7, 0xFF01])
        for at_a_time in (1, 2, 5, 7, 100):
            with self.subTest(at_a_time), mock.patch.object(distinct_hashes, "AT_A_TIME", at_a_time):
                self.assertEqual(listed(pairs_within(hashes, 1)), brute_within(hashes, 1))
                between = brute_between(hashes, hashes[::2], 1)
                self.assertEqual(listed(pairs_between(hashes, hashes[::2], 1)), between)

    def test_what_is_given_is_not_changed(self) -> None:
        hashes = crowded(300, seed=1)
        before = hashes.copy()
        pairs_within(hashes, 5)
        pairs_between(hashes, hashes[::2], 5)
        self.assertTrue((hashes == before).all())


class TestTooManyPairs(unittest.TestCase):
    def test_as_many_as_allowed_are_returned(self) -> None:
        hashes = hashes_of([0, 0, 0, 1])
        self.assertEqual(len(pairs_within(hashes, 1, max_pairs=6)[0]), 6)
        with self.assertRaisesRegex(InvalidArgumentError, "there are 6 pairs .* max_pairs, 5"):
            pairs_within(hashes, 1, max_pairs=5)
        with self.assertRaisesRegex(InvalidArgumentError, "there are 3 pairs"):
            pairs_between(hashes, hashes[:1], 0, max_pairs=2)

    def test_equal_ones_are_counted_before_any_pair_is_made(self) -> None:
        hashes = np.repeat(random_hashes(1, 1), 1_000_000, axis=0)
        with self.assertRaisesRegex(InvalidArgumentError, "there are 499,999,500,000 pairs"):
            pairs_within(hashes, 5)

    def test_they_are_counted_to_the_end(self) -> None:
        """All numbers of 12 bits, spread over 64: how many are within a radius is known."""
        values = np.arange(1 << 12, dtype=np.uint64)
        spread = sum((values >> np.uint64(bit) & np.uint64(1)) << np.uint64(5 * bit) for bit in range(12))
        hashes = hashes_of(np.asarray(spread))
        for radius in (1, 4, 16):
            pairs = (1 << 11) * sum(comb(12, bits) for bits in range(1, radius + 1))
            with self.assertRaisesRegex(InvalidArgumentError, f"there are {pairs:,} pairs"):
                pairs_within(hashes, radius, max_pairs=1_000)
            twice = np.concatenate((hashes, hashes))
            with self.assertRaisesRegex(InvalidArgumentError, f"there are {4 * pairs + len(hashes):,} pairs"):
                pairs_within(twice, radius, max_pairs=1_000)
            with self.assertRaisesRegex(InvalidArgumentError, f"there are {pairs:,} pairs"):
                join_within(twice, radius, max_pairs=1_000)

    def test_memory_stays_bounded_where_everything_is_near(self) -> None:
        """In a process of its own, whose peak is its own: 28 million pairs would be 700 MB."""
        script = """
import resource, numpy as np
from hashindex import pairs_within
hashes = np.arange(1 << 14, dtype=np.uint64).view(np.uint8).reshape(-1, 8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    pairs_within(hashes, 5, max_pairs=1_000_000)
except ValueError as exc:
    print(exc)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
        )
        said, grown = done.stdout.splitlines()
        self.assertIn(f"there are {(1 << 13) * sum(comb(14, bits) for bits in range(1, 6)):,} pairs", said)
        self.assertLess(int(grown), 120)


class TestRefused(unittest.TestCase):
    def test_what_is_no_array_of_hashes(self) -> None:
        bad: tuple[Any, ...] = (
            [[0] * 8],
            np.zeros((3, 8)),
            np.zeros((3, 7), np.uint8),
            np.zeros(8, np.uint8),
            np.zeros((3, 8, 1), np.uint8),
            None,
        )
        for hashes in bad:
            with self.subTest(hashes), self.assertRaisesRegex(InvalidArgumentError, "^hashes must be .*[.]$"):
                pairs_within(hashes, 5)
            with self.subTest(hashes), self.assertRaisesRegex(InvalidArgumentError, "^right must be .*[.]$"):
                pairs_between(np.zeros((3, 8), np.uint8), hashes, 5)

    def test_radius_and_max_pairs(self) -> None:
        hashes = np.zeros((3, 8), np.uint8)
        radii: tuple[Any, ...] = (-1, 65, 2.5, "5", None)
        for radius in radii:
            with self.subTest(radius), self.assertRaisesRegex(InvalidArgumentError, "radius .*[.]$"):
                pairs_within(hashes, radius)
        counts: tuple[Any, ...] = (-1, 1e6)
        for count in counts:
            with self.subTest(count), self.assertRaisesRegex(InvalidArgumentError, "max_pairs .*[.]$"):
                pairs_within(hashes, 5, max_pairs=count)
        self.assertEqual(len(pairs_within(hashes, np.uint8(5))[0]), 3)  # type: ignore[arg-type]

    def test_rows_that_do_not_lie_together_are_read_right(self) -> None:
        wide = np.random.default_rng(1).integers(0, 4, (40, 20), dtype=np.uint8)
        hashes = wide[::2, 3:11]
        self.assertEqual(listed(pairs_within(hashes, 10)), brute_within(hashes.copy(), 10))


class TestThreads(unittest.TestCase):
    def test_the_answer_does_not_depend_on_them_nor_on_tiles(self) -> None:
        hashes = np.concatenate((random_hashes(20_000, 1), near(random_hashes(20_000, 1), 4, 2)))
        answers = []
        for cores, tile in ((1, compare.TILE), (2, 1_000), (5, 20_000)):
            with (
                mock.patch.object(scanning, "_cores", return_value=cores),
                mock.patch.object(compare, "TILE", tile),
            ):
                answers.append(listed(pairs_within(hashes, 6)))
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])
        self.assertGreater(len(answers[0]), 10_000)

    def test_an_error_of_what_takes_the_pairs_ends_every_thread(self) -> None:
        begun: list[None] = []
        ends: SimpleQueue[str] = SimpleQueue()

        def job(*_: object) -> Iterator[Block]:
            begun.append(None)
            how, deadline = "stopped", time.monotonic() + 10
            try:
                while time.monotonic() < deadline:
                    yield np.zeros(1, np.int64), np.ones(1, np.int64)
                how = "never stopped"
            finally:
                ends.put(how)

        def take(_: object, __: object) -> None:
            if len(begun) == 2:  # both threads are at work
                begun.append(None)
                raise KeyError("enough")

        distinct = Distinct.of(random_hashes(30_000, 1))
        with (
            mock.patch.object(runs, "_within", job),
            mock.patch.object(scanning, "_cores", return_value=2),
            self.assertRaisesRegex(KeyError, "enough"),
        ):
            scanning.scan(distinct, None, 5, take)
        self.assertEqual([ends.get(timeout=30) for _ in range(2)], ["stopped"] * 2)

    def test_an_error_in_a_thread_is_raised(self) -> None:
        hashes = random_hashes(30_000, 1)
        with (
            mock.patch.object(runs, "_within", side_effect=MemoryError),
            self.assertRaises(MemoryError),
        ):
            pairs_within(hashes, 5)
