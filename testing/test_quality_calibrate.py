"""Calibration: the same from the same seed, halves that never meet, and pairs counted as by brute force."""

import shutil
import tempfile
import unittest
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import combinations
from pathlib import Path
from unittest import mock

import numpy as np

from hashindex.compose import open_reader
from hashindex.confirming import DEFAULT_RULE, Rule
from hashindex.decoding import Decoder
from hashindex.errors import InvalidArgumentError
from hashindex.listing import EVERY_PICTURE
from hashindex.outcomes import Reason, Rejected
from hashindex.quality import pairs
from hashindex.quality.asking import ASKED, Asked
from hashindex.quality.calibrate import Calibration, calibrate
from hashindex.quality.false_pairs import MOST_SHOWN, false_pairs, spread_of_strangers
from hashindex.quality.looks import EVERY_WAY, VIEWS, WAYS, apart, looks
from hashindex.quality.measuring import Measured, Work, made_copies
from hashindex.quality.pairs import NearestPairs
from hashindex.quality.population import HALVES, Part, Population, draw
from hashindex.quality.transformations import LARGEST_SIDE, TRANSFORMATIONS
from hashindex.reading import PictureReader
from hashindex.recipe import DEFAULT
from hashindex.views import View
from testing.making import encoded, picture, saved
from testing.oss_case import oss_source
from testing.oss_server import BUCKET, OssServer
from testing.photographs import photograph

PHOTOGRAPHS = ("astronaut.png", "brick.png", "chelsea.png", "coffee.png", "grass.png", "rocket.jpg")
TURNED = ("turn by 90 degrees", "turn by 180 degrees", "turn by 270 degrees", "mirror")
FRAMED = ("white border 10%", "black border 10%", "screenshot with bars")
SIDE = 160


def setUpModule() -> None:
    """Calibrate photographs of which one is there twice, one white, one broken, and two are of one group."""
    global folder, found  # noqa: PLW0603  # the fixture of all tests here
    folder = Path(unittest.enterModuleContext(tempfile.TemporaryDirectory())).resolve() / "here"
    folder.mkdir()
    decoder = Decoder(DEFAULT)
    for name in PHOTOGRAPHS:
        small = decoder.small(photograph(name).read_bytes(), None, side=SIDE)
        assert not isinstance(small, Rejected)
        (folder / f"{Path(name).stem}.png").write_bytes(encoded(small))
        if name == "coffee.png":
            (folder / "coffee-small.jpg").write_bytes(encoded(small.resize((80, 53)), "JPEG"))
    shutil.copy(folder / "rocket.png", folder / "rocket-again.png")
    (folder / "white.png").write_bytes(encoded(picture(1).point([255] * 768)))
    (folder / "broken.png").write_text("hello")
    found = calibration(folder)


folder: Path
found: Calibration


def calibration(folder: Path, *, workers: int = 1, seed: int = 1, copies_of: int = 100) -> Calibration:
    truth = {str(folder / name): "coffee" for name in ("coffee.png", "coffee-small.jpg")}
    with open_reader() as reader:
        return calibrate(
            reader, str(folder), EVERY_PICTURE, truth, workers=workers, seed=seed, copies_of=copies_of
        )


class TestCalibrate(unittest.TestCase):
    def test_every_picture_is_accounted_for(self) -> None:
        self.assertEqual(found.found, 10)
        self.assertEqual(sum(found.compared.values()), 7)
        self.assertEqual((found.repeated, len(found.low_information), len(found.rejected)), (1, 1, 1))
        self.assertEqual(found.copied, found.compared)

    def test_every_transformation_is_a_row_of_every_rule(self) -> None:
        for measure in found.measures:
            for half in HALVES:
                self.assertEqual(list(measure.recall[half]), list(TRANSFORMATIONS))
                for name, share in measure.recall[half].items():
                    with self.subTest(measure.name, half=half, transformation=name):
                        self.assertEqual(share.of, found.copied[half])

    def test_every_rule_is_measured_by_every_way(self) -> None:
        names = [each.name for each in found.measures]
        wanted = [
            f"{rule}{way}"
            for rule in ("aHash alone", "default", "wide")
            for way in ("", ", trimmed", ", orientations", ", orientations, trimmed")
        ]
        self.assertEqual([name for name in names if not name.startswith("recommended")], wanted)

    def test_the_pair_of_one_group_is_no_false_pair(self) -> None:
        for measure in found.measures:
            self.assertEqual(measure.all_false_pairs.of, 7 * 6 // 2 - 1)
            if measure.asked.rule == DEFAULT_RULE:
                self.assertEqual((measure.all_false_pairs.count, measure.nearest), (0, ()))

    def test_what_is_to_be_expected_is_said_of_rules_that_confirm_what_is_as_it_is(self) -> None:
        for measure in found.measures:
            plain = measure.is_plain and not measure.asked.unconfirmed
            with self.subTest(measure.name):
                self.assertEqual(list(measure.expected), ["tuning", "all"] if plain else [])
                for share in measure.expected.values():
                    self.assertTrue(0 < share <= 1, share)

    def test_orientations_find_what_is_turned_and_trimming_what_is_framed(self) -> None:
        recall = {each.name: each.recall for each in found.measures}
        for kinds, name in ((TURNED, "orientations"), (FRAMED, "trimmed")):
            for kind in kinds:
                by = [
                    sum(recall[rule][half][kind].count for half in HALVES)
                    for rule in ("default", f"default, {name}", "default, orientations, trimmed")
                ]
                with self.subTest(kind, by=by):
                    self.assertLess(by[0], 4)
                    self.assertGreaterEqual(by[1], 5)
                    self.assertGreaterEqual(by[2], by[1])

    def test_every_copy_is_looked_up_by_every_view(self) -> None:
        work = Work(str(DEFAULT), 10**8, seed=1)
        data = (folder / "astronaut.png").read_bytes()
        measured = work(data, "/astronaut.png", copies=True)
        assert isinstance(measured, Measured)
        assert measured.copies is not None
        decoder = Decoder(DEFAULT)
        small = decoder.small(data, None, side=LARGEST_SIDE)
        assert not isinstance(small, Rejected)
        for row, file in enumerate(made_copies(small, measured.content_digest, 1)):
            decoded = decoder.decode(file, None)
            assert not isinstance(decoded, Rejected)
            every = apart(measured.hashes[0], *looks(decoded, DEFAULT, EVERY_WAY))
            with self.subTest(row=row):  # so that no rule, narrow as it may be, misses what a search finds
                self.assertTrue((measured.copies[row] == every).all())

    def test_the_same_pictures_give_the_same_figures_wherever_they_lie(self) -> None:
        there = folder.parent / "there"
        shutil.copytree(folder, there)
        moved = calibration(there, workers=2)
        for before, after in zip(found.measures, moved.measures, strict=True):
            self.assertEqual((before.recall, before.false_pairs), (after.recall, after.false_pairs))
        self.assertEqual(moved.choices, found.choices)

    def test_a_folder_without_pictures_gives_figures_of_nothing(self) -> None:
        empty = folder.parent / "empty"
        empty.mkdir()
        nothing = calibration(empty)
        self.assertEqual((nothing.found, nothing.choices), (0, ()))
        self.assertEqual(len(nothing.rejected), 3)  # the folder, and two that the truth names
        self.assertIsNone(nothing.measures[0].all_false_pairs.share)


def drawn_from(
    reader: PictureReader, folder: str, truth: dict[str, str], *, most: int, copies_of: int
) -> Population:
    return draw(
        reader,
        folder,
        EVERY_PICTURE,
        truth,
        most=most,
        copies_of=copies_of,
        seed=3,
        workers=1,
        each=lambda _: None,
    )


class TestPopulation(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def draw(self, truth: dict[str, str], *, most: int, copies_of: int) -> Population:
        with open_reader() as reader:
            return drawn_from(reader, str(self.folder), truth, most=most, copies_of=copies_of)

    def test_one_group_is_never_in_both_halves(self) -> None:
        names = [saved(self.folder / f"{seed}.png", seed) for seed in range(24)]
        drawn = self.draw({str(path): str(i % 6) for i, path in enumerate(names)}, most=20, copies_of=0)
        self.assertEqual((len(drawn.uris), drawn.found), (20, 24))
        for group in set(drawn.groups.tolist()):
            self.assertEqual(len(set(drawn.halves[drawn.groups == group].tolist())), 1)
        self.assertEqual(set(drawn.halves.tolist()), {Part.TUNING, Part.HELD_OUT})

    def test_a_content_belongs_where_any_of_its_pictures_does(self) -> None:
        first, other, last = (saved(self.folder / f"{seed}.png", seed) for seed in range(3))
        again = self.folder / "again.png"
        shutil.copy(first, again)
        for named in (first, again):
            drawn = self.draw({str(named): "a", str(other): "a", str(last): "b"}, most=9, copies_of=0)
            groups = {Path(uri).name: int(group) for uri, group in zip(drawn.uris, drawn.groups, strict=True)}
            with self.subTest(named=named.name):
                self.assertEqual(drawn.repeated, 1)
                self.assertEqual(groups.get("0.png", groups.get("again.png")), groups["1.png"])
                self.assertNotEqual(groups["1.png"], groups["2.png"])
        with self.assertRaisesRegex(
            InvalidArgumentError, r"^the truth puts \S+ into group \w, but a picture of"
        ):
            self.draw({str(first): "a", str(again): "b"}, most=9, copies_of=0)

    def test_what_the_truth_names_and_is_not_there_is_said(self) -> None:
        there = [saved(self.folder / f"{seed}.png", seed) for seed in range(3)]
        absent = self.folder / "absent.png"
        drawn = self.draw({str(path): "a" for path in (*there, absent)}, most=1, copies_of=0)
        self.assertEqual(
            [(each.uri, each.reason) for each in drawn.rejected], [(str(absent), Reason.NOT_FOUND)]
        )

    def test_the_lot_is_the_same_in_a_folder_and_in_a_bucket(self) -> None:
        (self.folder / "inside").mkdir()
        names = [f"{'inside/' if seed % 2 else ''}{seed}.png" for seed in range(16)]
        paths = [saved(self.folder / name, seed) for seed, name in enumerate(names)]
        here = self.draw({}, most=5, copies_of=2)
        server = self.enterContext(OssServer())
        for name, path in zip(names, paths, strict=True):
            server.put(f"pictures/{name}", path.read_bytes())
        source = self.enterContext(closing(oss_source(server)))
        reader = PictureReader(source, DEFAULT, max_pixels=10**6, max_bytes=10**6, workers=1, in_flight=1)
        self.addCleanup(reader.close)
        there = drawn_from(reader, f"oss://{BUCKET}/pictures/", {}, most=5, copies_of=2)
        places = [str(self.folder), f"oss://{BUCKET}/pictures"]
        drawn = [
            [uri.removeprefix(f"{place}/") for uri in one.uris]
            for one, place in zip((here, there), places, strict=True)
        ]
        self.assertEqual(drawn[0], drawn[1])
        self.assertEqual(here.copied.tolist(), there.copied.tolist())

    def test_only_so_many_are_copied_as_was_said(self) -> None:
        for seed in range(5):
            saved(self.folder / f"{seed}.png", seed)
        drawn = self.draw({}, most=5, copies_of=2)
        self.assertEqual((len(drawn.uris), len(drawn.copied), len(drawn.copies)), (5, 2, 2))


def made_up(number: int) -> Population:
    """Return pictures with hashes of few bits, so that many are near."""
    chance = np.random.default_rng(5)
    groups = chance.integers(0, number, number)
    others = chance.random((number, len(VIEWS) - 1)) < 0.5
    return Population(
        uris=tuple(f"/{i}" for i in range(number)),
        hashes=chance.integers(0, 2**11, (number, len(VIEWS), 3)).astype(np.uint64),
        usable=np.concatenate([np.ones((number, 1), bool), others], axis=1),
        groups=groups,
        halves=(groups % 2).astype(np.int8),
        copied=np.zeros(0, np.int64),
        copies=np.zeros((0, len(TRANSFORMATIONS), len(VIEWS), 3), np.uint8),
        found=number,
        ignored=0,
        rejected=(),
        repeated=0,
        low_information=(),
    )


def either_way(
    drawn: Population, asked: Asked, i: int, j: int
) -> Iterator[tuple[tuple[int, int, int], View]]:
    """Yield how far one looked up by its views is from the other as it is stored, and the reverse."""
    for stored, looked in ((i, j), (j, i)):
        for view in np.flatnonzero(asked.views & drawn.usable[looked]):
            apart = drawn.hashes[stored, 0] ^ drawn.hashes[looked, view]
            ahash, phash, dhash = (int(each).bit_count() for each in apart)
            yield (ahash, phash, dhash), VIEWS[view]


class TestFalsePairs(unittest.TestCase):
    def test_pairs_are_counted_as_one_by_one(self) -> None:
        drawn = made_up(40)
        rule = Rule(radius=4, joint_radius=12)
        every = [Asked(rule, ways) for ways in WAYS.values()] + [
            Asked(Rule(radius=2, joint_radius=0), unconfirmed=True)
        ]
        with mock.patch.object(pairs, "_BLOCK", 130):  # three rows at a time
            nearest_of_all = NearestPairs(drawn.uris, most=20)
            counted = false_pairs(drawn, every, nearest_of_all)
        strangers = [(i, j) for i, j in combinations(range(40), 2) if drawn.groups[i] != drawn.groups[j]]
        for asked, one in zip(every, counted, strict=True):
            candidates, accepted = 0, [0, 0, 0]
            nearest: list[tuple[int, ...]] = []
            for i, j in strangers:
                near = [each for each in either_way(drawn, asked, i, j) if each[0][0] <= asked.rule.radius]
                candidates += bool(near)
                sure = [bits for bits, view in near if asked.unconfirmed or asked.rule.confirms(*bits, view)]
                if sure:
                    accepted[drawn.halves[i] if drawn.halves[i] == drawn.halves[j] else Part.ACROSS] += 1
                    nearest.append((sum(min(sure)), *min(sure), i, j))
            with self.subTest(asked):
                self.assertEqual((one.candidates, one.accepted.tolist()), (candidates, accepted))
                self.assertGreater(min(accepted), 0)
                self.assertEqual(
                    [
                        (each.distance, each.phash_distance, each.dhash_distance, each.left, each.right)
                        for each in one.nearest.named()
                    ],
                    [(*bits, f"/{i}", f"/{j}") for _, *bits, i, j in sorted(nearest)[:MOST_SHOWN]],
                )

        joint = sorted(
            min(sum(bits) for bits, _ in near)
            for i, j in strangers
            if (near := [each for each in either_way(drawn, every[3], i, j) if each[0][0] <= 4])
        )
        found = [
            each.distance + each.phash_distance + each.dhash_distance  # type: ignore[operator]
            for each in nearest_of_all.named()
        ]
        self.assertEqual(found, joint[:20])

    def test_the_spread_is_of_every_pair_as_it_is(self) -> None:
        drawn = made_up(40)
        with mock.patch("hashindex.quality.false_pairs._ROWS", 130):
            found = spread_of_strangers(drawn)
        expected = np.zeros_like(found)
        as_is = partial(either_way, drawn, ASKED["default"])
        for i, j in combinations(range(40), 2):
            if drawn.groups[i] != drawn.groups[j]:
                part = drawn.halves[i] if drawn.halves[i] == drawn.halves[j] else Part.ACROSS
                expected[(part, *next(as_is(i, j))[0])] += 1
        self.assertTrue((found == expected).all())
