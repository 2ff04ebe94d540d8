"""How a collection of Milvus is made, indexed and described."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hashindex.errors import IndexMismatchError
from hashindex.records import (
    HASH_BYTES,
    MAX_DIGEST_BYTES,
    MAX_URI_BYTES,
    MAX_VERSION_BYTES,
    SCHEMA_VERSION,
    Origin,
)
from hashindex.store.rows import COMPANY, FIELDS, PRIMARY, VECTOR

CALL_SECONDS = 60.0
"""How long one call may take; pymilvus would repeat some errors for minutes."""


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """How the hashes are indexed, and how far a search looks."""

    kind: str
    """`BIN_FLAT`, which compares all, or `BIN_IVF_FLAT`."""
    nlist: int = 0
    nprobe: int = 0

    def search_params(self, *, exhaustive: bool) -> dict[str, Any]:
        """Return what a search call is given."""
        if self.kind == "BIN_FLAT":
            return {"metric_type": "HAMMING", "params": {}}
        return {"metric_type": "HAMMING", "params": {"nprobe": self.nlist if exhaustive else self.nprobe}}

    def compares_all(self, *, exhaustive: bool) -> bool:
        """Say whether every hash of a scope is compared."""
        return self.kind == "BIN_FLAT" or exhaustive or self.nprobe >= self.nlist


def description_of(origin: Origin) -> str:
    """Return what a collection's description holds."""
    return json.dumps(
        {"hashindex": origin.schema, "recipe": origin.recipe, "made_with": origin.made_with}, sort_keys=True
    )


def origin_of(collection: str, described: Mapping[str, Any]) -> Origin:
    """Read what `describe_collection` says; IndexMismatchError when the collection is not one of ours."""
    try:
        said = json.loads(described.get("description") or "")
        origin = Origin(said["recipe"], said["made_with"], int(said["hashindex"]))
    except (ValueError, KeyError, TypeError):
        raise IndexMismatchError(
            f"the collection {collection} was not made by hashindex; name another with --collection."
        ) from None
    if origin.schema != SCHEMA_VERSION:
        raise IndexMismatchError(
            f"the collection {collection} has schema {origin.schema}, and this version of hashindex knows "
            f"{SCHEMA_VERSION}; use the version that made it."
        )
    fields = {field["name"] for field in described["fields"]}
    if fields != set(FIELDS):
        odd = ", ".join(sorted(fields ^ set(FIELDS)))
        raise IndexMismatchError(
            f"the collection {collection} does not have the fields of an index (they differ in {odd}); name "
            "another with --collection."
        )
    return origin


def schema_for(milvus: Any, origin: Origin, *, partition_key: bool) -> Any:
    """Return the schema of a new collection."""
    kinds = milvus.DataType
    schema = milvus.MilvusClient.create_schema(auto_id=False, description=description_of(origin))
    schema.add_field(PRIMARY, kinds.VARCHAR, is_primary=True, max_length=40)
    schema.add_field(COMPANY, kinds.INT64, is_partition_key=partition_key)
    schema.add_field("meta_id", kinds.INT64)
    schema.add_field(VECTOR, kinds.BINARY_VECTOR, dim=8 * HASH_BYTES)
    for name in ("phash", "dhash", "file_size", "upload_time", "indexed_time"):
        schema.add_field(name, kinds.INT64)
    schema.add_field("contrast", kinds.FLOAT)
    for name, length in (
        ("uri", MAX_URI_BYTES),
        ("content_digest", MAX_DIGEST_BYTES),
        ("source_version", MAX_VERSION_BYTES),
    ):
        schema.add_field(name, kinds.VARCHAR, max_length=length)
    for name in ("width", "height"):
        schema.add_field(name, kinds.INT32)
    return schema


def create_index(milvus: Any, client: Any, collection: str, index: VectorIndex) -> None:
    """Index the hashes of a collection that is still empty."""
    params = milvus.MilvusClient.prepare_index_params()
    params.add_index(
        VECTOR,
        index_type=index.kind,
        metric_type="HAMMING",
        params={"nlist": index.nlist} if index.kind == "BIN_IVF_FLAT" else {},
    )
    client.create_index(collection, params, timeout=CALL_SECONDS, sync=False)
