"""What an open index consists of."""

from types import TracebackType
from typing import Self

from hashindex.reading import PictureReader
from hashindex.sources.interface import Source
from hashindex.store.interface import Store
from hashindex.turns import Turns


class Opened:
    """The parts of an open index, for what works with them. A context manager that gives them back."""

    def __init__(self, store: Store, source: Source, reader: PictureReader, turns: Turns) -> None:
        self.store = store
        """What keeps the entries."""
        self.source = source
        """Where pictures come from."""
        self.reader = reader
        """What reads and hashes them, by the recipe of the index."""
        self.turns = turns
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
