"""Photographs of any folder, and copies of them in the two sizes that are timed."""

import os
import random
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, UnidentifiedImageError

SMALL_PIXELS = 170_000
"""As a picture on a web page: about 480x350."""

LARGE_MEGAPIXELS = 12.0
"""As a camera makes them."""

LARGEST_SIDE = 1024
"""To which a photograph is reduced before copies of it are made."""

FEWEST_PIXELS = 10_000
"""Below are icons."""

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".tif", ".tiff", ".bmp")


def names(folder: Path, *, most: int, seed: int) -> list[Path]:
    """Return the pictures under a folder that Pillow can open, no more than `most`, drawn by lot."""
    pillow_heif.register_heif_opener()
    found = sorted(
        Path(base) / name
        for base, _, files in os.walk(folder)
        for name in files
        if name.lower().endswith(SUFFIXES)
    )
    random.Random(seed).shuffle(found)
    opened: list[Path] = []
    for path in found:
        if len(opened) == most:
            break
        if load(path) is not None:
            opened.append(path)
    return opened


def load(path: Path) -> Image.Image | None:
    """Return a picture in RGB, at most `LARGEST_SIDE` wide and high; None for what is no photograph."""
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            image.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
            picture = image.convert("RGB")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return picture if picture.width * picture.height >= FEWEST_PIXELS else None


def small_copies(paths: Sequence[Path], number: int, folder: Path) -> list[Path]:
    """Write JPEGs of about `SMALL_PIXELS`; the photographs are taken again where they are fewer."""
    folder.mkdir()
    written = []
    for i in range(number):
        picture = load(paths[i % len(paths)])
        assert picture is not None
        factor = (SMALL_PIXELS / (picture.width * picture.height)) ** 0.5
        size = (round(picture.width * factor), round(picture.height * factor))
        written.append(folder / f"{i}.jpg")
        picture.resize(size, Image.Resampling.LANCZOS).save(written[-1], quality=90)
    return written


def large_copies(paths: Sequence[Path], number: int, folder: Path, seed: int) -> list[Path]:
    """Write JPEGs of the size that a camera makes, as below."""
    return sized_copies(paths, number, folder, megapixels=LARGE_MEGAPIXELS, seed=seed)


def sized_copies(
    paths: Sequence[Path], number: int, folder: Path, *, megapixels: float, seed: int
) -> list[Path]:
    """Write JPEGs of so many megapixels, with the noise of a sensor, so that they weigh what such do."""
    folder.mkdir()
    written = []
    for i in range(number):
        picture = load(paths[i % len(paths)])
        assert picture is not None
        factor = (megapixels * 1e6 / (picture.width * picture.height)) ** 0.5
        size = (round(picture.width * factor), round(picture.height * factor))
        enlarged = np.asarray(picture.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
        noise = np.random.default_rng((seed, i)).normal(0, 4, (*enlarged.shape[:2], 1)).astype(np.int16)
        written.append(folder / f"{i}.jpg")
        Image.fromarray((enlarged + noise).clip(0, 255).astype(np.uint8)).save(written[-1], quality=90)
    return written
