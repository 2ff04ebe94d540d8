"""Pictures inserted per second: from an OSS server behind a slow network, against local disk."""

import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import photographs, table
from benchmarks.options import Options
from benchmarks.oss_process import Served, serving
from benchmarks.timing import paired_ratio
from hashindex.compose import open_index
from hashindex.index import Index
from settings import Settings

SMALL, LARGE = 1_500, 100
"""Pictures in each insert: ordinary ones, and those of 12 megapixels."""

DIFFERENT = 200
"""Ordinary pictures with bytes of their own; the others are links to them."""

DIFFERENT_LARGE = 10

DELAY_SECONDS = 0.03

ROUNDS = 5


def run(options: Options) -> None:
    """Insert the same photographs from both, in turns, each time for another company."""
    found = photographs.names(options.folder, most=DIFFERENT, seed=options.seed)
    rows = []
    with tempfile.TemporaryDirectory() as base:
        small = photographs.small_copies(found, DIFFERENT, Path(base, "small"))
        large = photographs.sized_copies(
            found,
            DIFFERENT_LARGE,
            Path(base, "large"),
            megapixels=photographs.LARGE_MEGAPIXELS,
            seed=options.seed,
        )
        megapixels = photographs.SMALL_PIXELS / 1e6
        for name, made, number in (
            (f"{SMALL:,} of {megapixels:.2f} megapixels", small, SMALL),
            (f"{LARGE} of 12 megapixels", large, LARGE),
        ):
            folder = Path(base, str(number))
            _link(made, number, folder)
            with (
                serving(folder, delay_seconds=DELAY_SECONDS) as served,
                opened(folder.with_suffix(".db"), served) as index,
            ):
                rows += _rows(name, number, *_measured(index, number, str(folder), served))
    table.show(
        "Inserting photographs into Lite, from OSS against from a disk",
        ("pictures", "from", "pictures/s", "ratio", "ms of ours a picture", "of the OSS server"),
        rows,
    )
    print(
        f"The OSS server runs in a process of its own and waits {DELAY_SECONDS * 1e3:.0f} ms before every\n"
        "answer. ms: processor time of either process, without Milvus Lite's. The ratio is the median of\n"
        "the rounds' own."
    )


def _link(made: list[Path], number: int, folder: Path) -> None:
    folder.mkdir()
    for i in range(number):
        os.link(made[i % len(made)], folder / f"{i:06d}.jpg")


@contextmanager
def opened(file: Path, served: Served | None = None) -> Iterator[Index]:
    """Open an index on Milvus Lite, wired as the command line does."""
    given: dict[str, object] = {"milvus_uri": str(file), **(served.settings if served else {})}
    with open_index(create=True, settings=Settings(**given)) as index:  # type: ignore[arg-type]
        yield index


@dataclass(slots=True)
class _Took:
    """Seconds of each round."""

    elapsed: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    """Of processor time, as below."""
    server: list[float] = field(default_factory=list)


def _measured(index: Index, number: int, folder: str, served: Served) -> tuple[_Took, _Took]:
    """Return what inserting took from the disk, and from OSS."""
    local, remote = _Took(), _Took()
    sources = [(local, folder), (remote, served.uri)]
    companies = itertools.count(1)
    for turn in range(-1, ROUNDS):
        for took, source in sources if turn % 2 else reversed(sources):
            began, ours, server = time.perf_counter(), time.process_time(), served.processor_seconds()
            report = index.company(next(companies)).insert(source)
            elapsed = time.perf_counter() - began
            assert report.inserted == number, report.first_rejects[:1]
            if turn >= 0:
                took.elapsed.append(elapsed)
                took.ours.append(time.process_time() - ours)
                took.server.append(served.processor_seconds() - server)
    return local, remote


def _rows(name: str, number: int, local: _Took, remote: _Took) -> list[tuple[str, ...]]:
    return [
        (
            name,
            source,
            f"{number / median(took.elapsed):,.0f}",
            f"{paired_ratio(local.elapsed, took.elapsed):.2f}",  # of speeds, so the other way round
            *(f"{1e3 * median(each) / number:.2f}" for each in (took.ours, took.server)),
        )
        for source, took in (("disk", local), ("OSS", remote))
    ]
