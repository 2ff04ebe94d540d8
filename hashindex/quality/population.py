"""The pictures that are measured: drawn by lot, each content once, in two halves that never meet."""

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hashindex.errors import InvalidArgumentError
from hashindex.listing import Selection
from hashindex.outcomes import Rejected
from hashindex.quality.looks import VIEWS, Distances, Flags, Hashes
from hashindex.quality.measuring import Measured, Work
from hashindex.quality.processes import Processes
from hashindex.quality.transformations import TRANSFORMATIONS
from hashindex.quality.truth import not_there
from hashindex.reading import PictureReader
from hashindex.records import Picture

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
    ignored: int
    """Files that are not taken for pictures: by their extension, or by the selection."""
    rejected: tuple[Rejected, ...]
    """Pictures that could not be taken, and names in the truth that are not there."""
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
    drawn = _Drawn(truth)
    files = reader.listed([folder], selection, each_ignored=drawn.ignore)
    listed = drawn.lots(files, reader.canonical(folder), seed)
    tasks = [(uri, place < copies_of) for place, (_, uri) in enumerate(heapq.nsmallest(most, listed))]
    work = Work(str(reader.recipe), reader.max_pixels, seed)
    with Processes(workers) as processes:

        def result(task: tuple[str, bool]) -> Measured | Rejected:
            uri, copies = task
            return reader.with_content(
                uri, lambda content: processes.call(work, content.data, uri, copies=copies)
            )

        for one in reader.map(result, tasks):
            each(one)
            drawn.add(one)
    return _population(drawn, seed)


class _Drawn:
    """What became of a folder's pictures."""

    def __init__(self, truth: Mapping[str, str]) -> None:
        self._truth = truth
        self._named: set[str | None] = set()
        self.measured: dict[str, Measured] = {}
        """By digest of the content."""
        self.groups: dict[str, str] = {}
        """Likewise; a content belongs where any of its pictures does."""
        self.rejected: list[Rejected] = []
        self.low_information: list[str] = []
        self.found = self.ignored = self.repeated = 0

    def ignore(self) -> None:
        """Count a file that is passed over."""
        self.ignored += 1

    def lots(self, listed: Iterable[Picture | Rejected], root: str, seed: int) -> Iterator[tuple[int, str]]:
        """Yield pictures by lots that do not depend on where the folder lies, then account for the truth."""
        for item in listed:
            if item.uri in self._truth:
                self._named.add(item.uri)
            if isinstance(item, Rejected):
                self.rejected.append(item)
            else:
                self.found += 1
                yield _lot(seed, item.uri.removeprefix(root).lstrip("/")), item.uri
        self.rejected += not_there(self._truth, self._named)

    def add(self, one: Measured | Rejected) -> None:
        """Account for a picture; InvalidArgumentError where the truth contradicts what is equal."""
        if isinstance(one, Rejected):
            self.rejected.append(one)
        elif not one.usable[0]:
            self.low_information.append(one.uri)
        else:
            group = self._truth.get(one.uri)
            if group is not None and self.groups.setdefault(one.content_digest, group) != group:
                raise InvalidArgumentError(
                    f"the truth puts {one.uri} into group {group}, but a picture of the same content into "
                    f"group {self.groups[one.content_digest]}."
                )
            self.repeated += one.content_digest in self.measured
            self.measured.setdefault(one.content_digest, one)


def _population(drawn: _Drawn, seed: int) -> Population:
    measured = [drawn.measured[digest] for digest in sorted(drawn.measured)]  # the same wherever they lie
    digests = [one.content_digest for one in measured]
    names = [f"group {drawn.groups[each]}" if each in drawn.groups else each for each in digests]
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
        found=drawn.found,
        ignored=drawn.ignored,
        rejected=tuple(drawn.rejected),
        repeated=drawn.repeated,
        low_information=tuple(drawn.low_information),
    )


def _lot(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest(), "big")
