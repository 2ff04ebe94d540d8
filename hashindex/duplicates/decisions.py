"""What people have decided about duplicates: a file of lines that every later run honours.

`decisions.jsonl` holds one JSON object a line; empty lines are passed over:

    {"decision": "not_duplicate", "a": DIGEST, "b": DIGEST, "uri_a": "/x/1.jpg", "uri_b": "/x/2.jpg"}
    {"decision": "duplicate",     "a": DIGEST, "b": DIGEST, "uri_a": "/x/1.jpg", "uri_b": "/x/3.jpg"}
    {"decision": "keep",          "a": DIGEST, "uri_a": "/x/1.jpg"}

DIGEST is a `content_digest`: 32 hex digits. So a decision follows the bytes wherever they lie, and a picture
that is new only asks about itself. The order of `a` and `b` does not matter.

- `not_duplicate`: the two never stand in one group. With `a` equal to `b`, copies of these bytes are wanted.
- `duplicate`: the two are confirmed, however far apart their hashes are.
- `keep`: of any group with these bytes, they are kept; of several copies the one at `uri_a`.

`uri_a` and `uri_b` are for people (but for `keep`, as above) and may be left out; other members are ignored.
A later line about the same pair, or of two `keep` in one group, wins: files may be added to one another.
A line that cannot be read ends the run: it may be the one that keeps a picture.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hashindex.errors import ConfigurationError

Pair = tuple[str, str]
"""Two content digests, the lower one first."""

DUPLICATE, NOT_DUPLICATE, KEEP = "duplicate", "not_duplicate", "keep"

_DIGEST = re.compile(r"[0-9a-f]{32}")
_LINES_SAID = 5


@dataclass(frozen=True, slots=True)
class Decisions:
    """What has been decided, by content digest."""

    duplicate: frozenset[Pair] = frozenset()
    not_duplicate: frozenset[Pair] = frozenset()
    keep: Mapping[str, "Keep"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keep:
    """That a picture is to be kept."""

    uri: str | None
    """Which of several copies."""
    turn: int
    """The greater one wins."""


NONE = Decisions()


def pair_of(a: str, b: str) -> Pair:
    """Return the pair of two digests."""
    return (a, b) if a <= b else (b, a)


def read_decisions(path: Path) -> Decisions:
    """Read a file; ConfigurationError when it is missing, or names the lines that are no decisions."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
            return decisions_from(lines, str(path))
    except OSError as exc:
        raise ConfigurationError(
            f"the decisions cannot be read from {path}: {exc.strerror}; name the file that a report exported."
        ) from exc


def decisions_from(lines: Iterable[str], name: str = "the decisions") -> Decisions:
    """Read lines; `name` is what errors call them."""
    pairs: dict[Pair, str] = {}
    keep: dict[str, Keep] = {}
    bad: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            decision, a, b, uri = _parsed(line)
        except ValueError as exc:
            bad.append(f"line {number} {exc}")
            continue
        if decision == KEEP:
            keep[a] = Keep(uri, number)
        else:
            pairs[pair_of(a, b)] = decision
    if bad:
        more = f"; and {len(bad) - _LINES_SAID} more" if len(bad) > _LINES_SAID else ""
        raise ConfigurationError(
            f"{name}: {'; '.join(bad[:_LINES_SAID])}{more}; mend or remove what is no decision and run again."
        )
    return Decisions(
        frozenset(pair for pair, decision in pairs.items() if decision == DUPLICATE),
        frozenset(pair for pair, decision in pairs.items() if decision == NOT_DUPLICATE),
        keep,
    )


def _parsed(line: str) -> tuple[str, str, str, str | None]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    if not isinstance(values, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004  # of the file, not of a type
    decision = values.get("decision")
    if decision not in (DUPLICATE, NOT_DUPLICATE, KEEP):
        raise ValueError(f"has no decision of {DUPLICATE}, {NOT_DUPLICATE} or {KEEP}")
    a = _digest(values, "a")
    uri = values.get("uri_a")
    return decision, a, a if decision == KEEP else _digest(values, "b"), uri if isinstance(uri, str) else None


def _digest(values: Mapping[str, Any], name: str) -> str:
    digest = values.get(name)
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest.lower()):
        raise ValueError(f"has no {name} of 32 hex digits")
    return digest.lower()
