"""What a calibration and an evaluation come to, as one JSON value each."""

from hashindex.cli import output
from hashindex.quality.asking import Asked
from hashindex.quality.calibrate import Calibration, Measure
from hashindex.quality.choosing import Choice
from hashindex.quality.evaluate import Evaluation, Found
from hashindex.quality.intervals import Proportion
from hashindex.quality.pairs import Pair
from hashindex.views import AS_IS


def emit_calibration(found: Calibration) -> None:
    """Print it."""
    output.emit(
        {
            "seed": found.seed,
            "recipe": found.recipe,
            "found": found.found,
            "ignored": found.ignored,
            "compared": {half.name.lower(): number for half, number in found.compared.items()},
            "copied": {half.name.lower(): number for half, number in found.copied.items()},
            "repeated": found.repeated,
            "low_information": list(found.low_information),
            "rejected": [{"uri": each.uri, **(output.why(each) or {})} for each in found.rejected],
            "wanted_per_million": found.per_million,
            "rules": [_measure(each) for each in found.measures],
            "recommended": {name: _choice(each) for name, each in found.recommended.items()},
            "nearest": [_pair(each) for each in found.nearest],
            "best_by_radius": [_choice(each) for each in found.choices],
            "curves": {
                each.name: [
                    {"radius": radius, "false_pairs": _share(wrong), "recall": _share(right)}
                    for radius, (wrong, right) in enumerate(zip(each.false_pairs, each.recall, strict=True))
                ]
                for each in found.curves
            },
        }
    )


def emit_evaluation(found: Evaluation) -> None:
    """Print it."""
    output.emit(
        {
            "recipe": found.recipe,
            "rule": _rule(found.asked),
            **_ways(found.asked),
            "pictures": found.pictures,
            "grouped": found.grouped,
            "groups": found.groups,
            "ignored": found.ignored,
            "low_information": found.low_information,
            "rejected": [{"uri": each.uri, **(output.why(each) or {})} for each in found.rejected],
            **_found(found.found),
            "mean_average_precision": dict(found.mean_average_precision),
            "radii": [
                {
                    "radius": each.radius,
                    "candidates": _found(each.candidates),
                    "confirmed": _found(each.confirmed),
                }
                for each in found.radii
            ],
            "missed_pairs": [_pair(each) for each in found.missed_pairs],
            "wrong_pairs": [_pair(each) for each in found.wrong_pairs],
        }
    )


def _measure(measure: Measure) -> dict[str, object]:
    return {
        "name": measure.name,
        "rule": _rule(measure.asked),
        **_ways(measure.asked),
        "false_pairs": {
            **{half.name.lower(): _share(each) for half, each in measure.false_pairs.items()},
            "all": _share(measure.all_false_pairs),
        },
        "expected_per_million": {of: share * 1e6 for of, share in measure.expected.items()},
        "candidates": _share(measure.candidates),
        "recall": {
            half.name.lower(): {name: _share(each) for name, each in kinds.items()}
            for half, kinds in measure.recall.items()
        },
        "nearest": [_pair(each) for each in measure.nearest],
    }


def _choice(choice: Choice) -> dict[str, object]:
    return {
        "rule": _rule(Asked(choice.rule)),
        "false_pairs": _share(choice.false_pairs),
        "candidates": _share(choice.candidates),
        "recall": choice.recall,
        "expected_per_million": choice.expected * 1e6,
        "is_shown": choice.is_shown,
    }


def _found(found: Found) -> dict[str, object]:
    return {
        "right": found.right,
        "wrong": found.wrong,
        "missed": found.missed,
        "precision": _share(found.precision),
        "recall": _share(found.recall),
        "f1": found.f1,
    }


def _share(found: Proportion) -> dict[str, object]:
    """Return a share as JSON."""
    return {
        "count": found.count,
        "of": found.of,
        "share": found.share,
        "low": found.low,
        "high": found.high,
    }


def _rule(asked: Asked) -> dict[str, object]:
    """Return a rule as JSON; without a joint radius nothing is confirmed."""
    joint = None if asked.unconfirmed else asked.rule.joint_radius
    return {"text": asked.words, "radius": asked.rule.radius, "joint_radius": joint}


def _ways(asked: Asked) -> dict[str, bool]:
    """Return the views that are asked for as JSON."""
    return {"orientations": asked.ways.orientations, "trimmed": asked.ways.trimmed}


def _pair(found: Pair) -> dict[str, object]:
    """Return two pictures as JSON."""
    return {
        "left": found.left,
        "right": found.right,
        "distance": found.distance,
        "phash_distance": found.phash_distance,
        "dhash_distance": found.dhash_distance,
        **({"view": str(found.view)} if found.view not in (None, AS_IS) else {}),
    }
