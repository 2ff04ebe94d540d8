"""Joins against brute force on sets that Hypothesis thinks of.

HASHINDEX_EXAMPLES says how many; `make campaign` sets it higher than `make test`.
"""

import os
import unittest
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hashindex.errors import InvalidArgumentError
from hashindex.joining import compare, join_within, pairs_between, pairs_within, runs
from hashindex.joining import plan as planning
from testing.joins import (
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

EXAMPLES = os.environ.get("HASHINDEX_EXAMPLES")
MOST_CHOICES = 36

often = settings(
    max_examples=int(EXAMPLES or 100),
    derandomize=EXAMPLES is None,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

hashes = st.integers(0, 2**64 - 1)
radii = st.integers(0, 16)


@st.composite
def sets(draw: st.DrawFn) -> list[int]:
    """Random, repeated, in few bits, one or two bits apart, or in clusters around a few; and mixtures."""
    values = draw(st.lists(hashes, max_size=12))
    values += draw(st.lists(st.integers(0, 255), max_size=8))
    for _ in range(draw(st.integers(0, 3))):
        centre, most = draw(hashes), draw(st.integers(0, 18))
        turned = draw(st.lists(st.sets(st.integers(0, 63), max_size=most), max_size=12))
        values += [centre ^ sum(1 << bit for bit in bits) for bits in turned]
    if values:
        values += draw(st.lists(st.sampled_from(values), max_size=6))
    return draw(st.permutations(values))


class TestJoins(unittest.TestCase):
    @often
    @given(sets(), radii)
    def test_within(self, values: list[int], radius: int) -> None:
        wanted = brute_within(hashes_of(values), radius)
        self.assertEqual(listed(pairs_within(hashes_of(values), radius)), wanted)
        self.assertEqual(join_within(hashes_of(values), radius).total, len(wanted))
        if wanted:
            with self.assertRaises(InvalidArgumentError):
                pairs_within(hashes_of(values), radius, max_pairs=len(wanted) - 1)

    @often
    @given(sets(), sets(), radii)
    def test_between(self, left: list[int], right: list[int], radius: int) -> None:
        right += left[::2]
        answer = pairs_between(hashes_of(left), hashes_of(right), radius)
        self.assertEqual(listed(answer), brute_between(hashes_of(left), hashes_of(right), radius))

    @settings(often, max_examples=int(EXAMPLES or 50))
    @given(st.data(), sets(), sets(), radii, st.booleans(), st.sampled_from((1, 3, 2_048)))
    def test_every_plan(  # noqa: PLR0917
        self, data: st.DataObject, left: list[int], right: list[int], radius: int, dealt: bool, long: int
    ) -> None:
        """Of whatever bands, with runs that are joined by themselves by whatever bands the model likes."""
        plan = data.draw(st.sampled_from(list(plans(radius, most_choices=MOST_CHOICES))))
        left += around_edges(data.draw(hashes), plan, radius)[:: data.draw(st.integers(1, 20))]
        right += left[::3]
        ours, theirs = (np.unique(np.array(side, np.uint64)) for side in (left, right))
        with (
            mock.patch.object(runs, "LONG_RUN", long),
            mock.patch.object(planning, "OVERHEAD_NS", data.draw(st.sampled_from((5_000.0, 250_000.0)))),
            mock.patch.object(planning, "BRUTE_NS", data.draw(st.sampled_from((0.9, 100.0)))),
            mock.patch.object(compare, "TILE", data.draw(st.sampled_from((256, 1 << 16)))),
        ):
            inside = met(forced(ours, None, radius, plan, dealt=dealt))
            between = met(forced(ours, theirs, radius, plan, dealt=dealt))
        self.assertEqual(inside, [pair[:2] for pair in brute_within(hashes_of(ours), radius)])
        wanted = brute_between(hashes_of(ours), hashes_of(theirs), radius)
        self.assertEqual(between, [pair[:2] for pair in wanted])

    @often
    @given(sets())
    def test_distinct_hashes_and_their_members_are_those_given(self, values: list[int]) -> None:
        distinct = join_within(hashes_of(values), 0).left
        back = np.empty(len(values), np.uint64)
        for k, value in enumerate(values_of(distinct.hashes)):
            back[distinct.members_of(k)] = value
        self.assertEqual(back.tolist(), values)
        self.assertEqual(len(distinct.hashes), len(set(values)))
