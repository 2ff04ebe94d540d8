"""`duplicates` over an index in Lite: how much of the time is spent reading it out."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import made, places, table
from benchmarks.options import Options
from hashindex.duplicates.columns import Pictures
from hashindex.duplicates.finding import DEFAULT_RULES, find
from hashindex.records import Entry, Fingerprint, Scope

LARGE = 1_000_000
PLANTED = 0.1
"""Share of entries that are near copies of another, the aHash within 5 bits and the other two within 6."""
EXACT = 0.01
"""Share that are exact copies."""
ROUNDS = 3
_AT_A_TIME = 50_000

KINDS = {"random": made.random_hashes, "crowded": made.smooth_hashes}


def run(options: Options) -> None:
    """Measure on random hashes, and on hashes that crowd as those of photographs do."""
    number = LARGE if options.large else options.entries
    measured = {kind: _measured(kind, number, options.seed) for kind in KINDS}
    rows = []
    for kind, rounds in measured.items():
        share, reading, columns, groups, count, _ = sorted(rounds)[len(rounds) // 2]
        seconds = (f"{each:.2f}" for each in (reading, columns, groups))
        rows.append((kind, *seconds, f"{share:.3f}", f"{count:,}"))
    table.show(
        f"Duplicates among {number:,} entries in Lite, {PLANTED:.0%} near and {EXACT:.0%} exact copies",
        ("hashes", "reading s", "columns s", "groups s", "reading's share", "groups"),
        rows,
    )
    grown = max(each for rounds in measured.values() for *_, each in rounds)
    print(
        "reading: Store.scan, which gives entries; the target is a share of 0.8. columns: what is kept of\n"
        "them. groups: join, confirmation, grouping, and every group made. Median of "
        f"{ROUNDS} rounds by their\nshare; one round of a million. Memory at the peak: "
        f"{grown / number:.0f} bytes an entry more than before."
    )


Round = tuple[float, float, float, float, int, int]
"""Reading's share; seconds of reading, columns and groups; the number of groups; memory in bytes."""


def _measured(kind: str, number: int, seed: int) -> list[Round]:
    with places.lite() as place:
        for entries in _entries(kind, number, seed):
            place.store.upsert(entries)
        return [_once(place) for _ in range(ROUNDS if number < LARGE else 1)]


def _once(place: places.Place) -> Round:
    reading = 0.0

    def scan() -> Iterator[Sequence[Entry]]:
        nonlocal reading
        pages = iter(place.store.scan(Scope.ALL))
        while True:
            began = time.perf_counter()
            page = next(pages, None)
            reading += time.perf_counter() - began
            if page is None:
                return
            yield page

    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on (Linux)
    began = time.perf_counter()
    pictures = Pictures.of_entries(scan())
    gathered = time.perf_counter()
    groups = sum(1 for _ in find(pictures, DEFAULT_RULES))
    ended = time.perf_counter()
    grown = _resident("VmHWM") - before
    return reading / (ended - began), reading, gathered - began - reading, ended - gathered, groups, grown


def _entries(kind: str, number: int, seed: int) -> Iterator[Sequence[Entry]]:
    hashes = KINDS[kind](number, seed)
    rng = np.random.default_rng(seed)
    phashes, dhashes = (made.random_hashes(number, seed + 1 + which) for which in range(2))
    copies, originals = rng.permutation(number)[: 2 * int(number * (PLANTED + EXACT))].reshape(2, -1)
    exact = int(number * EXACT)
    near = copies[exact:]
    for each, most in ((hashes, 5), (phashes, 6), (dhashes, 6)):
        each[copies] = each[originals]
        each[near] = made.with_flips(each[near], most, seed)
    digest_of = dict(zip(copies[:exact].tolist(), originals[:exact].tolist(), strict=True))
    for start in range(0, number, _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        yield [
            _entry(entry, phash.tobytes(), dhash.tobytes(), digest_of.get(row))
            for row, (entry, phash, dhash) in enumerate(
                zip(made.entries(hashes[part], seed, start=start), phashes[part], dhashes[part], strict=True),
                start,
            )
        ]


def _entry(entry: Entry, phash: bytes, dhash: bytes, copied: int | None) -> Entry:
    picture = entry.picture
    assert isinstance(picture.fingerprint, Fingerprint)
    prints = replace(picture.fingerprint, phash=phash, dhash=dhash)
    digest = picture.content_digest if copied is None else f"{copied:032x}"
    # Digests are random bits, which made ones are not.
    spread = f"{int(digest, 16) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}"
    return replace(entry, picture=replace(picture, fingerprint=prints, content_digest=spread))


def _resident(what: str) -> int:
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found.group(1)) * 1024
