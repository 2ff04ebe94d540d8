"""Search: candidates from the store, confirmed by the other two hashes, cut to a limit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from hashindex.answers import Match, SearchResult, Verdict
from hashindex.confirming import DEFAULT_RULE, Rule, confirm, says_little, unconfirmed
from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import MAX_CANDIDATES, Candidates, Entry, Fingerprint, HashedPicture, Scope
from hashindex.store.interface import Store
from hashindex.views import AS_IS, DEFAULT_WAYS, Ways

if TYPE_CHECKING:
    from hashindex.hashing import Viewed
    from hashindex.reading import Looked

LIMIT = 100
"""Default number of matches that a search returns for a picture."""


HASHES = 200
"""That one call to the store looks for: a batch costs Milvus far less than as many single calls."""

WIDE_HASHES = 25
"""The same where the radius is wider than that of the default rule: each may have 16,384 candidates, of half
a kilobyte each."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: a bare hash, or a picture with all that confirms its matches."""

    ahash: bytes
    uri: str | None = None
    fingerprint: Fingerprint | None = None
    """None for a bare hash: its matches are not confirmed."""
    content_digest: str | None = None
    leave_out: Key | None = None
    """The stored entry that is itself asked about."""
    other_views: "tuple[Viewed, ...]" = ()
    """The picture turned, mirrored or trimmed: a match of any of them is one of the picture."""

    @classmethod
    def of_picture(cls, picture: HashedPicture, leave_out: Key | None = None) -> "Query":
        """Ask for a picture with all that is known of it."""
        prints = picture.fingerprint
        confirming = prints if isinstance(prints, Fingerprint) else None
        return cls(prints.ahash, picture.uri or None, confirming, picture.content_digest, leave_out)

    @classmethod
    def like(cls, entry: Entry) -> "Query":
        """Ask for what resembles a stored entry, itself left out."""
        return cls.of_picture(entry.picture, leave_out=entry.key)

    @classmethod
    def of_views(cls, looked: "Looked") -> "Query":
        """Ask for a picture in every view that was taken of it."""
        return replace(cls.of_picture(looked.picture), other_views=looked.views[1:])

    @property
    def views(self) -> "tuple[Viewed, ...]":
        """What is looked for and can be confirmed, as it is first; nothing of a bare hash."""
        return () if self.fingerprint is None else ((AS_IS, self.fingerprint), *self.other_views)

    @property
    def hashes(self) -> list[bytes]:
        """The aHashes that the store is asked for."""
        return [prints.ahash for _, prints in self.views] or [self.ahash]

    @property
    def low_information(self) -> bool:
        """Whether the picture says so little that nothing is near to it as it is."""
        return self.fingerprint is not None and says_little(self.fingerprint.contrast)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a search goes."""

    rule: Rule = DEFAULT_RULE
    """What is a candidate, and which candidate is near."""
    ways: Ways = DEFAULT_WAYS
    """Which views of a picture are looked for; a bare hash or a stored entry has only the one."""
    limit: int = LIMIT
    """Most matches that are returned for one query, after confirmation."""
    unconfirmed: bool = False
    """Return `weak` candidates too."""
    exhaustive: bool = False
    """Compare every stored hash of the scope, where the index would otherwise look into a part of them."""

    @property
    def is_wide(self) -> bool:
        """Whether so many candidates are to be expected that few pictures should be asked for together."""
        return self.rule.radius > DEFAULT_RULE.radius

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidArgumentError(f"limit is {self.limit}, but must be at least 1.")


DEFAULT_LIMITS = Limits()


def search(store: Store, queries: Sequence[Query], scope: Scope, limits: Limits) -> list[SearchResult]:
    """Answer the queries in order; many share a call to the store, and all views of one do."""
    found = candidates(store, queries, scope, limits)
    return [answer(query, of_query, limits) for query, of_query in zip(queries, found, strict=True)]


def candidates(
    store: Store, queries: Sequence[Query], scope: Scope, limits: Limits
) -> Iterator[list[Candidates]]:
    """Yield what the store has for each query, in the order of its hashes, from few calls."""
    all_shown = all(query.fingerprint is None and query.leave_out is None for query in queries)
    for some in _together(queries, WIDE_HASHES if limits.is_wide else HASHES):
        found = iter(
            store.search(
                [ahash for query in some for ahash in query.hashes],
                scope,
                radius=limits.rule.radius,
                limit=limits.limit if all_shown else MAX_CANDIDATES,
                exhaustive=limits.exhaustive,
            )
        )
        for query in some:
            yield list(islice(found, len(query.hashes)))


def _together(queries: Sequence[Query], most: int) -> Iterator[list[Query]]:
    """Yield the queries in order, as many at a time as have `most` hashes together, or one that has more."""
    some: list[Query] = []
    hashes = 0
    for query in queries:
        number = len(query.hashes)
        if some and hashes + number > most:
            yield some
            some, hashes = [], 0
        some.append(query)
        hashes += number
    if some:
        yield some


def answer(query: Query, found: Sequence[Candidates], limits: Limits) -> SearchResult:
    """Judge what was found for each hash of a query."""
    if query.views:
        judged = _best(query, found, limits.rule)
    else:
        judged = [unconfirmed(candidate) for candidate in found[0].found]
    matches = [
        match
        for match in judged
        if match.key != query.leave_out and (match.verdict is not Verdict.WEAK or limits.unconfirmed)
    ]
    return SearchResult(
        uri=query.uri,
        ahash=query.ahash,
        matches=tuple(matches[: limits.limit]),
        truncated=any(each.truncated for each in found) or len(matches) > limits.limit,
        exhaustive=all(each.exhaustive for each in found),
        low_information=query.low_information,
    )


def _best(query: Query, found: Sequence[Candidates], rule: Rule) -> Iterable[Match]:
    """Judge every candidate, by that view which it matches best; in order."""
    best: dict[Key, Match] = {}
    for (view, prints), candidates in zip(query.views, found, strict=True):
        for candidate in candidates.found:
            match = confirm(prints, query.content_digest, candidate, rule, view)
            before = best.get(candidate.key)
            if before is None or _rank(match) < _rank(before):
                best[candidate.key] = match
    if len(found) == 1:
        return best.values()  # the store has put them in order
    return sorted(best.values(), key=lambda match: (match.distance, match.key))


def _rank(match: Match) -> tuple[bool, int, int]:
    """Return what is smaller for the better of two views; of equals the first is kept.

    Both are exact or neither is: that is of the bytes, not of a view.
    """
    return match.verdict is Verdict.WEAK, match.distance, match.phash_distance or 0
