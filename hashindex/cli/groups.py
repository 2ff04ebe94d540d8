"""How groups of duplicates are printed: tables and JSON lines."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from hashindex.cli import output

if TYPE_CHECKING:
    from hashindex.duplicates.values import Counts, Group, Member

MEMBERS_SHOWN = 20
"""Members that the table shows of a group; --json and --csv give all of them."""


def emit(group: "Group") -> None:
    """Print a group as a line of JSON."""
    output.emit(
        {
            "why": group.why,
            "farthest": group.farthest,
            "members": [values_of(member) for member in group.members],
        }
    )


def emit_summary(counts: "Counts", *, rejected: int, ignored: int, seconds: float) -> None:
    """Print the last line of JSON."""
    output.emit({**asdict(counts), "rejected": rejected, "ignored": ignored, "seconds": seconds})


def show(group: "Group") -> None:
    """Print a group as a table, the nearest of a very large one."""
    apart = output.number_of(group.farthest, "bit")
    output.line(f"{len(group.members):,} pictures, {apart} apart at most; kept: {group.why}.")
    shown = group.members[:MEMBERS_SHOWN]
    stored = any(member.key for member in shown)
    heads = ("", "verdict", "aHash", "pHash", "dHash", "pixels", *(("company", "meta_id") * stored), "uri")
    output.table([_row(member, stored=stored) for member in shown], heads, indent="  ")
    if more := len(group.members) - len(shown):
        output.line(f"  and {more:,} more, as far or farther; --json and --csv give them all")


def show_summary(counts: "Counts", *, ignored: int, seconds: float) -> None:
    """Say what it came to."""
    kinds = ("exact", "near", "weak", "unjudged")
    found = ", ".join(f"{number:,} {kind}" for kind in kinds if (number := getattr(counts, kind)))
    output.line(
        f"{output.number_of(counts.groups, 'group')} among {output.number_of(counts.pictures, 'picture')}"
        f"{': ' * bool(found)}{found}; {counts.removable:,} could go, {counts.removable_bytes:,} bytes;"
        f" in {seconds} s"
    )
    if ignored:
        output.line(
            f"{output.number_of(ignored, 'file')} without a picture's extension, or excluded, ignored."
        )
    if counts.low_information:
        said = "says" if counts.low_information == 1 else "say"
        output.line(
            f"{output.number_of(counts.low_information, 'picture')} {said} too little "
            "(white, smooth, a thin logo): matched with exact copies only."
        )
    if counts.unplaced:
        output.line(
            f"{output.number_of(counts.unplaced, 'picture')} in no group resembled a member, but not the one "
            "that is kept; --connected shows them."
        )


def values_of(member: "Member") -> dict[str, object]:
    """Return a member as JSON and CSV have it."""
    key = member.key
    return {
        "company_id": key and key.company_id,
        "meta_id": key and key.meta_id,
        "uri": member.uri,
        "distance": member.distance,
        "phash_distance": member.phash_distance,
        "dhash_distance": member.dhash_distance,
        "verdict": member.verdict and member.verdict.value,
        "keep": member.keep,
        "why": member.why,
        "protected": member.protected,
        "decided": member.decided,
        "content_digest": member.content_digest,
        "width": member.width,
        "height": member.height,
        "file_size": member.file_size,
        "upload_time": member.upload_time,
    }


def _row(member: "Member", *, stored: bool) -> tuple[object, ...]:
    key = (member.key and member.key.company_id, member.key and member.key.meta_id) if stored else ()
    pixels = f"{member.width} x {member.height}" if member.width else None
    mark = "keep" if member.keep else None
    verdict = "decided" if member.decided else member.verdict and member.verdict.value
    hashes = member.distance, member.phash_distance, member.dhash_distance
    return (mark, verdict, *hashes, pixels, *key, member.uri)
