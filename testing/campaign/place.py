"""Where an index is that a campaign writes to, and what the file of a Milvus Lite holds."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hashindex.decoding import made_with
from hashindex.recipe import Recipe
from hashindex.records import Entry, Origin, Scope
from hashindex.store.interface import Store
from testing.campaign.plan import Plan


@dataclass(frozen=True, slots=True)
class Place:
    """A Milvus Lite file or a collection on a server."""

    uri: str
    collection: str = "image_hash"
    token: str = ""

    def open(self) -> Store:
        """Open the store, or make it."""
        origin = Origin(str(Recipe()), made_with())
        if self.is_file:
            from hashindex.store.lite import open_lite

            return open_lite(self.uri, self.collection, create=origin, index_type="auto")
        from hashindex.store.server import open_server

        return open_server(self.uri, self.collection, create=origin, token=self.token)

    def drop(self) -> None:
        """Remove the collection from its server, if that still answers."""
        from pymilvus import MilvusClient, MilvusException

        client = MilvusClient(uri=self.uri, token=self.token, dedicated=True, timeout=10)
        try:
            client.drop_alias(self.collection)
            client.drop_collection(f"{self.collection}_1")
        except MilvusException:  # the server is gone, and takes it along
            pass
        finally:
            client.close()

    @property
    def is_file(self) -> bool:
        """Whether it is a Milvus Lite file."""
        return "://" not in self.uri


def base_file(path: Path, rows: int) -> Path:
    """Make a Milvus Lite file that holds what every plan of so many rows begins with."""
    with closing(Place(str(path)).open()) as store:
        store.upsert(Plan(0, replacing=False, base_rows=rows).base)
    return path


def rows_in_file(file: Path, collection: str = "image_hash") -> tuple[int, int]:
    """Return how many rows and how many different ids SQLite itself sees."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)) as database:
        found = database.execute(f'SELECT count(*), count(DISTINCT milvus_id) FROM "{collection}"').fetchone()
    return int(found[0]), int(found[1])


def everything(store: Store) -> list[Entry]:
    """Return all entries of a store."""
    return [item for batch in store.scan(Scope.ALL) for item in batch]
