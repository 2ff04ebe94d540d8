"""Whether a candidate is the same picture: the rule over the two stored confirming hashes."""

from hashindex.distance import distance
from hashindex.records import Candidate, Fingerprint, Match, Verdict

RADIUS = 8
"""Default distance of the aHashes, bits, within which an entry is a candidate at all."""

PHASH_RADIUS = 12
"""Greatest distance of the pHashes, bits, at which a candidate is near. With `RADIUS` it accepted one of
170,236 pairs of photographs, a scene taken twice, where aHash alone accepted 333 (docs/benchmarks.md)."""


def confirm(fingerprint: Fingerprint, content_digest: str | None, candidate: Candidate) -> Match:
    """Judge one candidate against the picture asked about; of a bare one nothing can be said."""
    if candidate.phash is None or candidate.dhash is None:
        return unconfirmed(candidate)
    phash_distance = distance(fingerprint.phash, candidate.phash)
    if content_digest and content_digest == candidate.content_digest:
        verdict = Verdict.EXACT
    elif phash_distance <= PHASH_RADIUS:
        verdict = Verdict.NEAR
    else:
        verdict = Verdict.WEAK
    return Match(
        key=candidate.key,
        uri=candidate.uri,
        distance=candidate.distance,
        phash_distance=phash_distance,
        dhash_distance=distance(fingerprint.dhash, candidate.dhash),
        verdict=verdict,
    )


def unconfirmed(candidate: Candidate) -> Match:
    """Pass a candidate on as it is: one of the two is a bare hash, which nothing confirms."""
    return Match(
        key=candidate.key,
        uri=candidate.uri,
        distance=candidate.distance,
        phash_distance=None,
        dhash_distance=None,
        verdict=None,
    )
