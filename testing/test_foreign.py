"""Collections that hashindex did not make: every row an entry or a reject, whatever their primary keys."""

import tempfile
import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar
from unittest import TestCase, mock

from hashindex.errors import (
    ConfigurationError,
    HashIndexError,
    IndexMismatchError,
    IndexNotFoundError,
    StoreError,
    StoreUnavailableError,
)
from hashindex.outcomes import Incoming, Reject
from hashindex.store import foreign
from hashindex.store.collection import description_of
from hashindex.store.foreign import ForeignCollection, opened_foreign
from hashindex.store.lite_opening import connected
from hashindex.store.lite_process import LiteProcess
from testing import on_server
from testing.foreign import make, rows
from testing.making import ORIGIN, bits

ODD_KEYS = ('a"b', "a'b", "a\\b", 'a\\"c', "", " ", "z", "Z", "é", "图", "x%", "x_", "{y}", "1 or 1==1")
MIN_INT64 = -(2**63)
PAGE = 4


class ForeignContract(TestCase):
    """Collections made once for the class by a bare client, and read by ours."""

    prefix: ClassVar[str]

    @classmethod
    def make_all(cls, client: Any) -> None:
        cls.prefix = f"f{uuid.uuid4().hex[:10]}"
        made = rows(14)
        make(client, cls.name("plain"), made, loaded=False)
        named = [{**row, "name": key} for row, key in zip(made, ODD_KEYS, strict=True)]
        make(client, cls.name("named"), named, primary="name", auto=False, text=True, loaded=False)

    @classmethod
    def name(cls, which: str) -> str:
        return f"{cls.prefix}_{which}"

    def opened(self, which: str, company_id: int | None = None) -> AbstractContextManager[ForeignCollection]:
        raise NotImplementedError

    def read(self, which: str, company_id: int | None = None) -> list[Incoming | Reject]:
        with self.opened(which, company_id) as found, mock.patch.object(foreign, "SCAN_BATCH", PAGE):
            return list(found)

    def assert_all(self, which: str) -> None:
        found = {
            (item.entry.key.company_id, item.entry.key.meta_id): item.entry.picture
            for item in self.read(which)
            if isinstance(item, Incoming)
        }
        self.assertEqual(
            {key: picture.fingerprint.ahash for key, picture in found.items()},
            {(row["company_id"], row["meta_id"]): row["image_vector"] for row in rows(14)},
        )
        self.assertTrue(all(picture.is_bare for picture in found.values()))

    def test_every_row_by_an_automatic_id(self) -> None:
        self.assert_all("plain")

    def test_every_row_by_texts_that_expressions_understand(self) -> None:
        self.assert_all("named")


class TestOnLite(ForeignContract):
    file: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve()
        cls.file = folder / "foreign.db"
        process = LiteProcess(cls.file, 0)
        client = connected(process)
        try:
            cls.make_all(client)
            cls.make_odd(client)
        finally:
            client.close()
            process.stop()

    @classmethod
    def make_odd(cls, client: Any) -> None:
        made = rows(14)
        make(client, cls.name("empty"), [])
        ids = [MIN_INT64, -7, 2**63 - 1, 0, *range(10, 20)]
        numbered = [{**row, "number": key} for row, key in zip(made, ids, strict=True)]
        make(client, cls.name("numbered"), numbered, primary="number", auto=False)
        line = [{**row, "name": f"\n{i}"} for i, row in enumerate(made)]
        make(client, cls.name("lines"), line, primary="name", auto=False, text=True)
        wrong = [{**made[0], "meta_id": -1}, {**made[0], "company_id": -5}, made[1]]
        make(client, cls.name("wrong"), wrong)
        make(client, cls.name("own"), [{"meta_id": 1, "image_vector": bits(1)}], numbers=("meta_id",))
        make(client, cls.name("other"), [], vector="vector", numbers=())
        make(client, cls.name("wide"), [], dim=128)
        make(client, cls.name("ours"), [], description=description_of(ORIGIN))

    def opened(self, which: str, company_id: int | None = None) -> AbstractContextManager[ForeignCollection]:
        return opened_foreign(str(self.file), self.name(which), token="", ca_file=None, company_id=company_id)

    def refused(self, kind: type[HashIndexError], pattern: str, which: str) -> None:
        with self.assertRaisesRegex(kind, pattern), self.opened(which):
            pass

    def test_every_row_by_numbers_at_the_limits(self) -> None:
        self.assert_all("numbered")

    def test_nothing(self) -> None:
        self.assertEqual(self.read("empty"), [])

    def test_rows_out_of_range_are_rejects_that_name_them(self) -> None:
        found = self.read("wrong")
        rejects = [item for item in found if isinstance(item, Reject)]
        self.assertEqual(len(found), 3)
        self.assertEqual([item.rejected.reason.value for item in rejects], ["bad_key"] * 2)
        self.assertEqual([(item.company_id, item.meta_id) for item in rejects], [(0, None), (None, 0)])
        self.assertRegex(rejects[0].rejected.detail, r"^the row with id \d+: meta_id is -1, but must lie ")

    def test_a_company_for_rows_that_have_none(self) -> None:
        (item,) = self.read("own", company_id=8)
        assert isinstance(item, Incoming)
        self.assertEqual(str(item.entry.key), "8:1")
        self.refused(IndexMismatchError, r"has no field company_id; .*\(or give --company-id\)", "own")

    def test_what_is_no_such_collection(self) -> None:
        self.refused(IndexNotFoundError, "has no collection .*; name another with --from-collection", "none")
        self.refused(
            IndexMismatchError, "has no field meta_id and no company_id and no image_vector", "other"
        )
        self.refused(IndexMismatchError, "image_vector that is no binary vector of 64 bits", "wide")
        self.refused(IndexMismatchError, "`hashindex copy` moves it whole", "ours")

    def test_a_key_that_cannot_be_asked_for_is_said(self) -> None:
        with self.assertRaisesRegex(StoreError, "holds control characters"):
            self.read("lines")

    def test_rows_that_do_not_come_are_missed(self) -> None:
        with (
            self.opened("plain") as found,
            mock.patch.object(ForeignCollection, "_page", side_effect=[[{"id": 1, **rows(1)[0]}], []]),
            self.assertRaisesRegex(StoreError, "gave 1 of 14 rows"),
        ):
            list(found)
        with (
            self.opened("plain") as found,
            mock.patch.object(ForeignCollection, "_page", return_value=[{"id": 1, **rows(1)[0]}]),
            self.assertRaisesRegex(StoreError, "out of order"),
        ):
            list(found)

    def test_rows_that_lite_did_not_load_are_missed(self) -> None:
        with mock.patch.object(ForeignCollection, "__len__", return_value=13):
            self.refused(StoreUnavailableError, "loaded 13 of 14 rows of .* has the file locked", "plain")

    def test_a_vector_of_another_length_is_a_reject(self) -> None:
        row = {"id": 1, **rows(1)[0], "image_vector": [b"7 bytes"]}
        with (
            self.opened("plain") as found,
            mock.patch.object(ForeignCollection, "_page", side_effect=[[row], []]),
        ):
            item = next(iter(found))
        assert isinstance(item, Reject)
        self.assertEqual(item.rejected.detail, "the row with id 1: its image_vector has 7 bytes, not 8")

    def test_a_file_that_is_not_there_or_is_no_file(self) -> None:
        for name, kind in (("none.db", IndexNotFoundError), ("a.sqlite", ConfigurationError)):
            with (
                self.assertRaises(kind),
                opened_foreign(str(self.file.with_name(name)), "c", token="", ca_file=None, company_id=None),
            ):
                pass
        self.assertFalse(self.file.with_name("none.db").exists())


class TestOnServer(ForeignContract):
    client: ClassVar[Any]

    @classmethod
    def setUpClass(cls) -> None:
        on_server.server()
        cls.client = on_server.client()
        cls.addClassCleanup(cls.client.close)
        cls.make_all(cls.client)
        cls.addClassCleanup(cls.drop_all)

    @classmethod
    def drop_all(cls) -> None:
        for name in cls.client.list_collections():
            if name.startswith(cls.prefix):
                cls.client.drop_collection(name)

    def opened(self, which: str, company_id: int | None = None) -> AbstractContextManager[ForeignCollection]:
        server = on_server.server()
        return opened_foreign(
            server.uri, self.name(which), token=server.token, ca_file=None, company_id=company_id
        )

    def test_every_row_by_an_automatic_id(self) -> None:
        self.assertEqual(self.state("plain"), "NotLoad")
        super().test_every_row_by_an_automatic_id()
        self.assertEqual(self.state("plain"), "NotLoad")  # again, as it was found

    def test_a_collection_that_cannot_be_loaded(self) -> None:
        make(self.client, self.name("bare"), [], indexed=False, loaded=False)
        with self.assertRaisesRegex(IndexMismatchError, "has no index, so its server"), self.opened("bare"):
            pass

    def state(self, which: str) -> str:
        return str(self.client.get_load_state(self.name(which))["state"])


del ForeignContract  # it is no test
