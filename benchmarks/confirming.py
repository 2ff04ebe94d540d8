"""What confirmation, --wide and --orientations cost a search on Milvus Lite, beside aHash alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from benchmarks import crowded, made, places, table
from benchmarks.options import Options
from benchmarks.timing import Call, interleaved, paired_ratio
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.records import MAX_CANDIDATES, Entry, Scope
from hashindex.search import Limits, Query, search
from hashindex.store.collection import CALL_SECONDS
from hashindex.store.milvus import FIRST_STEP, STEP_FACTOR
from hashindex.store.rows import CANDIDATE_FIELDS, VECTOR
from hashindex.views import Orientation, View

LARGE = 1_000_000

ROUNDS = {100_000: 100, LARGE: 30}

HEADS = (
    *("search", "candidates", "URIs ms", "fields ms", "hash ms", "confirmed ms"),
    *("adds", "to the default", "cut off"),
)


def run(options: Options) -> None:
    """Measure over 100,000 entries, and with `--large` over a million."""
    for number in (options.entries, LARGE) if options.large else (options.entries,):
        entries = made.entries(crowded.photo_like_hashes(number, options.seed), options.seed)
        with places.lite() as place:
            place.store.upsert(entries)
            rows = list(_measured(place, entries, ROUNDS.get(number, 20), options.seed))
        table.show(f"One picture among {number:,} on Lite, of all companies; median ms a search", HEADS, rows)
    print(
        "URIs, fields: MilvusClient.search in the same steps, for URIs only, and for all that confirms.\n"
        "hash: our search by aHash alone. confirmed: by the rule. adds: what fields and judging add to\n"
        "a search without them; medians of the rounds' own differences. Entries have the aHashes of\n"
        "pictures with the statistics of photographs, 1% of them flat."
    )


def _measured(
    place: places.Place, entries: Sequence[Entry], rounds: int, seed: int
) -> Iterator[Sequence[object]]:
    queries = _queries(entries, rounds, seed)
    turned = [_turned(query) for query in queries]
    first: list[float] = []
    for name, rule, asked in (
        ("default", DEFAULT_RULE, queries),
        ("wide", WIDE_RULE, queries),
        ("default, orientations", DEFAULT_RULE, turned),
        ("wide, orientations", WIDE_RULE, turned),
    ):
        calls = _calls(place, asked, rule)
        took = {peer: np.array(seconds) for peer, seconds in interleaved(calls, rounds=rounds).items()}
        fields = took["fields"] - took["URIs"]
        adds = (took["confirmed"] - took["hash"] + fields) / (took["hash"] - fields)
        first = first or took["confirmed"].tolist()
        found = [
            place.store.search(query.hashes, Scope.ALL, radius=rule.radius, limit=MAX_CANDIDATES)
            for query in asked
        ]
        yield (
            f"{name}: {rule}",
            f"{median(sum(len(each.found) for each in some) for some in found):.0f}",
            *(table.ms(float(np.median(seconds))) for seconds in took.values()),
            f"{np.median(adds):+.0%}",
            f"{paired_ratio(took['confirmed'].tolist(), first):.2f}",
            f"{sum(any(each.truncated for each in some) for some in found)} of {len(found)}",
        )


def _calls(place: places.Place, asked: Sequence[Query], rule: Rule) -> dict[str, Call]:
    limits = Limits(rule=rule, limit=MAX_CANDIDATES)
    return {
        "URIs": lambda number: _bare(place, asked[number], rule, ("uri",)),
        "fields": lambda number: _bare(place, asked[number], rule, CANDIDATE_FIELDS),
        "hash": lambda number: search(
            place.store, [Query(ahash) for ahash in asked[number].hashes], Scope.ALL, limits
        ),
        "confirmed": lambda number: search(place.store, [asked[number]], Scope.ALL, limits),
    }


def _queries(entries: Sequence[Entry], rounds: int, seed: int) -> list[Query]:
    """Return stored pictures with up to four bits of their aHash turned."""
    chosen = np.random.default_rng(seed).integers(len(entries), size=rounds)
    stored = [entries[i].picture.fingerprint for i in chosen]
    flipped = made.with_flips(np.array([list(prints.ahash) for prints in stored], dtype=np.uint8), 4, seed)
    return [
        Query(ahash.tobytes(), fingerprint=replace(prints, ahash=ahash.tobytes()))
        for ahash, prints in zip(flipped, stored, strict=True)
    ]


def _turned(query: Query) -> Query:
    """Return a query with seven more views: the hash turned as its picture would be."""
    assert query.fingerprint is not None
    grid = np.unpackbits(np.frombuffer(query.ahash, np.uint8)).reshape(8, 8)
    grids = [np.rot90(each, turns) for each in (grid, grid.T) for turns in range(4)][1:]
    orientations = [each for each in Orientation if each is not Orientation.AS_IS]
    views = tuple(
        (View(orientation), replace(query.fingerprint, ahash=np.packbits(turned.ravel()).tobytes()))
        for orientation, turned in zip(orientations, grids, strict=True)
    )
    return replace(query, other_views=views)


def _bare(place: places.Place, query: Query, rule: Rule, fields: Sequence[str]) -> None:
    """Ask in growing steps, as our store does, until all that is within the radius has come."""
    unanswered, step = query.hashes, FIRST_STEP
    while unanswered:
        lists = place.client.search(
            places.COLLECTION,
            data=unanswered,
            anns_field=VECTOR,
            limit=step,
            output_fields=list(fields),
            search_params=place.search_params,
            timeout=CALL_SECONDS,
            consistency_level="Strong",
        )
        unanswered = [
            asked
            for asked, hits in zip(unanswered, lists, strict=True)
            if len(hits) == step < MAX_CANDIDATES and hits.distances[-1] <= rule.radius
        ]
        step = min(step * STEP_FACTOR, MAX_CANDIDATES)
