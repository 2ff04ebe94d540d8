"""How many threads read local pictures fastest: what the setting `workers` should be where nobody says."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks import photographs, table
from benchmarks.options import Options
from benchmarks.timing import Call, interleaved
from hashindex.reading import PictureReader
from hashindex.recipe import Recipe
from hashindex.records import MAX_BYTES, MAX_PIXELS
from hashindex.sources.local import LocalSource

NUMBERS = (1, 2, 4, 8, 16)

SLICE = 16
"""Pictures in one round: few, so that what disturbs the machine disturbs all numbers alike."""


def run(options: Options) -> None:
    """Measure both sizes of picture with each number of threads."""
    found = photographs.names(options.folder, most=200, seed=options.seed)
    with tempfile.TemporaryDirectory() as folder:
        small = photographs.small_copies(found, 400, Path(folder, "small"))
        large = photographs.large_copies(found, 16, Path(folder, "large"), options.seed)
        rows = [_measured("0.17 megapixels", small, 50), _measured("12 megapixels", large, 7)]
    heads = ("pictures", *(f"{number} threads" for number in NUMBERS))
    table.show("Local pictures per second, read and hashed, by number of threads", heads, rows)


def _measured(title: str, paths: Sequence[Path], rounds: int) -> list[str]:
    names = [str(path) for path in paths]
    calls = {str(number): _call(names, number) for number in NUMBERS}
    took = interleaved(calls, rounds=rounds)
    return [title, *(f"{SLICE / median(seconds):.1f}" for seconds in took.values())]


def _call(names: Sequence[str], workers: int) -> Call:
    reader = PictureReader(
        LocalSource(),
        Recipe(),
        max_pixels=MAX_PIXELS,
        max_bytes=MAX_BYTES,
        workers=workers,
        in_flight=2 * workers,
    )

    def call(number: int) -> object:
        start = number * SLICE % len(names)
        return list(reader.map(reader.read, names[start : start + SLICE]))

    return call
