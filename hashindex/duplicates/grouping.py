"""From pairs to groups. Nodes are numbered in the order in which they would be kept, the best first.

Stars, the rule: the best node that stands in no group yet is kept, and takes every node that matches it and
stands in no group yet. So each member matches the one that is kept, and a chain of small steps does not glue
strangers together. Components, on request: whatever a chain of matches connects.

In both, decisions win: what is linked follows where the other goes, and what is apart never shares a group.
Neither depends on the order of the pairs.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from hashindex.duplicates.columns import I64, U64

Links = Iterable[tuple[int, int]]
Distances = npt.NDArray[np.uint8]

MOST_NODES = 1 << 28
"""So that two nodes and a distance are one number to sort by."""

_FEW = 8
_TILE = 1 << 20
_AT_A_TIME = 1 << 16


def stars(number: int, pairs: I64, distances: Distances, *, linked: Links = (), apart: Links = ()) -> I64:
    """Return for each of `number` nodes the one that is kept in its place, itself where that is so.

    `pairs` are nodes that match, shape (m, 2), in any order; nearer ones are taken first, which matters only
    where some are apart.
    """
    links, hostile = _by_node(linked), _by_node(apart)
    starts, ends = _neighbours(number, pairs, distances)
    kept = [-1] * number
    for best in range(number):
        if kept[best] >= 0:
            continue
        kept[best] = best
        waiting = ends[starts[best] : starts[best + 1]][::-1].tolist()
        waiting += sorted(links.get(best, ()), reverse=True)
        while waiting:
            node = waiting.pop()
            if kept[node] >= 0 or any(kept[other] == best for other in hostile.get(node, ())):
                continue
            kept[node] = best
            waiting += sorted(links.get(node, ()), reverse=True)
    return np.array(kept, np.int64)


def components(
    number: int, pairs: I64, distances: Distances, *, linked: Links = (), apart: Links = ()
) -> I64:
    """Return the same where chains connect: the nearest pairs first, and none that would join what is apart.

    Union-find with path halving (Tarjan, van Leeuwen, "Worst-case Analysis of Set Union Algorithms", 1984);
    the root of a tree is its best node.
    """
    root = list(range(number))
    hostile = _by_node(apart)

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    def join(left: int, right: int) -> None:
        best, other = sorted((find(left), find(right)))
        if best == other or any(find(node) == best for node in hostile.get(other, ())):
            return
        root[other] = best
        if other in hostile:
            hostile.setdefault(best, set()).update(hostile[other])

    for left, right in sorted({(min(pair), max(pair)) for pair in linked}):
        join(left, right)
    if hostile:
        pairs = np.sort(pairs, axis=1)
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0], distances))]
    for start in range(0, len(pairs), _AT_A_TIME):
        for left, right in pairs[start : start + _AT_A_TIME].tolist():
            join(left, right)
    return np.array([find(node) for node in range(number)], np.int64)


def farthest(hashes: U64) -> int:
    """Return the greatest distance of any two hashes, bits; they may be a hundred thousand.

    Two are no farther from each other than both are from the first together, so that those farthest from it
    are compared, until no other two can be farther.
    """
    if len(hashes) <= _FEW:  # NumPy would take longer to begin
        values = hashes.tolist()
        return max(((a ^ b).bit_count() for i, a in enumerate(values) for b in values[:i]), default=0)
    different = np.unique(hashes)
    apart = np.bitwise_count(different ^ hashes[0]).astype(np.int64)
    order = np.argsort(-apart)
    hashes, apart = different[order], apart[order]
    rows, found = max(1, _TILE // len(hashes)), 0
    for start in range(0, len(hashes), rows):
        reached = int((apart[start] + apart > found).sum())
        if reached <= start:
            break
        some = hashes[start : start + rows, None] ^ hashes[None, start:reached]
        found = max(found, int(np.bitwise_count(some).max()))
    return found


def _neighbours(number: int, pairs: I64, distances: Distances) -> tuple[list[int], U64]:
    """Return where the neighbours of each node begin, and they: the nearest first, then the best."""
    assert number <= MOST_NODES
    packed = np.concatenate((pairs, pairs[:, ::-1])).astype(np.uint64)
    packed = (packed[:, 0] << np.uint64(36)) | packed[:, 1]
    packed |= np.concatenate((distances, distances)).astype(np.uint64) << np.uint64(29)
    packed.sort()
    starts = np.searchsorted(packed, np.arange(number + 1, dtype=np.uint64) << np.uint64(36))
    return starts.tolist(), packed & np.uint64((1 << 29) - 1)


def _by_node(links: Links) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for left, right in links:
        found.setdefault(left, set()).add(right)
        found.setdefault(right, set()).add(left)
    return found
