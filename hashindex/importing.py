"""Import: entries made elsewhere are weighed against what is there, and written in batches."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from hashindex.errors import IndexMismatchError
from hashindex.interchange.parquet import ParquetEntries
from hashindex.keys import Key
from hashindex.outcomes import Imported, ImportReport, Incoming, Outcome, Reason, Reject, Rejected
from hashindex.records import Entry
from hashindex.store.interface import WRITE_BATCH, Store
from hashindex.tally import tally
from hashindex.turns import Turns


def imported(
    store: Store,
    turns: Turns,
    items: Iterable[Incoming | Reject],
    *,
    replace: bool = False,
    each: Callable[[Imported | Reject], object] | None = None,
) -> ImportReport:
    """Run an import to its end and count; see `Index.import_entries`."""
    if isinstance(items, ParquetEntries) and items.origin.recipe != store.origin.recipe:
        raise IndexMismatchError(
            f"{items.path} comes from an index with the recipe {items.origin.recipe}, and this one has "
            f"{store.origin.recipe}; import it into another index."
        )
    began = time.monotonic()
    bare = 0

    def counted(item: Imported | Reject) -> None:
        nonlocal bare
        if isinstance(item, Imported) and item.outcome is not Outcome.SKIPPED:
            bare += item.entry.picture.is_bare
        if each:
            each(item)

    counts, rejects = tally(Import(store, turns, replace=replace).run(items), counted)
    return ImportReport(
        **counts, bare=bare, seconds=round(time.monotonic() - began, 3), first_rejects=rejects
    )


@dataclass(frozen=True, slots=True)
class Import:
    """The use case; one object serves any number of runs."""

    store: Store
    turns: Turns
    replace: bool = False
    """Let entries that differ take the place of what is there."""

    def run(self, items: Iterable[Incoming | Reject]) -> Iterator[Imported | Reject]:
        """Yield what became of each item in order; an `Imported` only after it is stored.

        The index ends as if the items were taken one by one, also where a key comes several times.
        """
        pending = iter(items)
        while batch := list(islice(pending, WRITE_BATCH)):
            keys = {item.entry.key for item in batch if isinstance(item, Incoming)}
            # Else an insert could write between what is looked up here and what is written.
            with self.turns.of({key.company_id for key in keys}):
                outcomes = self._taken(batch, keys)
            yield from outcomes

    def _taken(self, batch: list[Incoming | Reject], keys: set[Key]) -> list[Imported | Reject]:
        there = dict(self.store.get(list(keys)))
        changed: dict[Key, Entry] = {}
        outcomes: list[Imported | Reject] = []
        for item in batch:
            outcome = self._weighed(item, there) if isinstance(item, Incoming) else item
            outcomes.append(outcome)
            if isinstance(outcome, Imported) and outcome.outcome is not Outcome.SKIPPED:
                there[outcome.entry.key] = changed[outcome.entry.key] = outcome.entry
        if changed:
            self.store.upsert(list(changed.values()))
        return outcomes

    def _weighed(self, item: Incoming, there: dict[Key, Entry]) -> Imported | Reject:
        """Decide: nothing is overwritten by less than it was, nor by another picture unless told to."""
        new, key = item.entry.picture, item.entry.key
        if key not in there:
            return Imported(item.entry, Outcome.INSERTED)
        old = there[key].picture
        if new == old or (new.is_bare and new.fingerprint.ahash == old.fingerprint.ahash):
            return Imported(item.entry, Outcome.SKIPPED)
        if self.replace or (old.is_bare and not new.is_bare):
            return Imported(item.entry, Outcome.UPDATED)
        owner = old.uri or f"another hash, {old.fingerprint.ahash.hex()}"
        detail = f"its key {key} belongs to {owner}; --replace lets it take over"
        rejected = Rejected(new.uri or None, Reason.CONFLICT, detail)
        return Reject(rejected, key.company_id, key.meta_id, item.line)
