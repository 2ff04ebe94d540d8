"""The curves of a calibration as SVG files: what is found against what is confused, and what is missed."""

import os
from pathlib import Path

from hashindex.errors import ConfigurationError
from hashindex.quality.calibrate import Calibration
from hashindex.quality.population import Part

_MILLION = 1e6
_SHOWN = ("aHash alone", "default, trimmed", "default, orientations, trimmed", "wide, trimmed")
"""Searches as they are made, beside what they stand on."""


def ready(folder: Path) -> None:
    """Make the folder; ConfigurationError when nothing can be drawn, before anything is measured."""
    try:
        import matplotlib as _  # noqa: F401, ICN001  # 74 MB with what it needs, so an extra
    except ImportError as exc:
        raise ConfigurationError(
            "plots need matplotlib; install it with: pip install 'hashindex[plots]'."
        ) from exc
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigurationError(
            f"{folder} cannot be a folder for plots: {exc.strerror}; name another."
        ) from exc
    if not os.access(folder, os.W_OK):
        raise ConfigurationError(f"nothing can be written into {folder}; name another folder.")


def draw(found: Calibration, folder: Path) -> None:
    """Write `tradeoff.svg` and `recall.svg` into a folder."""
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "hashindex", "svg.fonttype": "none", "font.size": 9, "axes.grid": True}):
        _tradeoff(found, folder / "tradeoff.svg")
        _recall(found, folder / "recall.svg")


def _tradeoff(found: Calibration, file: Path) -> None:
    """Draw each hash alone, and the named rules."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for curve in found.curves:
        wrong = [(each.share or 0) * _MILLION for each in curve.false_pairs]
        axes.plot(wrong, [each.share or 0 for each in curve.recall], label=f"{curve.name} alone", marker=".")
    for measure in found.measures:
        if measure.is_plain and not measure.asked.unconfirmed:
            copies = [each for half in measure.recall.values() for each in half.values()]
            right = sum(each.count for each in copies) / max(1, sum(each.of for each in copies))
            wrong_share = (measure.all_false_pairs.share or 0) * _MILLION
            axes.plot([wrong_share], [right], "D", label=f"{measure.name}: {measure.asked.words}")
    floor = 3 * _MILLION / max(1, found.measures[0].all_false_pairs.of)
    axes.set_xscale("symlog", linthresh=floor)
    axes.set(
        xlabel=f"false pairs per million (where none was seen, at most {floor:.2g})",
        ylabel="copies found, all transformations",
        xlim=(-floor / 3, _MILLION),
        ylim=(0, 1),
    )
    axes.legend(fontsize=7)
    figure.savefig(file, metadata={"Date": None})


def _recall(found: Calibration, file: Path) -> None:
    """Draw what of each kind of copy is found, with its interval, on the held-out half."""
    from matplotlib.figure import Figure

    shown = [each for each in found.measures if each.name in _SHOWN]
    kinds = list(shown[0].recall[Part.HELD_OUT])
    figure = Figure(figsize=(7, 0.2 * len(kinds) + 1), layout="constrained")
    axes = figure.subplots()
    for number, measure in enumerate(shown):
        every = [measure.recall[Part.HELD_OUT][kind] for kind in kinds]
        share = [each.share or 0 for each in every]
        below = [max(0.0, s - each.low) for s, each in zip(share, every, strict=True)]
        above = [max(0.0, each.high - s) for s, each in zip(share, every, strict=True)]
        places = [place + 0.15 * (number - len(shown) / 2) for place in range(len(kinds))]
        axes.errorbar(share, places, xerr=(below, above), fmt=".", elinewidth=0.8, label=measure.name)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.invert_yaxis()
    axes.set(xlabel="copies of held-out pictures found, 95% interval", xlim=(-0.02, 1.02))
    axes.legend(fontsize=7, loc="lower left")
    figure.savefig(file, metadata={"Date": None})
