"""What a Milvus server and Milvus Lite have in common: reading. Writing is each one's own affair."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, TypeVar

from hashindex.errors import StoreError
from hashindex.keys import Key
from hashindex.records import MAX_CANDIDATES, Candidates, Entry, Origin, Scope, StoreInfo
from hashindex.store.collection import CALL_SECONDS, VectorIndex
from hashindex.store.interface import MAX_COPIES, check_digest, check_hashes
from hashindex.store.rows import CANDIDATE_FIELDS, COMPANY, FIELDS, PRIMARY, VECTOR, candidate_of, entry_of

T = TypeVar("T")

KEYS_PER_CALL = 2_000
"""Keys that one lookup names: the filter stays short, and the answer far below the 16,384 rows of a query."""

SCAN_BATCH = 4_000
"""Rows that a scan reads at a time."""

FIRST_STEP = 64
"""Candidates asked for at first. More are asked for only while the farthest is still within the radius."""

STEP_FACTOR = 16

HITS_PER_CALL = 65_536
"""Candidates of all queries together that one call asks for, so that its answer fits into a message."""


class MilvusStore(ABC):
    """Reads one collection through a `MilvusClient`."""

    def __init__(
        self,
        collection: str,
        *,
        identity: str,
        origin: Origin,
        created: bool,
        index: VectorIndex,
        backend: str,
        uri: str,
    ) -> None:
        self._collection, self._identity = collection, identity
        self._origin, self._created = origin, created
        self._index, self._backend, self._uri = index, backend, uri

    @property
    @abstractmethod
    def _client(self) -> Any:  # pymilvus comes without types
        """The connection, made again where it was lost and can be."""

    @abstractmethod
    def _calling(self) -> AbstractContextManager[None]:
        """Translate what pymilvus raises inside."""

    @property
    def origin(self) -> Origin:
        """What the collection's description says."""
        return self._origin

    @property
    def created(self) -> bool:
        """Whether opening it made it."""
        return self._created

    @property
    def identity(self) -> str:
        """The path of the file and the name in it, or the number that the server gave the collection."""
        return self._identity

    def search(
        self, hashes: Sequence[bytes], scope: Scope, *, radius: int, limit: int, exhaustive: bool = False
    ) -> list[Candidates]:
        """Ask for the nearest in growing steps, and cut by the radius ourselves.

        The server's own range search loses results on BIN_IVF_FLAT, so it is never used.
        """
        check_hashes(hashes)
        wanted = min(limit, MAX_CANDIDATES)
        found: list[Candidates | None] = [None] * len(hashes)
        unanswered = list(range(len(hashes)))
        step = min(FIRST_STEP, wanted + 1)
        while unanswered:
            step = min(step, MAX_CANDIDATES)
            for some in batches(unanswered, max(1, HITS_PER_CALL // step)):
                for position, hits in zip(
                    some,
                    self._hits([hashes[i] for i in some], scope, step, exhaustive=exhaustive),
                    strict=True,
                ):
                    last = step in (wanted + 1, MAX_CANDIDATES)
                    if last or len(hits) < step or hits.distances[-1] > radius:
                        found[position] = self._cut(hits, radius, wanted, exhaustive=exhaustive)
            unanswered = [position for position in unanswered if found[position] is None]
            step = min(step * STEP_FACTOR, wanted + 1)
        return [candidates for candidates in found if candidates is not None]

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Entry]:
        """Look entries up by primary key, in batches."""
        rows = (row for some in batches(keys, KEYS_PER_CALL) for row in self._rows(some, FIELDS))
        return {entry.key: entry for entry in map(entry_of, rows)}

    def copies(self, content_digest: str, scope: Scope) -> Sequence[Entry]:
        """Filter by the digest; no index helps, so every row of the scope is looked at."""
        check_digest(content_digest)
        same, within = f'content_digest == "{content_digest}"', filter_of(scope)
        with self._calling():
            rows = self._client.query(
                self._collection,
                filter=f"{same} and {within}" if within else same,
                limit=MAX_COPIES,
                output_fields=list(FIELDS),
                timeout=CALL_SECONDS,
                consistency_level="Strong",
            )
        return [entry_of(row) for row in rows]

    def count(self, scope: Scope) -> int:
        """Ask for `count(*)`."""
        with self._calling():
            rows = self._client.query(
                self._collection,
                filter=filter_of(scope),
                output_fields=["count(*)"],
                timeout=CALL_SECONDS,
                consistency_level="Strong",
            )
        return int(rows[0]["count(*)"])

    def scan(self, scope: Scope) -> Iterator[Sequence[Entry]]:
        """Read page by page in the order of the primary keys. What changes meanwhile may be seen or not.

        pymilvus's own iterator does the same, but before Milvus 2.4 at a time of its own clock: it missed
        rows that had just been written.
        """
        last = ""
        while page := self._page(scope, last):
            found = [row[PRIMARY] for row in page]
            if found != sorted(found) or found[0] <= last:
                raise StoreError(f"{self._uri}: Milvus gave rows out of order, so a scan would miss some.")
            last = found[-1]
            yield [entry_of(row) for row in page]

    def info(self) -> StoreInfo:
        """Count the entries and say the rest from memory."""
        return StoreInfo(
            total=self.count(Scope.ALL),
            origin=self._origin,
            index_type=self._index.kind,
            backend=self._backend,
            uri=self._uri,
        )

    def _page(self, scope: Scope, last: str) -> list[dict[str, Any]]:
        """Return the rows of the scope whose primary keys come next after one that was read."""
        after, within = f'{PRIMARY} > "{last}"', filter_of(scope)
        with self._calling():
            rows: list[dict[str, Any]] = self._client.query(
                self._collection,
                filter=f"{after} and {within}" if within else after,
                limit=SCAN_BATCH,
                output_fields=list(FIELDS),
                timeout=CALL_SECONDS,
                consistency_level="Strong",
            )
        return rows

    def _existing(self, keys: Sequence[Key]) -> list[str]:
        """Return those primary keys that exist."""
        return [row[PRIMARY] for some in batches(keys, KEYS_PER_CALL) for row in self._rows(some, (PRIMARY,))]

    def _rows(self, keys: Sequence[Key], fields: Sequence[str]) -> list[dict[str, Any]]:
        with self._calling():
            rows: list[dict[str, Any]] = self._client.query(
                self._collection,
                ids=[str(key) for key in keys],
                output_fields=list(fields),
                timeout=CALL_SECONDS,
                consistency_level="Strong",
            )
        return rows

    def _hits(self, hashes: Sequence[bytes], scope: Scope, step: int, *, exhaustive: bool) -> Any:
        """Return pymilvus's own lists of hits, nearest first, one for each hash."""
        with self._calling():
            return self._client.search(
                self._collection,
                data=list(hashes),
                anns_field=VECTOR,
                filter=filter_of(scope),
                limit=step,
                output_fields=list(CANDIDATE_FIELDS),
                search_params=self._index.search_params(exhaustive=exhaustive),
                timeout=CALL_SECONDS,
                consistency_level="Strong",
            )

    def _cut(self, hits: Any, radius: int, wanted: int, *, exhaustive: bool) -> Candidates:
        within = sorted(
            (  # a hit outside is not even unpacked: that was a tenth of the time of a batch
                candidate_of(hit[PRIMARY], distance, hit["entity"])
                for hit, distance in zip(hits, hits.distances, strict=True)
                if distance <= radius
            ),
            key=lambda hit: (hit.distance, hit.key.company_id, hit.key.meta_id),
        )
        return Candidates(
            found=tuple(within[:wanted]),
            truncated=len(within) > wanted or len(within) == MAX_CANDIDATES,
            exhaustive=self._index.compares_all(exhaustive=exhaustive),
        )


def filter_of(scope: Scope) -> str:
    """Return the expression that keeps a lookup within its scope: made of a validated integer only."""
    return "" if scope.company_id is None else f"{COMPANY} == {int(scope.company_id)}"


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in order, `size` at a time."""
    pending = iter(items)
    while some := list(islice(pending, size)):
        yield some
