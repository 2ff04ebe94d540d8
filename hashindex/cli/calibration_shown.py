"""How a calibration is printed: as tables, for people.

It is imported when there is something to print, so it may import what is heavy.
"""

from collections.abc import Sequence
from math import ceil

from hashindex.cli import output
from hashindex.quality.asking import ASKED
from hashindex.quality.calibrate import Calibration, Measure
from hashindex.quality.choosing import MOST_CANDIDATES, pairs_to_show
from hashindex.quality.intervals import Proportion
from hashindex.quality.pairs import Pair
from hashindex.quality.population import Part

FEWEST = 2
"""Pictures that can be compared."""

NOTHING = "There is nothing to compare: name a folder with two pictures at least."

_MISSED = 0.9
"""A kind of copy of which less is found is said to be missed."""

_MEASURES_A_TABLE = 3
_PAIRS_SHOWN = 10


def show(found: Calibration, *, most: int) -> None:
    """Print it for a person; what was rejected on stderr. `most` is how many pictures were to be drawn."""
    for rejected in found.rejected:
        output.complain(rejected)
    tuning, held_out = found.compared
    output.prose(
        f"{output.number_of(found.found, 'picture')}, of which {sum(found.compared.values()):,} are compared "
        f"({found.compared[tuning]:,} for tuning, {found.compared[held_out]:,} held out) and "
        f"{sum(found.copied.values()):,} copied. Left out: {max(0, found.found - most):,} beyond --pictures, "
        f"{found.repeated:,} of the same content, "
        f"{len(found.low_information):,} low in information, {len(found.rejected):,} rejected, "
        f"{found.ignored:,} other files ignored. "
        f"Recipe {found.recipe}; seed {found.seed}; intervals are of 95%, those of pairs as if pairs were "
        "independent of each other."
    )
    if sum(found.compared.values()) < FEWEST:
        output.line(NOTHING)
        return
    output.paragraph("The rules:")
    output.table([(each.name, each.asked.words) for each in found.measures if each.is_plain])
    output.paragraph("False pairs, and candidates that a search has to look at:")
    output.table(
        [_false_pairs(each, held_out) for each in found.measures],
        ("rule", "held out", "of all pairs", "per million", "expected", "candidates"),
    )
    output.prose(
        "Expected, of a million pairs of other pictures: by how false pairs fall off towards nearer ones, "
        "in the tuning half; in all."
    )
    _recall(found, held_out)
    _choices(found)
    _recommend(found)
    _nearest(found)


def _choices(found: Calibration) -> None:
    if not found.choices:
        return
    output.paragraph(
        "The best rules by radius of the aHash, where a wider one finds more; by the tuning half:"
    )
    better = [
        each
        for each, before in zip(found.choices, (None, *found.choices), strict=False)
        if before is None or each.recall > before.recall
    ]
    output.table(
        [
            (str(each.rule), f"{each.recall:.3f}", per_million(each.false_pairs), _percent(each.candidates))
            for each in better
        ],
        ("rule", "of all copies", "false pairs per million", "candidates"),
    )


def _recall(found: Calibration, half: Part) -> None:
    """Print all kinds of copies as they are, and those of which another view finds more."""
    plain = {each.asked.words: each for each in found.measures if each.is_plain}
    views = [
        each
        for each in found.measures
        if each.name in ASKED and not each.is_plain and not each.asked.unconfirmed
    ]
    kinds = list(found.measures[0].recall[half])
    _columns("Copies of held-out pictures that are found:", kinds, list(plain.values()), half)
    better = {
        each.name: [
            kind for kind in kinds if each.recall[half][kind] != plain[each.asked.words].recall[half][kind]
        ]
        for each in views
    }
    _columns(
        "And of those kinds for which it makes a difference, by other views:",
        [kind for kind in kinds if any(kind in some for some in better.values())],
        [each for each in views if better[each.name]],
        half,
    )


def _columns(title: str, kinds: Sequence[str], measures: Sequence[Measure], half: Part) -> None:
    for start in range(0, len(measures), _MEASURES_A_TABLE):
        some = measures[start : start + _MEASURES_A_TABLE]
        output.paragraph(title)
        output.table(
            [(kind, *(in_words(each.recall[half][kind]) for each in some)) for kind in kinds],
            ("copy", *(each.name for each in some)),
        )


def _recommend(found: Calibration) -> None:
    if not found.choices:
        output.paragraph(
            "No rule is recommended: of none can be said that it takes falsely at most "
            f"{found.per_million:g} of a million pairs; more pictures may tell."
        )
    for name, most in MOST_CANDIDATES.items():
        if found.choices and name not in found.recommended:
            output.paragraph(
                f"No {name} rule is recommended: of none that takes so few false pairs can be said that a "
                f"search looks at no more than {most:.1%} of all entries; more pictures may tell."
            )
    measures = {each.name: each for each in found.measures}
    for name, choice in found.recommended.items():
        measure = measures[f"recommended, {name}, trimmed"]
        held_out = max(measure.recall)
        missed = [
            f"{kind} ({each.share:.2f})"
            for kind, each in measure.recall[held_out].items()
            if (each.share or 0) < _MISSED
        ]
        output.paragraph(
            f"Recommended, {name}: {choice.rule}, for at most {found.per_million:g} of a million pairs taken "
            f"falsely; by how false ones fall off, {choice.expected * 1e6:.2g} are to be expected. "
            "On the held-out half, with pictures trimmed too, as search does, it takes "
            f"{per_million(measure.false_pairs[held_out])}. It misses a tenth or more of: "
            f"{', '.join(missed) or 'nothing that was measured'}."
        )
    if not all(choice.is_shown for choice in found.recommended.values()):
        output.paragraph(_too_few(found))


def _too_few(found: Calibration) -> str:
    """Say that the pairs cannot show the rate that is wanted, and what could."""
    pairs = found.choices[0].false_pairs.of
    said = (
        f"The pairs are too few to show so small a rate: {pairs:,} of the tuning half, none of them false, "
        f"still leave up to {Proportion(0, pairs).high * 1e6:.3g} of a million."
    )
    needed = pairs_to_show(found.per_million)
    if needed is None:
        return f"{said} A rate of nothing can never be shown."
    pictures = ceil((2 * needed) ** 0.5 * sum(found.compared.values()) / max(1, found.compared[Part.TUNING]))
    return f"{said} About {pictures:,} pictures, and none of their pairs false, can show it."


def _nearest(found: Calibration) -> None:
    if not found.nearest:
        return
    output.paragraph(
        "The nearest pairs of different pictures. Where two are one, name them in a file for --truth:"
    )
    output.table(
        [
            (
                *(each.distance, each.phash_distance, each.dhash_distance),
                *(each.view, each.left, each.right, "; ".join(_takers(found, each))),
            )
            for each in found.nearest[:_PAIRS_SHOWN]
        ],
        ("aHash", "pHash", "dHash", "view", "", "", "taken for one by"),
    )


def _takers(found: Calibration, near: Pair) -> list[str]:
    return [
        measure.name
        for measure in found.measures
        if not measure.asked.unconfirmed
        and any((each.left, each.right) == (near.left, near.right) for each in measure.nearest)
    ]


def _false_pairs(measure: Measure, held_out: Part) -> tuple[str, ...]:
    half = {int(part): each for part, each in measure.false_pairs.items()}[held_out]
    every = measure.all_false_pairs
    return (
        measure.name,
        f"{half.count:,} of {half.of:,}",
        f"{every.count:,} of {every.of:,}",
        per_million(every),
        "; ".join(f"{share * 1e6:.2g}" for share in measure.expected.values()),
        _percent(measure.candidates),
    )


def in_words(found: Proportion) -> str:
    """Return a share with its counts and its interval."""
    if found.share is None:
        return "-"
    return f"{found.share:.3f} {found.count}/{found.of} ({found.low:.3f}-{found.high:.3f})"


def per_million(found: Proportion) -> str:
    """Return how many of a million, with the interval."""
    if found.share is None:
        return "-"
    low, high = found.low * 1e6, found.high * 1e6
    return f"{found.share * 1e6:.3g} ({low:.3g}-{high:.3g})" if found.count else f"0 (at most {high:.3g})"


def _percent(found: Proportion) -> str:
    return "-" if found.share is None else f"{found.share:.2%}"
