"""What every benchmark is told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of a run."""

    folder: Path
    """Photographs: any folder, walked to its bottom."""
    pictures: str
    """What they are, in words."""
    seed: int
    entries: int
    """Rows in the indexes that are searched."""
    large: bool
    """Measure recall over a million hashes, and the join of ten million, too."""
    many: int
    """Pictures of the larger of two inserts whose memory is compared."""
    imagededup: Path | None
    """A Python that has the package imagededup, if there is one."""
