"""Collections of our own on the shared Milvus server, dropped when a test class is done."""

import uuid
from functools import cache
from typing import Any
from unittest import TestCase

from hashindex.store.server import ServerStore, open_server
from hashindex.store.vendor import pymilvus
from testing.making import ORIGIN
from testing.milvus_server import MilvusServer, shared_server


def server() -> MilvusServer:
    """Return the shared server; pymilvus is imported by our door first, which leaves logging alone."""
    pymilvus()
    return shared_server()


def fresh_name(case: type[TestCase]) -> str:
    """Return a collection's name that nobody has, and see to it that its collection goes with the class."""
    name = f"{case.__name__}_{uuid.uuid4().hex}"
    case.addClassCleanup(_drop, name)
    return name


def opened(case: type[TestCase], name: str | None = None, **options: Any) -> ServerStore:
    """Open a collection, made if need be, closed with the class; options are those of `open_server`."""
    arguments = {"create": ORIGIN, "token": server().token, "uri": server().uri, **options}
    store = open_server(collection=name or fresh_name(case), **arguments)
    case.addClassCleanup(store.close)
    return store


@cache
def common() -> str:
    """Return the name of a collection for all tests that look at the way to it, and not at what is in it."""
    name = f"common_{uuid.uuid4().hex}"
    open_server(server().uri, name, create=ORIGIN, token=server().token, nlist=64).close()
    return name


def client() -> Any:
    """Return a bare MilvusClient of its own, to be closed by the caller."""
    return pymilvus().MilvusClient(server().uri, token=server().token, dedicated=True)


def _drop(name: str) -> None:
    bare = client()
    bare.drop_alias(name)
    bare.drop_collection(f"{name}_1")  # no error where there is none
    bare.close()
