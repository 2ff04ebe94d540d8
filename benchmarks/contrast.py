"""Where a picture says too little: what a threshold on the contrast takes out, and what is confused.

Made pictures of kinds that companies have by the thousand (blank, gradients, logos, pages of text), forty
different ones of each, beside the photographs of the folder and the same in fog.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from benchmarks import photographs, table
from benchmarks.options import Options
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.hashing import fingerprint
from hashindex.quality.looks import hashes
from hashindex.recipe import DEFAULT as RECIPE
from hashindex.records import Fingerprint

EACH = 40
THRESHOLDS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
KEPT_FROM = (0.0, 2.0, 4.0, 5.0, 6.0)
RULES = {"default": DEFAULT_RULE, "wide": WIDE_RULE}
WORDS = ("harbour", "invoice", "maple", "seven", "quarry", "lantern", "north", "ticket", "paper", "wheel")

Draw = Callable[[np.random.Generator], Image.Image]


@dataclass(frozen=True, slots=True)
class Table:
    """What was measured, kinds down and thresholds across."""

    title: str
    heads: tuple[str, ...]
    rows: list[list[object]]


def run(options: Options) -> None:
    """Print the tables."""
    for each in measured(options.folder, options.pictures, options.seed):
        table.show(each.title, each.heads, each.rows)


def measured(folder: Path, pictures: str, seed: int) -> Iterator[Table]:
    """Yield what a threshold takes out, and what each rule confuses among the rest."""
    rng = np.random.default_rng(seed)
    paths = photographs.names(folder, most=10_000, seed=seed)
    photos = [picture.convert("L") for path in paths if (picture := photographs.load(path)) is not None]
    kinds = {name: [draw(rng) for _ in range(EACH)] for name, draw in KINDS.items()}
    for share in (0.1, 0.05, 0.03):
        kinds[f"photographs, contrast x {share}"] = [
            Image.fromarray((128 + (np.asarray(photo, dtype=float) - 128) * share).round().astype(np.uint8))
            for photo in photos[:EACH]
        ]
    kinds[f"photographs ({pictures})"] = photos
    rows = [(name, [fingerprint(image, RECIPE) for image in images]) for name, images in kinds.items()]
    yield Table(
        "Pictures that a threshold on the contrast takes out",
        ("kind", "pictures", "median", *(f"below {each:g}" for each in THRESHOLDS)),
        [_taken_out(*row) for row in rows],
    )
    for name, rule in RULES.items():
        yield Table(
            f"False pairs among those that are left, by the {name} rule: {rule}",
            ("kind", *("all" if not each else f"from {each:g}" for each in KEPT_FROM)),
            [_confused(rule, *row) for row in rows],
        )


def _taken_out(name: str, prints: Sequence[Fingerprint]) -> list[object]:
    contrasts = np.array([each.contrast for each in prints])
    below = [int((contrasts < threshold).sum()) for threshold in THRESHOLDS]
    return [name, len(prints), f"{np.median(contrasts):.2f}", *below]


def _confused(rule: Rule, name: str, prints: Sequence[Fingerprint]) -> list[object]:
    found: list[object] = [name]
    for least in KEPT_FROM:
        kept = [hashes(each) for each in prints if each.contrast >= least]
        values = np.array(kept, np.uint64).reshape(-1, 3)
        left, right = np.triu_indices(len(values), 1)
        ahash, phash, dhash = np.bitwise_count(values[left] ^ values[right]).T
        taken = (ahash <= rule.radius) & rule.confirms(ahash, phash, dhash)
        found.append(f"{int(taken.sum())} of {len(left)}")
    return found


def _noise(level: float, deviation: float) -> Draw:
    return lambda rng: _grey(rng.normal(level, deviation, (300, 400)))


def _gradient(swing: float) -> Draw:
    def draw(rng: np.random.Generator) -> Image.Image:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[-0.5:0.5:300j, -0.5:0.5:400j]
        return _grey(128 + swing * (x * np.cos(angle) + y * np.sin(angle)))

    return draw


def _logo(share: float) -> Draw:
    def draw(rng: np.random.Generator) -> Image.Image:
        page = Image.new("L", (400, 400), 255)
        word = "".join(rng.choice(WORDS, 2))
        font = _font(100 * share * 400 / _font(100).getlength(word))
        place = rng.uniform(0.3, 0.7, 2) * 400
        ImageDraw.Draw(page).text(
            (place[0], place[1]), word, font=font, fill=int(rng.integers(0, 120)), anchor="mm"
        )
        return page

    return draw


def _text(lines: int, size: float) -> Draw:
    def draw(rng: np.random.Generator) -> Image.Image:
        page = Image.new("L", (600, 800), 255)
        for line in range(lines):
            words = " ".join(rng.choice(WORDS, int(rng.integers(4, 9))))
            ImageDraw.Draw(page).text((40, 40 + 1.5 * size * line), words, font=_font(size), fill=0)
        return page

    return draw


def _signature(rng: np.random.Generator) -> Image.Image:
    page = Image.new("L", (600, 300), 255)
    steps = rng.uniform((-15, -60), (35, 60), (30, 2)).cumsum(axis=0)
    ImageDraw.Draw(page).line([(60 + x, 150 + y % 100) for x, y in steps], fill=20, width=3)
    return page


def _grey(values: "npt.NDArray[np.float64]") -> Image.Image:
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


KINDS: dict[str, Draw] = {
    "white": lambda _rng: Image.new("L", (400, 300), 255),
    "black, noise 3": _noise(4, 3),
    "white, noise 1": _noise(254, 1),
    "grey, noise 8": _noise(128, 8),
    "gradient over 10 levels": _gradient(10),
    "gradient over 60 levels": _gradient(60),
    "gradient over 200 levels": _gradient(200),
    "logo, 15% of the width": _logo(0.15),
    "logo, 30%": _logo(0.30),
    "logo, 60%": _logo(0.60),
    "one line of text": _text(1, 16),
    "ten lines": _text(10, 16),
    "a page": _text(32, 14),
    "signature": _signature,
}
