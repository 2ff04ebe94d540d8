"""Search through us against the same pymilvus call made bare."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import made, places, table
from benchmarks.options import Options
from benchmarks.timing import Call, interleaved, paired_ratio
from hashindex.confirming import DEFAULT_RULE
from hashindex.index import Index
from hashindex.lookup import Lookup
from hashindex.reading import PictureReader
from hashindex.recipe import Recipe
from hashindex.records import Entry, Scope
from hashindex.search import LIMIT, Limits, Query, search
from hashindex.sources.local import LocalSource
from hashindex.store.collection import CALL_SECONDS
from hashindex.store.interface import Store
from hashindex.store.milvus import filter_of
from hashindex.store.rows import CANDIDATE_FIELDS, VECTOR
from hashindex.turns import Turns

RADIUS = DEFAULT_RULE.radius

SCOPES = {"one company": Scope.company(3), "all": Scope.ALL}

ROUNDS = {1: 300, 100: 60}
"""By queries per call."""

ROUNDS_THAT_WAIT = 16
"""Where each call waits for the server's clock, which ticks every 0.2 s."""

AFTER_TICK_SECONDS = (0.03, 0.17)

HEADS = (
    "where, consistency, scope, queries, limit",
    "bare ms", "store ms", "ratio", "search_hashes ms", "ratio", "confirmed ms", "ratio",
)  # fmt: skip


def run(options: Options) -> None:
    """Measure both backends."""
    entries = made.entries(made.smooth_hashes(options.entries, options.seed), options.seed)
    rows = [
        row
        for place_of in (places.lite, lambda: places.server(options.entries))
        for row in _measured(place_of, entries, options)
    ]
    table.show(
        f"Search over {options.entries:,} entries, {made.COMPANIES} companies, radius {RADIUS}; ms per call",
        HEADS,
        rows,
    )
    print(
        "bare: MilvusClient.search with the same hashes, filter, output fields, consistency level and\n"
        "search parameters, for `limit` hits. store: Store.search. search_hashes: of Index.company(3) or\n"
        "Index.all_companies(). confirmed: the whole search, all candidates judged by rule and digest.\n"
        "A ratio is the median of the rounds' own. Strong reads of a server wait for its clock: all calls\n"
        "of a round begin equally long after a tick of it."
    )


def _measured(
    place_of: Callable[[], AbstractContextManager[places.Place]], entries: Sequence[Entry], options: Options
) -> Iterator[Sequence[object]]:
    with place_of() as place:
        place.store.upsert(entries)
        places.settle(place)
        for level in place.levels:
            promised = level == place.levels[0]
            store = place.store if promised else places.relaxed(place, options.entries, level)
            waits = (place.name, level) == ("server", "Strong")
            limits = (10,) if waits else (10, LIMIT)
            for (title, scope), queries, limit in product(SCOPES.items(), (1, 100), limits):
                rounds = ROUNDS_THAT_WAIT if waits else ROUNDS[queries]
                asked = _queries(entries, queries, rounds, options.seed)
                calls = _calls(place, store, level, scope=scope, asked=asked, limit=limit)
                took = interleaved(calls, rounds=rounds, before=_after_tick(place.client) if waits else None)
                bare = took.pop("bare")
                ours = (
                    cell
                    for seconds in took.values()
                    for cell in (table.ms(median(seconds)), f"{paired_ratio(seconds, bare):.2f}")
                )
                yield (f"{place.name}, {level}, {title}, {queries}, {limit}", table.ms(median(bare)), *ours)


def _queries(entries: Sequence[Entry], per_call: int, rounds: int, seed: int) -> list[list[Query]]:
    """Return what is asked for in each round: stored pictures with up to four bits of their aHash turned."""
    chosen = np.random.default_rng(seed).integers(len(entries), size=per_call * rounds)
    stored = [entries[i].picture.fingerprint for i in chosen]
    turned = made.with_flips(np.array([list(prints.ahash) for prints in stored], dtype=np.uint8), 4, seed)
    queries = [
        Query(ahash.tobytes(), fingerprint=replace(prints, ahash=ahash.tobytes()))
        for ahash, prints in zip(turned, stored, strict=True)
    ]
    return [queries[start : start + per_call] for start in range(0, len(queries), per_call)]


def _calls(
    place: places.Place,
    store: Store,
    level: str,
    *,
    scope: Scope,
    asked: Sequence[Sequence[Query]],
    limit: int,
) -> dict[str, Call]:
    hashes = [[query.ahash for query in queries] for queries in asked]
    limits, lookup = Limits(limit=limit), _lookup(store, scope)

    def bare(number: int) -> object:
        return place.client.search(
            places.COLLECTION,
            data=hashes[number],
            anns_field=VECTOR,
            filter=filter_of(scope),
            limit=limit,
            output_fields=list(CANDIDATE_FIELDS),
            search_params=place.search_params,
            timeout=CALL_SECONDS,
            consistency_level=level,
        )

    return {
        "bare": bare,
        "store": lambda number: store.search(hashes[number], scope, radius=RADIUS, limit=limit),
        "search_hashes": lambda number: list(lookup.search_hashes(hashes[number], limits)),
        "confirmed": lambda number: search(store, asked[number], scope, limits),
    }


def _after_tick(client: Any) -> Call:
    """Return what waits until some time after a tick, the same for all calls of a round.

    A call that begins where the one before it ended begins with a tick, and just misses it or not: without
    this, peers differ by a factor of two either way.
    """

    def wait(number: int) -> None:
        client.query(places.COLLECTION, ids=["0:0"], output_fields=["meta_id"], consistency_level="Strong")
        time.sleep(np.random.default_rng(number + 1).uniform(*AFTER_TICK_SECONDS))

    return wait


def _lookup(store: Store, scope: Scope) -> Lookup:
    source = LocalSource()
    reader = PictureReader(source, Recipe(), max_pixels=1, max_bytes=1, workers=1, in_flight=1)
    index = Index(store, source, reader, Turns(Path(), store.identity, 0))  # it writes nothing
    return index.all_companies() if scope.company_id is None else index.company(scope.company_id)
