"""pymilvus, imported without its side effects, and its errors in our words."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from hashindex.errors import StoreError, StoreUnavailableError

_READ_AT_IMPORT = {"MILVUS_URI": "", "MILVUS_CONN_TIMEOUT": "10"}
"""Variables that pymilvus reads when it is imported, and fails over when they are somebody else's."""

_CONFIGURED_AT_IMPORT = ("pymilvus", "pymilvus.milvus_client", "pymilvus.bulk_writer")


@cache
def pymilvus() -> Any:
    """Import it on first use, and take back what that does to the environment and to logging."""
    environment = dict(os.environ)
    loggers = [logging.getLogger(name) for name in _CONFIGURED_AT_IMPORT]
    levels = [logger.level for logger in loggers]
    os.environ.update(_READ_AT_IMPORT)
    try:
        import pymilvus as module
    finally:
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
    for logger, level in zip(loggers, levels, strict=True):
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(level)
    return module


UNREACHABLE = "it cannot be reached; see whether it runs, and whether address and certificates are right."


@contextmanager
def calling(place: str, *, unreachable: str = UNREACHABLE) -> Iterator[None]:
    """Translate what pymilvus and gRPC raise inside into `StoreError`, naming the place."""
    module = pymilvus()
    import grpc  # comes with pymilvus

    try:
        yield
    except (module.exceptions.MilvusException, grpc.RpcError) as exc:
        raise _translated(place, exc, unreachable) from exc


_SAID = (
    (("UNAUTHENTICATED", "auth check failure"), "the token is refused; check HASHINDEX_MILVUS_TOKEN."),
    (("DEADLINE_EXCEEDED",), "no answer in time; see whether it is overloaded, and run again."),
    (
        ("collection not loaded", "loading collection timeout"),
        "the collection is still being loaded; wait a little, and run again.",
    ),
)

_UNREACHABLE_PHRASES = ("UNAVAILABLE", "Fail connecting", "should create connection first", "closed channel")
"""What the causes of a failed call have in common, most telling first, and what we make of it."""


def _translated(place: str, exc: BaseException, unreachable: str) -> StoreError:
    texts = list(_texts(exc))
    for phrases, sentence in (*_SAID, (_UNREACHABLE_PHRASES, unreachable)):
        if any(phrase in text for phrase in phrases for text in texts):
            return StoreUnavailableError(f"{place}: {sentence}")
    return StoreError(f"{place}: Milvus said: {texts[0]}")


def _texts(exc: BaseException | None) -> Iterator[str]:
    """Yield what an error and its causes say; pymilvus hides gRPC's status codes several causes deep."""
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        yield " ".join(str(getattr(exc, "message", "") or exc).split())
        code = getattr(exc, "code", None)
        if callable(code):
            yield str(code())
        exc = exc.__cause__ or exc.__context__
