"""The upload gate in a process that runs on: how long a picture takes from path to answer, and where."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks import made, table
from benchmarks.backfill import opened
from benchmarks.crowded import photo_like_hashes
from benchmarks.options import Options
from benchmarks.photographs import names, sized_copies
from benchmarks.places import ORIGIN
from benchmarks.timing import interleaved
from hashindex.decoding import Decoded, Decoder
from hashindex.hashing import fingerprint, views_of
from hashindex.index import Index
from hashindex.keys import Key
from hashindex.reading import Looked
from hashindex.recipe import DEFAULT
from hashindex.records import MAX_BYTES, MAX_CANDIDATES, MAX_PIXELS, Content, Entry, Scope
from hashindex.search import Limits, Query, answer, candidates
from hashindex.sources.local import LocalSource
from hashindex.store.lite import open_lite
from hashindex.views import DEFAULT_WAYS

MEGAPIXELS = 0.2
PICTURES = 20
ROUNDS = 60
WRITE_ROUNDS = 15

TARGET_MS = 15.0
"""Of a check."""

COMPANY = 1
PARTS = ("read", "decode", "hash", "trim", "search", "confirm")


def run(options: Options) -> None:
    """Check and insert photographs among so many entries of one company, on Lite."""
    rows = []
    with tempfile.TemporaryDirectory() as base:
        paths = names(options.folder, most=PICTURES, seed=options.seed)
        copies = sized_copies(
            paths, len(paths), Path(base, "pictures"), megapixels=MEGAPIXELS, seed=options.seed
        )
        for kind, make in (("like those of photographs", photo_like_hashes), ("random", made.random_hashes)):
            file = Path(base, f"{kind.split()[0]}.db")
            entries = made.entries(make(options.entries, options.seed), options.seed)
            store = open_lite(str(file), "image_hash", create=ORIGIN, index_type="auto")
            store.upsert([replace(entry, key=Key(COMPANY, entry.key.meta_id)) for entry in entries])
            store.close()
            with opened(file) as index:
                rows.append((kind, *_measured(index, copies)))
    table.show(
        f"{len(copies)} JPEGs of {MEGAPIXELS} megapixels, {options.entries:,} entries of one company on "
        "Lite, ms, medians",
        ("hashes", "check", f"of {TARGET_MS:g}", *PARTS, "rest", "insert_if_new", "its write"),
        rows,
    )
    print(
        "check: Company.check(path), warm. Its parts are measured alone, in one thread, in turns with it.\n"
        "trim: looking for borders, and hashing what is left. rest: what they do not add up to, threads and\n"
        "the digest. insert_if_new: of a picture that is new, with its lock; its write: Store.upsert of one."
    )


def _measured(index: Index, copies: list[Path]) -> list[str]:
    company, store, scope = index.company(COMPANY), index.store, Scope.company(COMPANY)
    decoder, limits = Decoder(DEFAULT, max_pixels=MAX_PIXELS), Limits(limit=MAX_CANDIDATES, exhaustive=True)
    contents = [_read(path) for path in copies]
    decoded = [_decoded(decoder, content) for content in contents]
    looked = [_looked(index, path) for path in copies]
    queries = [Query.of_views(each) for each in looked]
    found = list(candidates(store, queries, scope, limits))

    def each(call: Callable[[int], object]) -> Callable[[int], object]:
        return lambda number: call(number % len(copies))

    took = interleaved(
        {
            "check": each(lambda i: company.check(copies[i])),
            "read": each(lambda i: _read(copies[i])),
            "decode": each(lambda i: decoder.decode(contents[i].data, None)),
            "hash": each(lambda i: fingerprint(decoded[i].grey, DEFAULT)),
            "views": each(lambda i: views_of(decoded[i].grey, DEFAULT, DEFAULT_WAYS)),
            "search": each(lambda i: list(candidates(store, [queries[i]], scope, limits))),
            "confirm": each(lambda i: answer(queries[i], found[i], limits)),
        },
        rounds=ROUNDS,
    )
    ms = {name: 1e3 * median(seconds) for name, seconds in took.items()}
    ms["trim"] = max(0.0, ms["views"] - ms["hash"])
    rest = ms["check"] - sum(ms[part] for part in PARTS)
    first = 10**12  # a number that no entry has

    def inserted(number: int) -> None:
        done = company.insert_if_new(copies[number % len(copies)], meta_id=first)
        assert done.inserted, done

    written = interleaved(
        {
            "insert_if_new": inserted,
            "write": lambda i: store.upsert([Entry(Key(COMPANY, first), looked[i % len(copies)].picture, 0)]),
        },
        rounds=WRITE_ROUNDS,
        before=lambda _: company.delete(first),
    )
    return [
        f"{ms['check']:.1f}",
        f"{ms['check'] / TARGET_MS:.2f}",
        *(f"{ms[part]:.2f}" for part in PARTS),
        f"{rest:.2f}",
        *(f"{1e3 * median(written[name]):.0f}" for name in ("insert_if_new", "write")),
    ]


def _read(path: Path) -> Content:
    found = LocalSource().read(str(path), max_bytes=MAX_BYTES)
    assert isinstance(found, Content), found
    return found


def _decoded(decoder: Decoder, content: Content) -> Decoded:
    found = decoder.decode(content.data, None)
    assert isinstance(found, Decoded), found
    return found


def _looked(index: Index, path: Path) -> Looked:
    found = index.reader.look(path, DEFAULT_WAYS)
    assert isinstance(found, Looked), found
    return found
