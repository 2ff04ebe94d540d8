"""What the parts of the store contract share: one store for a class, and companies for each test."""

from collections.abc import Iterator
from itertools import count, product
from typing import ClassVar
from unittest import TestCase

from hashindex.keys import Key
from hashindex.records import MAX_CANDIDATES, Entry, Scope
from hashindex.store.interface import Store
from testing.making import bits, entry, fingerprint, flipped

CROWD = MAX_CANDIDATES + 20
"""Entries of one company with one and the same hash: more than an engine gives, and several batches."""

SPREAD = 1_500
"""Entries of each of two companies at 0 to 14 bits from one hash: within 14 they are more than 1,024."""

CENTRE = bits(1)


class StoreCase(TestCase):
    """One store for the class; every test has companies of its own."""

    store: ClassVar[Store]
    _companies: ClassVar[Iterator[int]]
    _spread: ClassVar[list[Entry]]
    crowded: ClassVar[int | None]

    @classmethod
    def open_store(cls) -> Store:
        """Open the store, or one more like it."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.store = cls.open_store()
        cls.addClassCleanup(cls.store.close)
        cls._companies, cls._spread, cls.crowded = count(1_000), [], None

    def company(self) -> int:
        """Return the id of a company that has nothing yet."""
        return next(self._companies)

    def spread(self) -> list[Entry]:
        """Return what two companies have around `CENTRE`, made on first use."""
        if not self._spread:
            pair = self.company(), self.company()
            self._spread.extend(
                entry(
                    owner, meta_id, prints=fingerprint(meta_id, ahash=flipped(CENTRE, meta_id % 15, meta_id))
                )
                for owner, meta_id in product(pair, range(SPREAD))
            )
            self.store.upsert(self._spread)
        return self._spread

    def crowd(self) -> int:
        """Return a company with `CROWD` entries of one hash, made on first use."""
        cls = type(self)
        if cls.crowded is None:
            cls.crowded = self.company()
            prints = fingerprint(7)
            self.store.upsert([entry(cls.crowded, meta_id, prints=prints) for meta_id in range(CROWD)])
        return cls.crowded

    def stored(self, *keys: Key) -> list[Entry]:
        """Return what the store has of these keys, in order."""
        found = self.store.get(keys)
        return [found[key] for key in keys if key in found]

    def scanned(self, scope: Scope) -> list[Entry]:
        """Return all entries of a scope, in the order of their keys."""
        found = (item for some in self.store.scan(scope) for item in some)
        return sorted(found, key=lambda item: item.key)
