"""Draws the golden pictures and writes down their bits: `python -m testing.golden.draw`.

Run it only with a new version of the recipe (hashindex.recipe): the bits of one version never change.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.ExifTags import Base

from hashindex.decoding import Decoder
from hashindex.hashing import fingerprint
from hashindex.outcomes import Rejected
from hashindex.recipe import NAMED, Recipe

FOLDER = Path(__file__).parent
BITS = FOLDER / "bits.json"
FLAT_FOR_IMAGEHASH = ("flat.png", "deep.png")
"""One grey for the recipe `strict`; imagehash's own pHash of that is rounding noise of the machine."""


def draw() -> None:
    """Write the picture files."""
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    photo = _photo(1)
    _shaded(2).save(FOLDER / "grey.png")
    photo.save(FOLDER / "photo.png")
    photo.save(FOLDER / "photo.jpg", quality=88)
    photo.save(FOLDER / "turned.jpg", quality=88, exif=exif.tobytes())
    photo.save(FOLDER / "photo.webp", quality=80)
    photo.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=88)
    photo.quantize(32).save(FOLDER / "palette.gif")
    photo.quantize(16).save(FOLDER / "palette.png", transparency=3)
    clear = photo.copy()
    clear.putalpha(_shaded(3).resize(photo.size))
    clear.save(FOLDER / "alpha.png")
    _shaded(4).point(lambda value: value > 127 and 255).convert("1").save(FOLDER / "bilevel.png")
    deep = np.asarray(_shaded(5), dtype=np.uint16) * 257
    Image.fromarray(deep).save(FOLDER / "deep.png")
    Image.fromarray(deep.astype(np.float32) / 7 - 1000).save(FOLDER / "float.tif", compression="tiff_lzw")
    Image.new("RGB", (40, 30), (200, 100, 50)).save(FOLDER / "flat.png")


def bits_of(file: Path, recipe: Recipe) -> dict[str, str | float]:
    """Return what a recipe makes of a file, as it is written down."""
    decoded = Decoder(recipe).decode(file.read_bytes(), file.name)
    if isinstance(decoded, Rejected):
        raise TypeError(f"{file.name}: {decoded}")
    prints = fingerprint(decoded.grey, recipe)
    return {
        "ahash": prints.ahash.hex(),
        "phash": prints.phash.hex(),
        "dhash": prints.dhash.hex(),
        "contrast": prints.contrast,
    }


def pictures() -> list[Path]:
    """Return the picture files, in order."""
    return sorted(
        path for path in FOLDER.iterdir() if path.suffix in {".png", ".jpg", ".webp", ".gif", ".tif"}
    )


def _photo(seed: int) -> Image.Image:
    return Image.merge("RGB", [_shaded(10 * seed + channel) for channel in range(3)])


def _shaded(seed: int) -> Image.Image:
    """Return soft grey patches under a slope, with a little grain: 60 x 44."""
    dice = np.random.default_rng(seed)
    patches = Image.fromarray(dice.integers(0, 256, (5, 7), dtype=np.uint8))
    smooth = np.asarray(patches.resize((60, 44), Image.Resampling.BICUBIC), dtype=np.int64)
    slope = np.arange(60)[None, :] + np.arange(44)[:, None]
    grain = dice.integers(-6, 7, (44, 60))
    return Image.fromarray(np.clip(smooth * 3 // 4 + slope // 2 + grain, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    draw()
    found = {
        name: {
            "recipe": str(recipe),
            "bits": {
                file.name: bits_of(file, recipe)
                for file in pictures()
                if recipe.confirm != "imagehash" or file.name not in FLAT_FOR_IMAGEHASH
            },
        }
        for name, recipe in NAMED.items()
    }
    BITS.write_text(json.dumps(found, indent=1) + "\n")
