"""The same operations on memory, Milvus Lite and the server: no difference, and no leak between companies.

HASHINDEX_EXAMPLES says how many runs of operations; `make campaign` sets it higher than `make test`.
"""

import os
import tempfile
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from hashindex.keys import Key
from hashindex.records import Candidate, Entry, Scope
from hashindex.store.interface import Store
from hashindex.store.lite import open_lite
from hashindex.store.memory import MemoryStore
from testing.making import ORIGIN
from testing.on_server import opened
from testing.property.entries import entries, near_hashes

EXAMPLES = os.environ.get("HASHINDEX_EXAMPLES")

COMPANIES = (0, 1, 10, 2**63 - 1)
METAS = (0, 1, 10, 11, 2**63 - 1)

companies = st.sampled_from(COMPANIES)
keys = st.builds(Key, companies, st.sampled_from(METAS))
scopes = st.one_of(st.just(Scope.ALL), companies.map(Scope.company))
batches = st.lists(
    entries(companies, st.sampled_from(METAS)), min_size=1, max_size=8, unique_by=lambda item: item.key
)


class StoreMachine(RuleBasedStateMachine):
    """A dict of entries is what all stores must agree with."""

    stores: ClassVar[dict[str, Store]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.expected: dict[Key, Entry] = {}
        self.written: set[Key] = set()

    @rule(items=batches)
    def upsert(self, items: list[Entry]) -> None:
        for store in self.stores.values():
            store.upsert(items)
        self.expected.update((item.key, item) for item in items)
        self.written.update(item.key for item in items)

    @precondition(lambda self: self.written)
    @rule(asked=st.lists(keys, max_size=4))
    def delete(self, asked: list[Key]) -> None:
        there = len(self.expected.keys() & set(asked))
        for name, store in self.stores.items():
            assert store.delete(asked) == there, name
        for key in asked:
            self.expected.pop(key, None)

    @precondition(lambda self: self.written)
    @rule(company=companies)
    def delete_company(self, company: int) -> None:
        there = [key for key in self.expected if key.company_id == company]
        for name, store in self.stores.items():
            assert store.delete_company(company) == len(there), name
        for key in there:
            del self.expected[key]

    @precondition(lambda self: self.written)
    @rule(asked=st.lists(keys, min_size=1, max_size=20))
    def get(self, asked: list[Key]) -> None:
        there = {key: self.expected[key] for key in asked if key in self.expected}
        for name, store in self.stores.items():
            assert store.get(asked) == there, name

    @precondition(lambda self: self.written)
    @rule(scope=scopes)
    def scan_and_count(self, scope: Scope) -> None:
        there = {key: item for key, item in self.expected.items() if key in scope}
        for name, store in self.stores.items():
            found = [item for some in store.scan(scope) for item in some]
            assert {item.key: item for item in found} == there, name
            assert len(found) == store.count(scope) == len(there), name

    @precondition(lambda self: self.written)
    @rule(
        queries=st.lists(near_hashes, min_size=1, max_size=4),
        scope=scopes,
        radius=st.sampled_from((0, 1, 4, 8, 64)),
        limit=st.sampled_from((1, 3, 100)),
    )
    def search(self, queries: list[bytes], scope: Scope, radius: int, limit: int) -> None:
        oracle = self.stores["memory"].search(queries, scope, radius=radius, limit=limit)
        for name, store in self.stores.items():
            answers = store.search(queries, scope, radius=radius, limit=limit)
            assert len(answers) == len(queries), name
            for found, right in zip(answers, oracle, strict=True):
                self._see(name, found.found, scope)
                assert found.exhaustive, name
                assert found.truncated == right.truncated, name
                if right.truncated:  # which of the farthest come is the engine's choice
                    assert [hit.distance for hit in found.found] == [hit.distance for hit in right.found], (
                        name
                    )
                else:
                    assert found.found == right.found, name

    def _see(self, name: str, hits: tuple[Candidate, ...], scope: Scope) -> None:
        for hit in hits:
            assert hit.key in scope, f"{name} gave {hit.key} to {scope}"
            picture = self.expected[hit.key].picture
            assert (hit.uri, hit.content_digest) == (picture.uri, picture.content_digest), name

    def teardown(self) -> None:
        for store in self.stores.values():
            store.delete(sorted(self.written))


class TestStoresAgree(StoreMachine.TestCase):  # type: ignore[misc,valid-type]  # typed as a value
    settings = settings(
        max_examples=int(EXAMPLES or 7),
        stateful_step_count=12 if EXAMPLES is None else 50,
        derandomize=EXAMPLES is None,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        file = str(Path(folder.name) / "index.db")
        StoreMachine.stores = {
            "memory": MemoryStore(ORIGIN),
            "lite": open_lite(file, "image_hash", create=ORIGIN, index_type="auto"),
            "server": opened(cls),
        }
        cls.addClassCleanup(StoreMachine.stores["lite"].close)
