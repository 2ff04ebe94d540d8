"""What `decode=fast` gains over exact, and how many bits it turns over: by size of picture and draft size."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from unittest import mock

from PIL import Image

from benchmarks import photographs, table
from benchmarks.options import Options
from benchmarks.timing import Call, interleaved
from hashindex import decoding
from hashindex.decoding import FAST_SIDE, Decoded, Decoder
from hashindex.distance import distance
from hashindex.hashing import fingerprint
from hashindex.reading import digest
from hashindex.recipe import Recipe
from hashindex.records import Fingerprint

EXACT = 0

UNSCALED = 2**20
"""A draft size that scales nothing: the brightness alone is decoded."""

SIDES = (160, 320, 640, 1280, UNSCALED)
"""Draft sizes that are compared; `FAST_SIDE` is the one that is used."""

MADE = ((0.17, 200), (1.0, 100), (3.0, 60), (photographs.LARGE_MEGAPIXELS, 24))
"""Megapixels, and how many pictures of that size are made."""

HASHES = ("ahash", "phash", "dhash")

FEWEST_PIXELS = 500_000
"""Of a JPEG that is taken as it is: most drafts scale no smaller one."""

ROUNDS = 5


def run(options: Options) -> None:
    """Measure JPEGs made in four sizes, and those of the folder that are large enough, as they are."""
    names = photographs.names(options.folder, most=max(number for _, number in MADE), seed=options.seed)
    rows: list[list[str]] = []
    for megapixels, number in MADE:
        with tempfile.TemporaryDirectory() as base:
            folder = Path(base, "made")
            made = photographs.sized_copies(names, number, folder, megapixels=megapixels, seed=options.seed)
            rows += _rows(f"{megapixels:g} megapixels", made)
    real = [name for name in names if _is_large_jpeg(name)]
    if real:
        rows += _rows("as they are", real)
    table.show(
        "Fast against exact, by the draft size: ms a picture, and bits that differ on average",
        ("pictures", "number", "draft", "exact ms", "fast ms", "gain", "aHash", "pHash", "dHash", "most"),
        rows,
    )
    print(
        "One thread, files in memory: digest, decoding and three hashes. Draft: pixels left of either\n"
        f"side; the recipe's is {FAST_SIDE}. Gain: the median of the pictures' own. Most: of any hash."
    )


def _is_large_jpeg(path: Path) -> bool:
    with Image.open(path) as image:
        return image.format in ("JPEG", "MPO") and image.width * image.height >= FEWEST_PIXELS


def _rows(title: str, paths: Sequence[Path]) -> list[list[str]]:
    measured = [_measured(path.read_bytes()) for path in paths]
    rows = []
    for side in SIDES:
        exact, fast = ([seconds[way] for seconds, _ in measured] for way in (EXACT, side))
        gain = median(one / other for one, other in zip(exact, fast, strict=True))
        drifts = [[distance(getattr(p[EXACT], h), getattr(p[side], h)) for _, p in measured] for h in HASHES]
        rows.append(
            [
                *(title, str(len(paths)), "unscaled" if side == UNSCALED else str(side)),
                *(f"{median(exact) * 1e3:.1f}", f"{median(fast) * 1e3:.1f}", f"{gain:.2f}"),
                *(f"{mean(drift):.3f}" for drift in drifts),
                str(max(max(drift) for drift in drifts)),
            ]
        )
    return rows


def _measured(data: bytes) -> tuple[dict[int, float], dict[int, Fingerprint]]:
    """Return the median seconds and the bits of a picture, exact and by each draft size."""
    prints: dict[int, Fingerprint] = {}

    def call(side: int) -> Call:
        def hashed(_: int) -> None:
            prints[side] = _hashed(data, side)

        return hashed

    took = interleaved({str(side): call(side) for side in (EXACT, *SIDES)}, rounds=ROUNDS)
    return {int(side): median(seconds) for side, seconds in took.items()}, prints


def _hashed(data: bytes, side: int) -> Fingerprint:
    recipe = Recipe() if side == EXACT else Recipe(decode="fast")
    with mock.patch.object(decoding, "FAST_SIDE", side):
        decoded = Decoder(recipe).decode(data, None)
    assert isinstance(decoded, Decoded), decoded
    digest(data)
    return fingerprint(decoded.grey, recipe, of=(decoded.width, decoded.height))
