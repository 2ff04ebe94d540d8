"""What the confirming hashes are worth: false pairs, recall and drift, ours beside imagehash's own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks import photographs, table
from benchmarks.options import Options
from hashindex.confirming import DEFAULT_RULE
from hashindex.hashing import fingerprint
from hashindex.quality.transformations import TRANSFORMATIONS, chance
from hashindex.reading import digest
from hashindex.recipe import Recipe

Distances = npt.NDArray[np.uint8]
Rule = Callable[[Distances, Distances, Distances], npt.NDArray[np.bool_]]

RADIUS = DEFAULT_RULE.radius

RECIPES = {"box64 (ours)": Recipe(), "imagehash": Recipe(confirm="imagehash")}

RULES: dict[str, Rule] = {
    "aHash<=5": lambda a, _p, _d: a <= 5,
    f"aHash<={RADIUS}": lambda a, _p, _d: a <= RADIUS,
    "pHash<=10": lambda _a, p, _d: p <= 10,
    "dHash<=10": lambda _a, _p, d: d <= 10,
    str(DEFAULT_RULE): lambda a, p, d: (a <= RADIUS) & DEFAULT_RULE.confirms(a, p, d),
}
"""The last is the product's."""

COPIES = (
    *(
        "JPEG 30",
        "128-pixel thumbnail",
        "half size",
        "brightness +20%",
        "crop 2%",
        "crop 5%",
        "blur 2",
        "grey",
    ),
    *("light watermark", "white border 3%"),
)
"""Of the kinds that `hashindex calibrate` makes."""

MOVED = ("light watermark", "white border 3%")
"""Copies whose content is another: left out of the drift."""

MOST = 1_500


def run(options: Options) -> None:
    """Measure on all photographs of the folder, taken as all different."""
    paths = photographs.names(options.folder, most=MOST, seed=options.seed)
    with ThreadPoolExecutor() as threads:
        hashes = np.array(list(threads.map(_hashes, paths)))  # photograph, copy, recipe, one of three
    originals = hashes[:, 0]
    upper = np.triu(np.ones((len(paths), len(paths)), bool), 1)
    print(f"\n{len(paths)} photographs ({options.pictures}), taken as all different: {upper.sum():,} pairs.")
    _false_pairs(originals, upper, paths)
    _recall(hashes)
    _drift(hashes)


def _hashes(path: Path) -> npt.NDArray[np.uint64]:
    picture = photographs.load(path)
    assert picture is not None
    content_digest = digest(path.read_bytes())
    files = (TRANSFORMATIONS[name](picture, chance(1, content_digest, name)) for name in COPIES)
    made = [picture, *(Image.open(BytesIO(file)) for file in files)]
    values = []
    for image in made:
        grey = image.convert("L")
        prints = [fingerprint(grey, recipe) for recipe in RECIPES.values()]
        values.append([[int.from_bytes(h, "big") for h in (p.ahash, p.phash, p.dhash)] for p in prints])
    return np.array(values, dtype=np.uint64)


def _false_pairs(originals: npt.NDArray[np.uint64], upper: npt.NDArray[np.bool_], paths: list[Path]) -> None:
    rows = []
    for i, name in enumerate(RECIPES):
        apart = [
            np.bitwise_count(originals[:, None, i, k] ^ originals[None, :, i, k])[upper] for k in range(3)
        ]
        accepted = [rule(*apart) for rule in RULES.values()]
        rows.append([name, *(str(hits.sum()) for hits in accepted)])
        for left, right in np.argwhere(upper)[accepted[-1]][:20]:
            print(f"{name} accepts: {paths[left].name} and {paths[right].name}")
    table.show("False pairs, by what is accepted", ("confirming hashes", *RULES), rows)


def _recall(hashes: npt.NDArray[np.uint64]) -> None:
    rows = []
    for rule_name, rule in RULES.items():
        for i, name in enumerate(RECIPES):
            apart = np.bitwise_count(hashes[:, :1, i] ^ hashes[:, 1:, i])
            kept = rule(apart[..., 0], apart[..., 1], apart[..., 2]).mean(axis=0)
            rows.append([f"{rule_name}, {name}", *(f"{share:.3f}" for share in kept), f"{kept.mean():.4f}"])
    table.show("Recall: the share of copies that is kept", ("accepted, by", *COPIES, "all"), rows)


def _drift(hashes: npt.NDArray[np.uint64]) -> None:
    counted = [0, *(i for i, name in enumerate(COPIES, 1) if name not in MOVED)]
    rows = []
    for i, name in enumerate(RECIPES):
        moved = np.bitwise_count(hashes[:, :1, i] ^ hashes[:, counted[1:], i]).mean(axis=(0, 1))
        apart = np.bitwise_count(hashes[:, 0, i] ^ hashes[:, 0, -1]).mean(axis=0)
        rows.append([name, *(f"{bits:.3f}" for bits in (*moved, *apart))])
    table.show(
        "Drift: bits that a copy turns over (without watermark and border), and bits away from imagehash",
        (
            "confirming hashes",
            *(f"{h}{of}" for of in ("", " from i.h.") for h in ("aHash", "pHash", "dHash")),
        ),
        rows,
    )
