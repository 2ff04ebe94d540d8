"""The bits of every picture of a folder, and of noise of all sizes, against those of imagehash and Pillow."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from hashindex.decoding import Decoded, Decoder
from hashindex.hashing import fingerprint
from hashindex.recipe import DEFAULT, STRICT
from testing.campaign.run import Options, Run
from testing.reference_bits import reference, strict_reference

NOISES = 2_000
"""Pictures of noise in a run."""

LARGEST_SIDE = 3_000

BRIGHTEST = (1, 2, 15, 255)

SHOWN = 3
"""Faults that are named."""


def runs(options: Options) -> Iterator[Run]:
    """Take the folder once, and then noise."""
    yield of_folder(options.pictures, options.seed)
    yield of_noise(NOISES, options.seed)


def of_folder(folder: Path, seed: int) -> Run:
    """Decode every file below a folder by both recipes, and compare the bits."""
    compared, rejected, faults = 0, 0, list[str]()
    for recipe in (DEFAULT, STRICT):
        decoder = Decoder(recipe)
        for base, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(base, name)
                with open(path, "rb") as file:
                    decoded = decoder.decode(file.read(), None)
                if not isinstance(decoded, Decoded):
                    rejected += 1
                    continue
                compared += 1
                expected = (strict_reference if recipe == STRICT else reference)(decoded.grey)
                if fingerprint(decoded.grey, recipe) != expected:
                    faults.append(f"{path} has other bits")
    return _run(seed, f"both recipes over {folder}", f"{compared} compared, {rejected} rejected", faults)


def of_noise(number: int, seed: int) -> Run:
    """Compare the bits of noise: small sides and large, square and odd, faint and sharp."""
    faults = []
    for i in range(number):
        chance = np.random.default_rng((seed, i))
        width, height = np.exp(chance.uniform(0, np.log(LARGEST_SIDE), 2)).round().astype(int)
        brightest = int(chance.choice(BRIGHTEST))
        values = chance.integers(0, brightest + 1, (height, width), dtype=np.uint8)
        if chance.random() < 0.5:  # half of them as sharp as can be
            values *= np.uint8(255 // brightest)
        grey = Image.fromarray(values)
        if fingerprint(grey, DEFAULT) != reference(grey):
            faults.append(f"noise {i} of {width} x {height} has other bits")
    return _run(seed, f"noise of up to {LARGEST_SIDE} pixels a side", f"{number} compared", faults)


def _run(seed: int, what: str, found: str, faults: list[str]) -> Run:
    if len(faults) > SHOWN:
        faults = [*faults[:SHOWN], f"and {len(faults) - SHOWN} more"]
    return Run(seed, what, found, tuple(faults))
