"""What a search for duplicates finds: groups of pictures that are taken for one, and which to keep."""

from dataclasses import dataclass

from hashindex.answers import Verdict
from hashindex.keys import Key


@dataclass(frozen=True, slots=True)
class Member:
    """One picture of a group; distances, in bits, are to the one that is kept."""

    uri: str
    """Of a bare hash from a file its row, from 0; empty of an entry that was imported without one."""
    key: Key | None
    """None where the picture stands in no index."""
    ahash: bytes
    content_digest: str
    """Empty where the bytes were never seen, as for a bare hash."""
    width: int
    height: int
    """Pixels, upright."""
    file_size: int
    """Bytes."""
    upload_time: int
    """The source's last-modified time, milliseconds since 1970 UTC."""
    distance: int
    phash_distance: int | None
    dhash_distance: int | None
    """Both None where one of the two is a bare hash."""
    verdict: Verdict | None
    """`exact` or `near` to the one that is kept; `weak` where that was asked for, or a decision or a chain
    puts them together; None for the kept one itself, and where nothing confirms."""
    protected: bool = False
    """It lies where nothing is proposed for removal."""
    keep: bool = False
    """It is not proposed for removal: the kept one, what is protected, and the very file that is kept."""
    why: str = ""
    """Why it is kept, or why not."""
    decided: bool = False
    """A decision says that it is a duplicate of the one that is kept."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that are duplicates of one."""

    kept: Member
    others: tuple[Member, ...]
    """Nearest first; at least one."""
    why: str
    """Why that one is kept, in words."""
    farthest: int
    """Greatest distance of the aHashes of any two members, bits."""

    @property
    def members(self) -> tuple[Member, ...]:
        """All of them, the kept one first."""
        return (self.kept, *self.others)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of what, over all groups."""

    pictures: int
    """Looked at."""
    groups: int
    members: int
    exact: int
    """Of the members that are not the kept one, as the next three."""
    near: int
    weak: int
    unjudged: int
    """One of the two is a bare hash, which nothing confirms."""
    removable: int
    """Members that are proposed for removal."""
    removable_bytes: int
    low_information: int
    """Pictures that say too little to be near to anything: only exact copies of them were looked for."""
    unplaced: int
    """Pictures in no group though they match a member of one: they do not match the one that is kept."""
