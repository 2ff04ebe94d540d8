"""Asking: searches, counts and duplicates within one scope, and taking its entries elsewhere."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from hashindex.answers import SearchResult
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE
from hashindex.copying import copy
from hashindex.duplicates.finding import DEFAULT_RULES, DuplicateRules, duplicates_against, duplicates_stored
from hashindex.duplicates.groups import Duplicates
from hashindex.interchange.parquet import write_parquet
from hashindex.opened import Opened
from hashindex.outcomes import CopyReport, Rejected
from hashindex.reading import ImageLike
from hashindex.records import HashedPicture, Scope
from hashindex.scanning import Progress, scanned
from hashindex.search import DEFAULT_LIMITS, LIMIT, Limits, Query, search
from hashindex.views import Ways

QUERIES_PER_CALL = 100
"""Pictures that are looked for together: in one call to the store, or as few as `search.HASHES` allows."""


class Lookup:
    """Searches within one scope."""

    def __init__(self, opened: Opened, scope: Scope) -> None:
        self._opened, self._scope = opened, scope

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
            looked = self._opened.reader.look(image, limits.ways)
            return looked if isinstance(looked, Rejected) else Query.of_views(looked)

        return self._answers(self._opened.reader.map(query, images), limits)

    def search_hashes(
        self, hashes: Iterable[bytes], limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[SearchResult]:
        """Yield the answers for bare aHashes of 8 bytes; nothing confirms their matches."""
        return self._answers(map(Query, hashes), limits)

    def count(self) -> int:
        """Return how many entries the scope has."""
        return self._opened.store.count(self._scope)

    def copy_to(self, target: Opened, each: Progress | None = None) -> CopyReport:
        """Write the entries of the scope to another index, and prove that it holds the same afterwards.

        Repeating it goes on where it was. IndexMismatchError where the other index has another recipe, or
        entries of the scope that this one has not.
        """
        return copy(self._opened.store, target.store, self._scope, each)

    def export(self, path: str | os.PathLike[str], each: Progress | None = None) -> int:
        """Write the entries of the scope to a Parquet file, whole or not at all; return how many there are.

        ConfigurationError where pyarrow is not installed.
        """
        return write_parquet(
            path, self._opened.store.origin, scanned(self._opened.store, self._scope, "exporting", each)
        )

    def duplicates(self, rules: DuplicateRules = DEFAULT_RULES, each: Progress | None = None) -> Duplicates:
        """Return what is duplicated within the scope, in groups, and which picture of each to keep."""
        return duplicates_stored(scanned(self._opened.store, self._scope, "reading", each), rules)

    def duplicates_of(
        self,
        pictures: Iterable[HashedPicture],
        rules: DuplicateRules = DEFAULT_RULES,
        each: Progress | None = None,
    ) -> Duplicates:
        """Return which pictures are duplicates of stored ones; they are not compared with each other."""
        stored = scanned(self._opened.store, self._scope, "reading", each)
        return duplicates_against(pictures, stored, rules)

    def _answers(self, queries: Iterable[Query | Rejected], limits: Limits) -> Iterator[SearchResult]:
        pending = iter(queries)
        while batch := list(islice(pending, QUERIES_PER_CALL)):
            asked = [query for query in batch if isinstance(query, Query)]
            answers = iter(search(self._opened.store, asked, self._scope, limits) if asked else [])
            for query in batch:
                if isinstance(query, Query):
                    yield next(answers)
                else:
                    yield SearchResult(uri=query.uri, ahash=None, rejected=query)
