"""Peak memory of an insert, all processes together: the same for a hundred times as many pictures."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import photographs, table
from benchmarks.options import Options

FEW = 1_000

SMALL, LARGE = 300, 10
"""Photographs with bytes of their own, ordinary ones and those of 12 megapixels; the rest are links."""

LARGE_EVERY, LARGE_TOGETHER = 500, 4
"""How often those of 12 megapixels come in between, and how many in a row, so that they meet in memory."""

LIMIT_BYTES = 800_000_000

SAMPLE_SECONDS = 0.05


def run(options: Options) -> None:
    """Run the command itself on folders of links, and watch its processes."""
    found = photographs.names(options.folder, most=SMALL, seed=options.seed)
    rows, peaks = [], []
    with tempfile.TemporaryDirectory() as base:
        small = photographs.small_copies(found, SMALL, Path(base, "small"))
        large = photographs.sized_copies(
            found, LARGE, Path(base, "large"), megapixels=photographs.LARGE_MEGAPIXELS, seed=options.seed
        )
        for number in (FEW, options.many):
            folder = Path(base, str(number))
            _link(small, large, number, folder)
            began = time.perf_counter()
            peak, processes = _watched(folder, Path(base, f"{number}.db"))
            seconds = time.perf_counter() - began
            peaks.append(peak)
            shares = (f"{peak / LIMIT_BYTES:.2f}", f"{peak / peaks[0]:.2f}")
            rows.append((f"{number:,}", f"{peak / 1e6:.0f}", *shares, f"{processes}", f"{seconds:.0f}"))
    table.show(
        "Peak memory of `hashindex insert` into Lite",
        ("pictures", "MB", f"of {LIMIT_BYTES / 1e6:.0f} MB", f"of {FEW:,}'s", "processes", "seconds"),
        rows,
    )
    print(
        f"Links to {SMALL} photographs of {photographs.SMALL_PIXELS / 1e6:.2f} megapixels, and in every\n"
        f"{LARGE_EVERY} a row of {LARGE_TOGETHER} with 12 megapixels. The sum over the command\n"
        "and Milvus Lite of the most that each ever had in memory, at whatever moment (VmHWM), so no less\n"
        "than the peak of both together."
    )


def _link(small: list[Path], large: list[Path], number: int, folder: Path) -> None:
    folder.mkdir()
    for i in range(number):
        is_large = i % LARGE_EVERY < LARGE_TOGETHER
        os.link(large[i % LARGE] if is_large else small[i % SMALL], folder / f"{i:06d}.jpg")


def _watched(folder: Path, file: Path) -> tuple[int, int]:
    """Return the sum of the processes' own peaks, bytes, and their number."""
    command = [sys.executable, "-m", "hashindex", "insert", str(folder), "--company-id", "1", "--json"]
    peaks = dict[int, int]()
    with subprocess.Popen([*command, "--milvus-uri", str(file)], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for process_id in _family(process.pid):
                peaks[process_id] = max(peaks.get(process_id, 0), _peak_bytes(process_id))
            time.sleep(SAMPLE_SECONDS)
    assert process.returncode == 0, process.returncode
    return sum(peaks.values()), len(peaks)


def _family(process_id: int) -> Iterator[int]:
    yield process_id
    for task in Path(f"/proc/{process_id}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text(encoding="ascii").split():
                yield from _family(int(child))


def _peak_bytes(process_id: int) -> int:
    """Return the most that was resident so far (VmHWM, proc(5)), shared libraries included."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    except OSError:  # it has ended
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
