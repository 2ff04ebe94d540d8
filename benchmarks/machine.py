"""What a run was made on: without it a table says nothing, and only its ratios carry over."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from hashindex.decoding import made_with

PACKAGES = (
    *("hashindex", "pymilvus", "milvus-lite", "milvus", "ImageHash", "pillow-heif", "numpy", "scipy"),
    "faiss-cpu",
)


def describe() -> str:
    """Return the machine, its load, and the versions that the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    decoders = f"{platform.python_implementation()} {platform.python_version()}, {made_with()}"
    return "\n".join(
        (
            f"machine: {os.cpu_count()} x {_processor()}, {memory:.0f} GiB, {platform.platform(terse=True)}",
            f"load: {' '.join(f'{load:.2f}' for load in os.getloadavg())} (1, 5, 15 minutes)",
            f"versions: {decoders}, {versions}",
        )
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
