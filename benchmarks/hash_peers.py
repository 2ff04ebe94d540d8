"""Hashes by imagededup and pdqhash: run by an interpreter that has them, fed through pipes.

Says on its first line which hashes it can make, as JSON. Then takes pictures, each as width and height (two
32-bit numbers, little endian) and RGB bytes, and answers each with its hashes, one after the other.
"""

import json
import logging
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Hasher = Callable[[Any], bytes]

IMAGEDEDUP_RADIUS = 10
"""`max_distance_threshold` of `find_duplicates`, where nothing is said."""

PDQ_RADIUS = 31
"""What PDQ's authors take for a match, of 256 bits (ThreatExchange, pdq/README.md)."""


def main() -> None:
    """Answer until stdin ends."""
    logging.disable(logging.CRITICAL)
    hashers = {**_imagededup(), **_pdq()}
    radii = {name: PDQ_RADIUS if name == "PDQ" else IMAGEDEDUP_RADIUS for name in hashers}
    sizes = {name: 32 if name == "PDQ" else 8 for name in hashers}
    said = [{"name": name, "radius": radii[name], "size": sizes[name]} for name in hashers]
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n")
    sys.stdout.buffer.flush()
    while header := sys.stdin.buffer.read(8):
        width, height = struct.unpack("<II", header)
        data = sys.stdin.buffer.read(width * height * 3)
        pixels = np.frombuffer(data, np.uint8).reshape(height, width, 3)
        sys.stdout.buffer.write(b"".join(hasher(pixels) for hasher in hashers.values()))
        sys.stdout.buffer.flush()


def _imagededup() -> dict[str, Hasher]:
    try:
        from imagededup.methods import AHash, DHash, PHash, WHash
    except ImportError:
        return {}

    def hasher(method: Any) -> Hasher:
        encode = method(verbose=False).encode_image
        return lambda pixels: bytes.fromhex(encode(image_array=pixels))

    methods = {"AHash": AHash, "PHash": PHash, "DHash": DHash, "WHash": WHash}
    return {f"imagededup {name}": hasher(method) for name, method in methods.items()}


def _pdq() -> dict[str, Hasher]:
    try:
        import pdqhash
    except ImportError:
        return {}
    return {"PDQ": lambda pixels: np.packbits(pdqhash.compute(np.ascontiguousarray(pixels))[0]).tobytes()}


if __name__ == "__main__":
    main()
