"""Damages the bytes of a picture at random, in ways that files and networks do, and attackers."""

import random
import zlib
from collections.abc import Callable

Damage = Callable[[bytearray, random.Random], None]

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

HEAD_BYTES = 512
"""Where most formats say how large they are; half of the damage lies there."""

LONGEST_SPLICE = 4_096

PNG = b"\x89PNG\r\n\x1a\n"
PNG_LENGTH_BYTES, PNG_NAME_BYTES, PNG_CHECKSUM_BYTES = 4, 4, 4


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return the data with one to three kinds of damage."""
    result = bytearray(data)
    for damage in chance.choices(list(DAMAGES), list(DAMAGES.values()), k=chance.randint(1, 3)):
        if result:
            damage(result, chance)
    if result.startswith(PNG) and chance.random() < 0.5:
        _put_checksums_right(result)
    return bytes(result)


def _put_checksums_right(data: bytearray) -> None:
    """Make a PNG's chunks look sound, so that their content is decoded."""
    start = len(PNG)
    while start < len(data):
        length = int.from_bytes(data[start : start + PNG_LENGTH_BYTES], "big")
        name = start + PNG_LENGTH_BYTES
        end = name + PNG_NAME_BYTES + length
        if end + PNG_CHECKSUM_BYTES > len(data):
            return
        data[end : end + PNG_CHECKSUM_BYTES] = zlib.crc32(data[name:end]).to_bytes(PNG_CHECKSUM_BYTES, "big")
        start = end + PNG_CHECKSUM_BYTES


def _flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 16)):
        data[_position(data, chance)] ^= 1 << chance.randrange(8)


def _truncate(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _splice(data: bytearray, chance: random.Random) -> None:
    """Put a piece of the file itself elsewhere, over what is there or in between."""
    start, at = chance.randrange(len(data)), _position(data, chance)
    piece = data[start : start + chance.randint(1, LONGEST_SPLICE)]
    data[at : at + (len(piece) if chance.random() < 0.5 else 0)] = piece


def _remove(data: bytearray, chance: random.Random) -> None:
    at = _position(data, chance)
    del data[at : at + chance.randint(1, LONGEST_SPLICE)]


def _randomise(data: bytearray, chance: random.Random) -> None:
    at = _position(data, chance)
    data[at : at + 64] = chance.randbytes(min(64, len(data) - at))


def _claim(data: bytearray, chance: random.Random) -> None:
    """Write an extreme number where a length or a size may stand."""
    width = chance.choice((1, 2, 4))
    value = chance.choice(EXTREMES) & (256**width - 1)
    at = _position(data, chance)
    data[at : at + width] = value.to_bytes(width, chance.choice(("big", "little")))


def _position(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(min(HEAD_BYTES, len(data)) if chance.random() < 0.5 else len(data))


DAMAGES: dict[Damage, int] = {_flip_bits: 4, _claim: 4, _splice: 2, _remove: 2, _randomise: 2, _truncate: 1}
"""What can happen, and how often beside the others: rarely that which ends decoding early."""
