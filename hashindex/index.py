"""The open index: what people hold in Python, and what the command line is a thin shell over."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from hashindex.company import Company
from hashindex.importing import imported
from hashindex.insert import Each, Insert
from hashindex.keys import MetaIdFrom, meta_id_from_uri
from hashindex.listing import EVERY_PICTURE, Selection, listed, pictures
from hashindex.lookup import Lookup
from hashindex.manifest import Manifest
from hashindex.opened import Opened
from hashindex.outcomes import (
    Ignored,
    Imported,
    ImportReport,
    Incoming,
    InsertReport,
    Reject,
    Rejected,
    Wanted,
)
from hashindex.records import Picture, Scope, StoreInfo


class Index(Opened):
    """One collection, with the sources that its pictures come from. A context manager."""

    @property
    def created(self) -> bool:
        """Whether opening it made it."""
        return self.store.created

    def company(self, company_id: int) -> Company:
        """Return the part that belongs to one company: everything that is asked there stays in it."""
        return Company(self, company_id)

    def all_companies(self) -> Lookup:
        """Return a view for searches that cross companies on purpose."""
        return Lookup(self, Scope.ALL)

    def insert_manifest(  # the rest is as in Company.insert
        self,
        manifest: TextIO,
        *,
        company_id: int | None = None,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        replace: bool = False,
        refresh: bool = False,
        each: Each | None = None,
    ) -> InsertReport:
        """Insert what the lines of a CSV or JSONL file name, each for the company that it says.

        Args:
            manifest: Open for reading text with `newline=""`; see `hashindex.manifest`.
            company_id: For lines that have none of their own.

        """
        reader = Manifest(self.source, company_id=company_id, meta_id_from=meta_id_from)
        return self.insert(reader.read(manifest), replace=replace, refresh=refresh, each=each)

    def insert(
        self,
        wanted: Iterable[Wanted | Reject | Ignored],
        *,
        replace: bool = False,
        refresh: bool = False,
        each: Each | None = None,
    ) -> InsertReport:
        """Insert pictures of any companies, given with their keys; see `Company.insert` for the rest."""
        return Insert(self, replace=replace, refresh=refresh).report(wanted, each)

    def import_entries(
        self,
        items: Iterable[Incoming | Reject],
        *,
        replace: bool = False,
        each: Callable[[Imported | Reject], object] | None = None,
    ) -> ImportReport:
        """Bring in entries made elsewhere: what `read_parquet`, `read_hashes` or `open_foreign` gives.

        Args:
            items: IndexMismatchError where they come from a Parquet file of another recipe.
            replace: Let them take the place of entries that differ, which are `conflict` otherwise.
            each: Called with what became of each item, once it is stored.

        """
        return imported(self.store, self.turns, items, replace=replace, each=each)

    def listed(
        self, names: Iterable[str], selection: Selection = EVERY_PICTURE
    ) -> Iterator[Picture | Rejected | Ignored]:
        """Yield what names stand for, as an insert would list it, without reading anything."""
        return listed(self.source, names, selection)

    def pictures(
        self, names: Iterable[str], selection: Selection = EVERY_PICTURE
    ) -> Iterator[Picture | Rejected]:
        """Yield what names stand for, to be searched for; what a walk passes over is left out."""
        return pictures(self.source, names, selection)

    def stats(self) -> StoreInfo:
        """Say what is in the index and how it was made."""
        return self.store.info()

    def companies(self) -> dict[int, int]:
        """Return how many entries each company has, by scanning the whole index."""
        counts: Counter[int] = Counter()
        for batch in self.store.scan(Scope.ALL):
            counts.update(entry.key.company_id for entry in batch)
        return dict(sorted(counts.items()))
