"""How matches are printed, as JSON and as a table."""

from typing import TYPE_CHECKING

from hashindex.cli import output
from hashindex.views import AS_IS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hashindex.answers import Match


def flattened(match: "Match") -> dict[str, object]:
    """Return a match as `--json` prints it; `view` is there where the picture does not match as it is."""
    values: dict[str, object] = {
        "company_id": match.key.company_id,
        "meta_id": match.key.meta_id,
        "uri": match.uri or None,
        "distance": match.distance,
        "phash_distance": match.phash_distance,
        "dhash_distance": match.dhash_distance,
        "verdict": match.verdict and match.verdict.value,
    }
    return values if match.view == AS_IS else {**values, "view": str(match.view)}


def table(found: "Sequence[Match]") -> None:
    """Print matches for a person, with their views where any picture does not match as it is."""
    turned = any(match.view != AS_IS for match in found)
    rows = [
        (
            *([match.view] if turned else []),
            match.verdict.value if match.verdict else "unconfirmed",
            match.distance,
            match.phash_distance,
            match.dhash_distance,
            match.key.company_id,
            match.key.meta_id,
            match.uri,
        )
        for match in found
    ]
    headings = ("verdict", "aHash", "pHash", "dHash", "company", "meta_id", "uri")
    output.table(rows, (*(["view"] if turned else []), *headings), indent="  ")
