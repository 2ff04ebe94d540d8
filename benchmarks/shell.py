"""A search from the shell against an index that nobody has open, and where its time goes."""

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from benchmarks import made, places, table
from benchmarks.options import Options
from hashindex.store.lite import open_lite

ROUNDS = 7


def run(options: Options) -> None:
    """Measure Milvus Lite: a file is opened by each command anew."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "bench.db")
        hashes = made.smooth_hashes(options.entries, options.seed)
        store = open_lite(file, places.COLLECTION, create=places.ORIGIN, index_type="auto")
        store.upsert(made.entries(hashes, options.seed))
        store.close()
        took = _measured(file, hashes[0].tobytes().hex())
    whole = median(took["whole"])
    rows = [
        (name, f"{median(seconds):.2f}", table.ratio(median(seconds), whole))
        for name, seconds in took.items()
    ]
    table.show(
        f"`hashindex search --hash` over {options.entries:,} entries on Milvus Lite, seconds",
        ("part", "s", "of the whole"),
        rows,
    )
    print(
        "The parts are timed inside a second process that does the same; what is missing to the whole is\n"
        "the command line itself, and the end of the process."
    )


def _measured(file: str, text: str) -> dict[str, list[float]]:
    took: dict[str, list[float]] = defaultdict(list)
    search = ["search", "--hash", text, "--all-companies", "--json"]
    search += ["--milvus-uri", file, "--collection", places.COLLECTION]
    for _ in range(ROUNDS):
        for name, command in (
            ("whole", ["-m", "hashindex", *search]),
            ("of it, --version", ["-m", "hashindex", "--version"]),
            ("of it, an empty Python", ["-c", ""]),
        ):
            began = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            took[name].append(time.perf_counter() - began)
        command = [sys.executable, "-m", "benchmarks.cold", file, text]
        parts = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        for name, seconds in json.loads(parts).items():
            took[name].append(seconds)
    return took
