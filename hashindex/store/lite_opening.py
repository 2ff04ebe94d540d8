"""How a Milvus Lite file is opened: its process reached, its collection found or made, its damage told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from hashindex.errors import IndexNotFoundError, StoreDamagedError, StoreError, StoreUnavailableError
from hashindex.records import Origin
from hashindex.store.collection import CALL_SECONDS, VectorIndex, create_index, origin_of, schema_for
from hashindex.store.journal import Journal
from hashindex.store.lite_place import is_damaged
from hashindex.store.lite_process import LiteProcess
from hashindex.store.rows import VECTOR
from hashindex.store.vendor import calling, pymilvus

ENDED = "Milvus Lite ended in the middle of a call; run again."

SQLITE_REFUSED = ("internal error", "StatusCode.UNKNOWN")
"""What Lite says when SQLite refuses to take a lock, or to commit."""

_UNREADABLE = "failed to parse insert data"
"""What it says when a row is not one."""


def connected(process: LiteProcess) -> Any:
    """Start the process and return a client of its own."""
    milvus = pymilvus()  # before others are kept out: it takes most of a second
    process.start()
    try:
        with calling(process.address, unreachable=ENDED):
            # Dedicated, because a pooled connection would outlive `close` and the process behind it.
            client = milvus.MilvusClient(process.address, dedicated=True, timeout=CALL_SECONDS)
    except BaseException:
        process.stop()
        raise
    # Else a write that SQLite cannot commit is tried again and again until its time is over.
    client._get_connection()._on_rpc_error = _give_up  # noqa: SLF001  # there is no public way
    return client


def _give_up(error: Exception) -> NoReturn:
    raise error


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Say so where a file that Lite has opened turns out to be damaged further in, or to be locked."""
    try:
        yield
    except StoreError as exc:
        if type(exc) is not StoreError:
            raise
        if _UNREADABLE in str(exc) or is_damaged(file):
            raise StoreDamagedError(
                f"{file} is damaged or no index of Milvus Lite; restore a backup, or name another."
            ) from exc
        if any(words in str(exc) for words in SQLITE_REFUSED):
            raise StoreUnavailableError(
                f"{file}: another program has the file locked; close that one and run again."
            ) from exc
        raise


def opened_collection(
    client: Any, file: Path, collection: str, create: Origin | None, journal: Journal
) -> tuple[Origin, bool]:
    """Find the collection, or make it where `create` says how; return its origin, and whether it is new."""
    milvus = pymilvus()
    with calling(str(file)):
        created = not client.has_collection(collection, timeout=CALL_SECONDS)
        if created:
            if create is None:
                raise IndexNotFoundError(
                    f"{file} has no collection {collection}; `hashindex insert` or `create` makes one."
                )
            left = journal.read()
            if left is not None and left[0] == collection:
                journal.clear()  # of an index that stood here before and was removed
            schema = schema_for(milvus, create, partition_key=False)  # accepted by Lite, then filters fail
            client.create_collection(collection, schema=schema, timeout=CALL_SECONDS)
        described = client.describe_collection(collection, timeout=CALL_SECONDS)
        origin = origin_of(collection, described)
        indexed = client.list_indexes(collection, field_name=VECTOR, timeout=CALL_SECONDS)
        if not indexed:  # it is new, or its making was broken off
            create_index(milvus, client, collection, VectorIndex("BIN_FLAT"))
        client.load_collection(collection, timeout=CALL_SECONDS)
    return origin, created
