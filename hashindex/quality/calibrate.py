"""Calibrate: what each rule finds of copies of one's own pictures, what it confuses, which rule to take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hashindex.listing import Selection
from hashindex.outcomes import Rejected
from hashindex.quality.asking import ASKED, Asked, by_every_way
from hashindex.quality.choosing import Choice, Fall, best_by_radius, recommended
from hashindex.quality.defaults import COPIES_OF, PER_MILLION, PICTURES, SEED
from hashindex.quality.false_pairs import MOST_SHOWN, FalsePairs, false_pairs, spread_of_strangers
from hashindex.quality.intervals import Proportion
from hashindex.quality.pairs import NearestPairs, Pair
from hashindex.quality.population import HALVES, Each, Part, Population, draw
from hashindex.quality.spread import Curve, curves, spread
from hashindex.quality.transformations import TRANSFORMATIONS
from hashindex.reading import PictureReader
from hashindex.views import ONLY_AS_IS


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What one rule does when pictures are looked up one way."""

    name: str
    asked: Asked
    false_pairs: Mapping[Part, Proportion]
    """Of the pairs of different pictures within each half."""
    all_false_pairs: Proportion
    """Of all pairs of different pictures, those across the halves too."""
    expected: Mapping[str, float]
    """Share of false pairs to expect of other pictures, as `Choice.expected`: by the pairs of the "tuning"
    half, and by "all"; empty by other views, and where nothing is confirmed."""
    candidates: Proportion
    """Pairs near enough by their aHash, of all: what a search has to look at."""
    recall: Mapping[Part, Mapping[str, Proportion]]
    """By half and transformation."""
    nearest: tuple[Pair, ...]
    """The nearest pairs that were accepted, up to `false_pairs.MOST_SHOWN`."""

    @property
    def is_plain(self) -> bool:
        """Whether pictures are looked up as they are and in no other way."""
        return self.asked.ways == ONLY_AS_IS


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """All that was measured."""

    seed: int
    recipe: str
    found: int
    """Pictures in the folder."""
    ignored: int
    """Other files in it, or those that the selection leaves out."""
    compared: Mapping[Part, int]
    """Pictures by half."""
    copied: Mapping[Part, int]
    """Of these, how many had copies made."""
    repeated: int
    """Pictures left out because another has the same content."""
    low_information: tuple[str, ...]
    """Pictures left out because they say too little to be told from others."""
    rejected: tuple[Rejected, ...]
    """Pictures that could not be taken, and names in the truth that are not there."""
    per_million: float
    choices: tuple[Choice, ...]
    """The best rule for each radius, by the tuning half."""
    recommended: Mapping[str, Choice]
    """The best of these for each use; none where no rule has so few false pairs."""
    measures: tuple[Measure, ...]
    """Of the rules that the program has, and of the recommended ones."""
    nearest: tuple[Pair, ...]
    """The nearest pairs of different pictures by any view, whether any rule takes them for one or not."""
    curves: tuple[Curve, ...]
    """Each hash alone, by radius, over all pairs and copies."""


def calibrate(
    reader: PictureReader,
    folder: str,
    selection: Selection,
    truth: Mapping[str, str],
    *,
    workers: int,
    seed: int = SEED,
    pictures: int = PICTURES,
    copies_of: int = COPIES_OF,
    per_million: float = PER_MILLION,
    each: Each = lambda _: None,
) -> Calibration:
    """Measure the rules on the pictures of a folder.

    Args:
        reader: Reads by the recipe that is measured.
        folder: A folder or prefix.
        selection: What of it is taken.
        truth: Pictures that belong together, by canonical URI; all others are taken as different, but for
            equal content, which counts once, and belongs where any of it does.
        workers: Processes that measure pictures; each may hold as many pixels as the reader may.
        seed: Of the lot, the halves, and all chance in copies; the same gives the same figures.
        pictures: Most that are compared with each other.
        copies_of: Most that copies are made of.
        per_million: False pairs that a recommended rule may take, of a million.
        each: Called with each picture as it is measured.

    """
    population = draw(
        reader,
        folder,
        selection,
        truth,
        most=pictures,
        copies_of=copies_of,
        seed=seed,
        workers=workers,
        each=each,
    )
    strangers = spread_of_strangers(population)
    tuning = population.copies_in(Part.TUNING)[..., 0, :]
    choices = tuple(
        best_by_radius(
            strangers[Part.TUNING],
            spread(tuning),
            copied=tuning[..., 0].size,
            per_million=per_million,
        )
    )
    best = recommended(choices)
    asked = dict(ASKED)
    for name, choice in best.items():
        asked |= by_every_way(f"recommended, {name}", choice.rule)
    every = population.copies[..., 0, :]
    nearest = NearestPairs(population.uris, most=MOST_SHOWN)
    found = false_pairs(population, list(asked.values()), nearest)
    return Calibration(
        seed=seed,
        recipe=str(reader.recipe),
        found=population.found,
        ignored=population.ignored,
        compared={half: int((population.halves == half).sum()) for half in HALVES},
        copied={half: len(population.copies_in(half)) for half in HALVES},
        repeated=population.repeated,
        low_information=population.low_information,
        rejected=population.rejected,
        per_million=per_million,
        choices=choices,
        recommended=best,
        measures=tuple(_measures(population, asked, found, strangers)),
        nearest=nearest.named(),
        curves=curves(strangers.sum(axis=0), spread(every), copied=every[..., 0].size),
    )


def _measures(
    population: Population,
    asked: Mapping[str, Asked],
    found: list[FalsePairs],
    strangers: npt.NDArray[np.int64],
) -> Iterator[Measure]:
    pairs = strangers.sum(axis=(1, 2, 3)).tolist()
    falls = {"tuning": Fall(strangers[Part.TUNING]), "all": Fall(strangers.sum(axis=0))}
    for (name, one), each in zip(asked.items(), found, strict=True):
        yield Measure(
            name=name,
            asked=one,
            false_pairs={half: Proportion(int(each.accepted[half]), pairs[half]) for half in HALVES},
            all_false_pairs=Proportion(int(each.accepted.sum()), sum(pairs)),
            expected={
                of: fall.of(one.rule)
                for of, fall in falls.items()
                if one.ways == ONLY_AS_IS and not one.unconfirmed
            },
            candidates=Proportion(each.candidates, sum(pairs)),
            recall={half: _recall(population, one, half) for half in HALVES},
            nearest=each.nearest.named(),
        )


def _recall(population: Population, asked: Asked, half: Part) -> dict[str, Proportion]:
    copies = population.copies_in(half)
    kept = asked.finds(copies).sum(axis=0)
    return {name: Proportion(int(kept[row]), len(copies)) for row, name in enumerate(TRANSFORMATIONS)}
