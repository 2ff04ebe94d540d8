"""Every picture looked up among all others, against the groups that a person gave."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from hashindex.confirming import BITS
from hashindex.quality.asking import Asked
from hashindex.quality.looks import NONE, VIEWS, Distances, apart, as_rows
from hashindex.quality.pairs import Near, NearestPairs, Places, near_pairs
from hashindex.reading import Looked

MOST_SHOWN = 1_000
"""Pairs missed, and pairs wrongly found, that are named; the counts are of all."""

RANKINGS = ("aHash", "pHash", "dHash")


class Comparison:
    """Counts what is found and what is not."""

    def __init__(
        self, pictures: Sequence[Looked], truth: Mapping[str, str], asked: Asked, *, radius: int
    ) -> None:
        """Compare all; `radius` is the greatest distance of the aHashes that is counted, bits."""
        uris = [each.picture.uri for each in pictures]
        rows = [as_rows(each.views) for each in pictures]
        self._hashes = np.array([hashes for hashes, _ in rows], np.uint64).reshape(-1, len(VIEWS), 3)
        self._usable = np.array([usable for _, usable in rows], np.bool_).reshape(-1, len(VIEWS))
        self._contents = _numbers([each.picture.content_digest for each in pictures])
        self._groups = _numbers([truth.get(uri, (uri,)) for uri in uris])
        self._asked = asked
        self.low = ~self._usable[:, 0]
        """Which pictures say too little to be matched as near."""
        self.sizes = Counter(self._groups.tolist())
        """Pictures by group; those that belong to nobody are groups of one."""
        self.together = sum(size * (size - 1) // 2 for size in self.sizes.values())
        """Pairs that belong together."""
        self.candidates, self.confirmed = np.zeros((2, 2, radius + 1), np.int64)
        """Pairs by whether they belong together, and by the least radius of the aHash that finds them."""
        self.precisions: dict[str, list[float]] = {ranking: [] for ranking in RANKINGS}
        """The average precision of every picture that has a partner."""
        self.missed = NearestPairs(uris, most=MOST_SHOWN)
        self.wrong = NearestPairs(uris, most=MOST_SHOWN)
        found: list[Places] = [np.zeros((0, 2), np.int64)]
        found += map(self._count, self._near(radius))
        self._miss({tuple(pair) for pair in np.concatenate(found).tolist()})

    def _near(self, radius: int) -> Iterator[Near]:
        yield from near_pairs(self._hashes, self._usable, self._asked.views, radius=radius)
        places = defaultdict(list)
        for place in np.flatnonzero(self.low).tolist():
            places[self._contents[place]].append(place)
        exact = [pair for same in places.values() for pair in combinations(same, 2)]
        left, right = np.array(exact, np.int64).reshape(-1, 2).T
        yield Near(left, right, np.zeros_like(left), np.zeros((len(left), 3), np.uint8))

    def _count(self, near: Near) -> Places:
        """Count some pairs; return those that are found and belong together."""
        confirmed = near.where(self._asked.confirms(near))
        for counts, some in ((self.candidates, near.once()), (self.confirmed, confirmed.once())):
            same = self._groups[some.left] == self._groups[some.right]
            for belongs in (False, True):
                at = some.distances[same == belongs, 0]
                counts[int(belongs)] += np.bincount(at, minlength=counts.shape[1])
        found = confirmed.where(confirmed.distances[:, 0] <= self._asked.rule.radius).once(by_joint=True)
        same = self._groups[found.left] == self._groups[found.right]
        self.wrong.add(found.where(~same))
        return np.asarray(np.column_stack((found.left, found.right))[same])

    def _miss(self, found: set[tuple[int, ...]]) -> None:
        """Look at the pairs that belong together: which were not found, and how high each would be ranked."""
        for place in np.flatnonzero([self.sizes[group] > 1 for group in self._groups.tolist()]).tolist():
            every = self._apart(place)
            same = self._groups == self._groups[place]
            same[place] = False
            for ranking, ranked in zip(RANKINGS, every.min(axis=1).T, strict=True):
                there = ranked != NONE
                there[place] = False
                precision = _average_precision(ranked[there], same[there], int(same.sum()))
                self.precisions[ranking].append(precision)
            later = [other for other in np.flatnonzero(same).tolist() if other > place]
            self._name([(place, other) for other in later if (place, other) not in found], every)

    def _name(self, missed: Sequence[tuple[int, int]], every: Distances) -> None:
        """Name pairs of one picture, each by the view that brings it nearest."""
        left, right = np.array(missed, np.int64).reshape(-1, 2).T
        views = np.tile(np.arange(len(VIEWS)), 2)
        pair, look = (each.ravel() for each in np.indices((len(left), len(views))))
        self.missed.add(
            Near(left[pair], right[pair], views[look], every[right[pair], look]).once(by_joint=True),
        )

    def _apart(self, place: int) -> Distances:
        """Return how far one picture is from all, (pictures, 2 * VIEWS, 3): it looked up, then they."""
        hashes, usable, views = self._hashes, self._usable, self._asked.views
        forth = apart(hashes[place], hashes[:, :1], usable[place] & views & usable[:, :1])
        back = apart(hashes[place, 0], hashes, usable & views & usable[place, 0])
        found = np.concatenate((forth, back), axis=1)
        found[self._contents == self._contents[place]] = 0
        return found


def _average_precision(distances: npt.NDArray[np.uint8], same: npt.NDArray[np.bool_], partners: int) -> float:
    """Return the mean, over a picture's partners, of the precision down to each one's distance.

    Pictures at the same distance count as found together, so that their order does not matter (as in
    scikit-learn's `average_precision_score`). Partners that are not ranked count as zero.
    """
    hits = np.bincount(distances[same], minlength=BITS + 1)
    precision = hits.cumsum() / np.maximum(1, np.bincount(distances, minlength=BITS + 1).cumsum())
    return float((hits * precision).sum() / partners)


def _numbers(names: Sequence[object]) -> Places:
    """Give equal names equal numbers."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], np.int64)
