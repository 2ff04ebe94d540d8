"""Groups as arrays over the members, made into values when they are asked for."""

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any

import numpy as np

from hashindex.answers import Verdict
from hashindex.confirming import Rule
from hashindex.duplicates.columns import I64, Mask
from hashindex.duplicates.decisions import Pair, pair_of
from hashindex.duplicates.grouping import farthest
from hashindex.duplicates.keeping import Ranking
from hashindex.duplicates.matching import VERDICTS, bits, verdicts
from hashindex.duplicates.values import Counts, Group, Member

_AT_A_TIME = 1_000
"""Groups that are made together: a column is cheap to read, and a number of it is not."""


class Duplicates:
    """The groups, in the order of the kept URIs; each is made when it is asked for, any number of times."""

    def __init__(
        self,
        ranking: Ranking,
        places: I64,
        group: I64,
        *,
        rule: Rule,
        duplicate: frozenset[Pair],
        stays: Mask,
        low_information: int,
        unplaced: int,
    ) -> None:
        """Take members as places of the ranking, the best first, and the group of each.

        Verdicts are those of `rule`; `duplicate` are the pairs of digests that a decision puts together;
        `stays` says of each row of the pictures whether it is not to be proposed for removal, besides what
        the ranking protects.
        """
        self._ranking, self._duplicate = ranking, duplicate
        self._low_information, self._unplaced = low_information, unplaced
        order = np.argsort(group, kind="stable")
        places, group = places[order], group[order]
        is_kept = np.diff(group, prepend=-1) != 0
        self._starts = np.flatnonzero(is_kept)
        self._sizes = np.diff(self._starts, append=len(places))
        kept = places[self._starts]
        uris = [ranking.uris[place] for place in kept.tolist()]
        self._order = np.array(sorted(range(len(uris)), key=uris.__getitem__), np.int64)

        kept = np.repeat(kept, self._sizes)
        rows, kept_rows = ranking.rows[places], ranking.rows[kept]
        pictures = ranking.pictures
        near_first = np.lexsort(
            (bits(pictures.phash, rows, kept_rows), bits(pictures.ahash, rows, kept_rows), ~is_kept, group)
        )
        self._places, self._kept = places[near_first], kept[near_first]
        self._rows, self._kept_rows = rows[near_first], kept_rows[near_first]
        self._is_kept = is_kept[near_first]
        self._verdict = np.where(self._is_kept, 0, verdicts(pictures, self._rows, self._kept_rows, rule))
        self._same_file = np.array(
            [
                ranking.uris[place] == ranking.uris[other] != ""
                for place, other in zip(self._places.tolist(), self._kept.tolist(), strict=True)
            ],
            np.bool_,
        )
        self._stays = stays[self._rows] | ranking.protected[self._places] | self._is_kept | self._same_file

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Group]:
        for start in range(0, len(self), _AT_A_TIME):
            yield from self._made(self._order[start : start + _AT_A_TIME])

    @property
    def counts(self) -> Counts:
        """How many there are of what."""
        exact, near, weak, unjudged = (
            int(((self._verdict == VERDICTS.index(verdict)) & ~self._is_kept).sum())
            for verdict in (Verdict.EXACT, Verdict.NEAR, Verdict.WEAK, None)
        )
        pictures = self._ranking.pictures
        return Counts(
            pictures=len(pictures),
            groups=len(self),
            members=len(self._places),
            exact=exact,
            near=near,
            weak=weak,
            unjudged=unjudged,
            removable=int((~self._stays).sum()),
            removable_bytes=int(pictures.file_size[self._rows[~self._stays]].sum()),
            low_information=self._low_information,
            unplaced=self._unplaced,
        )

    def _made(self, numbers: I64) -> Iterator[Group]:
        sizes = self._sizes[numbers]
        ends = sizes.cumsum()
        at = np.repeat(self._starts[numbers] - (ends - sizes), sizes) + np.arange(int(ends[-1]))
        hashes, spans = self._ranking.pictures.ahash[self._rows[at]], list(pairwise([0, *ends.tolist()]))
        members = self._members(at, self._whys(at, spans))
        for start, end in spans:
            kept, *others = islice(members, end - start)
            yield Group(kept, tuple(others), kept.why, farthest(hashes[start:end]))

    def _members(self, at: I64, whys: Iterable[str]) -> Iterator[Member]:
        pictures, rows, kept_rows = self._ranking.pictures, self._rows[at], self._kept_rows[at]
        ahash, phash, dhash = (
            bits(column, rows, kept_rows).tolist()
            for column in (pictures.ahash, pictures.phash, pictures.dhash)
        )
        seen = (~np.isnan(pictures.contrast[rows] + pictures.contrast[kept_rows])).tolist()
        columns: tuple[Iterable[Any], ...] = (  # as the fields of Member
            pictures.names(rows),
            pictures.keys(rows),
            [each.tobytes() for each in pictures.ahash[rows]],
            pictures.digests(rows),
            *(pictures.width[rows].tolist(), pictures.height[rows].tolist()),
            *(pictures.file_size[rows].tolist(), pictures.upload_time[rows].tolist()),
            ahash,
            *(
                [number if known else None for number, known in zip(each, seen, strict=True)]
                for each in (phash, dhash)
            ),
            [VERDICTS[code] for code in self._verdict[at].tolist()],
            self._ranking.protected[self._places[at]].tolist(),
            self._stays[at].tolist(),
            whys,
            self._decided(at),
        )
        return map(Member, *columns)

    def _whys(self, at: I64, spans: Iterable[tuple[int, int]]) -> Iterator[str]:
        ranking, places, same_file = self._ranking, self._places[at].tolist(), self._same_file[at].tolist()
        for start, end in spans:
            kept = places[start]
            yield ranking.why(places[start:end])
            for number in range(start + 1, end):
                if same_file[number]:
                    yield "it is the very file that is kept"
                else:
                    yield self._why_not(kept, places[number])

    def _why_not(self, kept: int, other: int) -> str:
        said = self._ranking.why_not(kept, other)
        return f"protected; {said}" if self._ranking.protected[other] else said

    def _decided(self, at: I64) -> list[bool]:
        if not self._duplicate:
            return [False] * len(at)
        digests = self._ranking.pictures.digests
        pairs = zip(digests(self._rows[at]), digests(self._kept_rows[at]), strict=True)
        return [
            not is_kept and pair_of(*pair) in self._duplicate
            for is_kept, pair in zip(self._is_kept[at].tolist(), pairs, strict=True)
        ]
