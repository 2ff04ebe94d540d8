"""What every store does: bound to memory, Milvus Lite and the server in `testing.test_stores`."""

from testing.contracts.store_reading import ReadingContract
from testing.contracts.store_searching import SearchingContract
from testing.contracts.store_writing import WritingContract


class StoreContract(WritingContract, ReadingContract, SearchingContract):
    """The whole contract; a binding says how to open its store."""
