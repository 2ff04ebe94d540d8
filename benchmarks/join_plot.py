"""`python -m benchmarks.join_plot FILE.svg`: the time of a join over the number of hashes and the radius."""

import argparse
import time
from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import machine, table
from benchmarks.made import Hashes, planted_hashes
from hashindex import pairs_within

NUMBERS = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
RADII = (0, 2, 4, 5, 6, 8, 10, 12, 16)
SHOWN_RADII = (0, 2, 5, 8, 10, 16)
"""Of which there is a line over the number of hashes."""
MOST_SECONDS = 60.0
"""A join that might take longer is left out: one that may grow with the square of the number."""
REPEATED_SECONDS = 1.0
"""A shorter one is measured three times."""

Seconds = dict[tuple[int, int], float]
"""By number and radius."""


def main() -> None:
    """Measure, print the table, and draw it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.join_plot", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(machine.describe())
    seconds = _measured(arguments.seed)
    rows = [
        (
            f"{number:,}",
            *(f"{seconds[number, radius]:.3f}" if (number, radius) in seconds else "-" for radius in RADII),
        )
        for number in NUMBERS
    ]
    heads = ("hashes", *(f"radius {radius}" for radius in RADII))
    table.show("pairs_within, random hashes, 10% of them up to 5 bits from another, seconds", heads, rows)
    _draw(seconds, arguments.file)


def _measured(seed: int) -> Seconds:
    seconds: Seconds = {}
    pairs_within(planted_hashes(NUMBERS[0], seed), RADII[1])  # what only a first call costs
    for i, number in enumerate(NUMBERS):
        hashes = planted_hashes(number, seed)
        for radius in RADII:
            last = seconds.get((NUMBERS[i - 1], radius)) if i else 0.0
            if last is not None and last * (number / NUMBERS[i - 1]) ** 2 <= MOST_SECONDS:
                seconds[number, radius] = _one(hashes, radius)
    return seconds


def _one(hashes: Hashes, radius: int) -> float:
    took: list[float] = []
    while not took or (took[0] < REPEATED_SECONDS and len(took) < 3):
        began = time.perf_counter()
        pairs_within(hashes, radius)
        took.append(time.perf_counter() - began)
    return median(took)


def _draw(seconds: Seconds, file: Path) -> None:
    mpl.rcParams.update({"svg.hashsalt": "hashindex", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for radius in SHOWN_RADII:
        points = [(number, seconds[number, radius]) for number in NUMBERS if (number, radius) in seconds]
        left.plot(*zip(*points, strict=True), marker="o", markersize=3, label=f"radius {radius}")
    for number in NUMBERS:
        points = [(radius, seconds[number, radius]) for radius in RADII if (number, radius) in seconds]
        if points:
            right.plot(*zip(*points, strict=True), marker="o", markersize=3, label=f"{number:,}")
    left.set_xscale("log")
    _dress(left, "hashes")
    _dress(right, "radius, bits")
    left.set_ylabel("seconds")
    figure.savefig(file, format="svg", metadata={"Date": None})


def _dress(axes: Axes, label: str) -> None:
    axes.set_yscale("log")
    axes.set_xlabel(label)
    axes.grid(visible=True, which="major", linewidth=0.4)
    axes.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    main()
