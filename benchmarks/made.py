"""Made entries, the same for the same seed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hashindex.keys import Key
from hashindex.records import Entry, Fingerprint, HashedPicture

Hashes = npt.NDArray[np.uint8]
"""One hash a row, 8 bytes."""

COMPANIES = 10

_AT_A_TIME = 50_000


def smooth_hashes(number: int, seed: int) -> Hashes:
    """Return the aHashes of random fields with the spectrum of photographs (amplitude falling as f^-1.5).

    They crowd as those of photographs do: some have hundreds of neighbours within 8 bits, most have few.
    """
    frequency = np.fft.fftfreq(8)
    radius = np.hypot(frequency[:, None], frequency[None])
    radius[0, 0] = 1
    amplitude = radius**-1.5
    amplitude[0, 0] = 0
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, number, _AT_A_TIME):
        white = rng.standard_normal((min(_AT_A_TIME, number - start), 8, 8))
        field = np.fft.ifft2(np.fft.fft2(white) * amplitude).real
        parts.append(np.packbits(field.reshape(-1, 64) > 0, axis=1))
    return np.concatenate(parts)


def random_hashes(number: int, seed: int) -> Hashes:
    """Return bits that know nothing of each other."""
    return np.random.default_rng(seed).integers(0, 256, (number, 8), dtype=np.uint8)


def with_flips(hashes: Hashes, most: int, seed: int) -> Hashes:
    """Return the hashes with 0 to `most` bits of each turned over."""
    rng = np.random.default_rng(seed)
    bits = np.unpackbits(hashes, axis=1)
    for row, flips in zip(bits, rng.integers(0, most, len(bits), endpoint=True), strict=True):
        row[rng.choice(64, flips, replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def planted_hashes(number: int, seed: int, *, share: float = 0.1, most: int = 5) -> Hashes:
    """Return random hashes, `share` of them made from another one by turning up to `most` bits."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2**64, number, dtype=np.uint64)
    copies = rng.choice(number, int(number * share), replace=False)
    turned = np.zeros(len(copies), np.uint64)
    for _ in range(most):
        turned |= np.uint64(1) << rng.integers(0, 64, len(copies), dtype=np.uint64)
    values[copies] = values[rng.integers(0, number, len(copies))] ^ turned
    return values.view(np.uint8).reshape(-1, 8)


def distances(queries: Hashes, stored: Hashes) -> npt.NDArray[np.uint8]:
    """Return the Hamming distance of every query to every stored hash."""
    left, right = (np.ascontiguousarray(hashes).view(np.uint64).ravel() for hashes in (queries, stored))
    found: npt.NDArray[np.uint8] = np.bitwise_count(left[:, None] ^ right[None])
    return found


def entries(hashes: Hashes, seed: int, *, start: int = 0) -> Sequence[Entry]:
    """Return an entry for each hash, spread over `COMPANIES` companies, numbered from `start`."""
    others = np.random.default_rng(seed).integers(0, 256, (len(hashes), 16), dtype=np.uint8)
    return [
        _entry(number, ahash.tobytes(), other[:8].tobytes(), other[8:].tobytes())
        for number, (ahash, other) in enumerate(zip(hashes, others, strict=True), start)
    ]


def _entry(number: int, ahash: bytes, phash: bytes, dhash: bytes) -> Entry:
    company_id = number % COMPANIES
    picture = HashedPicture(
        uri=f"oss://bucket/pictures/{company_id}/{number:012d}.jpg",
        fingerprint=Fingerprint(ahash, phash, dhash, contrast=20.0),
        content_digest=f"{number:032x}",
        source_version="5d41402abc4b2a76b9719d911017c592",
        width=4000,
        height=3000,
        file_size=3_500_000,
        upload_time=1_700_000_000_000 + number,
    )
    return Entry(Key(company_id, number), picture, indexed_time=1_700_000_000_000)
