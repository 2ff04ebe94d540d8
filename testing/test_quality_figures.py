"""Intervals, rules, and the choice among them, against published values and brute force."""

import unittest
from dataclasses import replace

import numpy as np

from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.quality import choosing
from hashindex.quality.asking import Asked
from hashindex.quality.choosing import Choice, Fall, best_by_radius, pairs_to_show, recommended
from hashindex.quality.intervals import Proportion
from hashindex.quality.looks import NONE, VIEWS, WAYS, apart
from hashindex.quality.pairs import Near
from hashindex.quality.spread import accepted, curves, spread


def distances(seed: int, number: int, most: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, most, (number, 3)).astype(np.uint8)


class TestProportion(unittest.TestCase):
    def test_intervals_are_the_published_ones(self) -> None:
        for count, of, low, high in (
            (5, 10, 0.1871, 0.8129),  # Clopper and Pearson's, as in any table
            (1, 10, 0.0025, 0.4450),
            (81, 263, 0.2527, 0.3676),  # Newcombe 1998, table I
            (15, 148, 0.0578, 0.1617),
            (0, 20, 0.0, 0.1391),  # one-sided: 1 - 0.05 ** (1 / 20)
            (20, 20, 0.8609, 1.0),
        ):
            with self.subTest(count=count, of=of):
                found = Proportion(count, of)
                self.assertAlmostEqual(found.low, low, 4)
                self.assertAlmostEqual(found.high, high, 4)

    def test_none_of_many_leaves_three_in_so_many(self) -> None:
        self.assertAlmostEqual(Proportion(0, 1_000_000).high * 1e6, 3.0, 2)

    def test_of_nothing_everything_is_possible(self) -> None:
        self.assertIsNone(Proportion(0, 0).share)
        self.assertEqual((Proportion(0, 0).low, Proportion(0, 0).high), (0.0, 1.0))


def by(asked: Asked, apart_: np.ndarray) -> bool:
    """Judge one pair by the picture as it is."""
    every = np.full((len(VIEWS), 3), NONE, np.uint8)
    every[0] = apart_
    return bool(asked.finds(every))


def taken_by(rule: Rule, drawn: np.ndarray) -> int:
    return int(((drawn[:, 0] <= rule.radius) & rule.confirms(*drawn.T)).sum())


def whatever(rule: Rule) -> Rule:
    """Return the rule that takes all its candidates."""
    return replace(rule, joint_radius=192)


class TestRules(unittest.TestCase):
    def test_at_the_limit_is_within(self) -> None:
        asked = Asked(Rule(radius=5, joint_radius=18))
        for apart_, taken in (
            ((5, 6, 7), True),
            ((5, 6, 8), False),
            ((6, 0, 0), False),
            ((NONE, NONE, NONE), False),
        ):
            with self.subTest(apart_):
                self.assertEqual(by(asked, np.array(apart_, np.uint8)), taken)
        self.assertTrue(by(Asked(Rule(radius=5, joint_radius=18), unconfirmed=True), np.array((5, 64, 64))))

    def test_what_is_not_usable_is_near_to_nothing(self) -> None:
        hashes = np.zeros((2, 3), np.uint64)
        found = apart(hashes, hashes, np.array([True, False]))
        self.assertEqual(found.tolist(), [[0, 0, 0], [NONE, NONE, NONE]])
        for rule in (DEFAULT_RULE, WIDE_RULE, Rule(radius=64, joint_radius=192)):
            for unconfirmed in (False, True):
                asked = Asked(rule, unconfirmed=unconfirmed)
                self.assertEqual([by(asked, each) for each in found], [True, False])

    def test_turned_views_are_judged_as_search_judges_them(self) -> None:
        asked = Asked(WIDE_RULE, WAYS["orientations, trimmed"])
        for place, view in enumerate(VIEWS):
            for joint in range(60):
                apart_ = np.full((len(VIEWS), 3), NONE, np.uint8)
                apart_[place] = 0, joint // 2, joint - joint // 2
                near = Near(np.zeros(1, int), np.ones(1, int), np.array([place]), apart_[place, None])
                expected = WIDE_RULE.confirms(0, joint // 2, joint - joint // 2, view)
                self.assertEqual(bool(asked.finds(apart_)), expected)
                self.assertEqual(asked.confirms(near).tolist(), [expected])

    def test_a_way_asks_for_its_views_alone(self) -> None:
        for way, number in (("as is", 1), ("trimmed", 2), ("orientations", 8), ("orientations, trimmed", 16)):
            asked = Asked(DEFAULT_RULE, WAYS[way])
            self.assertEqual(int(asked.views.sum()), number)
            for place, view in enumerate(VIEWS):
                apart_ = np.full((len(VIEWS), 3), NONE, np.uint8)
                apart_[place] = 0
                with self.subTest(way, view=str(view)):
                    wanted = (WAYS[way].trimmed or not view.trimmed) and (
                        WAYS[way].orientations or view.orientation == "as_is"
                    )
                    self.assertEqual(bool(asked.finds(apart_)), wanted)

    def test_counting_by_spread_is_counting_one_by_one(self) -> None:
        drawn = distances(1, 1_000)
        drawn[::50] = NONE
        for joint in (0, 20, 40, 192):
            counted = accepted(spread(drawn), Rule(radius=64, joint_radius=joint))
            for radius in (0, 9, 64):
                with self.subTest(joint=joint, radius=radius):
                    asked = Asked(Rule(radius=radius, joint_radius=joint))
                    self.assertEqual(counted[radius], sum(by(asked, each) for each in drawn))

    def test_a_curve_is_a_rule_of_one_hash(self) -> None:
        strangers, copies = distances(2, 500, 40), distances(3, 400, 30)
        found = {each.name: each for each in curves(spread(strangers), spread(copies), copied=400)}
        for axis, name in enumerate(("aHash", "pHash", "dHash")):
            for radius in (0, 7, 20):
                self.assertEqual(
                    found[name].recall[radius], Proportion(int((copies[:, axis] <= radius).sum()), 400)
                )
                self.assertEqual(
                    found[name].false_pairs[radius],
                    Proportion(int((strangers[:, axis] <= radius).sum()), 500),
                )


def best(strangers: np.ndarray, copies: np.ndarray, per_million: float) -> list[Choice]:
    return list(
        best_by_radius(spread(strangers), spread(copies), copied=len(copies), per_million=per_million)
    )


class TestChoosing(unittest.TestCase):
    def test_the_best_rule_of_each_radius_is_the_widest_of_which_few_enough_are_expected(self) -> None:
        strangers, copies = distances(4, 20_000, 40) + np.uint8(4), distances(5, 1_000)
        for per_million in (20_000.0, 1_000.0):
            found = best(strangers, copies, per_million)
            self.assertEqual([each.rule.radius for each in found][-9:], list(choosing.RADII)[-9:])
            for choice in found[-9:]:
                with self.subTest(str(choice.rule), per_million=per_million):
                    self.assertEqual(choice.false_pairs.count, taken_by(choice.rule, strangers))
                    self.assertEqual(choice.recall, taken_by(choice.rule, copies) / 1_000)
                    self.assertEqual(choice.candidates.count, taken_by(whatever(choice.rule), strangers))
                    self.assertGreaterEqual(choice.expected, choice.false_pairs.count / 20_000)
                    self.assertLessEqual(choice.expected, per_million / 1e6)
                    wider = replace(choice.rule, joint_radius=choice.rule.joint_radius + 2)
                    self.assertTrue(
                        taken_by(wider, copies) == taken_by(choice.rule, copies)
                        or taken_by(wider, strangers) > per_million / 1e6 * 20_000 / 2
                    )

    def test_what_is_expected_is_about_what_more_pairs_show(self) -> None:
        few, many = (np.random.default_rng(7).normal(24, 5, (n, 3)).clip(0, 64) for n in (30_000, 3_000_000))
        (found,) = (
            each for each in best(few.astype(np.uint8), distances(5, 9), 10.0) if each.rule.radius == 20
        )
        truly = taken_by(found.rule, many.astype(np.uint8)) / 3_000_000
        self.assertEqual(found.false_pairs.count, 0)
        self.assertFalse(found.is_shown)
        self.assertLess(truly, 10e-6)
        self.assertLess(truly, found.expected)

    def test_what_is_expected_of_a_rule_is_so_whether_it_is_chosen_or_given(self) -> None:
        strangers = np.random.default_rng(7).normal(24, 5, (30_000, 3)).clip(0, 64).astype(np.uint8)
        fall = Fall(spread(strangers))
        for choice in best(strangers, distances(5, 9), 10.0):
            self.assertEqual(fall.of(choice.rule), choice.expected)
        rare = Rule(radius=8, joint_radius=32)
        self.assertEqual(taken_by(rare, strangers), 0)
        self.assertGreater(fall.of(rare), 0)
        often = Rule(radius=20, joint_radius=72)
        self.assertGreaterEqual(fall.of(often), taken_by(often, strangers) / 30_000)
        self.assertGreater(taken_by(often, strangers), 500)
        self.assertEqual(Fall(spread(strangers[:0])).of(rare), 1.0)

    def test_with_enough_pairs_a_rate_is_shown(self) -> None:
        strangers = np.full((100_000, 3), 40, np.uint8)
        strangers[:5] = 10
        copies = distances(6, 1_000)
        for per_million, taken in ((200.0, 5), (100.0, 0)):  # 5 leave 117 at most, 0 leave 30
            with self.subTest(per_million):
                found = max(best(strangers, copies, per_million), key=lambda each: each.recall)
                self.assertEqual((found.false_pairs.count, found.is_shown), (taken, True))
        self.assertEqual(best(strangers, copies, 10.0), [])

    def test_how_many_pairs_show_a_rate(self) -> None:
        for per_million in (1.0, 50.0):
            pairs = pairs_to_show(per_million)
            assert pairs is not None
            self.assertLessEqual(Proportion(0, pairs).high * 1e6, per_million)
            self.assertGreater(Proportion(0, pairs - 1).high * 1e6, per_million)
        self.assertIsNone(pairs_to_show(0))

    def test_a_recommendation_keeps_to_its_limit_of_candidates(self) -> None:
        strangers = np.full((100_000, 3), 40, np.uint8)
        strangers[:3_500, 0] = 18
        strangers[:400, 0] = 9  # 0.4% are candidates from 9 on, 3.5% from 18 on
        found = recommended(best(strangers, distances(7, 1_000), 100.0))
        self.assertEqual((found["narrow"].rule.radius, found["wide"].rule.radius), (8, 17))

    def test_too_few_pictures_recommend_nothing(self) -> None:
        few = best(distances(8, 15, 50), distances(9, 100), 1.0)
        self.assertEqual(recommended(few), {})
        self.assertEqual(best(distances(1, 0), distances(9, 100), 1.0), [])
        self.assertEqual(best(np.full((100_000, 3), 40, np.uint8), distances(9, 0), 100.0), [])
