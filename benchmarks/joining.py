"""All pairs within a radius among random hashes: the join against FAISS and imagededup, and its memory."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import faiss

from benchmarks import table
from benchmarks.made import Hashes, planted_hashes
from benchmarks.options import Options
from benchmarks.timing import interleaved, paired_ratio
from hashindex import pairs_within

NUMBER, LARGE = 1_000_000, 10_000_000
RADII = (5, 8, 10)
ROUNDS = 3
FLAT_QUERIES, MULTI_QUERIES = 1_000, 20_000
"""Asked of FAISS, and scaled to all: its time goes with the queries."""
MULTI_HASHES, MULTI_BITS = 3, 21

FEW = 10_000
DEDUP_QUERIES = 1_000


def run(options: Options) -> None:
    """Show all tables."""
    _against_faiss(options.seed)
    _memory(options)
    if options.imagededup:
        _against_imagededup(options.imagededup, options.seed)
    else:
        print("\nimagededup is not measured: name a Python that has it, --imagededup PYTHON.")


def _against_faiss(seed: int) -> None:
    hashes = planted_hashes(NUMBER, seed)
    flat, multi = faiss.IndexBinaryFlat(64), faiss.IndexBinaryMultiHash(64, MULTI_HASHES, MULTI_BITS)
    for index in (flat, multi):
        index.add(hashes)
    rows = []
    for radius in RADII:
        multi.nflip = radius // MULTI_HASHES
        fewer = max(200, MULTI_QUERIES // 20 ** (multi.nflip - 1))  # each more costs 20 times as many probes
        found = [0]

        def ours(_: int, radius: int = radius, found: list[int] = found) -> None:
            found[0] = len(pairs_within(hashes, radius)[0])

        took = interleaved(
            {
                "ours": ours,
                "flat": _ranged(flat, hashes, radius, FLAT_QUERIES),
                "multi": _ranged(multi, hashes, radius, fewer),
            },
            rounds=ROUNDS,
        )
        row = [f"{radius}", f"{found[0]:,}", f"{median(took['ours']):.2f}"]
        for name, queries in (("flat", FLAT_QUERIES), ("multi", fewer)):
            scaled = [second * NUMBER / queries for second in took[name]]
            row += [f"{median(scaled):.1f}", f"{paired_ratio(scaled, took['ours']):.0f}"]
        rows.append(row)
    table.show(
        f"All pairs among {NUMBER:,} random hashes, 10% of them up to 5 bits from another, seconds",
        ("radius", "pairs", "ours", "FAISS Flat", "times faster", "FAISS MultiHash", "times faster"),
        rows,
    )
    print(
        f"ours: pairs_within, from bytes to sorted pairs. FAISS Flat: range search of {FLAT_QUERIES:,} of\n"
        f"the hashes, scaled. FAISS MultiHash: {MULTI_HASHES} hashes of {MULTI_BITS} bits,\n"
        f"nflip radius // {MULTI_HASHES}, which makes it exact; of a sample too, scaled, without the time\n"
        "to build it. Both on all cores."
    )


def _ranged(index: "faiss.IndexBinary", hashes: Hashes, radius: int, number: int) -> Callable[[int], object]:
    step = len(hashes) // number

    def call(round_number: int) -> object:
        queries = hashes[max(round_number, 0) :: step][:number].copy()
        return index.range_search(queries, radius + 1)  # FAISS gives what is strictly nearer

    return call


def _memory(options: Options) -> None:
    """Show time and peak memory (proc(5)) of processes that do one join."""
    cases = [(NUMBER, radius) for radius in RADII]
    if options.large:
        cases.append((LARGE, 5))
    rows = []
    for number, radius in cases:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.joining", str(number), str(radius), str(options.seed)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        said = json.loads(done.stdout)
        cells = (f"{said['pairs']:,}", f"{said['seconds']:.2f}", f"{said['before_mb']:.0f}")
        rows.append((f"{number:,}, radius {radius}", *cells, f"{said['peak_mb']:.0f}"))
    table.show(
        "The same, each alone in a process",
        ("hashes", "pairs", "s", "MB before, NumPy and hashes", "MB at its peak, those and all"),
        rows,
    )


def _alone(number: int, radius: int, seed: int) -> None:
    hashes = planted_hashes(number, seed)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak until here
    before = _status_mb("VmRSS")
    began = time.perf_counter()
    pairs = len(pairs_within(hashes, radius)[0])
    seconds = time.perf_counter() - began
    said = {"pairs": pairs, "seconds": seconds, "before_mb": before, "peak_mb": _status_mb("VmHWM")}
    print(json.dumps(said))


def _status_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


DEDUP = """
import json, sys, time
from imagededup.handlers.search.brute_force_cython import BruteForceCython
hashes = json.load(sys.stdin)
search = BruteForceCython({str(i): text for i, text in enumerate(hashes)}, None)
began = time.perf_counter()
for text in hashes[:int(sys.argv[1])]:
    search.search(text, 5)
print(time.perf_counter() - began)
"""
"""Said to a Python of its own, as imagededup asks for PyTorch."""


def _against_imagededup(python: Path, seed: int) -> None:
    hashes = planted_hashes(FEW, seed)
    texts = json.dumps([row.tobytes().hex() for row in hashes])
    command = [str(python), "-c", DEDUP, str(DEDUP_QUERIES)]
    theirs, ours = [], []
    for _ in range(ROUNDS):
        done = subprocess.run(command, input=texts, stdout=subprocess.PIPE, text=True, check=True)
        theirs.append(float(done.stdout) * FEW / DEDUP_QUERIES)
        began = time.perf_counter()
        pairs_within(hashes, 5)
        ours.append(time.perf_counter() - began)
    table.show(
        f"All pairs within 5 bits among {FEW:,} random hashes",
        ("who", "s", "times faster"),
        (
            (f"imagededup, its Cython brute force, {DEDUP_QUERIES:,} queries", f"{median(theirs):.1f}", "1"),
            ("ours", f"{median(ours):.3f}", f"{paired_ratio(theirs, ours):.0f}"),
        ),
    )


if __name__ == "__main__":
    _alone(*map(int, sys.argv[1:]))
