"""Evaluate: how well a search finds the pictures that a person said belong together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import fmean

from hashindex.listing import Selection
from hashindex.outcomes import Rejected
from hashindex.quality.asking import Asked
from hashindex.quality.comparison import Comparison
from hashindex.quality.intervals import Proportion
from hashindex.quality.pairs import Pair
from hashindex.quality.truth import not_there
from hashindex.reading import Looked, PictureReader

RADII = range(21)
"""Of the aHash, for which pairs are counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs that were found, against those that there are."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> Proportion:
        """The share of the pairs found that are right."""
        return Proportion(self.right, self.right + self.wrong)

    @property
    def recall(self) -> Proportion:
        """The share of the true pairs that were found."""
        return Proportion(self.right, self.right + self.missed)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of the two; None where there was nothing to find and nothing was found."""
        whole = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / whole if whole else None


@dataclass(frozen=True, slots=True)
class AtRadius:
    """Pairs found within one radius of the aHash, and those of them that the rule's other hashes confirm."""

    radius: int
    candidates: Found
    confirmed: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that was measured."""

    recipe: str
    asked: Asked
    pictures: int
    grouped: int
    """Of them, how many share a group with another; the others belong to nobody."""
    groups: int
    """Groups of two pictures or more."""
    ignored: int
    """Files that are not taken for pictures: by their extension, or by the selection."""
    low_information: int
    rejected: tuple[Rejected, ...]
    """Pictures that could not be taken, and names in the truth that are not there."""
    found: Found
    """By the rule."""
    radii: tuple[AtRadius, ...]
    mean_average_precision: Mapping[str, float]
    """By the hash that pictures are ranked by, over all that share a group; empty where none does."""
    missed_pairs: tuple[Pair, ...]
    """The nearest of them, up to `comparison.MOST_SHOWN`; so are those wrongly found."""
    wrong_pairs: tuple[Pair, ...]


def evaluate(
    reader: PictureReader,
    folder: str,
    selection: Selection,
    truth: Mapping[str, str],
    asked: Asked,
    *,
    each: Callable[[Looked | Rejected], object] = lambda _: None,
) -> Evaluation:
    """Look every picture up among all others, and compare what is found with the truth.

    A pair is found when either of the two finds the other. Exact copies (equal content) are always found,
    pictures that say too little only so.

    Args:
        reader: Reads and hashes by the recipe that is measured.
        folder: A folder or prefix.
        selection: What of it is taken.
        truth: The groups by canonical URI; a picture without one belongs to nobody.
        asked: The search. The pairs that are named are judged by it.
        each: Called with each picture as it is read.

    """
    taken: list[Looked] = []
    rejected: list[Rejected] = []
    ignored = count()
    files = reader.listed([folder], selection, each_ignored=lambda: next(ignored))
    for item in reader.map(partial(reader.look, ways=asked.ways), files):
        each(item)
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            taken.append(item)
    there = {*(item.picture.uri for item in taken), *(item.uri for item in rejected)}
    rejected += not_there(truth, there)
    compared = Comparison(taken, truth, asked, radius=max(*RADII, asked.rule.radius))
    several = [size for size in compared.sizes.values() if size > 1]
    radii = tuple(_radii(compared))
    return Evaluation(
        recipe=str(reader.recipe),
        asked=asked,
        pictures=len(taken),
        grouped=sum(several),
        groups=len(several),
        ignored=next(ignored),
        low_information=int(compared.low.sum()),
        rejected=tuple(rejected),
        found=radii[asked.rule.radius].confirmed,
        radii=radii,
        mean_average_precision={name: fmean(each) for name, each in compared.precisions.items() if each},
        missed_pairs=compared.missed.named(),
        wrong_pairs=compared.wrong.named(),
    )


def _radii(compared: Comparison) -> Iterator[AtRadius]:
    every = compared.candidates.cumsum(axis=1), compared.confirmed.cumsum(axis=1)
    for radius in range(compared.candidates.shape[1]):
        yield AtRadius(radius, *(_found(within[:, radius].tolist(), compared.together) for within in every))


def _found(within: Sequence[int], together: int) -> Found:
    wrong, right = within
    return Found(right=right, wrong=wrong, missed=together - right)
