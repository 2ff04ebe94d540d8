"""The stores that are measured, each with a bare pymilvus client beside it."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hashindex.decoding import made_with
from hashindex.recipe import Recipe
from hashindex.records import Origin
from hashindex.store.collection import VectorIndex
from hashindex.store.interface import Store
from hashindex.store.lite import open_lite
from hashindex.store.rows import VECTOR
from hashindex.store.server import ServerStore, nlist_for, nprobe_for, open_server
from hashindex.store.vendor import pymilvus
from testing.milvus_server import MilvusServer, shared_server

COLLECTION = "benchmark"

ORIGIN = Origin(str(Recipe()), made_with())

_BUILD_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Place:
    """A store of ours, the client of a peer over the same collection, and how the peer is to search."""

    name: str
    store: Store
    """Ours."""
    client: Any
    """A bare `MilvusClient`."""
    search_params: dict[str, Any]
    levels: tuple[str, ...]
    """Consistency levels to measure; ours is the first."""


@contextmanager
def lite() -> Iterator[Place]:
    """Open a fresh Milvus Lite file; it takes one process, so the peer has the connection of our store."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_lite(str(Path(folder) / "bench.db"), COLLECTION, create=ORIGIN, index_type="auto")
        try:
            client = store._client  # noqa: SLF001  # the one process there is
            params = VectorIndex("BIN_FLAT").search_params(exhaustive=False)
            yield Place("Lite", store, client, params, ("Strong",))
        finally:
            store.close()


@contextmanager
def server(entries: int) -> Iterator[Place]:
    """Make a fresh collection for `entries` on the real server, with the index that a server gets."""
    at = shared_server()
    store = open_server(at.uri, COLLECTION, create=ORIGIN, token=at.token, expect=entries)
    client = bare_client(at)
    try:
        yield Place("server", store, client, _params(entries), ("Strong", "Bounded", "Eventually"))
    finally:
        store.close()
        client.drop_alias(COLLECTION)
        client.drop_collection(f"{COLLECTION}_1")
        client.close()


def bare_client(at: MilvusServer) -> Any:
    """Return a connection of its own to the server."""
    return pymilvus().MilvusClient(uri=at.uri, token=at.token, timeout=30, dedicated=True)


def settle(place: Place) -> None:
    """On a server: have all rows in segments, indexed and loaded, so that the index is what answers."""
    if place.name == "Lite":
        return
    client = place.client
    client.flush(COLLECTION, timeout=_BUILD_SECONDS)
    deadline = time.monotonic() + _BUILD_SECONDS
    while client.describe_index(f"{COLLECTION}_1", VECTOR)["pending_index_rows"]:
        assert time.monotonic() < deadline, "the index was not built in time"
        time.sleep(0.2)
    client.release_collection(COLLECTION)
    client.load_collection(COLLECTION, timeout=_BUILD_SECONDS)


def relaxed(place: Place, entries: int, level: str) -> ServerStore:
    """Return our store of a server with another consistency level, which the product has no option for."""
    nlist = nlist_for(entries)
    return ServerStore(
        _Relaxed(place.client, level),
        COLLECTION,
        identity="benchmark",
        origin=ORIGIN,
        created=False,
        index=VectorIndex("BIN_IVF_FLAT", nlist, nprobe_for(nlist)),
        backend="Milvus",
        uri="benchmark",
    )


class _Relaxed:
    """A client that searches with a consistency level of its own."""

    def __init__(self, client: Any, level: str) -> None:
        self._client, self._level = client, level

    def search(self, *args: Any, **kwargs: Any) -> Any:
        return self._client.search(*args, **{**kwargs, "consistency_level": self._level})


def _params(entries: int) -> dict[str, Any]:
    nlist = nlist_for(entries)
    return VectorIndex("BIN_IVF_FLAT", nlist, nprobe_for(nlist)).search_params(exhaustive=False)
