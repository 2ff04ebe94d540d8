"""Search: candidates from the store, confirmed by the other two hashes, cut to a limit."""

from collections.abc import Sequence
from dataclasses import dataclass

from hashindex.confirming import RADIUS, confirm, unconfirmed
from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import (
    HASH_BYTES,
    MAX_CANDIDATES,
    Candidates,
    Entry,
    Fingerprint,
    HashedPicture,
    Scope,
    SearchResult,
    Verdict,
)
from hashindex.store.interface import Store

LIMIT = 100
"""Default number of matches that a search returns for a picture."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a search goes."""

    radius: int = RADIUS
    """Greatest Hamming distance of a candidate's aHash, bits, 0 to 64."""
    limit: int = LIMIT
    """Most matches that are returned for one query, after confirmation."""
    unconfirmed: bool = False
    """Return `weak` candidates too."""
    exhaustive: bool = False
    """Compare every stored hash of the scope, where the index would otherwise look into a part of them."""

    def __post_init__(self) -> None:
        if not 0 <= self.radius <= HASH_BYTES * 8:
            raise InvalidArgumentError(
                f"radius is {self.radius}, but must lie between 0 and {HASH_BYTES * 8}."
            )
        if self.limit < 1:
            raise InvalidArgumentError(f"limit is {self.limit}, but must be at least 1.")


DEFAULT_LIMITS = Limits()


def search(store: Store, queries: Sequence[Query], scope: Scope, limits: Limits) -> list[SearchResult]:
    """Answer the queries in order, all of them in one call to the store."""
    all_shown = all(query.fingerprint is None and query.leave_out is None for query in queries)
    found = store.search(
        [query.ahash for query in queries],
        scope,
        radius=limits.radius,
        limit=limits.limit if all_shown else MAX_CANDIDATES,
        exhaustive=limits.exhaustive,
    )
    return [_answer(query, candidates, limits) for query, candidates in zip(queries, found, strict=True)]


def _answer(query: Query, candidates: Candidates, limits: Limits) -> SearchResult:
    matches = []
    for candidate in candidates.found:
        if candidate.key == query.leave_out:
            continue
        if query.fingerprint is None:
            matches.append(unconfirmed(candidate))
            continue
        match = confirm(query.fingerprint, query.content_digest, candidate)
        if match.verdict is not Verdict.WEAK or limits.unconfirmed:
            matches.append(match)
    return SearchResult(
        uri=query.uri,
        ahash=query.ahash,
        matches=tuple(matches[: limits.limit]),
        truncated=candidates.truncated or len(matches) > limits.limit,
        exhaustive=candidates.exhaustive,
    )
