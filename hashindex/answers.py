"""What is answered to a picture that was asked about."""

from dataclasses import dataclass
from enum import StrEnum

from hashindex.keys import Key
from hashindex.outcomes import Rejected
from hashindex.views import AS_IS, View


class Verdict(StrEnum):
    """What a candidate is worth after confirmation."""

    EXACT = "exact"
    NEAR = "near"
    WEAK = "weak"


class Status(StrEnum):
    """What a check says of a picture."""

    NEW = "new"
    """Compared with every stored picture of the company, it matches none."""
    EXACT = "exact"
    """A stored picture has the same bytes."""
    NEAR = "near"
    """A stored picture is confirmed to be the same, edited."""
    LOW_INFORMATION = "low_information"
    """It says so little that nothing could be near to it, and no stored picture has the same bytes."""
    UNDECODABLE = "undecodable"
    """Nothing can be said of it: it is no picture, or one that is not taken."""
    UNAVAILABLE = "unavailable"
    """Nothing can be said of it now: it cannot be read, or the index cannot be asked."""


@dataclass(frozen=True, slots=True)
class Match:
    """A stored picture that answers a query; distances are in bits."""

    key: Key
    uri: str
    distance: int
    phash_distance: int | None
    dhash_distance: int | None
    verdict: Verdict | None
    """None where nothing confirms it: a bare hash was asked for, or the entry is itself one."""
    view: View = AS_IS
    """How the picture asked about was looked at; the distances are those of this view."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query."""

    uri: str | None
    """The picture asked about; None for a bare hash."""
    ahash: bytes | None
    """None where the picture was rejected."""
    matches: tuple[Match, ...] = ()
    truncated: bool = False
    exhaustive: bool = False
    low_information: bool = False
    """The picture says so little that nothing is near to it as it is: only exact copies match."""
    rejected: Rejected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The answer to one picture at the upload gate."""

    uri: str | None
    """None where a picture was given by its bytes."""
    status: Status
    recipe: str
    """By which the hashes were made."""
    ahash: bytes | None = None
    """None where the picture could not be read."""
    matches: tuple[Match, ...] = ()
    """As of a search, but exact ones first. Those of hashes that were imported have no verdict, as nothing
    confirms them, and make no picture `near`."""
    low_information: bool = False
    """As in `SearchResult`; such a picture can be `exact`, and `near` without its borders."""
    truncated: bool = False
    """There are more matches, or there may be: more candidates than the engine gives."""
    inserted: bool = False
    """An entry was made, or replaced, and is stored."""
    meta_id: int | None = None
    """Of that entry."""
    rejected: Rejected | None = None
    """Why it is undecodable or unavailable; or why it was not inserted, though it was to be."""
