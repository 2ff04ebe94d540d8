"""Entries as Hypothesis makes them: ids at the edges, hashes near each other, texts that SQL understands."""

import numpy as np
from hypothesis import strategies as st

from hashindex.keys import MAX_ID, Key
from hashindex.records import Entry, Fingerprint, HashedPicture
from testing.making import bits
from testing.nasty import EDGE_IDS, TEXTS

ids = st.one_of(st.sampled_from(EDGE_IDS), st.integers(0, MAX_ID))

texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=80))

CENTRES = (b"\0" * 8, b"\xff" * 8, b"\x80" + b"\0" * 7, bits(1))


def _flipped(value: bytes, places: set[int]) -> bytes:
    mask = sum(1 << place for place in places)
    return (int.from_bytes(value, "big") ^ mask).to_bytes(8, "big")


near_hashes = st.builds(_flipped, st.sampled_from(CENTRES), st.sets(st.integers(0, 63), max_size=4))
"""Hashes that often lie within a few bits of each other."""

hashes = st.one_of(near_hashes, st.binary(min_size=8, max_size=8))


def _contrast(value: float) -> float:
    return float(np.float32(value))


_read_pictures = st.builds(
    HashedPicture,
    uri=texts,
    fingerprint=st.builds(
        Fingerprint,
        ahash=near_hashes,
        phash=hashes,
        dhash=hashes,
        contrast=st.floats(0, 255).map(_contrast),
    ),
    content_digest=st.text("0123456789abcdef", min_size=32, max_size=32),
    source_version=st.one_of(st.text("0123456789-", max_size=64), st.sampled_from(TEXTS[:8])),
    width=st.integers(1, 2**31 - 1),
    height=st.integers(1, 2**31 - 1),
    file_size=st.integers(0, 2**63 - 1),
    upload_time=st.integers(-(2**63), 2**63 - 1),
)


_pictures = st.one_of(_read_pictures, st.builds(HashedPicture.bare, near_hashes))


def entries(companies: st.SearchStrategy[int], metas: st.SearchStrategy[int]) -> st.SearchStrategy[Entry]:
    """Return entries with keys made of these ids."""
    return st.builds(Entry, st.builds(Key, companies, metas), _pictures, st.integers(0, 2**63 - 1))
