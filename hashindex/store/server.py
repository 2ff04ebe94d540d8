"""The store on a Milvus server or cluster."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from hashindex.errors import ConfigurationError, IndexMismatchError, IndexNotFoundError, NotPersistedError
from hashindex.keys import Key
from hashindex.records import Entry, Origin, Scope
from hashindex.store.collection import CALL_SECONDS, VectorIndex, create_index, origin_of, schema_for
from hashindex.store.interface import WRITE_BATCH, check_batch
from hashindex.store.milvus import MilvusStore, batches, filter_of
from hashindex.store.rows import VECTOR, row_of
from hashindex.store.vendor import calling, pymilvus
from hashindex.uris import server_address

CONNECT_SECONDS = 10.0

EXPECTED = 1_000_000
"""How many entries an index is made for where nobody says."""

NLIST_FOR = ((100_000, 128), (1_000_000, 1_024))
"""Clusters by the number of entries expected, and `NLIST_BEYOND` for more."""

NLIST_BEYOND = 4_096

PROBE_ALL_UP_TO = 1_024
"""Up to this nlist a search looks into every cluster, so that it misses nothing: at a million entries that
took 8.9 ms for 64 hits where a sixteenth took 3.5. Beyond it, into an eighth: recall within 8 bits was 0.998
already at a thirty-second (docs/benchmarks.md)."""

PARTITION_KEY_SINCE = (2, 4)
"""Before, a partition key together with upsert misplaces rows (measured with 2.3.5)."""


def open_server(
    uri: str,
    collection: str,
    *,
    create: Origin | None,
    token: str = "",
    ca_file: Path | None = None,
    index_type: str = "auto",
    nlist: int | None = None,
    nprobe: int | None = None,
    expect: int | None = None,
) -> "ServerStore":
    """Connect, and open the collection behind the alias, or make both where `create` says how.

    StoreUnavailableError when the server cannot be reached or refuses the token; IndexNotFoundError where
    there is no index and none is to be made.
    """
    place = server_address(uri)
    client = connected_server(uri, place, token, ca_file)
    try:
        with calling(place):
            version = str(client.get_server_version(timeout=CONNECT_SECONDS))
            created = not client.has_collection(collection, timeout=CALL_SECONDS)
            if created:
                if create is None:
                    raise IndexNotFoundError(  # noqa: TRY301  # the client is closed below
                        f"{place} has no index {collection}; `hashindex insert` or `create` makes one."
                    )
                kind = "BIN_IVF_FLAT" if index_type == "auto" else index_type
                index = VectorIndex(kind, nlist or nlist_for(expect or EXPECTED))
                _create(client, collection, create, index, partition_key=_partition_key_works(version))
            described = client.describe_collection(collection, timeout=CALL_SECONDS)
            origin = origin_of(collection, described)
            index = _index_of(client, collection, index_type, nprobe)
            client.load_collection(collection, timeout=CALL_SECONDS)
        return ServerStore(
            client,
            collection,
            identity=f"collection {described['collection_id']}",
            origin=origin,
            created=created,
            index=index,
            backend=f"Milvus {version}",
            uri=place,
        )
    except BaseException:
        client.close()
        raise


class ServerStore(MilvusStore):
    """One collection on a server, addressed by its alias."""

    def __init__(
        self,
        client: Any,
        collection: str,
        *,
        identity: str,
        origin: Origin,
        created: bool,
        index: VectorIndex,
        backend: str,
        uri: str,
    ) -> None:
        super().__init__(
            collection,
            identity=identity,
            origin=origin,
            created=created,
            index=index,
            backend=backend,
            uri=uri,
        )
        self._connection = client

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Send the rows in batches; each is acknowledged by the server's log before the next is sent."""
        check_batch(entries)
        for some in batches(entries, WRITE_BATCH):
            with self._calling():
                answer = self._client.upsert(
                    self._collection, [row_of(entry) for entry in some], timeout=CALL_SECONDS
                )
            if answer["upsert_count"] != len(some):
                raise NotPersistedError(
                    f"{self._uri}: the server took {answer['upsert_count']} of {len(some)} rows; run again."
                )

    def delete(self, keys: Sequence[Key]) -> int:
        """Remove rows by primary key; the server counts what was asked for, so we count what there was."""
        existing = self._existing(list(dict.fromkeys(keys)))
        for some in batches(existing, WRITE_BATCH):
            with self._calling():
                self._client.delete(self._collection, ids=some, timeout=CALL_SECONDS)
        return len(existing)

    def delete_company(self, company_id: int) -> int:
        """Remove all rows of a company."""
        scope = Scope.company(company_id)
        number = self.count(scope)
        with self._calling():
            self._client.delete(self._collection, filter=filter_of(scope), timeout=CALL_SECONDS)
        return number

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def _client(self) -> Any:
        return self._connection

    def _calling(self) -> AbstractContextManager[None]:
        return calling(self._uri)


def nlist_for(expected: int) -> int:
    """Return the number of clusters for an index of `expected` entries."""
    return next((nlist for most, nlist in NLIST_FOR if expected <= most), NLIST_BEYOND)


def nprobe_for(nlist: int) -> int:
    """Return how many clusters a search looks into."""
    return nlist if nlist <= PROBE_ALL_UP_TO else nlist // 8


def connected_server(uri: str, place: str, token: str, ca_file: Path | None) -> Any:
    """Return a client of its own; `place` is the address as errors name it."""
    if ca_file is not None and not ca_file.is_file():
        raise ConfigurationError(f"HASHINDEX_MILVUS_CA_FILE names {ca_file}, which is no file.")
    security = {"server_pem_path": str(ca_file)} if ca_file is not None else {}
    with calling(place):
        return pymilvus().MilvusClient(
            uri,
            token=token,
            timeout=CONNECT_SECONDS,
            dedicated=True,  # a pooled connection is shared by address and token, whatever its certificates
            # Else a back-off shared by all connections refuses calls for seconds after the server is back.
            grpc_options={"grpc.use_local_subchannel_pool": 1},
            **security,
        )


def _create(client: Any, collection: str, origin: Origin, index: VectorIndex, *, partition_key: bool) -> None:
    """Make `NAME_1`, its index, and the alias NAME last: what has the name is whole.

    What an earlier call left half made is gone on with.
    """
    milvus, real = pymilvus(), f"{collection}_1"
    if not client.has_collection(real, timeout=CALL_SECONDS):
        schema = schema_for(milvus, origin, partition_key=partition_key)
        client.create_collection(real, schema=schema, timeout=CALL_SECONDS)
    elif origin_of(real, client.describe_collection(real, timeout=CALL_SECONDS)).recipe != origin.recipe:
        raise IndexMismatchError(
            f"the collection {real} is there without its alias, and has another recipe; drop it, or name "
            "another with --collection."
        )
    if not client.list_indexes(real, field_name=VECTOR, timeout=CALL_SECONDS):
        create_index(milvus, client, real, index)
    client.create_alias(real, collection, timeout=CALL_SECONDS)


def _index_of(client: Any, collection: str, wanted: str, nprobe: int | None) -> VectorIndex:
    """Read how the collection is indexed; ConfigurationError when another kind was asked for."""
    names = client.list_indexes(collection, field_name=VECTOR, timeout=CALL_SECONDS)
    if not names:
        raise IndexMismatchError(
            f"the collection {collection} is not indexed over its hashes; do that in Milvus."
        )
    found = client.describe_index(collection, names[0], timeout=CALL_SECONDS)
    kind = found["index_type"]
    if wanted not in ("auto", kind):
        raise ConfigurationError(
            f"the collection {collection} is indexed by {kind}, not {wanted}; set the index type to auto."
        )
    if kind != "BIN_IVF_FLAT":
        return VectorIndex(kind)
    nlist = int(found["nlist"])
    return VectorIndex(kind, nlist, min(nprobe or nprobe_for(nlist), nlist))


def _partition_key_works(version: str) -> bool:
    return tuple(map(int, re.findall(r"\d+", version)[:2])) >= PARTITION_KEY_SINCE
