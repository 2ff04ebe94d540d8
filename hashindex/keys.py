"""The one place where primary keys are built: from validated integers, never from a caller's text."""

import hashlib
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from hashindex.errors import InvalidArgumentError

MAX_ID = 2**63 - 1
"""Largest company_id or meta_id: what an INT64 field holds."""


def validated_id(name: str, value: object) -> int:
    """Return `value` when it is an integer from 0 to 2^63-1; InvalidArgumentError otherwise."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidArgumentError(f"{name} is {reprlib.repr(value)}, but must be an integer.")
    if not 0 <= value <= MAX_ID:
        raise InvalidArgumentError(f"{name} is {reprlib.repr(value)}, but must lie between 0 and {MAX_ID}.")
    return value


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What names an entry: the company that it belongs to and the company's own number for it."""

    company_id: int
    meta_id: int

    def __post_init__(self) -> None:
        validated_id("company_id", self.company_id)
        validated_id("meta_id", self.meta_id)

    def __str__(self) -> str:
        """Return the primary key, `company_id:meta_id` in decimal digits."""
        return f"{int(self.company_id)}:{int(self.meta_id)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a primary key back; the inverse of `str`."""
        company_id, _, meta_id = text.partition(":")
        return cls(int(company_id), int(meta_id))


MetaIdFrom = Callable[[str], int]
"""How a canonical URI gives a meta_id where the caller has none; InvalidArgumentError where it gives none."""


def meta_id_from_uri(uri: str) -> int:
    """Return the top 63 bits of BLAKE2b (8-byte digest, RFC 7693) over the canonical URI in UTF-8."""
    digest = hashlib.blake2b(uri.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def meta_id_from_stem(uri: str) -> int:
    """Return the number that the file name consists of, as in `photos/1234.jpg`.

    InvalidArgumentError when the name before its extension is not decimal digits, or is too large.
    """
    stem = PurePosixPath(uri).stem
    digits = stem.lstrip("0") or "0"
    is_number = stem.isascii() and stem.isdigit() and len(digits) <= len(str(MAX_ID))
    if not is_number or int(digits) > MAX_ID:
        raise InvalidArgumentError(
            f"the file name {reprlib.repr(stem)} is no number up to {MAX_ID}, so it gives no meta_id."
        )
    return int(digits)
