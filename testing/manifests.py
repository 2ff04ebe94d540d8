"""Reading manifests as the command line does, for their tests."""

import io
import json

from hashindex.keys import Key, MetaIdFrom, meta_id_from_uri
from hashindex.manifest import Manifest
from hashindex.outcomes import Reject, Wanted
from hashindex.records import Picture
from hashindex.sources.local import LocalSource
from hashindex.sources.oss import OssSource
from hashindex.sources.routing import RoutedSource

SOURCE = RoutedSource({"": LocalSource(), "oss": OssSource()})
HEADER = "uri,meta_id,company_id\n"


def read(
    text: str | bytes, *, company_id: int | None = None, meta_id_from: MetaIdFrom = meta_id_from_uri
) -> list[Wanted | Reject]:
    data = text.encode() if isinstance(text, str) else text
    # As the command line opens it.
    file = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="surrogateescape", newline="")
    return list(Manifest(SOURCE, company_id=company_id, meta_id_from=meta_id_from).read(file))


def wanted(uri: str, meta_id: int, company_id: int, line: int, version: str | None = None) -> Wanted:
    return Wanted(Key(company_id, meta_id), Picture(uri, version), line)


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
