"""An exact store in memory: the oracle that the others are compared with, and a store for small scripts."""

import os
from collections.abc import Iterator, Mapping, Sequence
from threading import RLock

import numpy as np

from hashindex.keys import Key
from hashindex.records import (
    HASH_BYTES,
    MAX_CANDIDATES,
    Candidate,
    Candidates,
    Entry,
    Origin,
    Scope,
    StoreInfo,
)
from hashindex.store.interface import MAX_COPIES, WRITE_BATCH, check_batch, check_digest, check_hashes


class MemoryStore:
    """Entries in a dict, compared one by one; gone with the process."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._entries: dict[Key, Entry] = {}
        self._lock = RLock()

    @property
    def origin(self) -> Origin:
        """What it was told when it was made."""
        return self._origin

    @property
    def created(self) -> bool:
        """Always: it begins empty."""
        return True

    @property
    def identity(self) -> str:
        """Known by nothing but this object."""
        return f"memory {os.getpid()} {id(self)}"

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Keep the entries, each in place of the one with its key."""
        check_batch(entries)
        with self._lock:
            self._entries.update((entry.key, entry) for entry in entries)

    def search(
        self, hashes: Sequence[bytes], scope: Scope, *, radius: int, limit: int, exhaustive: bool = False
    ) -> list[Candidates]:
        """Compare every hash of the scope; always exhaustive, whatever `exhaustive` says."""
        del exhaustive
        check_hashes(hashes)
        entries = self._in_scope(scope)
        stored = np.array([list(entry.picture.fingerprint.ahash) for entry in entries], np.uint8)
        stored = stored.reshape(len(entries), HASH_BYTES)
        return [_nearest(entries, stored, value, radius, min(limit, MAX_CANDIDATES)) for value in hashes]

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Entry]:
        """Look the keys up."""
        with self._lock:
            return {key: self._entries[key] for key in keys if key in self._entries}

    def copies(self, content_digest: str, scope: Scope) -> Sequence[Entry]:
        """Compare every digest of the scope."""
        check_digest(content_digest)
        entries = self._in_scope(scope)
        return [entry for entry in entries if entry.picture.content_digest == content_digest][:MAX_COPIES]

    def delete(self, keys: Sequence[Key]) -> int:
        """Drop the keys that exist."""
        with self._lock:
            return sum(self._entries.pop(key, None) is not None for key in set(keys))

    def delete_company(self, company_id: int) -> int:
        """Drop the company's keys."""
        return self.delete([entry.key for entry in self._in_scope(Scope.company(company_id))])

    def count(self, scope: Scope) -> int:
        """Count the entries of the scope."""
        return len(self._in_scope(scope))

    def scan(self, scope: Scope) -> Iterator[Sequence[Entry]]:
        """Yield what the scope held when the scan began."""
        entries = self._in_scope(scope)
        for start in range(0, len(entries), WRITE_BATCH):
            yield entries[start : start + WRITE_BATCH]

    def info(self) -> StoreInfo:
        """Say how many entries there are; the index is the plain comparison."""
        return StoreInfo(
            total=len(self._entries),
            origin=self._origin,
            index_type="BIN_FLAT",
            backend="memory",
            uri="memory",
        )

    def close(self) -> None:
        """Nothing to give back."""

    def _in_scope(self, scope: Scope) -> list[Entry]:
        with self._lock:
            return [entry for key, entry in self._entries.items() if key in scope]


def _nearest(entries: list[Entry], stored: np.ndarray, value: bytes, radius: int, limit: int) -> Candidates:
    distances = np.bitwise_count(stored ^ np.frombuffer(value, np.uint8)).sum(axis=1) if entries else []
    within = sorted(
        (int(distance), entry.key, entry)
        for distance, entry in zip(distances, entries, strict=True)
        if distance <= radius
    )
    found = tuple(Candidate.of(entry, distance) for distance, _, entry in within[:limit])
    return Candidates(found=found, truncated=len(within) > limit, exhaustive=True)
