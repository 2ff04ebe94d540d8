"""The join among hashes that crowd as those of photographs do: what crowding costs beside its many pairs."""

from collections.abc import Callable
from math import comb
from statistics import median

import numpy as np
import numpy.typing as npt

from benchmarks import table
from benchmarks.made import Hashes, planted_hashes
from benchmarks.options import Options
from benchmarks.timing import interleaved, paired_ratio
from hashindex.joining import join_within

NUMBER = 1_000_000
RADII = (2, 5)
ROUNDS = 3
ALLOWED = 1_000_000_000
"""Pairs at most: 25 GB."""

FLAT_SHARE = 0.01
"""Of flat pictures: logos, blank pages, failed uploads; their aHash is all zeros or nearly so."""

MEAN = """
    .00  .08 -.80  .04 -.18 -.06 -.06  .03   .69  .07 -.25  .07  .04 -.01  .02 -.01
   -.30 -.01 -.07  .02 -.05  .02 -.01 -.01  -.05 -.02  .10  .03 -.04  .00  .01  .01
   -.06  .00 -.07 -.02  .02  .03 -.01 -.01   .03 -.02 -.03  .02  .01  .00  .01  .00
   -.04 -.03  .01  .03 -.03 -.01  .00  .00   .01 -.02  .01  .02  .01  .02  .01  .00
"""
"""Mean of each DCT coefficient of 8x8 grey pictures of mean 0 and deviation 1: 8 a vertical frequency.

Fitted to 587 photographs (BSDS500 and two small sets) whose aHashes all differ."""

DEVIATION = """
    .00 2.20 2.12 1.22 1.20  .89  .73  .55  3.61 1.48 1.27  .86  .78  .61  .50  .37
   2.64 1.24 1.37  .95  .85  .64  .58  .43  1.65 1.03  .98  .79  .67  .55  .48  .39
   1.35  .85  .83  .68  .58  .50  .44  .33  1.03  .64  .68  .57  .50  .42  .36  .30
    .74  .54  .52  .45  .41  .34  .31  .26   .58  .42  .40  .37  .33  .29  .24  .21
"""
"""Their standard deviations."""

TILT = 0.3
"""How much pictures differ in smoothness: exp(TILT * normal * (row + column)) scales their coefficients.

Chosen so that as many pairs are near as among those photographs: within 5, 8 and 12 bits are 0.00045, 0.0020
and 0.0087 of those of photographs; 0.0005 to 0.0006, 0.0019 to 0.0023 and 0.0069 to 0.0078 of those made."""

_AT_A_TIME = 50_000


def run(options: Options) -> None:
    """Compare with random hashes, and with random ones of as many pairs, which are to be paid for anyway."""
    hashes, plain = photo_like_hashes(NUMBER, options.seed), planted_hashes(NUMBER, options.seed)
    rows = []
    for radius in RADII:
        joined = join_within(hashes, radius, max_pairs=ALLOWED)
        found, total = len(joined.pairs), joined.total
        same = grouped_hashes(NUMBER, found, radius, options.seed)
        as_many = len(join_within(same, radius, max_pairs=ALLOWED).pairs)
        del joined

        def pairs(made: Hashes, radius: int = radius) -> Callable[[int], object]:
            return lambda _: join_within(made, radius, max_pairs=ALLOWED)

        took = interleaved(
            {"crowded": pairs(hashes), "same": pairs(same), "random": pairs(plain)}, rounds=ROUNDS
        )
        ours = median(took["crowded"])
        each = (f"{ours / NUMBER * 1e9:,.0f}", f"{ours / found * 1e9:,.0f}")
        others = (f"{median(took['random']):.2f}", f"{as_many:,}", f"{median(took['same']):.2f}")
        ratio = f"{paired_ratio(took['crowded'], took['same']):.2f}"
        rows.append((f"{radius}", f"{total:,}", f"{found:,}", f"{ours:.2f}", *each, *others, ratio))
    table.show(
        f"{NUMBER:,} hashes like those of photographs, {FLAT_SHARE:.0%} of flat pictures, joined, seconds",
        (
            *("radius", "pairs", "of distinct", "s", "ns a hash", "ns a pair", "random s"),
            *("random, grouped: pairs", "s", "ratio to it"),
        ),
        rows,
    )
    print(
        "pairs: of all hashes given. of distinct: what is found and returned, sorted.\n"
        "random: random hashes, 10% of them up to 5 bits from another. random, grouped: random hashes in\n"
        "groups, so that there are about as many pairs to find and return; the ratio to it is what\n"
        "crowding costs beside them."
    )


def photo_like_hashes(number: int, seed: int, *, flat: float = FLAT_SHARE) -> Hashes:
    """Return aHashes of pictures with the DCT statistics of photographs, `flat` of them of flat pictures.

    Half of the flat ones are all zeros; the others have up to three bits set, as noise sets them.
    """
    rng = np.random.default_rng(seed)
    mean, deviation = (np.array(text.split(), dtype=float).reshape(8, 8) for text in (MEAN, DEVIATION))
    frequency = np.add.outer(np.arange(8), np.arange(8))
    basis = _dct()
    parts = []
    for start in range(0, number, _AT_A_TIME):
        count = min(_AT_A_TIME, number - start)
        tilt = np.exp(TILT * rng.standard_normal((count, 1, 1)) * frequency)
        drawn = (mean + deviation * rng.standard_normal((count, 8, 8))) * tilt
        parts.append(np.packbits((basis.T @ drawn @ basis).reshape(count, 64) > 0, axis=1))
    hashes = np.concatenate(parts)
    blank = rng.choice(number, int(number * flat), replace=False)
    bits = np.zeros((len(blank), 64), np.uint8)
    for _ in range(3):
        at = rng.integers(0, 64, len(blank))
        bits[np.arange(len(blank)), at] |= rng.integers(0, 2, len(blank), np.uint8)
    bits[: len(blank) // 2] = 0
    hashes[blank] = np.packbits(bits, axis=1)
    return hashes


def grouped_hashes(number: int, pairs: int, radius: int, seed: int) -> Hashes:
    """Return random hashes in groups, in which there are about `pairs` pairs within `radius` bits.

    Members of a group differ from its first by up to `radius // 2` bits, so that all are near each other.
    Where there are fewer such than a group needs, all groups are smaller, and more.
    """
    rng = np.random.default_rng(seed)
    turned = radius // 2
    distinct = sum(comb(64, bits) for bits in range(turned + 1))
    size = max(2, min(distinct // 4, round(2 * pairs / number) + 1))
    centres = rng.integers(0, 2**64, -(-number // size), dtype=np.uint64)
    values = np.repeat(centres, size)[:number]
    for _ in range(turned):
        values ^= np.uint64(1) << rng.integers(0, 64, number, dtype=np.uint64)
    values = rng.permutation(values)
    alone = rng.random(number) < 1 - pairs / (number * (size - 1) / 2)
    values[alone] = rng.integers(0, 2**64, int(alone.sum()), dtype=np.uint64)
    return values.view(np.uint8).reshape(-1, 8)


def _dct() -> npt.NDArray[np.float64]:
    """Return the orthonormal DCT-II: a row a frequency."""
    k, x = np.arange(8)[:, None], np.arange(8)[None]
    basis = np.cos(np.pi * k * (2 * x + 1) / 16) / 2
    basis[0] /= np.sqrt(2)
    return basis
