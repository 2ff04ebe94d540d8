"""Which picture of a group to keep, and why: criteria in order, the next where all before it are equal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hashindex.duplicates.columns import I64, Mask, Pictures
from hashindex.duplicates.decisions import Keep
from hashindex.errors import InvalidArgumentError

DEFAULT_CRITERIA = ("resolution", "size", "earliest")

NO_DECISIONS: Mapping[str, Keep] = {}

_NEVER = np.iinfo(np.int64).max


def is_under(uri: str, prefix: str) -> bool:
    """Say whether a URI is a prefix itself or lies below it: `/a/b` is under `/a`, and `/ab` is not."""
    return uri == prefix or uri.startswith(prefix if prefix.endswith("/") else f"{prefix}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPolicy:
    """What to keep: the best by the criteria, then by name. Decisions come before them."""

    criteria: tuple[str, ...] = DEFAULT_CRITERIA
    """Of `CRITERIA`, the most important first."""
    prefer: tuple[str, ...] = ()
    """Canonical prefixes for the criterion `prefix`, the best first."""
    protect: tuple[str, ...] = ()
    """Canonical prefixes under which nothing is proposed for removal, better or worse."""

    def __post_init__(self) -> None:
        for name in self.criteria:
            if name not in CRITERIA:
                raise InvalidArgumentError(
                    f"{name!r} is nothing to keep pictures by; take of {', '.join(CRITERIA)}."
                )
        if len(set(self.criteria)) != len(self.criteria):
            raise InvalidArgumentError("a criterion to keep pictures by is named twice.")
        if ("prefix" in self.criteria) != bool(self.prefer):
            raise InvalidArgumentError(
                "the criterion prefix goes with prefixes that are preferred, and they with it."
            )


@dataclass(frozen=True, slots=True)
class Criterion:
    """One way to compare pictures, and how it is put in words."""

    column: Callable[["Ranking"], I64]
    """For each place of a ranking a number, the least of which is best."""
    best: str
    others: str
    """Empty where what is said of the best says all."""
    worse: str
    show: Callable[["Ranking", int], str]
    """What is seen at a place of the ranking."""


class Ranking:
    """Some rows of `Pictures`, and how each does by each criterion; places are indexes into `rows`."""

    def __init__(
        self,
        policy: KeepPolicy,
        pictures: Pictures,
        rows: I64,
        *,
        decided: Mapping[str, Keep] = NO_DECISIONS,
        stored_first: bool = False,
    ) -> None:
        """Rank by decisions, of content digests; then by standing in an index, on request; then by policy."""
        self.policy, self.pictures, self.rows, self.decided = policy, pictures, rows, decided
        self.uris = pictures.uri_texts(rows)
        self.protected: Mask = _under(self, policy.protect) < len(policy.protect)
        self.criteria = [_DECIDED] if decided else []
        self.criteria += [_STORED] if stored_first else []
        self.criteria += [CRITERIA[name] for name in policy.criteria]
        columns = [criterion.column(self) for criterion in self.criteria]
        self._values = [column.tolist() for column in columns]
        keys = [pictures.meta_id[rows], pictures.company_id[rows], self._by_name(), *reversed(columns)]
        self.order: I64 = np.lexsort(keys)
        """Places, the best first."""

    def why(self, places: Sequence[int]) -> str:
        """Say why the first of these places, the best of them, is kept before the others."""
        left, said = list(places), list[str]()
        for criterion, column in zip(self.criteria, self._values, strict=True):
            best = column[left[0]]
            kept = [place for place in left if column[place] == best]
            if len(kept) == len(left):
                continue
            seen = criterion.show(self, kept[0])
            if len(kept) == 1:
                second = min((place for place in left if place != kept[0]), key=column.__getitem__)
                rest = f", others {criterion.others} {criterion.show(self, second)}" * bool(criterion.others)
                return "; of these ".join([*said, f"{criterion.best}: {seen}{rest}"])
            said.append(f"{len(kept):,} of {len(left):,} are {criterion.best}: {seen}")
            left = kept
        if not said and self.policy.criteria:
            said.append(f"alike by {', '.join(self.policy.criteria)}")
        return "; of these ".join([*said, "the first by name"])

    def why_not(self, kept: int, other: int) -> str:
        """Say why one place is not kept."""
        for criterion, column in zip(self.criteria, self._values, strict=True):
            if column[kept] != column[other]:
                return f"{criterion.worse}: {criterion.show(self, other)}"
        return "alike; later by name"

    def _by_name(self) -> I64:
        """Return numbers in the order of the names, equal where they are, so that then the keys decide."""
        order = sorted(range(len(self.uris)), key=self.uris.__getitem__)
        new = [before != after for before, after in pairwise(self.uris[place] for place in order)]
        rank = np.empty(len(order), np.int64)
        rank[order] = np.cumsum([0, *new])[: len(order)]
        return rank


def _under(ranking: Ranking, prefixes: Sequence[str]) -> I64:
    """Return the number of the first prefix that each lies under; their number for none."""
    most = len(prefixes)
    if not most:
        return np.zeros(len(ranking.rows), np.int64)
    return np.array(
        [
            next((number for number, prefix in enumerate(prefixes) if is_under(uri, prefix)), most)
            for uri in ranking.uris
        ],
        np.int64,
    )


def _which(ranking: Ranking, place: int, prefixes: Sequence[str]) -> str:
    uri = ranking.uris[place]
    return next((f"under {prefix}" for prefix in prefixes if is_under(uri, prefix)), "elsewhere")


def _turns(ranking: Ranking) -> I64:
    """Return the decisions to keep: the later ones are better, and of copies the one that was named."""
    digests = ranking.pictures.digests(ranking.rows)
    turns = np.zeros(len(digests), np.int64)
    for place, (digest, uri) in enumerate(zip(digests, ranking.uris, strict=True)):
        if (decided := ranking.decided.get(digest)) is not None:
            turns[place] = -2 * decided.turn - (decided.uri == uri)
    return turns


def _decided_shown(ranking: Ranking, place: int) -> str:
    (digest,) = ranking.pictures.digests(ranking.rows[place : place + 1])
    return "a decision keeps it" if digest in ranking.decided else "a decision keeps another"


def _pixels(ranking: Ranking) -> I64:
    pictures, rows = ranking.pictures, ranking.rows
    return -pictures.width[rows].astype(np.int64) * pictures.height[rows]


def _pixels_shown(ranking: Ranking, place: int) -> str:
    row = ranking.rows[place]
    return f"{ranking.pictures.width[row]} x {ranking.pictures.height[row]}"


def _size(ranking: Ranking) -> I64:
    return -ranking.pictures.file_size[ranking.rows]


def _size_shown(ranking: Ranking, place: int) -> str:
    return f"{ranking.pictures.file_size[ranking.rows[place]]:,} bytes"


def _earliest(ranking: Ranking) -> I64:
    times = ranking.pictures.upload_time[ranking.rows]
    return np.where(times > 0, times, _NEVER)


def _latest(ranking: Ranking) -> I64:
    return -ranking.pictures.upload_time[ranking.rows]


def _time_shown(ranking: Ranking, place: int) -> str:
    time = int(ranking.pictures.upload_time[ranking.rows[place]])
    if time <= 0:
        return "unknown"
    return f"{np.datetime64(time, 'ms')}".replace("T", " ") + " UTC"


def _length(ranking: Ranking) -> I64:
    return np.array([len(uri) for uri in ranking.uris], np.int64)


CRITERIA = {
    "resolution": Criterion(_pixels, "largest", "at most", "smaller", _pixels_shown),
    "size": Criterion(_size, "largest file", "at most", "smaller file", _size_shown),
    "earliest": Criterion(_earliest, "earliest", "not before", "later", _time_shown),
    "latest": Criterion(_latest, "latest", "not after", "earlier", _time_shown),
    "shortest-path": Criterion(
        _length,
        "shortest path",
        "at least",
        "longer path",
        lambda ranking, place: f"{len(ranking.uris[place])} characters",
    ),
    "prefix": Criterion(
        lambda ranking: _under(ranking, ranking.policy.prefer),
        "preferred",
        "at best",
        "less preferred",
        lambda ranking, place: _which(ranking, place, ranking.policy.prefer),
    ),
}
"""What pictures can be kept by."""

_DECIDED = Criterion(_turns, "decided", "", "not decided on", _decided_shown)
_STORED = Criterion(
    lambda ranking: (~ranking.pictures.stored[ranking.rows]).astype(np.int64),
    "stored",
    "",
    "new",
    lambda ranking, place: (
        "in the index" if ranking.pictures.stored[ranking.rows[place]] else "not in the index"
    ),
)

DEFAULT_POLICY = KeepPolicy()
