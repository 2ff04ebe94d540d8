"""Pictures per second: decoding alone, imagehash, and all that we do with a picture."""

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import imagehash
from PIL import Image

from benchmarks import photographs, table
from benchmarks.options import Options
from benchmarks.timing import Call, interleaved
from hashindex.reading import PictureReader
from hashindex.recipe import Recipe
from hashindex.records import MAX_BYTES, MAX_PIXELS, HashedPicture
from hashindex.sources.local import LocalSource

AT_ONCE = 2
"""Threads, or processes."""

SLICE = 8
"""Pictures in one round: few, so that what disturbs the machine disturbs all peers alike."""

Work = Callable[[str], object]
Way = Callable[[Work, Sequence[str]], object]


def decode(path: str) -> None:
    """Decode and nothing else."""
    with Image.open(path) as image:
        image.load()


def one_of_imagehash(path: str) -> None:
    """Take imagehash's aHash."""
    with Image.open(path) as image:
        imagehash.average_hash(image)


def three_of_imagehash(path: str) -> None:
    """Take the three that we store, each by imagehash."""
    with Image.open(path) as image:
        imagehash.average_hash(image)
        imagehash.phash(image)
        imagehash.dhash(image)


def ours(path: str) -> None:
    """Do what insert does with a file: read, digest, decode, three hashes, contrast."""
    assert isinstance(_reader().read(path), HashedPicture)


@cache
def _reader() -> PictureReader:
    return PictureReader(
        LocalSource(), Recipe(), max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES, workers=1, in_flight=1
    )


WORK: dict[str, Work] = {
    "decode only": decode,
    "imagehash aHash": one_of_imagehash,
    "imagehash's three": three_of_imagehash,
    "ours": ours,
}


def run(options: Options) -> None:
    """Measure two sizes, and each way of doing two at once."""
    found = photographs.names(options.folder, most=200, seed=options.seed)
    print(f"\n{len(found)} photographs ({options.pictures}), copied as JPEGs of quality 90.")
    with tempfile.TemporaryDirectory() as folder:
        small = photographs.small_copies(found, 200, Path(folder, "small"))
        large = photographs.large_copies(found, 8, Path(folder, "large"), options.seed)
        for title, paths, rounds in (("0.17 megapixels", small, 150), ("12 megapixels", large, 12)):
            table.show(
                f"Pictures of {title} per second, and as a share of decoding them",
                ("how", *(head for name in WORK for head in (name, "share"))),
                _measured([str(path) for path in paths], rounds),
            )
    print("ours: read the file, digest it, decode, and take aHash, pHash, dHash and contrast.")


def _measured(paths: Sequence[str], rounds: int) -> list[list[str]]:
    rows = []
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        processes = stack.enter_context(get_context("spawn").Pool(AT_ONCE))
        ways: dict[str, Way] = {
            "1 thread": lambda work, some: [work(path) for path in some],
            f"{AT_ONCE} threads": lambda work, some: list(threads.map(work, some)),
            f"{AT_ONCE} processes": lambda work, some: processes.map(work, some, chunksize=1),
        }
        for way, run_all in ways.items():
            calls = {name: _call(run_all, work, paths) for name, work in WORK.items()}
            took = interleaved(calls, rounds=rounds)
            speed = {name: SLICE / median(seconds) for name, seconds in took.items()}
            cells = ((f"{s:.1f}", table.ratio(s, speed["decode only"])) for s in speed.values())
            rows.append([way, *(cell for pair in cells for cell in pair)])
    return rows


def _call(run_all: Way, work: Work, paths: Sequence[str]) -> Call:
    def call(number: int) -> object:
        start = number * SLICE % len(paths)
        return run_all(work, paths[start : start + SLICE])

    return call
