"""What a search for duplicates finds: groups of pictures that are taken for one, and which of them to keep."""

from dataclasses import dataclass

from hashindex.keys import Key
from hashindex.records import Verdict


@dataclass(frozen=True, slots=True)
class Member:
    """One picture of a group; distances, in bits, are to the one that is kept."""

    uri: str
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
    verdict: Verdict | None
    """`exact` or `near` to the one that is kept; None for that one itself, and where nothing confirms."""
    protected: bool = False
    """It lies where nothing is proposed for removal."""


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
