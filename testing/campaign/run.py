"""What one run of the campaign was told and what came of it."""

from dataclasses import dataclass
from pathlib import Path

SEED = 1
MUTATIONS = 50_000


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    seed: int = SEED
    """The first run of a kind takes this one, the next one more, and so on."""
    runs: int | None = None
    """How many runs of each kind, in place of its own number."""
    pictures: Path = Path()
    """The folder of pictures for `folder` and `mutations`."""
    mutations: int = MUTATIONS
    examples: int | None = None
    """Sequences of operations of each state machine, in place of its own number."""
    keep: Path = Path()
    """Where files are left that show a fault."""

    def seeds(self, runs: int) -> range:
        """Return the seeds of a kind's runs; `runs` is its own number of them."""
        return range(self.seed, self.seed + (runs if self.runs is None else self.runs))


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    seed: int
    what: str
    """What was done to it, and when."""
    found: str
    """What was found afterwards."""
    faults: tuple[str, ...] = ()
    """What should not have been found; empty when all is well."""
