"""Whole entries as a Parquet file and back. pyarrow, which does it, is imported on first use."""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hashindex.errors import ConfigurationError, IndexMismatchError, InvalidArgumentError, StoreDamagedError
from hashindex.keys import Key
from hashindex.outcomes import Incoming, Reason, Reject, Rejected
from hashindex.own_file import OwnFile
from hashindex.records import HASH_BYTES, SCHEMA_VERSION, BareHash, Entry, Fingerprint, HashedPicture, Origin
from hashindex.store.interface import check_entry

ROWS_PER_GROUP = 50_000
BYTES_PER_GROUP = 32 * 2**20
"""What is held before it is written: so many entries, or fewer where their URIs are long."""

READ_BATCH = 5_000

_MAGIC = b"PAR1"
_SCHEMA, _RECIPE, _MADE_WITH = b"hashindex", b"recipe", b"made_with"
_CONFIRMING = ("phash", "dhash", "contrast", "content_digest")


def is_parquet(path: str | os.PathLike[str]) -> bool:
    """Say whether a file begins as a Parquet file does."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_parquet(path: str | os.PathLike[str]) -> "ParquetEntries":
    """Open what `hashindex export` wrote, for `Index.import_entries`; its `origin` says how it was made.

    IndexMismatchError when it is a Parquet file of another program, StoreDamagedError when it is cut off.
    """
    return ParquetEntries(Path(path))


def write_parquet(path: str | os.PathLike[str], origin: Origin, pages: Iterable[Sequence[Entry]]) -> int:
    """Write entries to a file that appears whole or not at all; return how many there were.

    An earlier Parquet file is replaced; InvalidArgumentError where something else stands there, and
    ConfigurationError when the file cannot be written.
    """
    arrow, parquet = _pyarrow()
    export = OwnFile(Path(path), "export", _MAGIC)
    export.check()
    schema = _schema(arrow, origin)
    count = 0
    with (
        export.drafted() as draft,
        export.refused(),
        draft.open("wb") as file,
        parquet.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        for group in _groups(arrow.RecordBatch.from_pylist([*map(_row, page)], schema) for page in pages):
            table = arrow.Table.from_batches(group, schema)
            writer.write_table(table)
            count += table.num_rows
    return count


class ParquetEntries:
    """What a Parquet file of ours holds: where its entries come from, and on iteration the entries."""

    def __init__(self, path: Path) -> None:
        """Read its end, which describes it; IndexMismatchError when `hashindex export` did not write it."""
        self._arrow, self._parquet = _pyarrow()
        self.path = path
        with self._opened() as file:
            schema, self._number = file.schema_arrow, file.metadata.num_rows
            said = schema.metadata or {}
            if not said.keys() >= {_SCHEMA, _RECIPE, _MADE_WITH}:
                raise IndexMismatchError(f"{path} was not written by `hashindex export`; name another file.")
            if said[_SCHEMA] != str(SCHEMA_VERSION).encode() or not schema.equals(_schema(self._arrow)):
                raise IndexMismatchError(
                    f"{path} has other columns than this version of hashindex; use the version that wrote it."
                )
            self.origin = Origin(said[_RECIPE].decode(), said[_MADE_WITH].decode())

    def __len__(self) -> int:
        """Return how many entries it has."""
        return int(self._number)

    def __iter__(self) -> Iterator[Incoming | Reject]:
        """Yield its entries in bounded memory; StoreDamagedError where a page is not as it was written."""
        number = 0
        with self._opened() as file:
            for batch in file.iter_batches(READ_BATCH):
                yield from map(_incoming, batch.to_pylist(), itertools.count(number + 1))
                number += batch.num_rows
        if number != self._number:  # no checksum covers the end of the file, which says where they are
            raise self._damaged()

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with self._parquet.ParquetFile(self.path, page_checksum_verification=True) as file:
                yield file
        except (self._arrow.ArrowException, UnicodeDecodeError, OSError) as exc:
            if isinstance(exc, OSError) and exc.errno is not None:
                raise
            raise self._damaged() from exc

    def _damaged(self) -> StoreDamagedError:
        return StoreDamagedError(f"{self.path} is damaged or cut off; export it again.")


def _schema(arrow: Any, origin: Origin | None = None) -> Any:
    """Return the columns, by the names of `get --json`; null is what is not known."""
    number, hash_ = arrow.int64(), arrow.binary(HASH_BYTES)
    columns = {
        "uri": arrow.string(),
        "phash": hash_,
        "dhash": hash_,
        "contrast": arrow.float32(),
        "content_digest": arrow.string(),
        "source_version": arrow.string(),
        "width": arrow.int32(),
        "height": arrow.int32(),
        "file_size": number,
        "upload_time": number,
    }
    always = {"company_id": number, "meta_id": number, "hash": hash_, "indexed_time": number}
    fields = [arrow.field(name, kind, nullable=False) for name, kind in always.items()]
    fields += [arrow.field(name, kind) for name, kind in columns.items()]
    said = origin and {_SCHEMA: str(origin.schema), _RECIPE: origin.recipe, _MADE_WITH: origin.made_with}
    return arrow.schema(fields, metadata=said)


def _groups(batches: Iterable[Any]) -> Iterator[list[Any]]:
    """Collect what is written together."""
    group: list[Any] = []
    rows = size = 0
    for batch in batches:
        group.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= ROWS_PER_GROUP or size >= BYTES_PER_GROUP:
            yield group
            group, rows, size = [], 0, 0
    if group:
        yield group


def _row(entry: Entry) -> dict[str, Any]:
    picture, prints = entry.picture, entry.picture.fingerprint
    return {
        "company_id": entry.key.company_id,
        "meta_id": entry.key.meta_id,
        "hash": prints.ahash,
        "indexed_time": entry.indexed_time,
        "uri": picture.uri or None,
        "phash": prints.phash,
        "dhash": prints.dhash,
        "contrast": prints.contrast,
        "content_digest": picture.content_digest or None,
        "source_version": picture.source_version or None,
        "width": picture.width or None,
        "height": picture.height or None,
        "file_size": picture.file_size or None,
        "upload_time": picture.upload_time or None,
    }


def _incoming(row: Mapping[str, Any], number: int) -> Incoming | Reject:
    """Return the entry of a row; the inverse of `_row`."""
    try:
        key = Key(row["company_id"], row["meta_id"])
    except InvalidArgumentError as exc:
        return Reject(Rejected(row["uri"], Reason.BAD_KEY, str(exc)), line=number)
    unknown = {row[name] is None for name in _CONFIRMING}
    entry = Entry(
        key,
        HashedPicture(
            uri=row["uri"] or "",
            fingerprint=BareHash(row["hash"])
            if unknown == {True}
            else Fingerprint(row["hash"], row["phash"], row["dhash"], row["contrast"]),
            content_digest=row["content_digest"] or "",
            source_version=row["source_version"] or "",
            width=row["width"] or 0,
            height=row["height"] or 0,
            file_size=row["file_size"] or 0,
            upload_time=row["upload_time"] or 0,
        ),
        row["indexed_time"],
    )
    wrong = f"entry {key} has a part of what confirms it" if len(unknown) > 1 else None
    try:
        check_entry(entry)
    except InvalidArgumentError as exc:
        wrong = wrong or str(exc)
    if wrong is None:
        return Incoming(entry, number)
    return Reject(Rejected(row["uri"], Reason.BAD_LINE, wrong), key.company_id, key.meta_id, number)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as exc:
        raise ConfigurationError(
            "Parquet files take the package pyarrow, which is not installed; `pip install pyarrow` adds it."
        ) from exc
    return pa, parquet
