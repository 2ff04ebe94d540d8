"""Pictures per second: decoding alone, imagehash, imagededup, and all that we do with a picture."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import imagehash
from PIL import Image

from benchmarks import photographs, table
from benchmarks.options import Options
from benchmarks.timing import Call, interleaved
from hashindex.concurrency import ordered_map
from hashindex.reading import PictureReader
from hashindex.recipe import Recipe
from hashindex.records import MAX_BYTES, MAX_PIXELS, HashedPicture
from hashindex.sources.local import LocalSource

AT_ONCE = 2
"""Threads, or processes."""

IN_FLIGHT = 64
"""What an insert has by default."""

ROUNDS = 5

SMALL, LARGE = 600, 12
"""Pictures of each size; of the small ones so many that starting imagededup's processes hardly counts."""

LIMIT = f"decode only, {AT_ONCE} processes"
"""What the others are a share of."""

PEER = f"imagededup aHash, {AT_ONCE} workers"

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


def exact(path: str) -> None:
    """Do what insert does with a file: read, digest, decode, three hashes, contrast."""
    assert isinstance(_reader(Recipe()).read(path), HashedPicture)


def fast(path: str) -> None:
    """Do the same with `decode=fast`."""
    assert isinstance(_reader(Recipe(decode="fast")).read(path), HashedPicture)


@cache
def _reader(recipe: Recipe) -> PictureReader:
    return PictureReader(
        *(LocalSource(), recipe),
        max_pixels=MAX_PIXELS,
        max_bytes=MAX_BYTES,
        workers=AT_ONCE,
        in_flight=IN_FLIGHT,
    )


WORK: dict[str, Work] = {
    "decode only": decode,
    "imagehash aHash": one_of_imagehash,
    "imagehash's three": three_of_imagehash,
    "ours, exact": exact,
    "ours, fast": fast,
}


def run(options: Options) -> None:
    """Measure two sizes, every peer in every way, all of them in turns."""
    found = photographs.names(options.folder, most=200, seed=options.seed)
    print(f"\n{len(found)} photographs ({options.pictures}), copied as JPEGs of quality 90.")
    with tempfile.TemporaryDirectory() as base:
        small, large = Path(base, "small"), Path(base, "large")
        photographs.small_copies(found, SMALL, small)
        photographs.large_copies(found, LARGE, large, options.seed)
        for megapixels, folder in (("0.17", small), ("12", large)):
            table.show(
                f"Pictures of {megapixels} megapixels, per second, and as a share of {LIMIT}",
                ("what", "pictures/s", "share", "lowest share", "highest share"),
                _rows(folder, _python_with_imagededup(options)),
            )
    print(
        f"ours: read the file, digest it, decode, and take aHash, pHash, dHash and contrast. As insert: by\n"
        f"{IN_FLIGHT} threads, of which {AT_ONCE} decode at once. Shares: median and ends of {ROUNDS} rounds."
    )


def _python_with_imagededup(options: Options) -> Path | None:
    if options.imagededup is None and find_spec("imagededup"):
        return Path(sys.executable)
    return options.imagededup


def _rows(folder: Path, python_with_imagededup: Path | None) -> list[list[str]]:
    paths = sorted(str(path) for path in folder.iterdir())
    with ExitStack() as stack:
        calls = {
            f"{what}, {way}": _call(run_all, work, paths)
            for what, work in WORK.items()
            for way, run_all in _ways(stack).items()
        }
        calls["ours, exact, as insert"] = _call(_as_insert, exact, paths)
        calls["ours, fast, as insert"] = _call(_as_insert, fast, paths)
        if python_with_imagededup:
            calls[PEER] = stack.enter_context(_imagededup(python_with_imagededup, folder, len(paths)))
        took = interleaved(calls, rounds=ROUNDS)
    rows = [_row(what, seconds, took[LIMIT], len(paths)) for what, seconds in took.items()]
    if python_with_imagededup is None:
        rows.append([PEER, "not installed: --imagededup names a Python that has it", "", "", ""])
    return rows


def _row(what: str, seconds: list[float], limit: list[float], number: int) -> list[str]:
    shares = [most / mine for mine, most in zip(seconds, limit, strict=True)]
    return [what, f"{number / median(seconds):.1f}", *(f"{how(shares):.2f}" for how in (median, min, max))]


def _ways(stack: ExitStack) -> dict[str, Way]:
    threads = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
    processes = stack.enter_context(get_context("spawn").Pool(AT_ONCE))
    return {
        "1 thread": lambda work, paths: [work(path) for path in paths],
        f"{AT_ONCE} threads": lambda work, paths: list(threads.map(work, paths)),
        f"{AT_ONCE} processes": processes.map,
    }


def _as_insert(work: Work, paths: Sequence[str]) -> object:
    return list(ordered_map(work, paths, workers=IN_FLIGHT))


def _call(run_all: Way, work: Work, paths: Sequence[str]) -> Call:
    return lambda _: run_all(work, paths)


@contextmanager
def _imagededup(python: Path, folder: Path, number: int) -> Iterator[Call]:
    script = Path(__file__).with_name("imagededup_peer.py")
    with subprocess.Popen(
        [python, script, folder, str(AT_ONCE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        asked, answers = process.stdin, process.stdout

        def encode(_: int) -> None:
            print(file=asked, flush=True)
            assert int(answers.readline()) == number

        try:
            yield encode
        finally:
            asked.close()
