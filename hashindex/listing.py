"""From what a caller names (files, folders, prefixes) to the pictures that are meant."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key, MetaIdFrom
from hashindex.outcomes import Ignored, Reason, Reject, Rejected, Wanted
from hashindex.records import Picture
from hashindex.sources.interface import Source
from hashindex.uris import has_picture_extension, printable


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a walk is taken: shell patterns over the name, or over the URI where they have a `/`."""

    include: tuple[str, ...] = ()
    """Take what matches one of these, instead of what has a picture's extension."""
    exclude: tuple[str, ...] = ()
    """Leave out what matches one of these."""

    def admits(self, uri: str) -> bool:
        """Say whether a file found by a walk is taken."""
        if any(_matches(uri, pattern) for pattern in self.exclude):
            return False
        if self.include:
            return any(_matches(uri, pattern) for pattern in self.include)
        return has_picture_extension(uri)


EVERY_PICTURE = Selection()
"""Takes what has a picture's extension."""


def listed(
    source: Source, names: Iterable[str], selection: Selection
) -> Iterator[Picture | Rejected | Ignored]:
    """Yield what the names stand for, lazily.

    A file or object that is named is always taken. A folder or prefix that gives no picture gives a
    `Rejected`, so that whatever is named leaves a trace.
    """
    for name in names:
        try:
            uri = source.canonical(name)
        except InvalidArgumentError as exc:
            yield Rejected(printable(name), Reason.UNSUPPORTED, str(exc))
            continue
        if source.is_folder(uri):
            yield from _walked(source, uri, selection)
        else:
            yield Picture(uri)


def pictures(
    source: Source,
    names: Iterable[str],
    selection: Selection = EVERY_PICTURE,
    *,
    each_ignored: Callable[[], object] = lambda: None,
) -> Iterator[Picture | Rejected]:
    """Yield what the names stand for; of what a walk passes over only `each_ignored` is told."""
    for item in listed(source, names, selection):
        if isinstance(item, Ignored):
            each_ignored()
        else:
            yield item


def keyed(
    pictures: Iterable[Picture | Rejected | Ignored], company_id: int, meta_id_from: MetaIdFrom
) -> Iterator[Wanted | Reject | Ignored]:
    """Give each picture its key in one company; what gives none is a `Reject`."""
    for picture in pictures:
        if isinstance(picture, Ignored):
            yield picture
        elif isinstance(picture, Rejected):
            yield Reject(picture, company_id)
        else:
            key = key_of(picture.uri, company_id, meta_id_from)
            yield Reject(key, company_id) if isinstance(key, Rejected) else Wanted(key, picture)


def key_of(uri: str, company_id: int, meta_id_from: MetaIdFrom) -> Key | Rejected:
    """Return the key of a picture in one company, or why its URI gives none."""
    try:
        return Key(company_id, meta_id_from(uri))
    except InvalidArgumentError as exc:
        return Rejected(uri, Reason.BAD_KEY, str(exc))


def _walked(source: Source, folder: str, selection: Selection) -> Iterator[Picture | Rejected | Ignored]:
    taken = ignored = 0
    for found in source.walk(folder):
        if isinstance(found, Rejected) or selection.admits(found.uri):
            taken += 1
            yield found
        else:
            ignored += 1
            yield Ignored(found.uri)
    if not taken:
        yield Rejected(folder, Reason.NOT_FOUND, f"there are no pictures in it, and {ignored} other files")


def _matches(uri: str, pattern: str) -> bool:
    return fnmatchcase(uri if "/" in pattern else PurePosixPath(uri).name, pattern)
