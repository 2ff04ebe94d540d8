"""Reading a collection that hashindex did not make: the common hand-made schema around an aHash.

Its fields: a primary key of any name and type, `meta_id`, `company_id` and `image_vector`, a binary vector of
64 bits. Others are ignored. Nothing is written to it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from hashindex.errors import IndexMismatchError, IndexNotFoundError, StoreError, StoreUnavailableError
from hashindex.interchange.hashes import bare
from hashindex.outcomes import Incoming, Reject
from hashindex.records import HASH_BYTES, WAIT_SECONDS
from hashindex.store.collection import CALL_SECONDS
from hashindex.store.lite_opening import ENDED, connected, reading
from hashindex.store.lite_place import check_place
from hashindex.store.lite_process import LiteProcess
from hashindex.store.milvus import SCAN_BATCH
from hashindex.store.rows import COMPANY, VECTOR, vector_of
from hashindex.store.server import connected_server
from hashindex.store.vendor import calling, pymilvus
from hashindex.uris import server_address

META = "meta_id"

Calling = Callable[[], AbstractContextManager[None]]
"""Translates what pymilvus raises inside."""


@contextmanager
def opened_foreign(
    uri: str,
    collection: str,
    *,
    token: str,
    ca_file: Path | None,
    company_id: int | None,
    wait_seconds: float = WAIT_SECONDS,
) -> Iterator["ForeignCollection"]:
    """Open a collection in a Milvus Lite file or on a server, for reading.

    IndexNotFoundError where there is none; IndexMismatchError when it lacks a field, or is one of ours.
    `company_id` is for rows that have none of their own, `wait_seconds` for a file that others have open.
    """
    with ExitStack() as stack:
        if "://" in uri:
            place = server_address(uri)
            client = connected_server(uri, place, token, ca_file)
            stack.callback(client.close)
            call: Calling = partial(calling, place)
        else:
            file = Path(uri).expanduser().resolve()
            place = str(file)
            check_place(file)
            if not file.exists():
                raise IndexNotFoundError(f"there is no Milvus Lite file at {file}; name another.")
            process = LiteProcess(file, wait_seconds)
            stack.callback(process.stop)
            client = connected(process)
            stack.callback(client.close)
            call = partial(_calling_lite, file)
        with call():
            found = _described(client, place, collection, company_id=company_id, stack=stack, call=call)
            if "://" not in uri:
                _check_loaded(found)
        yield found


@contextmanager
def _calling_lite(file: Path) -> Iterator[None]:
    with reading(file), calling(str(file), unreachable=ENDED):
        yield


def _check_loaded(found: "ForeignCollection") -> None:
    """Compare what Lite has in memory with what its file holds: loading fails silently over a locked one."""
    stored = int(found.client.get_collection_stats(found.collection)["row_count"])
    if len(found) != stored:
        raise StoreUnavailableError(
            f"{found.place}: Milvus Lite loaded {len(found)} of {stored} rows of {found.collection}, because "
            "another program has the file locked; close that one and run again."
        )


@dataclass(frozen=True, slots=True)
class ForeignCollection:
    """What is read of it; iteration gives an entry or a reject for every row."""

    client: Any
    place: str
    collection: str
    primary: str
    is_text: bool
    """Whether its primary key is a VARCHAR."""
    fields: tuple[str, ...]
    company_id: int | None
    calling: Calling

    def __len__(self) -> int:
        """Return how many rows it has."""
        return int(self._query("", ("count(*)",))[0]["count(*)"])

    def __iter__(self) -> Iterator[Incoming | Reject]:
        """Read page by page in the order of the primary keys; StoreError when that would miss a row."""
        expected, number, last = len(self), 0, None
        while page := self._page(last):
            found = [row[self.primary] for row in page]
            if found != sorted(found) or (last is not None and found[0] <= last):
                raise StoreError(f"{self.place}: Milvus gave rows out of order, so some would be missed.")
            last = found[-1]
            number += len(page)
            yield from map(self._item, page)
        if number < expected:
            raise StoreError(
                f"{self.place}: Milvus gave {number} of {expected} rows of {self.collection}; run again "
                "while nothing deletes, and remove what stands twice under one primary key."
            )

    def _item(self, row: Mapping[str, Any]) -> Incoming | Reject:
        vector = vector_of(row[VECTOR]) if row[VECTOR] else b""
        item = bare({**row, "hash": vector.hex()}, self.company_id)
        if isinstance(item, Incoming):
            return item
        which = f"the row with {self.primary} {row[self.primary]!r}"
        detail = item.rejected.detail
        if len(vector) != HASH_BYTES:
            detail = f"its {VECTOR} has {len(vector)} bytes, not {HASH_BYTES}"
        return replace(item, rejected=replace(item.rejected, detail=f"{which}: {detail}"))

    def _page(self, last: int | str | None) -> Sequence[Mapping[str, Any]]:
        after = "" if last is None else f"{self.primary} > {self._literal(last)}"
        return self._query(after, self.fields, limit=SCAN_BATCH)

    def _literal(self, key: int | str) -> str:
        """Write a primary key for an expression; Lite takes escaped quotes, but no control characters."""
        if not self.is_text:
            return str(int(key))
        if not str(key).isprintable():
            raise StoreError(
                f"{self.place}: a primary key of {self.collection} holds control characters ({key!r}), "
                "and cannot be asked for."
            )
        return json.dumps(key, ensure_ascii=False)

    def _query(self, filter_: str, fields: Sequence[str], **limits: int) -> Sequence[Mapping[str, Any]]:
        with self.calling():
            rows: Sequence[Mapping[str, Any]] = self.client.query(
                self.collection,
                filter=filter_,
                output_fields=list(fields),
                timeout=CALL_SECONDS,
                consistency_level="Strong",
                **limits,
            )
        return rows


def _described(
    client: Any, place: str, collection: str, *, company_id: int | None, stack: ExitStack, call: Calling
) -> ForeignCollection:
    """Look at its fields, and have it loaded until the end."""
    if not client.has_collection(collection, timeout=CALL_SECONDS):
        raise IndexNotFoundError(
            f"{place} has no collection {collection}; name another with --from-collection."
        )
    described = client.describe_collection(collection, timeout=CALL_SECONDS)
    if "hashindex" in (described.get("description") or ""):
        raise IndexMismatchError(
            f"the collection {collection} is an index of hashindex; `hashindex copy` moves it whole."
        )
    fields = {field["name"]: field for field in described["fields"]}
    needed = [META, VECTOR] if company_id is not None else [META, COMPANY, VECTOR]
    if missing := [name for name in needed if name not in fields]:
        raise IndexMismatchError(
            f"the collection {collection} has no field {' and no '.join(missing)}; "
            f"what is imported has {META}, {COMPANY} (or give --company-id) and {VECTOR}."
        )
    kinds, vector = pymilvus().DataType, fields[VECTOR]
    if vector["type"] != kinds.BINARY_VECTOR or int(vector["params"]["dim"]) != 8 * HASH_BYTES:
        raise IndexMismatchError(
            f"the collection {collection} has an {VECTOR} that is no binary vector of {8 * HASH_BYTES} bits."
        )
    if str(client.get_load_state(collection, timeout=CALL_SECONDS)["state"]) != "Loaded":
        if "://" in place and not client.list_indexes(collection, timeout=CALL_SECONDS):
            raise IndexMismatchError(
                f"the collection {collection} has no index, so its server does not load it; make one over "
                f"{VECTOR} there."
            )
        client.load_collection(collection, timeout=CALL_SECONDS)
        stack.callback(client.release_collection, collection, timeout=CALL_SECONDS)
    primary = next(field for field in fields.values() if field.get("is_primary"))
    asked = dict.fromkeys((primary["name"], META, COMPANY, VECTOR))
    return ForeignCollection(
        client,
        place,
        collection,
        primary["name"],
        primary["type"] == kinds.VARCHAR,
        tuple(name for name in asked if name in fields),
        company_id,
        call,
    )
