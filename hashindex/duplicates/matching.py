"""Which nodes are duplicates: candidates of the join, confirmed as a search confirms them, a block at a time.

Photographs crowd: of a million, a thousand million pairs may be within the radius. They are never held, but
only those that are confirmed.
"""

from threading import Lock

import numpy as np
import numpy.typing as npt

from hashindex.answers import Verdict
from hashindex.confirming import LOW_CONTRAST, Rule
from hashindex.duplicates.columns import I64, U64, Mask, Pictures
from hashindex.duplicates.nodes import Nodes, Rows
from hashindex.errors import InvalidArgumentError
from hashindex.joining.distinct import Distinct, member_pairs, packed, unpacked
from hashindex.joining.scanning import scan
from hashindex.records import HASH_BYTES

MAX_PAIRS = 20_000_000
"""Confirmed pairs at most: up to 60 bytes each while they are grouped."""

VERDICTS = (None, Verdict.EXACT, Verdict.NEAR, Verdict.WEAK)
"""What the codes of `verdicts` mean."""

_BARE, _EXACT, _NEAR, _WEAK = range(4)


def verdicts(pictures: Pictures, left: Rows, right: Rows, rule: Rule) -> npt.NDArray[np.uint8]:
    """Judge pairs of rows as `confirming.confirm` does; the codes are places in `VERDICTS`."""
    ahash, phash, dhash = (bits(column, left, right) for column in pictures.hashes)
    near = rule.confirms(ahash, phash, dhash)
    near &= np.minimum(pictures.contrast[left], pictures.contrast[right]) >= LOW_CONTRAST
    found = np.where(near, _NEAR, _WEAK).astype(np.uint8)
    seen = pictures.seen
    found[~(seen[left] & seen[right])] = _BARE
    digest = pictures.digest
    found[(digest[left] == digest[right]).all(axis=1) & (digest[left] != 0).any(axis=1)] = _EXACT
    return found


def bits(column: U64, left: Rows, right: Rows) -> npt.NDArray[np.uint8]:
    """Return the Hamming distances of pairs of rows."""
    found: npt.NDArray[np.uint8] = np.bitwise_count(column[left] ^ column[right])
    return found


def matched(
    pictures: Pictures,
    nodes: Nodes,
    rule: Rule,
    *,
    side: Mask | None = None,
    unconfirmed: bool = False,
    max_pairs: int = MAX_PAIRS,
) -> I64:
    """Return the pairs of nodes, shape (m, 2), that the rule takes for candidates and confirms.

    Each comes once, the lower node first, in order. With the `side` of every row they are pairs of one side
    with the other. What says little is left out, but for exact copies. InvalidArgumentError when there are
    more than `max_pairs`.
    """
    found = _Confirmed(pictures, nodes, rule, unconfirmed=unconfirmed, max_pairs=max_pairs)
    found.keep(nodes.exact[:, 0], nodes.exact[:, 1])
    telling = np.flatnonzero(nodes.tells)
    one = other = telling
    if side is not None:
        is_one = side[nodes.row[telling]]
        one, other = telling[is_one], telling[~is_one]
    left = _distinct(pictures, nodes, one)
    right = left if side is None else _distinct(pictures, nodes, other)

    def take(i: I64, j: I64) -> None:
        for first, second in member_pairs(left, right, (i, j)):
            found.confirm(one[first], other[second])

    if side is None:
        for first, second in left.inside():
            found.confirm(one[first], one[second])
    scan(left, None if side is None else right, rule.radius, take)
    return found.pairs()


def _distinct(pictures: Pictures, nodes: Nodes, chosen: I64) -> Distinct:
    return Distinct.of(pictures.ahash[nodes.row[chosen]].view(np.uint8).reshape(-1, HASH_BYTES))


class _Confirmed:
    """Takes candidates from any thread, and keeps those that are confirmed."""

    def __init__(
        self, pictures: Pictures, nodes: Nodes, rule: Rule, *, unconfirmed: bool, max_pairs: int
    ) -> None:
        self._rule = rule
        self._hashes = [column[nodes.row] for column in pictures.hashes]
        self._bare = ~pictures.seen[nodes.row]
        self._all, self._most = unconfirmed, max_pairs
        self._found = [np.zeros(0, np.uint64)]
        self._number = 0
        self._lock = Lock()

    def confirm(self, i: I64, j: I64) -> None:
        """Keep those pairs of nodes that are near, and those that nothing can confirm."""
        if not self._all:
            ahash, phash, dhash = (bits(column, i, j) for column in self._hashes)
            near = self._rule.confirms(ahash, phash, dhash)
            near |= self._bare[i] | self._bare[j]
            i, j = i[near], j[near]
        self.keep(i, j)

    def keep(self, i: I64, j: I64) -> None:
        """Keep pairs as they are; InvalidArgumentError when they are too many."""
        pairs = packed(np.minimum(i, j), np.maximum(i, j))
        with self._lock:
            self._number += len(pairs)
            if self._number > self._most:
                raise InvalidArgumentError(
                    f"more than {self._most:,} pairs match within the radius; take a smaller --radius, leave "
                    "out --unconfirmed, or look at one company at a time."
                )
            self._found.append(pairs)

    def pairs(self) -> I64:
        """Return them."""
        return np.stack(unpacked(np.unique(np.concatenate(self._found))), axis=1)
