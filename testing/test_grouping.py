"""Stars and components: against scipy and brute force, and with what people have decided."""

import time
import unittest
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hashindex.duplicates.columns import I64
from hashindex.duplicates.grouping import components, farthest, stars

Graph = tuple[int, I64, "np.ndarray[tuple[int], np.dtype[np.uint8]]"]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    number = draw(st.integers(1, 30))
    every = list(combinations(range(number), 2))
    chosen = draw(st.lists(st.sampled_from(every), unique=True, max_size=60)) if every else []
    pairs = np.array(draw(st.permutations(chosen)), np.int64).reshape(-1, 2)
    distances = np.array([draw(st.integers(0, 64)) for _ in chosen], np.uint8)
    return number, pairs, distances


class TestComponents(unittest.TestCase):
    @settings(deadline=None, max_examples=100)
    @given(graphs())
    def test_they_are_scipys(self, graph: Graph) -> None:
        number, pairs, distances = graph
        found = components(number, pairs, distances)
        matrix = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(number, number))
        _, labels = connected_components(matrix, directed=False)
        for i, j in combinations(range(number), 2):
            self.assertEqual(found[i] == found[j], labels[i] == labels[j])
        for i in range(number):
            self.assertEqual(found[i], min(j for j in range(number) if found[j] == found[i]))

    def test_a_long_chain_is_no_deep_recursion(self) -> None:
        pairs = np.stack((np.arange(49_999), np.arange(1, 50_000)), axis=1)
        self.assertFalse(components(50_000, pairs, np.zeros(49_999, np.uint8)).any())

    def test_the_nearer_pair_wins_where_two_are_apart(self) -> None:
        pairs, distances = np.array([[0, 1], [1, 2]]), np.array([5, 1], np.uint8)
        self.assertEqual(components(3, pairs, distances, apart=[(0, 2)]).tolist(), [0, 1, 1])


class TestStars(unittest.TestCase):
    @settings(deadline=None, max_examples=100)
    @given(graphs())
    def test_each_stands_with_the_best_that_it_matches(self, graph: Graph) -> None:
        number, pairs, distances = graph
        matches = {frozenset(pair) for pair in pairs.tolist()}
        expected: list[int] = []
        for node in range(number):
            kept = (best for best in range(node) if expected[best] == best and {best, node} in matches)
            expected.append(next(kept, node))
        self.assertEqual(stars(number, pairs, distances).tolist(), expected)

    @settings(deadline=None, max_examples=100)
    @given(graphs(), st.data())
    def test_neither_joins_what_is_apart_nor_depends_on_the_order(
        self, graph: Graph, data: st.DataObject
    ) -> None:
        number, pairs, distances = graph
        one = st.integers(0, number - 1)
        two = st.tuples(one, one).filter(lambda pair: pair[0] != pair[1])
        apart = data.draw(st.lists(two, max_size=8)) if number > 1 else []
        linked = data.draw(st.lists(two, max_size=4)) if number > 1 else []
        order = np.array(data.draw(st.permutations(range(len(pairs)))), np.int64)
        for make in (stars, components):
            found = make(number, pairs, distances, linked=linked, apart=apart)
            for left, right in apart:
                self.assertNotEqual(found[left], found[right])
            again = make(
                number, pairs[order][:, ::-1], distances[order], linked=linked[::-1], apart=apart[::-1]
            )
            self.assertEqual(found.tolist(), again.tolist())

    def test_the_nearer_one_joins_where_two_are_apart(self) -> None:
        pairs, distances = np.array([[0, 1], [0, 2]]), np.array([5, 1], np.uint8)
        self.assertEqual(stars(3, pairs, distances, apart=[(1, 2)]).tolist(), [0, 1, 0])

    def test_a_linked_one_follows(self) -> None:
        pairs, distances = np.array([[0, 1]]), np.array([3], np.uint8)
        self.assertEqual(stars(4, pairs, distances, linked=[(3, 1)]).tolist(), [0, 0, 2, 0])


class TestFarthest(unittest.TestCase):
    def test_it_is_that_of_brute_force(self) -> None:
        rng = np.random.default_rng(1)
        bits = np.uint64(1) << np.arange(64, dtype=np.uint64)
        for number in (1, 2, 7, 8, 9, 300, 2_000):
            scattered = rng.integers(0, 1 << 20, number, np.uint64)
            around = scattered[0] ^ np.bitwise_or.reduce(rng.choice(bits[:40], (number, 8)), axis=1)
            for hashes in (scattered, around):
                expected = max(int(np.bitwise_count(hashes ^ one).max()) for one in hashes)
                self.assertEqual(farthest(hashes), expected)

    def test_a_hundred_thousand_are_not_all_compared(self) -> None:
        bits = np.uint64(1) << np.arange(64, dtype=np.uint64)
        around = np.bitwise_or.reduce(np.random.default_rng(1).choice(bits, (100_000, 8)), axis=1)
        began = time.process_time()
        self.assertEqual(farthest(np.append(np.uint64(0), around)), 16)
        self.assertLess(time.process_time() - began, 1)  # comparing all takes longer
        self.assertEqual(farthest(np.full(100_000, 5, np.uint64)), 0)


if __name__ == "__main__":
    unittest.main()
