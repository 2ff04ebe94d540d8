"""The open index: what people hold in Python, and what the command line is a thin shell over."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from types import TracebackType
from typing import Self, TextIO

from hashindex.check import Admission, Check
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.copying import copy
from hashindex.duplicates.finding import (
    DEFAULT_RULES,
    DuplicateRules,
    duplicates_against,
    duplicates_stored,
)
from hashindex.duplicates.groups import Duplicates
from hashindex.errors import InvalidArgumentError
from hashindex.importing import imported
from hashindex.insert import Insert
from hashindex.interchange.parquet import write_parquet
from hashindex.keys import Key, MetaIdFrom, meta_id_from_uri, validated_id
from hashindex.listing import EVERY_PICTURE, Selection, keyed, listed, pictures
from hashindex.manifest import Manifest
from hashindex.reading import ImageLike, PictureReader
from hashindex.records import (
    Checked,
    CopyReport,
    Entry,
    HashedPicture,
    Ignored,
    Imported,
    ImportReport,
    Incoming,
    InsertReport,
    Picture,
    Reason,
    Reject,
    Rejected,
    Scope,
    SearchResult,
    StoreInfo,
    SyncReport,
    Taken,
    Wanted,
)
from hashindex.scanning import Progress, scanned
from hashindex.search import DEFAULT_LIMITS, LIMIT, Limits, Query, search
from hashindex.sources.interface import Source
from hashindex.store.interface import Store
from hashindex.sync import Comparison, EachSynced, Sync
from hashindex.tally import tally
from hashindex.turns import Turns
from hashindex.views import DEFAULT_WAYS, Ways

QUERIES_PER_CALL = 100
"""Pictures that are looked for together: in one call to the store, or as few as `search.HASHES` allows."""

Each = Callable[[Taken | Reject | Ignored], object]


class Index:
    """One collection, with the sources that its pictures come from. A context manager."""

    def __init__(self, store: Store, source: Source, reader: PictureReader, turns: Turns) -> None:
        self._store, self._source, self._reader, self._turns = store, source, reader, turns

    @property
    def store(self) -> Store:
        """What keeps the entries, for what spans two indexes."""
        return self._store

    @property
    def reader(self) -> PictureReader:
        """What reads and hashes pictures by the recipe of the index."""
        return self._reader

    @property
    def turns(self) -> Turns:
        """By which those who write to the index on one machine keep out of each other's way."""
        return self._turns

    @property
    def created(self) -> bool:
        """Whether opening it made it."""
        return self._store.created

    def company(self, company_id: int) -> "Company":
        """Return the part that belongs to one company: everything that is asked there stays in it."""
        return Company(self, self._store, self._source, self._reader, validated_id("company_id", company_id))

    def all_companies(self) -> "Lookup":
        """Return a view for searches that cross companies on purpose."""
        return Lookup(self._store, self._reader, Scope.ALL)

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
        reader = Manifest(self._source, company_id=company_id, meta_id_from=meta_id_from)
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
        use_case = Insert(
            self._store, self._source, self._reader, self._turns, replace=replace, refresh=refresh
        )
        began = time.monotonic()
        counts, rejects = tally(use_case.run(wanted), each)
        return InsertReport(**counts, seconds=round(time.monotonic() - began, 3), first_rejects=rejects)

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
        return imported(self._store, self._turns, items, replace=replace, each=each)

    def listed(
        self, names: Iterable[str], selection: Selection = EVERY_PICTURE
    ) -> Iterator[Picture | Rejected | Ignored]:
        """Yield what names stand for, as an insert would list it, without reading anything."""
        return listed(self._source, names, selection)

    def pictures(
        self, names: Iterable[str], selection: Selection = EVERY_PICTURE
    ) -> Iterator[Picture | Rejected]:
        """Yield what names stand for, to be searched for; what a walk passes over is left out."""
        return pictures(self._source, names, selection)

    def stats(self) -> StoreInfo:
        """Say what is in the index and how it was made."""
        return self._store.info()

    def companies(self) -> dict[int, int]:
        """Return how many entries each company has, by scanning the whole index."""
        counts: Counter[int] = Counter()
        for batch in self._store.scan(Scope.ALL):
            counts.update(entry.key.company_id for entry in batch)
        return dict(sorted(counts.items()))

    def close(self) -> None:
        """Give back processes and connections."""
        try:
            self._reader.close()
            self._source.close()
        finally:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Lookup:
    """Searches within one scope."""

    def __init__(self, store: Store, reader: PictureReader, scope: Scope) -> None:
        self._store, self._reader, self._scope = store, reader, scope

    def search(
        self,
        image: ImageLike,
        *,
        radius: int | None = None,
        wide: bool = False,
        orientations: bool = False,
        limit: int = LIMIT,
        unconfirmed: bool = False,
        exhaustive: bool = False,
    ) -> SearchResult:
        """Return the stored pictures that match one picture; `search_many` takes what has no keyword here.

        A picture that cannot be taken gives a result with `rejected`.

        Args:
            image: See `ImageLike`.
            radius: Greatest Hamming distance of a candidate's aHash, bits; that of the rule where None.
            wide: Go by `WIDE_RULE`, which finds heavier edits and looks at many more candidates.
            orientations: Look for it mirrored and turned by quarters too; `Match.view` says which was found.
            limit: Most matches that are returned, after confirmation.
            unconfirmed: Return `weak` candidates too.
            exhaustive: Compare every stored hash of the scope, whatever the index.

        """
        rule = WIDE_RULE if wide else DEFAULT_RULE
        limits = Limits(
            rule=rule if radius is None else replace(rule, radius=radius),
            ways=Ways(orientations=orientations),
            limit=limit,
            unconfirmed=unconfirmed,
            exhaustive=exhaustive,
        )
        return next(self.search_many([image], limits))

    def search_many(
        self, images: Iterable[ImageLike | Rejected], limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[SearchResult]:
        """Yield the answers for many pictures in order; they are hashed together and looked up in batches."""

        def query(image: ImageLike | Rejected) -> Query | Rejected:
            looked = self._reader.look(image, limits.ways)
            return looked if isinstance(looked, Rejected) else Query.of_views(looked)

        return self._answers(self._reader.map(query, images), limits)

    def search_hashes(
        self, hashes: Iterable[bytes], limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[SearchResult]:
        """Yield the answers for bare aHashes of 8 bytes; nothing confirms their matches."""
        return self._answers(map(Query, hashes), limits)

    def count(self) -> int:
        """Return how many entries the scope has."""
        return self._store.count(self._scope)

    def copy_to(self, target: Index, each: Progress | None = None) -> CopyReport:
        """Write the entries of the scope to another index, and prove that it holds the same afterwards.

        Repeating it goes on where it was. IndexMismatchError where the other index has another recipe, or
        entries of the scope that this one has not.
        """
        return copy(self._store, target.store, self._scope, each)

    def export(self, path: str | os.PathLike[str], each: Progress | None = None) -> int:
        """Write the entries of the scope to a Parquet file, whole or not at all; return how many there are.

        ConfigurationError where pyarrow is not installed.
        """
        return write_parquet(path, self._store.origin, scanned(self._store, self._scope, "exporting", each))

    def duplicates(self, rules: DuplicateRules = DEFAULT_RULES, each: Progress | None = None) -> Duplicates:
        """Return what is duplicated within the scope, in groups, and which picture of each to keep."""
        return duplicates_stored(scanned(self._store, self._scope, "reading", each), rules)

    def duplicates_of(
        self,
        pictures: Iterable[HashedPicture],
        rules: DuplicateRules = DEFAULT_RULES,
        each: Progress | None = None,
    ) -> Duplicates:
        """Return which pictures are duplicates of stored ones; they are not compared with each other."""
        stored = scanned(self._store, self._scope, "reading", each)
        return duplicates_against(pictures, stored, rules)

    def _answers(self, queries: Iterable[Query | Rejected], limits: Limits) -> Iterator[SearchResult]:
        pending = iter(queries)
        while batch := list(islice(pending, QUERIES_PER_CALL)):
            asked = [query for query in batch if isinstance(query, Query)]
            answers = iter(search(self._store, asked, self._scope, limits) if asked else [])
            for query in batch:
                if isinstance(query, Query):
                    yield next(answers)
                else:
                    yield SearchResult(uri=query.uri, ahash=None, rejected=query)


class Company(Lookup):
    """What belongs to one company: nothing done here reads or touches another's entries."""

    def __init__(
        self, index: Index, store: Store, source: Source, reader: PictureReader, company_id: int
    ) -> None:
        super().__init__(store, reader, Scope.company(company_id))
        self._index, self._source, self._company_id = index, source, company_id

    def insert(
        self,
        names: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        meta_id: int | None = None,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        selection: Selection = EVERY_PICTURE,
        replace: bool = False,
        refresh: bool = False,
        each: Each | None = None,
    ) -> InsertReport:
        """Insert files, folders and `oss://` objects or prefixes; can be repeated, and goes on where it was.

        Args:
            names: One, or any number, taken lazily; folders and prefixes are walked.
            meta_id: The key of a single picture.
            meta_id_from: Makes the keys otherwise, of the canonical URI.
            selection: What of a folder is taken.
            replace: Let a key that belongs to another URI be taken over, which is a `conflict` otherwise.
            refresh: Read pictures again whose version has not changed.
            each: Called with what became of each item, once it is stored.

        Returns:
            The counts, and the first rejects. Pictures that cannot be taken never end the run.

        """
        several = [names] if isinstance(names, str | os.PathLike) else names
        every: Iterable[str] = (os.fspath(name) for name in several)
        if meta_id is not None:
            every, meta_id_from = self._single(every), _always(validated_id("meta_id", meta_id))
        wanted = keyed(listed(self._source, every, selection), self._company_id, meta_id_from)
        return self._index.insert(wanted, replace=replace, refresh=refresh, each=each)

    def sync(
        self,
        folder: str | os.PathLike[str],
        *,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        selection: Selection = EVERY_PICTURE,
        refresh: bool = False,
        remove_many: bool = False,
        each: EachSynced | None = None,
    ) -> SyncReport:
        """Make the entries whose URI lies under a folder or `oss://` prefix equal to what that now holds.

        The arguments are those of `compare` and of `Comparison.apply`.
        """
        with self.compare(
            folder, meta_id_from=meta_id_from, selection=selection, refresh=refresh
        ) as comparison:
            return comparison.apply(remove_many=remove_many, each=each)

    def compare(
        self,
        folder: str | os.PathLike[str],
        *,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        selection: Selection = EVERY_PICTURE,
        refresh: bool = False,
        each_found: Callable[[], object] = lambda: None,
    ) -> AbstractContextManager[Comparison]:
        """Give what `sync` would do, in a `with` statement: to be looked at, and applied.

        Args:
            folder: A folder or `oss://` prefix; anything else is InvalidArgumentError.
            meta_id_from: Makes the keys of new pictures, of the canonical URI. Entries keep their keys.
            selection: What is taken of what is new. Entries are kept true whatever their names.
            refresh: Read pictures again whose version has not changed.
            each_found: Called for each entry under the folder, and for all that is listed.

        """
        use_case = Sync(
            self._store,
            self._source,
            self._reader,
            self._index.turns,
            self._company_id,
            meta_id_from,
            selection,
            refresh,
        )
        return use_case.compare(os.fspath(folder), each_found)

    def check(self, image: ImageLike, *, rule: Rule = DEFAULT_RULE, ways: Ways = DEFAULT_WAYS) -> Checked:
        """Say whether a picture is new to the company, an exact copy or a near one; see `Status`.

        `StoreUnavailableError` does not come: then the picture is `unavailable`. By default it is looked for
        without its borders too, and not turned.
        """
        return next(self.check_many([image], rule=rule, ways=ways))

    def check_many(
        self, images: Iterable[ImageLike | Rejected], *, rule: Rule = DEFAULT_RULE, ways: Ways = DEFAULT_WAYS
    ) -> Iterator[Checked]:
        """Yield the answers for many pictures, in order. They are not compared with each other."""
        return self._check(rule, ways).run(images)

    def insert_if_new(
        self,
        image: str | os.PathLike[str] | Picture,
        *,
        meta_id: int | None = None,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        replace: bool = False,
        rule: Rule = DEFAULT_RULE,
        ways: Ways = DEFAULT_WAYS,
    ) -> Checked:
        """Check a picture, and insert it if it is new or low in information, in one step.

        Of several threads and processes of one machine that do so at once with the same picture, exactly one
        finds it new, and the others what that one has inserted. Other machines are not waited for.

        Args:
            image: A path or `oss://` URI.
            meta_id: Its key. An entry that has it is a match like any other; that of another URI is a
                `conflict`, and the picture is not inserted.
            meta_id_from: Makes the key otherwise, of the canonical URI.
            replace: Let a key that belongs to another URI be taken over.
            rule: What is near.
            ways: Which views of the picture are looked for.

        """
        keys = meta_id_from if meta_id is None else _always(validated_id("meta_id", meta_id))
        return next(
            self.insert_many_if_new([image], meta_id_from=keys, replace=replace, rule=rule, ways=ways)
        )

    def insert_many_if_new(
        self,
        images: Iterable[str | os.PathLike[str] | Picture | Rejected],
        *,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        replace: bool = False,
        rule: Rule = DEFAULT_RULE,
        ways: Ways = DEFAULT_WAYS,
    ) -> Iterator[Checked]:
        """Do the same with many, as if one after the other; yield the answers in order, once all is stored.

        A hundred are stored when the answer to the first of them is asked for.
        """
        return self._check(rule, ways, Admission(meta_id_from=meta_id_from, replace=replace)).run(images)

    def search_like(self, meta_id: int, limits: Limits = DEFAULT_LIMITS) -> SearchResult:
        """Return what resembles a stored entry, itself left out; `rejected` when there is no such entry."""
        entry = self.get(meta_id)
        if entry is None:
            detail = f"company {self._company_id} has no entry with meta_id {meta_id}"
            return SearchResult(uri=None, ahash=None, rejected=Rejected(None, Reason.NOT_FOUND, detail))
        return next(self._answers([Query.like(entry)], limits))

    def get(self, meta_id: int) -> Entry | None:
        """Return one entry, or None."""
        key = Key(self._company_id, meta_id)
        return self._store.get([key]).get(key)

    def delete(self, *meta_ids: int) -> int:
        """Remove entries; return how many there were."""
        return self._store.delete([Key(self._company_id, meta_id) for meta_id in meta_ids])

    def delete_all(self) -> int:
        """Remove everything that the company has; return how many entries that were."""
        return self._store.delete_company(self._company_id)

    def _check(self, rule: Rule, ways: Ways, admission: Admission | None = None) -> Check:
        return Check(
            store=self._store,
            reader=self._reader,
            turns=self._index.turns,
            company_id=self._company_id,
            rule=rule,
            ways=ways,
            admission=admission,
        )

    def _single(self, names: Iterable[str]) -> list[str]:
        first_two = list(islice(names, 2))
        if len(first_two) != 1 or self._source.is_folder(self._source.canonical(first_two[0])):
            raise InvalidArgumentError("a meta_id goes with exactly one picture.")
        return first_two


def _always(meta_id: int) -> MetaIdFrom:
    return lambda _: meta_id
