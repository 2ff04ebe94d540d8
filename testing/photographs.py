"""Photographs for tests: the files that scikit-image ships, found without importing it."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def photographs() -> Path:
    """Return the folder of scikit-image's pictures."""
    found = find_spec("skimage")
    assert found is not None, "scikit-image is missing: pip install -r requirements-dev.txt"
    assert found.origin is not None
    return Path(found.origin).parent / "data"


def photograph(name: str) -> Path:
    """Return one of them, like `coffee.png`."""
    path = photographs() / name
    assert path.is_file(), path
    return path
