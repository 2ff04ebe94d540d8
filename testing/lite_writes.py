"""Writes to Milvus Lite for tests: ten old entries, ten new ones of which five replace, and what is said."""

from collections.abc import Callable

from hashindex.errors import StoreError
from hashindex.keys import Key
from hashindex.store.journal import Journal
from hashindex.store.lite import LiteStore
from testing.lite_files import LiteCase
from testing.making import entry

OLD = {Key(1, meta_id): "old" for meta_id in range(10)}
NEW = {Key(1, meta_id): "new" for meta_id in range(5, 15)}


class WriteCase(LiteCase):
    def setUp(self) -> None:
        super().setUp()
        self.journal = Journal(self.folder / "index.db.journal")

    def put(self, store: LiteStore, uris: dict[Key, str]) -> None:
        store.upsert([entry(key.company_id, key.meta_id, uri=uri) for key, uri in uris.items()])

    def says(self, kind: type[StoreError], sentence: str, call: Callable[[], object]) -> None:
        with self.assertRaises(StoreError) as caught:
            call()
        self.assertEqual(str(caught.exception), sentence)
        self.assertIs(type(caught.exception), kind)

    def not_persisted(self) -> str:
        return (
            f"{self.file}: Milvus Lite did not write all rows, because another program has the file locked "
            "or the disk is full; mend that and run again."
        )
