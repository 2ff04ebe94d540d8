"""Whether a candidate is the same picture: the rule over its hashes, and what says too little."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from hashindex.answers import Match, Verdict
from hashindex.distance import distance
from hashindex.errors import InvalidArgumentError
from hashindex.records import HASH_BYTES, Candidate, Fingerprint
from hashindex.views import AS_IS, Orientation, View

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Distances = npt.NDArray[np.uint8]

LOW_CONTRAST = 5.0
"""Below this contrast a picture says nothing that could tell it from others: white, black, noise on white,
smooth gradients, most thin logos and single lines of text. Of 1,608 photographs three lie below it: one
of one grey, a dark strip, and a piece of sky (docs/quality.md). Applied on reading, so it may change."""

BITS = 8 * HASH_BYTES

TURNED_JOINT_RADIUS = 28
"""What the joint radius is at most for a picture that was turned or mirrored: seven more views are seven more
chances for a picture that only resembles it. Of 1.29 million pairs of photographs the nearest is 30 apart in
some orientation without borders, 35 with them, and 37 as they are; a copy that was only turned is within 5
(docs/quality.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What makes a stored picture a candidate, and a candidate near; Hamming distances in bits.

    InvalidArgumentError for a radius that no hashes can have.
    """

    radius: int
    """Of the aHashes, 0 to 64: within it an entry is a candidate at all."""
    joint_radius: int
    """Of aHash, pHash and dHash, added up, 0 to 192: within it a candidate is near. The sum tells more than
    limits on each: with as few false pairs it finds more edited copies (docs/quality.md)."""

    def __post_init__(self) -> None:
        for name, most in (("radius", BITS), ("joint_radius", 3 * BITS)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise InvalidArgumentError(f"{name} is {value}, but must lie between 0 and {most}.")

    @overload
    def confirms(self, ahash: int, phash: int, dhash: int, view: View = AS_IS) -> bool: ...

    @overload
    def confirms(
        self, ahash: "Distances", phash: "Distances", dhash: "Distances", view: View = AS_IS
    ) -> "npt.NDArray[np.bool_]": ...

    def confirms(self, ahash: Any, phash: Any, dhash: Any, view: View = AS_IS) -> Any:
        """Say whether a candidate at these distances is near; of one, or of each of many."""
        turned = view.orientation is not Orientation.AS_IS
        most = min(self.joint_radius, TURNED_JOINT_RADIUS) if turned else self.joint_radius
        return ahash + phash + dhash <= most

    def __str__(self) -> str:
        return f"aHash <= {self.radius} and aHash + pHash + dHash <= {self.joint_radius}"


DEFAULT_RULE = Rule(radius=8, joint_radius=32)
"""What search, check and duplicates go by. The radius of 8 is older than any measurement; the joint radius
comes from what `hashindex calibrate` shows for 1,605 photographs: of their 1.29 million pairs the rule takes
none for one picture, and by how these fall off, 0.4 in a million are to be expected (docs/quality.md)."""

WIDE_RULE = Rule(radius=16, joint_radius=36)
"""For heavier edits, as large watermarks, captions and crops of a tenth; of the same pairs it takes none, and
0.8 in a million are to be expected. It looks at twenty times as many candidates."""


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
    near = rule.confirms(candidate.distance, phash_distance, dhash_distance, view)
    if content_digest and content_digest == candidate.content_digest:
        verdict = Verdict.EXACT
    elif near and not says_little(min(fingerprint.contrast, candidate.contrast)):
        verdict = Verdict.NEAR
    else:
        verdict = Verdict.WEAK
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
