"""A second place beside an index: one that it is copied to, or one whose entries it takes over."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hashindex.compose import Settings, changed, load_settings, open_index
from hashindex.errors import InvalidArgumentError, StoreUnavailableError
from hashindex.index import Index

if TYPE_CHECKING:
    from hashindex.store.foreign import ForeignCollection


def open_target(
    source: Index,
    uri: str,
    collection: str | None = None,
    *,
    index_type: str | None = None,
    expect: int | None = None,
    settings: Settings | None = None,
) -> Index:
    """Open the index that another one is to be copied to; where there is none, it is made as that one was.

    Args:
        source: What is to be copied.
        uri: Where to; InvalidArgumentError where that is the source itself.
        collection: Its name there, where it is to be another.
        index_type: Of an index that is made.
        expect: How many entries it is made for, where that is not what the source has.
        settings: Those of the source; what `load_settings` gives, where None. Between two servers,
            `other_token` is the target's.

    """
    settings, info = settings or load_settings(), source.stats()
    second = _second(settings, info.uri, uri, collection, index_type)
    if _address(uri) == _address(info.uri) and ("://" not in uri or second.collection == settings.collection):
        raise InvalidArgumentError("that is the place of the index itself; copy it to another.")
    with _naming_other_token():
        return open_index(
            create=True, origin=info.origin, expect=expect or info.total or None, settings=second
        )


@contextmanager
def open_foreign(
    uri: str,
    collection: str | None = None,
    *,
    company_id: int | None = None,
    settings: Settings | None = None,
) -> Iterator["ForeignCollection"]:
    """Give the entries of a collection that hashindex did not make, for `Index.import_entries`.

    Args:
        uri: A Milvus Lite file, other than that of the index, or a server.
        collection: Its name, where it is not that of the index. Its fields: a primary key, `meta_id`,
            `company_id` and `image_vector`, a hash of 64 bits.
        company_id: For a collection that has no `company_id`.
        settings: As in `open_target`; those of the index that takes the entries over.

    """
    from hashindex.store.foreign import opened_foreign  # pymilvus takes most of a second

    settings = settings or load_settings()
    second = _second(settings, settings.milvus_uri, uri, collection)
    if "://" not in uri and _address(uri) == _address(settings.milvus_uri):
        raise InvalidArgumentError("the index cannot be made in the file that is imported; name another.")
    foreign = opened_foreign(
        second.milvus_uri,
        second.collection,
        token=second.milvus_token.get_secret_value(),
        ca_file=second.milvus_ca_file,
        company_id=company_id,
        wait_seconds=second.wait_seconds,
    )
    with _naming_other_token(), foreign as found:
        yield found


def _second(
    settings: Settings, first: str, uri: str, collection: str | None, index_type: str | None = None
) -> Settings:
    """Return the settings for a second place. A token never goes to another server than it was given for."""
    try:
        second = changed(
            settings,
            milvus_uri=uri,
            collection=collection or settings.collection,
            index_type=index_type or "auto",
        )
    except InvalidArgumentError as exc:
        said = str(exc).replace("--milvus-uri", "its URI").replace("--collection", "its collection")
        raise InvalidArgumentError(f"the second place cannot be used: {said}") from None
    two_servers = "://" in uri and "://" in first and _address(uri) != _address(first)
    if two_servers or settings.other_token.get_secret_value():
        return second.model_copy(update={"milvus_token": settings.other_token})
    return second


def _address(uri: str) -> str:
    """Return what two names of one place have in common, as far as can be told without asking."""
    if "://" not in uri:
        return str(Path(uri).expanduser().resolve())
    return urlsplit(uri).netloc.rpartition("@")[2].lower()


@contextmanager
def _naming_other_token() -> Iterator[None]:
    try:
        yield
    except StoreUnavailableError as exc:
        if "token" in str(exc):
            exc.add_note("the token of the second server is HASHINDEX_OTHER_TOKEN.")
        raise
