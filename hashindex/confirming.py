"""Whether a candidate is the same picture: the rule over its hashes, and what says too little."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from hashindex.distance import distance
from hashindex.errors import InvalidArgumentError
from hashindex.records import HASH_BYTES, Candidate, Fingerprint, Match, Verdict
from hashindex.views import AS_IS, View

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LOW_CONTRAST = 2.0
"""Below this contrast a picture says nothing that could tell it from others: white, black, noise on white,
smooth gradients. None of 1,500 photographs lies below it (docs/quality.md). Applied on reading, so it may
change."""

BITS = 8 * HASH_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What makes a stored picture a candidate, and a candidate near; Hamming distances in bits.

    InvalidArgumentError for a radius that no hashes can have.
    """

    radius: int
    """Of the aHashes: within it an entry is a candidate at all."""
    phash_radius: int = BITS
    """Of the pHashes."""
    joint_radius: int = 2 * BITS
    """Of pHashes and dHashes, added up. The sum tells more than either: with equal false pairs it finds more
    edited copies than any pair of limits, one for each (docs/quality.md)."""

    def __post_init__(self) -> None:
        for name, most in (("radius", BITS), ("phash_radius", BITS), ("joint_radius", 2 * BITS)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise InvalidArgumentError(f"{name} is {value}, but must lie between 0 and {most}.")

    @overload
    def confirms(self, phash_distance: int, dhash_distance: int) -> bool: ...

    @overload
    def confirms(
        self, phash_distance: "npt.NDArray[np.uint8]", dhash_distance: "npt.NDArray[np.uint8]"
    ) -> "npt.NDArray[np.bool_]": ...

    def confirms(self, phash_distance: Any, dhash_distance: Any) -> Any:
        """Say whether a candidate is near, by its other two hashes; of one, or of each of many."""
        return (phash_distance <= self.phash_radius) & (phash_distance + dhash_distance <= self.joint_radius)

    def __str__(self) -> str:
        parts = [f"aHash <= {self.radius}"]
        if self.phash_radius < BITS:
            parts.append(f"pHash <= {self.phash_radius}")
        if self.joint_radius < 2 * BITS:
            parts.append(f"pHash + dHash <= {self.joint_radius}")
        return " and ".join(parts)


DEFAULT_RULE = Rule(radius=8, phash_radius=12)
"""What search and duplicates go by."""

WIDE_RULE = Rule(radius=16, joint_radius=28)
"""For heavier edits: large watermarks, captions, crops of a tenth."""


def says_little(contrast: float) -> bool:
    """Say whether a picture of this contrast is low in information."""
    return contrast < LOW_CONTRAST


def confirm(
    fingerprint: Fingerprint,
    content_digest: str | None,
    candidate: Candidate,
    rule: Rule = DEFAULT_RULE,
    view: View = AS_IS,
) -> Match:
    """Judge one candidate against one view of the picture asked about; of a bare one nothing can be said.

    Where either says little nothing but equal bytes makes a match.
    """
    if candidate.phash is None or candidate.dhash is None or candidate.contrast is None:
        return unconfirmed(candidate, view)
    phash_distance = distance(fingerprint.phash, candidate.phash)
    dhash_distance = distance(fingerprint.dhash, candidate.dhash)
    if content_digest and content_digest == candidate.content_digest:
        verdict = Verdict.EXACT
    elif says_little(min(fingerprint.contrast, candidate.contrast)):
        verdict = Verdict.WEAK
    else:
        verdict = Verdict.NEAR if rule.confirms(phash_distance, dhash_distance) else Verdict.WEAK
    return Match(
        key=candidate.key,
        uri=candidate.uri,
        distance=candidate.distance,
        phash_distance=phash_distance,
        dhash_distance=dhash_distance,
        verdict=verdict,
        view=view,
    )


def unconfirmed(candidate: Candidate, view: View = AS_IS) -> Match:
    """Pass a candidate on as it is: one of the two is a bare hash, which nothing confirms."""
    return Match(
        key=candidate.key,
        uri=candidate.uri,
        distance=candidate.distance,
        phash_distance=None,
        dhash_distance=None,
        verdict=None,
        view=view,
    )
