"""The pictures that are measured: drawn by lot, each content once, in two halves that never meet."""

import hashlib
import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hashindex.listing import Selection
from hashindex.quality.looks import VIEWS, Distances, Flags, Hashes
from hashindex.quality.measuring import Measured, Work
from hashindex.quality.processes import Processes
from hashindex.quality.transformations import TRANSFORMATIONS
from hashindex.reading import PictureReader
from hashindex.records import Rejected

Each = Callable[[Measured | Rejected], object]
"""Called with what became of each picture, as it is known."""


class Part(IntEnum):
    """Which half a picture is in, or a pair."""

    TUNING = 0
    HELD_OUT = 1
    ACROSS = 2
    """Of a pair: one picture of each half. It counts for neither."""


HALVES = (Part.TUNING, Part.HELD_OUT)


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Pictures of different content that say enough to be compared."""

    uris: tuple[str, ...]
    hashes: Hashes
    """(pictures, VIEWS, 3)"""
    usable: Flags
    """(pictures, VIEWS)"""
    groups: npt.NDArray[np.int64]
    """Pictures with the same number belong together."""
    halves: npt.NDArray[np.int8]
    """`Part.TUNING` or `Part.HELD_OUT`."""
    copied: npt.NDArray[np.int64]
    """Which of them copies were made of."""
    copies: Distances
    """(copied, transformations, VIEWS, 3)"""
    found: int
    """Pictures in the folder, before the lot."""
    rejected: tuple[Rejected, ...]
    repeated: int
    """Pictures left out because another has the same content."""
    low_information: tuple[str, ...]
    """Pictures left out because they say too little to be told from others."""

    def copies_in(self, half: Part) -> Distances:
        """Return the distances of the copies of one half's pictures."""
        return np.asarray(self.copies[self.halves[self.copied] == half])


def draw(
    reader: PictureReader,
    folder: str,
    selection: Selection,
    truth: Mapping[str, str],
    *,
    most: int,
    copies_of: int,
    seed: int,
    workers: int,
    each: Each,
) -> Population:
    """Measure up to `most` of a folder's pictures, and the copies of up to `copies_of` of these."""
    root = reader.canonical(folder)
    rejected: list[Rejected] = []
    found = 0

    def listed() -> Iterator[tuple[int, str]]:
        """Yield lots that do not depend on where the folder lies."""
        nonlocal found
        for item in reader.listed([folder], selection):
            if isinstance(item, Rejected):
                rejected.append(item)
            else:
                found += 1
                yield _lot(seed, item.uri.removeprefix(root)), item.uri

    tasks = [(uri, place < copies_of) for place, (_, uri) in enumerate(heapq.nsmallest(most, listed()))]
    measured: dict[str, Measured] = {}
    low, repeated = [], 0
    work = Work(str(reader.recipe), reader.max_pixels, seed)
    with Processes(workers) as processes:

        def result(task: tuple[str, bool]) -> Measured | Rejected:
            uri, copies = task
            return reader.with_content(
                uri, lambda content: processes.call(work, content.data, uri, copies=copies)
            )

        for one in reader.map(result, tasks):
            each(one)
            if isinstance(one, Rejected):
                rejected.append(one)
            elif not one.usable[0]:
                low.append(one.uri)
            elif one.content_digest in measured:
                repeated += 1
            else:
                measured[one.content_digest] = one
    return _population(
        [measured[digest] for digest in sorted(measured)],  # the same order wherever the pictures lie
        seed,
        truth,
        found=found,
        rejected=tuple(rejected),
        repeated=repeated,
        low_information=tuple(low),
    )


def _population(
    measured: Sequence[Measured],
    seed: int,
    truth: Mapping[str, str],
    *,
    found: int,
    rejected: tuple[Rejected, ...],
    repeated: int,
    low_information: tuple[str, ...],
) -> Population:
    names = [f"group {truth[one.uri]}" if one.uri in truth else one.content_digest for one in measured]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    copied = [place for place, one in enumerate(measured) if one.copies is not None]
    shape = len(TRANSFORMATIONS), len(VIEWS), 3
    return Population(
        uris=tuple(one.uri for one in measured),
        hashes=np.array([one.hashes for one in measured], np.uint64).reshape(-1, len(VIEWS), 3),
        usable=np.array([one.usable for one in measured], np.bool_).reshape(-1, len(VIEWS)),
        groups=np.array([numbers[name] for name in names], np.int64),
        halves=np.array([_lot(seed, name) % 2 for name in names], np.int8),
        copied=np.array(copied, np.int64),
        copies=np.array([measured[place].copies for place in copied], np.uint8).reshape(-1, *shape),
        found=found,
        rejected=rejected,
        repeated=repeated,
        low_information=low_information,
    )


def _lot(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest(), "big")
