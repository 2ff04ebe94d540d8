"""Settings -> wired objects: the one place that knows which classes stand behind the ports."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hashindex.decoding import made_with
from hashindex.errors import ConfigurationError, IndexMismatchError, InvalidArgumentError
from hashindex.index import Index
from hashindex.reading import PictureReader
from hashindex.recipe import Recipe
from hashindex.records import Origin
from hashindex.sources.interface import Source
from hashindex.sources.local import LocalSource
from hashindex.sources.oss import OssSource
from hashindex.sources.routing import RoutedSource
from hashindex.store.interface import Store
from hashindex.turns import Turns

try:
    from settings import Settings, changed, load_settings
except ImportError as exc:
    raise ConfigurationError(
        "a module of yours named settings hides that of hashindex; run from another folder, or rename it."
    ) from exc

__all__ = ["Settings", "changed", "load_settings", "open_index", "open_reader"]

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
"""Longest wait for a connection to OSS."""


def open_index(
    milvus_uri: str | None = None,
    *,
    create: bool = False,
    recipe: str | None = None,
    origin: Origin | None = None,
    expect: int | None = None,
    settings: Settings | None = None,
) -> Index:
    """Open the index at a place; use it in a `with` statement.

    Args:
        milvus_uri: A file name for Milvus Lite, or the address of a server; from the settings where None.
        create: Make an index where there is none. Otherwise that is IndexNotFoundError.
        recipe: `default`, `strict`, or the full text of a recipe, for an index that is made; one that exists
            keeps its own, and IndexMismatchError says so where another was asked for.
        origin: In place of `recipe`, how the entries were made that are to come in: that of another index or
            of a Parquet file.
        expect: How many entries a new index on a server is made for.
        settings: What `load_settings` gives, where None.

    """
    if settings is None:
        settings = load_settings(milvus_uri=milvus_uri)
    elif milvus_uri is not None:
        settings = settings.model_copy(update={"milvus_uri": milvus_uri})
    if origin is not None:
        wanted: Recipe | None = _known(origin)
    else:
        wanted = Recipe.parse(recipe) if recipe is not None else None
        origin = Origin(str(wanted or Recipe()), made_with())
    with ExitStack() as undo:
        store = _open_store(settings, origin if create else None, expect)
        undo.callback(store.close)
        own = _adopted(store, wanted, origin.made_with)
        source = _source(settings, own)
        index = Index(store, source, _reader(source, own, settings), _turns(store, settings))
        undo.pop_all()
    return index


@contextmanager
def open_reader(recipe: str = "default", *, settings: Settings | None = None) -> Iterator[PictureReader]:
    """Give what reads and hashes pictures without any index."""
    settings = settings or load_settings()
    how = Recipe.parse(recipe)
    source = _source(settings, how)
    reader = _reader(source, how, settings)
    try:
        yield reader
    finally:
        reader.close()
        source.close()


def _known(origin: Origin) -> Recipe:
    """Return the recipe of what exists already."""
    try:
        return Recipe.parse(origin.recipe)
    except InvalidArgumentError as exc:
        raise IndexMismatchError(
            f"the index was made with the recipe {origin.recipe!r}, which this version of hashindex does not "
            "know; use the version that made it."
        ) from exc


def _adopted(store: Store, wanted: Recipe | None, made: str) -> Recipe:
    """Return the recipe that the index was made with; say so where other decoders made its bits."""
    origin = store.origin
    own = _known(origin)
    if wanted not in (None, own):
        raise IndexMismatchError(
            f"the index was made with the recipe {own}, and keeps it; make another index for {wanted}."
        )
    if origin.made_with != made:
        _log.warning(
            "the index was made with %s and this is %s: a few bits of some pictures may differ.",
            origin.made_with,
            made,
        )
    return own


def _open_store(settings: Settings, create: Origin | None, expect: int | None) -> Store:
    if "://" in settings.milvus_uri:
        from hashindex.store.server import open_server  # pymilvus takes most of a second

        return open_server(
            settings.milvus_uri,
            settings.collection,
            create=create,
            token=settings.milvus_token.get_secret_value(),
            ca_file=settings.milvus_ca_file,
            index_type=settings.index_type,
            nlist=settings.nlist,
            nprobe=settings.nprobe,
            expect=expect,
        )
    from hashindex.store.lite import open_lite

    return open_lite(
        settings.milvus_uri,
        settings.collection,
        create=create,
        index_type=settings.index_type,
        wait_seconds=settings.wait_seconds,
    )


def _turns(store: Store, settings: Settings) -> Turns:
    return Turns(settings.lock_folder, store.identity, settings.wait_seconds)


def _source(settings: Settings, recipe: Recipe) -> Source:
    secret, token = settings.oss_access_key_secret, settings.oss_session_token
    oss = OssSource(
        access_key_id=settings.oss_access_key_id,
        access_key_secret=secret.get_secret_value() if secret else None,
        session_token=token.get_secret_value() if token else None,
        endpoint=settings.oss_endpoint,
        region=settings.oss_region,
        default_bucket=settings.oss_bucket,
        max_requests=settings.oss_requests or settings.in_flight,
        bytes_per_second=settings.oss_bytes_per_second,
        process=recipe.oss,
        connect_timeout_seconds=min(CONNECT_SECONDS, settings.source_timeout_seconds),
        read_timeout_seconds=settings.source_timeout_seconds,
        attempts=settings.source_attempts,
    )
    return RoutedSource({"": LocalSource(), "oss": oss})


def _reader(source: Source, recipe: Recipe, settings: Settings) -> PictureReader:
    return PictureReader(
        source,
        recipe,
        max_pixels=settings.max_pixels,
        max_bytes=settings.max_bytes,
        workers=settings.workers,
        in_flight=settings.in_flight,
    )
