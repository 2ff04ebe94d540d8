"""What is duplicated among many pictures: exact copies and near ones in groups, and which to keep."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from hashindex.confirming import DEFAULT_RULE, Rule
from hashindex.duplicates.columns import I64, Mask, Pictures, digest_numbers
from hashindex.duplicates.decisions import NONE, Decisions, Pair
from hashindex.duplicates.grouping import components, stars
from hashindex.duplicates.groups import Duplicates
from hashindex.duplicates.keeping import DEFAULT_POLICY, KeepPolicy, Ranking
from hashindex.duplicates.matching import bits, matched
from hashindex.duplicates.nodes import Nodes, Rows, nodes_of
from hashindex.keys import meta_id_from_uri
from hashindex.records import Entry, HashedPicture

BATCH = 1_000
"""Pictures that are made columns of at a time."""

Link = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateRules:
    """What counts as a duplicate, and what is kept."""

    rule: Rule = DEFAULT_RULE
    """Which pairs are looked at, and which of them are near."""
    unconfirmed: bool = False
    """Take pairs too that the other hashes speak against."""
    connected: bool = False
    """Whatever a chain of matches connects is one group; else each member matches the one that is kept."""
    policy: KeepPolicy = DEFAULT_POLICY
    decisions: Decisions = NONE


DEFAULT_RULES = DuplicateRules()


def duplicates_stored(stored: Iterable[Sequence[Entry]], rules: DuplicateRules = DEFAULT_RULES) -> Duplicates:
    """Find them among the entries that a scan yields."""
    return find(Pictures.of_entries(stored), rules)


def duplicates_among(pictures: Iterable[HashedPicture], rules: DuplicateRules = DEFAULT_RULES) -> Duplicates:
    """Find them among pictures without any index; one that comes twice, by its URI, is taken once."""
    return find(Pictures.of_pictures(_once(pictures, set())), rules)


def duplicates_against(
    pictures: Iterable[HashedPicture],
    stored: Iterable[Sequence[Entry]],
    rules: DuplicateRules = DEFAULT_RULES,
) -> Duplicates:
    """Find which pictures are duplicates of entries; neither are compared among themselves.

    What is stored is kept, unless a decision keeps a new one, and never proposed for removal. An entry of the
    same URI is the picture itself, as it was: it is left out.
    """
    named: set[int] = set()
    new = Pictures.of_pictures(_once(pictures, named))
    others = (
        [entry for entry in batch if meta_id_from_uri(entry.picture.uri) not in named] for batch in stored
    )
    return find(new.followed_by(Pictures.of_entries(others)), rules, against=True)


def find(pictures: Pictures, rules: DuplicateRules = DEFAULT_RULES, *, against: bool = False) -> Duplicates:
    """Find them among `pictures`; with `against`, between those that are stored and those that are not.

    InvalidArgumentError when more pairs match than can be held (`matching.MAX_PAIRS`).
    """
    side = pictures.stored if against else np.zeros(len(pictures), np.bool_)
    matches = _Matches(pictures, rules, side if against else None)
    ranking = Ranking(
        rules.policy, pictures, matches.rows, decided=rules.decisions.keep, stored_first=against
    )
    places = ranking.order
    node = matches.nodes.of_row[ranking.rows[places]]
    best = np.sort(np.unique(node, return_index=True)[1])  # of each node, in order
    group = matches.grouped(node[best], connected=rules.connected)[node]

    counted = ~np.isin(node, matches.wanted)  # each copy of those, so none is a duplicate
    counted[best] = True
    placed = counted & _shared(group, counted, side[ranking.rows[places]] if against else None)
    return Duplicates(
        ranking,
        places[placed],
        group[placed],
        rule=rules.rule,
        duplicate=rules.decisions.duplicate,
        stays=side,
        low_information=int((~matches.nodes.tells[matches.nodes.of_row]).sum()),
        unplaced=int((matches.matching[node] & counted & ~placed).sum()),
    )


class _Matches:
    """Nodes, which of them match, and what decisions say of them."""

    def __init__(self, pictures: Pictures, rules: DuplicateRules, side: Mask | None) -> None:
        decided = _Decided(pictures, rules.decisions)
        sides = np.zeros(len(pictures), np.bool_) if side is None else side
        self.nodes = nodes = nodes_of(pictures, sides, decided.rows)
        self._apart = decided.links(nodes, rules.decisions.not_duplicate)
        self.wanted = [left for left, right in self._apart if left == right]
        """Nodes of which each copy is wanted."""
        self._linked = decided.links(nodes, rules.decisions.duplicate)
        if side is not None:
            self._linked = {link for link in self._linked if len(set(side[nodes.row[list(link)]])) > 1}
        pairs = matched(pictures, nodes, rules.rule, side=side, unconfirmed=rules.unconfirmed)
        self._pairs = pairs = _without(pairs, self._apart)
        self._distances = bits(pictures.ahash, nodes.row[pairs[:, 0]], nodes.row[pairs[:, 1]])
        self.matching = np.zeros(len(nodes), np.bool_)
        """Of each node, whether another one matches it."""
        self.matching[pairs.ravel()] = True
        self.matching[[node for link in self._linked for node in link]] = True
        copied = np.bincount(nodes.of_row, minlength=len(nodes)) > 1
        self.rows: Rows = np.flatnonzero(
            (self.matching | copied if side is None else self.matching)[nodes.of_row]
        )
        """Those that may stand in a group."""

    def grouped(self, best_first: I64, *, connected: bool) -> I64:
        """Return the group of each node; its number is that of the one that is kept, from the best on."""
        number = np.full(len(self.nodes), -1, np.int64)
        number[best_first] = np.arange(len(best_first))

        def numbered(links: Iterable[Link]) -> list[Link]:
            found = ((int(number[left]), int(number[right])) for left, right in links if left != right)
            return [link for link in found if min(link) >= 0]

        make = components if connected else stars
        group = make(
            len(best_first),
            number[self._pairs],
            self._distances,
            linked=numbered(self._linked),
            apart=numbered(self._apart),
        )
        number[best_first] = group
        return number


class _Decided:
    """Which rows hold the bytes that pairs of decisions are about."""

    def __init__(self, pictures: Pictures, decisions: Decisions) -> None:
        named = sorted({digest for pair in decisions.duplicate | decisions.not_duplicate for digest in pair})
        self.rows: Mask = np.zeros(len(pictures), np.bool_)
        self._rows_of: dict[str, list[int]] = {digest: [] for digest in named}
        if not named:
            return
        rows = np.flatnonzero(np.isin(pictures.digest[:, 0], digest_numbers(named)[:, 0]))
        for row, digest in zip(rows.tolist(), pictures.digests(rows), strict=True):
            if digest in self._rows_of:
                self._rows_of[digest].append(row)
                self.rows[row] = True

    def links(self, nodes: Nodes, pairs: Iterable[Pair]) -> set[Link]:
        """Return the pairs of nodes, the lower first, that pairs of digests stand for."""
        return {
            (min(left, right), max(left, right))
            for a, b in pairs
            for left in set(nodes.of_row[self._rows_of[a]].tolist())
            for right in set(nodes.of_row[self._rows_of[b]].tolist())
        }


def _once(pictures: Iterable[HashedPicture], named: set[int]) -> Iterator[Sequence[HashedPicture]]:
    """Yield batches of what is not among `named`, and add it; URIs count by 63 bits of BLAKE2b."""

    def new() -> Iterator[HashedPicture]:
        for picture in pictures:
            name = meta_id_from_uri(picture.uri)
            if name not in named:
                named.add(name)
                yield picture

    pending = new()
    while batch := list(islice(pending, BATCH)):
        yield batch


def _without(pairs: I64, apart: Iterable[Link]) -> I64:
    """Leave pairs out; both have the lower node first."""
    forbidden = np.array(sorted(apart), np.int64).reshape(-1, 2)
    shift = np.int64(32)
    return pairs[~np.isin((pairs[:, 0] << shift) | pairs[:, 1], (forbidden[:, 0] << shift) | forbidden[:, 1])]


def _shared(group: I64, counted: Mask, side: Mask | None) -> Mask:
    """Say of each member whether another one is in its group; with two sides, whether both are."""
    most = int(group.max(initial=-1)) + 1
    if side is None:
        return np.bincount(group[counted], minlength=most)[group] > 1
    one, other = (np.bincount(group[counted & which], minlength=most)[group] for which in (side, ~side))
    return (one > 0) & (other > 0)
