"""What a writer writes, known beforehand from a seed alone, and what must be found of it afterwards."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from hashindex.keys import MAX_ID, Key
from hashindex.records import Entry, Fingerprint, HashedPicture
from testing.nasty import TEXTS

COMPANIES = (0, 42, MAX_ID)

IDS_PER_BATCH = 10_000
"""Each batch of new rows has meta_ids of its own, from this many times its number on."""

LARGEST_BATCH = 1_500


@dataclass(frozen=True)
class Plan:
    """A collection that holds `base_rows` entries of version 0, and the numbered batches written to it."""

    seed: int
    replacing: bool
    """Whether batches replace the entries that are there, or add new ones."""
    base_rows: int

    @cached_property
    def base(self) -> list[Entry]:
        """What is there before: the same for every seed."""
        return [entry(Key(COMPANIES[i % len(COMPANIES)], MAX_ID - i), 0) for i in range(self.base_rows)]

    def batch(self, number: int) -> list[Entry]:
        """Return a batch; number 0 is the first."""
        chance = random.Random(f"{self.seed}:{number}")
        if self.replacing:
            chosen = chance.sample(self.base, chance.randint(1, min(LARGEST_BATCH, self.base_rows)))
            return [entry(old.key, number + 1) for old in chosen]
        first = number * IDS_PER_BATCH
        return [
            entry(Key(chance.choice(COMPANIES), first + i), number + 1)
            for i in range(chance.randint(1, LARGEST_BATCH))
        ]

    def after(self, batches: int) -> dict[Key, Entry]:
        """Return what the collection holds when so many batches have been written."""
        held = {old.key: old for old in self.base}
        for number in range(batches):
            held.update((new.key, new) for new in self.batch(number))
        return held


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a plan."""

    rows: int
    under_way: str
    """What became of the batch that was not acknowledged: `new`, `old`, or `mixed`, which is a fault."""
    faults: tuple[str, ...]


def judge(plan: Plan, acknowledged: int, found: Iterable[Entry]) -> Verdict:
    """Compare what is found with what was acknowledged.

    The batch after the last acknowledged one may be there whole or not at all; its keys keep their old
    content then.
    """
    entries = list(found)
    held = {item.key: item for item in entries}
    expected = plan.after(acknowledged)
    new = {item.key: item for item in plan.batch(acknowledged)}
    settled = expected.keys() - new.keys()
    lost = sorted(key for key in expected if key not in held)
    other = sorted(key for key in settled if key in held and held[key] != expected[key])
    strange = sorted(key for key in held if key not in expected and key not in new)
    twice = sorted(key for key, times in Counter(item.key for item in entries).items() if times > 1)
    as_new = sum(held.get(key) == item for key, item in new.items())
    as_old = sum(held.get(key) == expected.get(key) for key in new)
    faults = [
        f"{len(keys)} {what}, the first {keys[0]}"
        for keys, what in (
            (lost, "entries that were there are missing"),
            (other, "entries do not have their last acknowledged content"),
            (strange, "entries are there that nobody wrote"),
            (twice, "keys stand there twice"),
        )
        if keys
    ]
    under_way = "new" if as_new == len(new) else "old" if as_old == len(new) else "mixed"
    if under_way == "mixed":
        faults.append(
            f"of the {len(new)} entries of batch {acknowledged}, which was not acknowledged, {as_new} have "
            f"new content and {as_old} are as before"
        )
    return Verdict(len(entries), under_way, tuple(faults))


def entry(key: Key, version: int) -> Entry:
    """Return an entry whose every field follows from its key and version; its URI holds a nasty text."""
    digest = hashlib.blake2b(f"{key} {version}".encode(), digest_size=48).digest()
    numbers = [int.from_bytes(digest[i : i + 2], "big") for i in range(40, 48, 2)]
    return Entry(
        key,
        HashedPicture(
            uri=f"oss://bucket/{key}/{version}/{TEXTS[digest[0] % len(TEXTS)]}",
            fingerprint=Fingerprint(
                ahash=digest[:8], phash=digest[8:16], dhash=digest[16:24], contrast=numbers[0] / 256
            ),
            content_digest=digest[24:40].hex(),
            source_version=f"{version}-{numbers[1]}",
            width=numbers[1],
            height=numbers[2],
            file_size=numbers[3],
            upload_time=version,
        ),
        indexed_time=version,
    )
