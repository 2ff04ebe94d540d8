"""Groups for tests of the report."""

from PIL import Image

from hashindex.answers import Verdict
from hashindex.duplicates.values import Group, Member
from hashindex.keys import Key
from testing.making import bits, encoded, flipped

SIZE = (64, 48)
"""Of the thumbnails, pixels."""


def member(
    number: int,
    *,
    distance: int = 0,
    uri: str | None = None,
    digest: str | None = None,
    verdict: Verdict | None = None,
    company_id: int = 1,
    decided: bool = False,
) -> Member:
    """Return a picture by its number, at a distance from the one that is kept."""
    return Member(
        uri=f"/pictures/{number:05d}.jpg" if uri is None else uri,
        key=Key(company_id, 2**62 + number),
        ahash=flipped(bits(number // 10), distance, number),
        content_digest=f"{number:032x}" if digest is None else digest,
        width=4000,
        height=3000,
        file_size=1_500_000,
        upload_time=1_700_000_000_000,
        distance=distance,
        phash_distance=distance,
        dhash_distance=distance,
        verdict=verdict,
        keep=verdict is None,
        decided=decided,
        why="smaller: 1.5 MB",
    )


def near(number: int, *distances: int, company_id: int = 1) -> Group:
    """Return a group whose first picture has ten times this number, the next ones follow it."""
    others = tuple(
        member(10 * number + i, distance=distance, verdict=Verdict.NEAR, company_id=company_id)
        for i, distance in enumerate(distances, 1)
    )
    kept = member(10 * number, company_id=company_id)
    return Group(kept, others, why="largest: 4000 x 3000", farthest=max(distances))


def exact(number: int, copies: int = 2, company_id: int = 1) -> Group:
    """Return a group of pictures with the same bytes."""
    digest = f"{10 * number:032x}"
    kept, *others = (
        member(10 * number + i, digest=digest, verdict=Verdict.EXACT if i else None, company_id=company_id)
        for i in range(copies)
    )
    return Group(kept, tuple(others), why="earliest: 2023-11-14", farthest=0)


def thumbnail(uri: str) -> bytes:
    """Return a small JPEG, a colour for each of these pictures."""
    number = int("".join(filter(str.isdigit, uri))[-5:] or 0)
    return encoded(Image.new("RGB", SIZE, (number * 37 % 256, number * 11 % 256, 128)), "JPEG")
