"""Sync: make the entries whose URI lies under a folder or prefix equal to what that now holds."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import TypeVar

from hashindex.difference import Counts, Difference, Known, Listed
from hashindex.errors import InvalidArgumentError, TooManyVanishedError
from hashindex.insert import Insert
from hashindex.keys import Key, MetaIdFrom, meta_id_from_uri
from hashindex.listing import EVERY_PICTURE, Selection, keyed
from hashindex.opened import Opened
from hashindex.outcomes import Ignored, Reason, Reject, Rejected, Removed, SyncReport, Taken, Wanted
from hashindex.records import Entry, Picture, Scope
from hashindex.store.interface import WRITE_BATCH
from hashindex.tally import tally

MAX_VANISHED = 0.2
"""Largest part of the entries under a source that goes without being confirmed. More is rather a disk that is
not mounted, or a wrong name, than pictures that were deleted."""

T = TypeVar("T")
EachSynced = Callable[[Taken | Reject | Removed], object]


class Action(StrEnum):
    """What a sync does to an entry."""

    REMOVE = "remove"
    UPDATE = "update"
    INSERT = "insert"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is to be done."""

    action: Action
    key: Key
    uri: str


@dataclass(frozen=True, slots=True)
class Sync:
    """The use case, for one company."""

    opened: Opened
    company_id: int
    meta_id_from: MetaIdFrom = meta_id_from_uri
    """Makes the keys of what is new; entries keep the keys that they have."""
    selection: Selection = EVERY_PICTURE
    """What is taken of what is new; entries are kept true whatever they are called."""
    refresh: bool = False
    """Read pictures again whose version has not changed."""

    @contextmanager
    def compare(self, folder: str, each_found: Callable[[], object] = lambda: None) -> Iterator["Comparison"]:
        """Give what a folder or prefix and the entries under it do not have in common; changes nothing.

        `each_found` is called for each entry and for all that is listed. InvalidArgumentError when what is
        named is neither folder nor prefix.
        """
        began = time.monotonic()
        uri = self.opened.source.canonical(folder)
        if not self.opened.source.is_folder(uri):
            raise InvalidArgumentError(
                f"{uri} is no folder that can be found, and no oss:// prefix with a / at its end, so nothing "
                "was changed."
            )
        unlisted: list[Rejected] = []
        with Difference(every=self.refresh) as difference:
            under = self._entries(uri if uri.endswith("/") else f"{uri}/")
            # The entries first: what is inserted by others from here on is not taken for vanished.
            difference.add_entries(_counted(under, each_found))
            difference.add_listed(_counted(self._listed(uri, unlisted), each_found))
            unlisted += map(_unseen, difference.unseen())
            yield Comparison(self, uri, difference, difference.counts(), tuple(unlisted), began)

    def _entries(self, prefix: str) -> Iterator[Known]:
        for batch in self.opened.store.scan(Scope.company(self.company_id)):
            for entry in batch:
                uri = entry.picture.uri
                if uri.startswith(prefix) and not uri.endswith("/"):  # OSS's folders, which no walk lists
                    yield _known(entry)

    def _listed(self, uri: str, unlisted: list[Rejected]) -> Iterator[Listed]:
        for found in self.opened.source.walk(uri):
            if isinstance(found, Rejected):
                unlisted.append(found)
            else:
                is_taken = self.selection.admits(found.uri)
                yield Listed(found.uri, found.version, is_taken, self._meta_id(found.uri))

    def _meta_id(self, uri: str) -> int | None:
        with suppress(InvalidArgumentError):
            return self.meta_id_from(uri)
        return None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sync found, to be looked at and applied; good until its `with` block ends."""

    sync: Sync
    uri: str
    difference: Difference
    counts: Counts
    unlisted: tuple[Rejected, ...]
    """The parts that could not be listed. With any, nothing is removed: what is missing may be there."""
    began: float

    @property
    def to_remove(self) -> int:
        """How many entries go."""
        return 0 if self.unlisted else self.counts.vanished

    @property
    def to_do(self) -> int:
        """How many outcomes there will be."""
        return len(self.unlisted) + self.counts.new + self.counts.changed + self.to_remove

    @property
    def needs_confirmation(self) -> bool:
        """Whether more goes than `MAX_VANISHED` lets go."""
        return self.to_remove > MAX_VANISHED * self.counts.entries

    def steps(self) -> Iterator[Step | Reject]:
        """Yield what is to be done; a `Reject` for what cannot be listed, or can have no key."""
        yield from self._unlisted()
        vanished = self.difference.vanished() if self.to_remove else ()
        yield from (Step(Action.REMOVE, self._key(entry), entry.uri) for entry in vanished)
        yield from (Step(Action.UPDATE, item.key, item.picture.uri) for item in self._changed())
        for item in self._new():
            if isinstance(item, Wanted):
                yield Step(Action.INSERT, item.key, item.picture.uri)
            elif isinstance(item, Reject):
                yield item

    def report(self, done: Counter[str], first_rejects: tuple[Reject, ...] = ()) -> SyncReport:
        """Return the report of what was done, or would be, together with all that stays as it is."""
        unchanged = self.counts.entries - self.counts.changed - self.counts.vanished
        return SyncReport(
            **(done + Counter(skipped=unchanged, ignored=self.counts.ignored)),
            incomplete=bool(self.unlisted),
            seconds=round(time.monotonic() - self.began, 3),
            first_rejects=first_rejects,
        )

    def check(self, *, remove_many: bool) -> None:
        """Raise TooManyVanishedError where more goes than `MAX_VANISHED`, unless that is confirmed."""
        if self.needs_confirmation and not remove_many:
            raise TooManyVanishedError(
                f"{self.to_remove} of the {self.counts.entries} entries under {self.uri} have vanished, more "
                f"than {MAX_VANISHED:.0%}, so nothing was changed; look with --dry-run, and say --yes if "
                "that is right."
            )

    def apply(self, *, remove_many: bool = False, each: EachSynced | None = None) -> SyncReport:
        """Do it. When it is broken off anywhere, another sync does the rest.

        Args:
            remove_many: Let more than `MAX_VANISHED` of the entries go; else that is TooManyVanishedError.
            each: Called with what became of each, once it is so; not for what is ignored, or is unchanged.

        """
        self.check(remove_many=remove_many)
        with closing(self._outcomes()) as outcomes:
            return self.report(*tally(outcomes, each))

    def _outcomes(self) -> Generator[Taken | Reject | Removed, None, None]:
        """Insert before removing, so that a picture that was moved has an entry at every moment."""
        sync, difference = self.sync, self.difference
        yield from self._unlisted()
        if self.to_remove:
            yield from self._remove(difference.in_the_way())
        insert = Insert(sync.opened, refresh=sync.refresh)
        with closing(insert.run(chain(self._changed(), self._new()))) as outcomes:
            yield from (item for item in outcomes if not isinstance(item, Ignored))
        if self.to_remove:
            yield from self._remove(difference.vanished())

    def _remove(self, vanished: Iterator[Known]) -> Iterator[Removed]:
        while some := list(islice(vanished, WRITE_BATCH)):
            with self.sync.opened.turns.of([self.sync.company_id]):
                found = self.sync.opened.store.get([self._key(entry) for entry in some])
                # What stands in its place by now, of this sync or of others, tells of something else.
                same = [
                    key
                    for entry in some
                    if (key := self._key(entry)) in found and _known(found[key]) == entry
                ]
                self.sync.opened.store.delete(same)
            yield from (Removed(key, found[key].picture.uri) for key in same)

    def _unlisted(self) -> Iterator[Reject]:
        return (Reject(part, self.sync.company_id) for part in self.unlisted)

    def _changed(self) -> Iterator[Wanted]:
        changed = self.difference.changed()
        return (Wanted(self._key(entry), Picture(entry.uri, entry.version)) for entry in changed)

    def _new(self) -> Iterator[Wanted | Reject | Ignored]:
        return keyed(self.difference.new(), self.sync.company_id, self.sync.meta_id_from)

    def _key(self, entry: Known) -> Key:
        return Key(self.sync.company_id, entry.meta_id)


def _counted(items: Iterable[T], each: Callable[[], object]) -> Iterator[T]:
    for item in items:
        yield item
        each()


def _known(entry: Entry) -> Known:
    return Known(entry.picture.uri, entry.key.meta_id, entry.picture.source_version)


def _unseen(uri: str) -> Rejected:
    detail = "entries lie behind it, but it leads nowhere now, as a link to a disk that is not mounted"
    return Rejected(uri, Reason.NOT_FOUND, detail)
