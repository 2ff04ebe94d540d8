"""Rows into Milvus through us, journalled and looked for in the file, against a bare upsert of the same."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from statistics import median

from benchmarks import made, places, table
from benchmarks.options import Options
from benchmarks.timing import Call, interleaved, paired_ratio
from hashindex.records import Entry
from hashindex.store.collection import CALL_SECONDS
from hashindex.store.interface import WRITE_BATCH
from hashindex.store.milvus import batches
from hashindex.store.rows import row_of

ROWS = 10_000
"""In each call: two batches."""

ROUNDS = 19
"""Many short ones: a server slows down for a while whenever it merges segments."""

BACKENDS: Sequence[Callable[[], AbstractContextManager[places.Place]]] = (
    places.lite,
    lambda: places.server(1_000_000),
)


def run(options: Options) -> None:
    """Measure new rows and replaced ones on both backends."""
    rows = []
    for backend in BACKENDS:
        with backend() as place:
            calls = _calls(place, options.seed)
            for title in ("new", "replaced"):
                took = interleaved(calls, rounds=ROUNDS)
                bare, ours = (ROWS / median(took[name]) for name in ("bare", "ours"))
                ratio = paired_ratio(took["bare"], took["ours"])  # of speeds, so the other way round
                rows.append((f"{place.name}, {title} rows", f"{bare:,.0f}", f"{ours:,.0f}", f"{ratio:.2f}"))
    table.show(
        f"Writing {ROWS:,} rows in batches of {WRITE_BATCH:,}, rows/s",
        ("where", "bare rows/s", "ours rows/s", "ratio"),
        rows,
    )
    print(
        "bare: MilvusClient.upsert of rows that are ready. ours: Store.upsert of entries; on Lite each\n"
        "batch is journalled, forced to disk, and looked for in the file before the next. The ratio is the\n"
        "median of the rounds' own, since a server slows down while it merges segments."
    )


def _calls(place: places.Place, seed: int) -> dict[str, Call]:
    hashes = made.smooth_hashes(ROWS, seed)

    def entries(number: int, peer: int) -> Sequence[Entry]:
        return made.entries(hashes, seed, start=((number + 1) * 2 + peer) * ROWS)

    ours = [entries(number, 0) for number in (*range(ROUNDS), -1)]
    bare = [[row_of(entry) for entry in entries(number, 1)] for number in (*range(ROUNDS), -1)]

    def send(number: int) -> None:
        for some in batches(bare[number], WRITE_BATCH):
            place.client.upsert(places.COLLECTION, some, timeout=CALL_SECONDS)

    return {"bare": send, "ours": lambda number: place.store.upsert(ours[number])}
