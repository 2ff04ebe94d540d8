"""The port behind which hashes live, and the checks that every adapter makes before it writes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import (
    HASH_BYTES,
    MAX_DIGEST_BYTES,
    MAX_URI_BYTES,
    MAX_VERSION_BYTES,
    Candidates,
    Entry,
    Origin,
    Scope,
    StoreInfo,
)

WRITE_BATCH = 5_000
"""Most entries in one call to a store: where Milvus is fastest, and far below its 64 MB message limit."""

MAX_COPIES = 100
"""Most exact copies that a store is asked for."""

_DIGEST = re.compile("[0-9a-f]{32}")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Store(Protocol):
    """One collection of entries. Methods may be called from several threads at once.

    What a write has returned from is on disk (Lite) or acknowledged by the server, and is seen by every
    read that follows. Errors are `hashindex.errors.StoreError`.
    """

    @property
    def origin(self) -> Origin:
        """How the collection was made; no I/O."""

    @property
    def created(self) -> bool:
        """Whether opening it made it; no I/O."""

    @property
    def identity(self) -> str:
        """What this collection and no other is known by, however it was named to open it; no I/O."""

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Write entries, each replacing the one of the same key whole; any number, all keys different."""

    def search(
        self, hashes: Sequence[bytes], scope: Scope, *, radius: int, limit: int, exhaustive: bool = False
    ) -> list[Candidates]:
        """Return, for each hash in order, the `limit` nearest entries within `radius` bits of it."""

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Entry]:
        """Return the entries that exist among `keys`."""

    def copies(self, content_digest: str, scope: Scope) -> Sequence[Entry]:
        """Return entries of pictures with these very bytes, `MAX_COPIES` at most, in no particular order."""

    def delete(self, keys: Sequence[Key]) -> int:
        """Remove entries; return how many there were. Keys that do not exist are no error."""

    def delete_company(self, company_id: int) -> int:
        """Remove all entries of a company; return how many there were."""

    def count(self, scope: Scope) -> int:
        """Return how many entries there are."""

    def scan(self, scope: Scope) -> Iterator[Sequence[Entry]]:
        """Yield every entry once, in batches, in no particular order and in bounded memory."""

    def info(self) -> StoreInfo:
        """Say what the collection holds and how it was made."""

    def close(self) -> None:
        """Give back connections and processes; the store is not used afterwards."""


def check_batch(entries: Sequence[Entry]) -> None:
    """Refuse what Milvus would take without a word: wrong lengths, over-long texts, a key twice in a call."""
    for entry in entries:
        check_entry(entry)
    if len({entry.key for entry in entries}) != len(entries):
        raise InvalidArgumentError("a key stands twice in one call; which entry should win is not said.")


def check_entry(entry: Entry) -> None:
    """Refuse an entry that Milvus would cut, or that would not come back as it was."""
    picture, prints = entry.picture, entry.picture.fingerprint
    hashes = (prints.ahash, prints.phash, prints.dhash)
    if any(value is not None and len(value) != HASH_BYTES for value in hashes):
        raise InvalidArgumentError(f"entry {entry.key} has a hash that is not {HASH_BYTES} bytes long.")
    if picture.is_bare == bool(picture.content_digest):  # by which a row says whether it is bare
        raise InvalidArgumentError(
            f"entry {entry.key} has a content digest without confirming hashes, or them without it."
        )
    for name, text, most in (
        ("uri", picture.uri, MAX_URI_BYTES),
        ("content_digest", picture.content_digest, MAX_DIGEST_BYTES),
        ("source_version", picture.source_version, MAX_VERSION_BYTES),
    ):
        if len(text.encode(errors="surrogatepass")) > most:
            raise InvalidArgumentError(f"entry {entry.key} has a {name} of more than {most} bytes.")
        if not text.isascii() and _SURROGATE.search(text):
            raise InvalidArgumentError(f"entry {entry.key} has a {name} that UTF-8 cannot express.")


def check_digest(content_digest: str) -> None:
    """Refuse what is no digest: it becomes a part of a filter."""
    if not _DIGEST.fullmatch(content_digest):
        raise InvalidArgumentError("a content digest is 32 hex digits in lower case.")


def check_hashes(hashes: Sequence[bytes]) -> None:
    """Refuse query hashes that are not 64 bits long."""
    if any(len(value) != HASH_BYTES for value in hashes):
        raise InvalidArgumentError(f"a query hash is not {HASH_BYTES} bytes long.")
