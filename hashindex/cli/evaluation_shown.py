"""How an evaluation is printed: as tables, for people."""

from collections.abc import Sequence

from hashindex.cli import output
from hashindex.cli.calibration_shown import FEWEST, NOTHING, in_words
from hashindex.quality.evaluate import Evaluation, Found
from hashindex.quality.pairs import Pair
from hashindex.report import PairsShown
from hashindex.views import AS_IS

_PAIRS_SHOWN = 20


def show(found: Evaluation) -> None:
    """Print it for a person; what was rejected on stderr."""
    for rejected in found.rejected:
        output.complain(rejected)
    output.prose(
        f"{output.number_of(found.pictures, 'picture')}, of which {found.grouped:,} belong to "
        f"{output.number_of(found.groups, 'group')}, and "
        f"{found.low_information:,} low in information; {len(found.rejected):,} rejected, "
        f"{found.ignored:,} other files ignored. "
        f"Rule: {found.asked.words}. Recipe {found.recipe}; intervals are of 95%, as if pairs were "
        "independent of each other, which they are not: read them as narrow."
    )
    if found.pictures < FEWEST:
        output.line(NOTHING)
        return
    _radii("by the aHash alone", [(each.radius, each.candidates) for each in found.radii])
    _radii("confirmed", [(each.radius, each.confirmed) for each in found.radii])
    if found.mean_average_precision:
        said = (f"{value:.3f} by {name}" for name, value in found.mean_average_precision.items())
        output.paragraph(f"Mean average precision: {', '.join(said)}.")
    _pairs("missed", found.found.missed, found.missed_pairs)
    _pairs("wrongly found", found.found.wrong, found.wrong_pairs)


def _pairs(what: str, number: int, named: Sequence[Pair]) -> None:
    output.paragraph(f"Pairs {what}: {number:,}{_the_nearest(number, min(len(named), _PAIRS_SHOWN))}")
    if named:
        output.table(
            [
                (
                    *(each.distance, each.phash_distance, each.dhash_distance),
                    *(each.view, each.left, each.right),
                )
                for each in named[:_PAIRS_SHOWN]
            ],
            ("aHash", "pHash", "dHash", "view", "", ""),
            indent="  ",
        )


def _radii(how: str, rows: Sequence[tuple[int, Found]]) -> None:
    output.paragraph(f"Pairs that are found, {how}:")
    output.table(
        [(radius, in_words(each.precision), in_words(each.recall), _f1(each)) for radius, each in rows],
        ("radius", "precision", "recall", "F1"),
    )


def _f1(found: Found) -> str:
    return "-" if found.f1 is None else f"{found.f1:.3f}"


def title(found: Evaluation) -> str:
    """Return the title of that page."""
    missed = output.number_of(found.found.missed, "pair")
    return f"Evaluation: {missed} missed, {found.found.wrong:,} wrongly found"


def sections(found: Evaluation) -> list[PairsShown]:
    """Return what a page shows: the pairs missed, and those wrongly found."""
    return [
        _section("Missed", "within a group, and not found", found.found.missed, found.missed_pairs),
        _section("Wrongly found", "within no group, and found", found.found.wrong, found.wrong_pairs),
    ]


def _section(title: str, what: str, number: int, named: Sequence[Pair]) -> PairsShown:
    said = f"{output.number_of(number, 'pair')} {what}{_the_nearest(number, len(named))}."
    return PairsShown(title, said, [(each.left, each.right, _distances(each)) for each in named])


def _the_nearest(number: int, shown: int) -> str:
    return f"; the nearest {shown:,} are shown" if number > shown else ""


def _distances(of: Pair) -> str:
    if of.distance is None:
        return "One of the two says too little to be matched as near."
    view = "" if of.view in (None, AS_IS) else f", {of.view}"
    return f"aHash {of.distance}, pHash {of.phash_distance}, dHash {of.dhash_distance} bits apart{view}"
