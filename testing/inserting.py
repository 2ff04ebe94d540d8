"""A memory store and a memory source behind the real use cases, for tests that look at what is called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from hashindex.errors import NotPersistedError, StoreUnavailableError
from hashindex.index import Index
from hashindex.keys import Key
from hashindex.outcomes import Wanted
from hashindex.reading import ImageLike, Looked, PictureReader
from hashindex.recipe import DEFAULT, Recipe
from hashindex.records import Entry, HashedPicture, Origin, Picture
from hashindex.sources.interface import Source
from hashindex.store.interface import Store
from hashindex.store.memory import MemoryStore
from hashindex.turns import Turns
from hashindex.views import ONLY_AS_IS
from testing import lock_folder
from testing.making import ORIGIN
from testing.waiting import SECONDS


class WatchedStore(MemoryStore):
    """Remembers the calls that it gets, and fails at the write that it is told to."""

    def __init__(self, origin: Origin = ORIGIN) -> None:
        super().__init__(origin)
        self.fail_at_write: int | None = None
        self.writes: list[list[Key]] = []
        self.lookups: list[list[Key]] = []
        self.before_write: Callable[[], object] = lambda: None

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Write, or fail whole."""
        self.before_write()
        if len(self.writes) == self.fail_at_write:
            raise NotPersistedError("the disk is full.")
        super().upsert(entries)
        self.writes.append([entry.key for entry in entries])

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Entry]:
        """Look up and remember."""
        self.lookups.append(list(keys))
        return super().get(keys)


def reader_of(source: Source, *, recipe: Recipe = DEFAULT, workers: int = 4) -> PictureReader:
    """Return a reader with small limits."""
    return PictureReader(
        source, recipe, max_pixels=1_000_000, max_bytes=1_000_000, workers=workers, in_flight=workers
    )


def looked(reader: PictureReader, image: ImageLike) -> HashedPicture:
    """Return what a reader makes of a picture that is in order."""
    found = reader.look(image, ONLY_AS_IS)
    assert isinstance(found, Looked), found
    return found.picture


def turns_of(store: Store, *, wait_seconds: float = SECONDS) -> Turns:
    """Return the turns of an index."""
    return Turns(lock_folder(), store.identity, wait_seconds)


def free_turns(store: Store, companies: Iterable[int]) -> list[int]:
    """Return the companies whose turn nobody has now."""
    free = []
    for company_id in companies:
        with suppress(StoreUnavailableError), turns_of(store, wait_seconds=0.0).of([company_id]):
            free.append(company_id)
    return free


def index_of(store: Store, source: Source, *, workers: int = 4) -> Index:
    """Return the index over both."""
    return Index(store, source, reader_of(source, workers=workers), turns_of(store))


def wanted(
    company_id: int, meta_id: int, uri: str, version: str | None = None, line: int | None = None
) -> Wanted:
    """Return what a manifest's line would ask for."""
    return Wanted(Key(company_id, meta_id), Picture(uri, version), line)
