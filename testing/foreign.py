"""Collections as other programs make them, with pymilvus alone, around an aHash."""

from collections.abc import Sequence
from typing import Any

from hashindex.store.vendor import pymilvus
from testing.making import bits


def rows(number: int) -> list[dict[str, Any]]:
    """Return rows of three companies, as people make them."""
    return [{"meta_id": i, "company_id": i % 3, "image_vector": bits(i)} for i in range(number)]


def make(
    client: Any,
    name: str,
    items: Sequence[dict[str, Any]],
    *,
    primary: str = "id",
    auto: bool = True,
    text: bool = False,
    dim: int = 64,
    numbers: Sequence[str] = ("meta_id", "company_id"),
    vector: str = "image_vector",
    description: str = "",
    indexed: bool = True,
    loaded: bool = True,
) -> None:
    """Make a collection: the common hand-made schema, but for what is said otherwise."""
    kinds = pymilvus().DataType
    schema = client.create_schema(auto_id=auto, description=description)
    schema.add_field(primary, kinds.VARCHAR if text else kinds.INT64, is_primary=True, max_length=100)
    for field in numbers:
        schema.add_field(field, kinds.INT64)
    schema.add_field(vector, kinds.BINARY_VECTOR, dim=dim)
    schema.add_field("note", kinds.VARCHAR, max_length=20)
    client.create_collection(name, schema=schema)
    if indexed:
        params = client.prepare_index_params()
        params.add_index(vector, index_type="BIN_FLAT", metric_type="HAMMING")
        client.create_index(name, params, sync=False)
    if items:
        client.insert(name, [{"note": "n", **item} for item in items])
    if loaded:
        client.load_collection(name)
