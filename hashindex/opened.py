"""What an open index consists of."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from hashindex.reading import PictureReader
from hashindex.sources.interface import Source
from hashindex.store.interface import Store
from hashindex.turns import Turns


@dataclass(frozen=True, eq=False)
class Opened:
    """The parts of an open index, for what works with them. A context manager that gives them back."""

    store: Store
    """What keeps the entries."""
    source: Source
    """Where pictures come from."""
    reader: PictureReader
    """What reads and hashes them, by the recipe of the index."""
    turns: Turns
    """By which those who write to the index on one machine keep out of each other's way."""

    def close(self) -> None:
        """Give back processes and connections."""
        try:
            self.reader.close()
            self.source.close()
        finally:
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
