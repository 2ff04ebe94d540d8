"""BIN_IVF_FLAT on the real server: what is found within the radius, by nlist and nprobe, and how fast."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks import made, places, table
from benchmarks.options import Options
from hashindex.confirming import DEFAULT_RULE
from hashindex.store.milvus import FIRST_STEP
from hashindex.store.rows import VECTOR
from hashindex.store.vendor import pymilvus
from testing.milvus_server import shared_server

RADIUS = DEFAULT_RULE.radius

QUERIES = 200
"""Stored hashes with 0 to 8 bits turned over."""

LIMIT = 2_000
"""Hits asked for: more than any query has within the radius, so that all misses are the index's."""

TIMED_LIMIT = FIRST_STEP
"""Hits asked for when only the time counts: as a search of ours does at first."""

BATCH = 20_000

NAME = "recall"

KINDS: dict[str, Callable[[int, int], made.Hashes]] = {
    "smooth": made.smooth_hashes,
    "random": made.random_hashes,
}

SIZES = {100_000: (128, 1_024), 1_000_000: (1_024, 4_096)}
"""The nlist to measure, by number of hashes."""

BUILD_SECONDS = 300.0


def run(options: Options) -> None:
    """Measure smooth hashes, which crowd like photographs', and random ones."""
    at = shared_server()
    client = places.bare_client(at)
    rows: list[list[str]] = []
    for size, nlists in SIZES.items():
        for kind, make in KINDS.items():
            if size > 100_000 and (kind == "random" or not options.large):
                continue
            hashes = make(size, options.seed)
            try:
                _fill(client, hashes)
                rows += _measured(client, hashes, nlists, f"{kind}, {size:,}", options.seed)
            finally:
                client.drop_collection(NAME)
    client.close()
    table.show(
        f"Recall within {RADIUS} bits of BIN_IVF_FLAT, {QUERIES} queries, one a call, {LIMIT} hits asked for",
        ("hashes, number, nlist", "build s", "nprobe", "recall", "of", "ms", f"ms for {TIMED_LIMIT} hits"),
        rows,
    )


def _fill(client: Any, hashes: made.Hashes) -> None:
    kinds = pymilvus().DataType
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", kinds.INT64, is_primary=True)
    schema.add_field(VECTOR, kinds.BINARY_VECTOR, dim=64)
    client.create_collection(NAME, schema=schema)
    for start in range(0, len(hashes), BATCH):
        some = hashes[start : start + BATCH]
        client.insert(NAME, [{"id": i, VECTOR: h.tobytes()} for i, h in enumerate(some, start)], timeout=60)
    client.flush(NAME, timeout=BUILD_SECONDS)


def _measured(
    client: Any, hashes: made.Hashes, nlists: Sequence[int], title: str, seed: int
) -> Iterator[list[str]]:
    chosen = np.random.default_rng(seed).integers(len(hashes), size=QUERIES)
    queries = made.with_flips(hashes[chosen], RADIUS, seed)
    wanted = [
        set(np.flatnonzero(made.distances(query[None], hashes)[0] <= RADIUS).tolist()) for query in queries
    ]
    for nlist in nlists:
        seconds = _build(client, nlist)
        for nprobe in (2**power for power in range(2, 13)):
            if nprobe <= nlist:
                found, took = _asked(client, queries, wanted, nprobe, LIMIT)
                _, briefly = _asked(client, queries, wanted, nprobe, TIMED_LIMIT)
                total = sum(map(len, wanted))
                yield [
                    f"{title}, {nlist}",
                    f"{seconds:.0f}",
                    str(nprobe),
                    f"{found / total:.4f}",
                    str(total),
                    table.ms(took),
                    table.ms(briefly),
                ]


def _build(client: Any, nlist: int) -> float:
    if VECTOR in client.list_indexes(NAME):
        client.release_collection(NAME)
        client.drop_index(NAME, VECTOR)
    params = client.prepare_index_params()
    params.add_index(VECTOR, index_type="BIN_IVF_FLAT", metric_type="HAMMING", params={"nlist": nlist})
    began = time.monotonic()
    client.create_index(NAME, params, timeout=BUILD_SECONDS)
    seconds = time.monotonic() - began
    client.load_collection(NAME, timeout=BUILD_SECONDS)
    return seconds


def _asked(
    client: Any, queries: made.Hashes, wanted: Sequence[set[int]], nprobe: int, limit: int
) -> tuple[int, float]:
    found, seconds = 0, []
    for query, within in zip(queries, wanted, strict=True):
        began = time.perf_counter()
        hits = client.search(
            NAME,
            data=[query.tobytes()],
            limit=limit,
            search_params={"metric_type": "HAMMING", "params": {"nprobe": nprobe}},
            consistency_level="Eventually",
            timeout=60,
        )[0]
        seconds.append(time.perf_counter() - began)
        found += len(within & {i for i, d in zip(hits.ids, hits.distances, strict=True) if d <= RADIUS})
    return found, float(np.median(seconds))
