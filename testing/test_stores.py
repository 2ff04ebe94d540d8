"""The store contract, bound to every store."""

import tempfile
from pathlib import Path
from typing import ClassVar

from hashindex.store.interface import Store
from hashindex.store.lite import open_lite
from hashindex.store.memory import MemoryStore
from testing.contracts import store as contracts
from testing.making import ORIGIN
from testing.on_server import fresh_name, opened


class TestMemoryStore(contracts.StoreContract):
    @classmethod
    def open_store(cls) -> Store:
        return MemoryStore(ORIGIN)


class TestLiteStore(contracts.StoreContract):
    @classmethod
    def open_store(cls) -> Store:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        return open_lite(str(Path(folder.name) / "index.db"), "image_hash", create=ORIGIN, index_type="auto")


class OnServer(contracts.StoreContract):
    name: ClassVar[str]
    index_type: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.name = fresh_name(cls)
        super().setUpClass()

    @classmethod
    def open_store(cls) -> Store:
        return opened(cls, cls.name, index_type=cls.index_type, expect=100_000)


class TestServerStoreWithIvf(OnServer):
    index_type = "BIN_IVF_FLAT"


class TestServerStoreWithFlat(OnServer):
    index_type = "BIN_FLAT"


del OnServer  # it is no test
