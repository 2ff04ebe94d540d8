"""`python -m benchmarks [FOLDER]`: ratios against named peers, each measured beside us in the same run."""

import argparse
import os
import shlex
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks import machine
from benchmarks.options import Options

SECTIONS = (
    "search",
    "confirming",
    "writing",
    "shell",
    "hashing",
    "decoding",
    "workers",
    "backfill",
    "skipping",
    "memory",
    "recipes",
    "contrast",
    "recall",
    "joining",
    "crowded",
    "duplicates",
    "report",
    "check",
)


def main() -> None:
    """Run the benchmarks asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="photographs, instead of those that scikit-image brings"
    )
    parser.add_argument("--only", default=",".join(SECTIONS), help="of " + ",".join(SECTIONS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--entries", type=int, default=100_000, help="rows in the indexes that are searched")
    parser.add_argument(
        "--imagededup",
        type=Path,
        metavar="PYTHON",
        default=os.environ.get("IMAGEDEDUP_PYTHON"),
        help="a Python that has the package imagededup, to be measured too; also $IMAGEDEDUP_PYTHON",
    )
    parser.add_argument(
        "--large", action="store_true", help="recall over a million hashes, and a join of ten million"
    )
    parser.add_argument(
        "--many", type=int, default=100_000, help="pictures, where memory is compared with that for 1,000"
    )
    arguments = parser.parse_args()
    sections = arguments.only.split(",")
    if unknown := set(sections) - set(SECTIONS):
        parser.error(f"there is no benchmark {min(unknown)}; there are {', '.join(SECTIONS)}")
    folder = arguments.folder or bundled_photographs()
    if not folder.is_dir():
        parser.error(f"{folder} is no folder")
    pictures = folder.name if arguments.folder else "those of scikit-image"
    options = Options(
        folder=folder,
        pictures=pictures,
        seed=arguments.seed,
        entries=arguments.entries,
        large=arguments.large,
        many=arguments.many,
        imagededup=arguments.imagededup,
    )
    print(machine.describe())
    print(f"seed: {options.seed}\nagain: python -m benchmarks {shlex.join(sys.argv[1:])}", flush=True)
    for name in sections:
        began = time.monotonic()
        print(f"\n## {name}", flush=True)
        import_module(f"benchmarks.{name}").run(options)
        print(f"\n({name}: {time.monotonic() - began:.0f} s)", flush=True)


def bundled_photographs() -> Path:
    """Return the folder of the photographs that scikit-image brings, without importing it."""
    found = find_spec("skimage")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "data"


if __name__ == "__main__":
    main()
