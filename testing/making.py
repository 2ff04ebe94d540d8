"""What tests are made of: seeded pictures, fingerprints and entries, the same on every machine."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from hashindex.keys import Key
from hashindex.recipe import DEFAULT
from hashindex.records import Entry, Fingerprint, HashedPicture, Origin

ORIGIN = Origin(recipe=str(DEFAULT), made_with="the tests")
"""What a store for made-up entries is told."""


def picture(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return a smooth RGB picture that resembles that of no other seed."""
    tiles = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(tiles).resize(size, Image.Resampling.BICUBIC)


def noise(seed: int, size: tuple[int, int]) -> Image.Image:
    """Return an RGB picture of noise, whose hashes change with the slightest change of its pixels."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8))


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """Return the picture as a file of a format that Pillow writes."""
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def saved(path: Path, seed: int, form: str = "PNG") -> Path:
    """Write the picture of a seed to a file; return its path."""
    path.write_bytes(encoded(picture(seed), form))
    return path


def bits(seed: int) -> bytes:
    """Return 8 random bytes."""
    return np.random.default_rng(seed).bytes(8)


def flipped(value: bytes, count: int, seed: int = 0) -> bytes:
    """Return the hash with exactly `count` of its 64 bits changed."""
    places = np.random.default_rng(seed).choice(64, count, replace=False)
    mask = sum(1 << int(place) for place in places)
    return (int.from_bytes(value, "big") ^ mask).to_bytes(8, "big")


def fingerprint(
    seed: int,
    *,
    ahash: bytes | None = None,
    phash: bytes | None = None,
    dhash: bytes | None = None,
    contrast: float | None = None,
) -> Fingerprint:
    """Return random hashes, but for those that are given."""
    return Fingerprint(
        ahash=bits(3 * seed) if ahash is None else ahash,
        phash=bits(3 * seed + 1) if phash is None else phash,
        dhash=bits(3 * seed + 2) if dhash is None else dhash,
        contrast=16.0 + seed % 64 if contrast is None else contrast,
    )


def prints_of(picture: HashedPicture) -> Fingerprint:
    """Return the three hashes of a picture that is not bare."""
    assert isinstance(picture.fingerprint, Fingerprint)
    return picture.fingerprint


def entry(
    company_id: int,
    meta_id: int,
    *,
    seed: int | None = None,
    uri: str | None = None,
    prints: Fingerprint | None = None,
    content_digest: str | None = None,
    source_version: str = "1-1",
) -> Entry:
    """Return an entry whose content follows from the seed, by default the meta_id."""
    seed = meta_id if seed is None else seed
    hashed = HashedPicture(
        uri=f"/pictures/{meta_id}.jpg" if uri is None else uri,
        fingerprint=fingerprint(seed) if prints is None else prints,
        content_digest=f"{seed:032x}" if content_digest is None else content_digest,
        source_version=source_version,
        width=640,
        height=480,
        file_size=10_000 + seed % 1_000,
        upload_time=1_700_000_000_000,
    )
    return Entry(Key(company_id, meta_id), hashed, indexed_time=1_700_000_001_000)
