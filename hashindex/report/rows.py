"""Groups as the numbers and texts that the page reads: surest first, and harmless inside HTML."""

from collections.abc import Callable, Iterable

from hashindex.answers import Verdict
from hashindex.duplicates.values import Group, Member

MOST_MEMBERS = 1_000
"""Of one group that the page holds, the kept one and the nearest; it says how many there are."""

_HASH_BITS = 64


def surest_first(groups: Iterable[Group]) -> list[Group]:
    """Return exact copies first, then by the greatest distance to the kept one, then by pHash and URI."""
    return sorted(groups, key=_doubt)


def held(group: Group) -> tuple[Member, ...]:
    """Return the members that the page holds."""
    return group.members[:MOST_MEMBERS]


def group_values(group: Group, picture: Callable[[Member], int | str]) -> dict[str, object]:
    """Return what `data.js` reads back: figures of all members, and the members that the page holds."""
    return {
        "why": group.why,
        "farthest": group.farthest,
        "distance": max(each.distance for each in group.others),
        "verdicts": sorted({each.verdict.value if each.verdict else "" for each in group.others}),
        "count": len(group.members),
        "bytes": sum(each.file_size for each in group.members if not each.keep),
        "members": [_member_row(each, picture(each)) for each in held(group)],
    }


def _doubt(group: Group) -> tuple[bool, int, int, int, str]:
    exact = all(each.verdict is Verdict.EXACT for each in group.others)
    distance = max(each.distance for each in group.others)
    phash = max(_phash_distance(each) for each in group.others)
    return not exact, distance, phash, group.farthest, group.kept.uri


def _phash_distance(member: Member) -> int:
    return _HASH_BITS if member.phash_distance is None else member.phash_distance


def _member_row(member: Member, picture: int | str) -> list[object]:
    key = member.key
    return [
        member.uri,
        str(key.company_id) if key else None,  # as text: JavaScript's numbers end at 2^53
        str(key.meta_id) if key else None,
        member.content_digest,
        member.ahash.hex(),
        member.width,
        member.height,
        member.file_size,
        member.upload_time,
        member.distance,
        member.phash_distance,
        member.dhash_distance,
        member.verdict.value if member.verdict else None,
        int(member.protected),
        int(member.decided),
        member.why,
        picture,
    ]
