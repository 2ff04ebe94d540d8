"""The options that several commands share, and what they make of the settings."""

import os
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import loggers
from hashindex.confirming import DEFAULT_RULE, TURNED_JOINT_RADIUS, WIDE_RULE, Rule
from hashindex.errors import InvalidArgumentError
from hashindex.keys import meta_id_from_stem, meta_id_from_uri, validated_id


def _configure_logging(verbose: bool) -> bool:
    loggers.configure(verbose=verbose)
    return verbose


def _company_id(value: int | None) -> int | None:
    return None if value is None else validated_id("company_id", value)


def _meta_id(value: int | None) -> int | None:
    return None if value is None else validated_id("meta_id", value)


class MetaIdFrom(StrEnum):
    """What a meta_id is made of where none is given."""

    URI = "uri"
    STEM = "stem"

    @property
    def keys(self) -> Callable[[str], int]:
        """What makes it."""
        return meta_id_from_stem if self is MetaIdFrom.STEM else meta_id_from_uri


Json = Annotated[bool, typer.Option("--json", help="Print JSON, one value a line, and nothing else.")]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        callback=_configure_logging,
        is_eager=True,
        help="Say on stderr what is done, and what causes errors.",
    ),
]
MilvusUri = Annotated[
    str | None,
    typer.Option(
        "--milvus-uri", metavar="URI", help="The index: a file, or http(s)://host:port of a server."
    ),
]
Collection = Annotated[
    str | None, typer.Option("--collection", metavar="NAME", help="The collection that holds the index.")
]
CompanyId = Annotated[
    int | None,
    typer.Option(
        "--company-id", metavar="N", callback=_company_id, help="The company whose pictures are meant."
    ),
]
_META_ID = typer.Option(
    "--meta-id", metavar="M", callback=_meta_id, help="The company's own number for the picture."
)
MetaId = Annotated[int | None, _META_ID]
RequiredMetaId = Annotated[int, _META_ID]
MetaIdsFrom = Annotated[
    MetaIdFrom,
    typer.Option("--meta-id-from", help="Make meta_ids of the URI, or take file names that are numbers."),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Let a key that belongs to another URI be taken over.")
]
LikeMetaId = Annotated[
    int | None,
    typer.Option(
        "--like", metavar="META_ID", callback=_meta_id, help="Look for what resembles a stored entry."
    ),
]
_SOURCES = typer.Argument(
    metavar="SOURCE",
    help="Files, folders, oss://bucket/key, oss://bucket/prefix/, or - for a list of them on stdin.",
)
Sources = Annotated[list[str], _SOURCES]
OptionalSources = Annotated[list[str] | None, _SOURCES]
Include = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="GLOB", help="In folders, take what matches instead of picture files."),
]
Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="GLOB", help="In folders, leave out what matches.")
]
Rejects = Annotated[
    Path | None, typer.Option("--rejects", metavar="FILE", help="Write what was not taken there, as JSONL.")
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Read pictures again that have not changed.")]
Wide = Annotated[
    bool,
    typer.Option(
        "--wide", help="Go by the rule for heavier edits: large watermarks, captions, crops of a tenth."
    ),
]
Radius = Annotated[
    int | None,
    typer.Option(
        "--radius",
        metavar="R",
        help="Greatest distance of the aHashes, bits, 0 to 64. "
        f"[default: {DEFAULT_RULE.radius}, with --wide {WIDE_RULE.radius}]",
    ),
]
JointRadius = Annotated[
    int | None,
    typer.Option(
        "--joint-radius",
        metavar="R",
        help="Greatest sum of the distances of aHash, pHash and dHash, bits, 0 to 192; "
        f"of turned views {TURNED_JOINT_RADIUS} at most. "
        f"[default: {DEFAULT_RULE.joint_radius}, with --wide {WIDE_RULE.joint_radius}]",
    ),
]
Orientations = Annotated[
    bool, typer.Option("--orientations", help="Look for it mirrored and turned by quarters too.")
]
NoTrim = Annotated[
    bool, typer.Option("--no-trim", help="Do not look for it without its borders and bars too.")
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe", metavar="NAME", help="How pictures become bits: default, or strict (as imagehash)."
    ),
]
DecodeMode = Annotated[
    Literal["exact", "fast"] | None,
    typer.Option(
        "--decode", help="Part of the recipe: exact, or fast, which decodes less of a JPEG than is there."
    ),
]
OssProcess = Annotated[
    str | None,
    typer.Option(
        "--oss-process",
        metavar="STYLE",
        help="Part of the recipe: what OSS makes of pictures before they travel, as image/resize,w_256.",
    ),
]
Expect = Annotated[
    int | None,
    typer.Option(
        "--expect", min=1, metavar="N", help="How many pictures a new index on a server is made for."
    ),
]
IndexType = Annotated[
    str | None,
    typer.Option("--index-type", metavar="TYPE", help="auto, BIN_FLAT or BIN_IVF_FLAT, for a new index."),
]


def rule(wide: bool, radius: int | None, joint_radius: int | None) -> Rule:
    """Return the rule that the options make."""
    given = {"radius": radius, "joint_radius": joint_radius}
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(WIDE_RULE if wide else DEFAULT_RULE, **changes)


def check_one_picture(meta_id: int | None, sources: list[str] | None) -> None:
    """Refuse a meta_id for more than one picture, as far as can be seen before an index is opened."""
    if meta_id is not None and (not sources or len(sources) > 1 or os.path.isdir(sources[0])):
        raise InvalidArgumentError("--meta-id goes with exactly one picture.")


def company_scope(*named: int | None) -> int:
    """Return the first company that is named; where there is none, that is a usage error."""
    for company_id in named:
        if company_id is not None:
            return company_id
    raise InvalidArgumentError("no company is named; give --company-id, or set HASHINDEX_COMPANY_ID.")


def recipe_text(
    name: str | None, decode: Literal["exact", "fast"] | None, oss_process: str | None
) -> str | None:
    """Return the recipe that the options make, or None where none of them is given."""
    given = {"decode": decode, "oss": oss_process}
    changes: dict[str, Any] = {part: value for part, value in given.items() if value is not None}
    if not changes:
        return name
    from hashindex.recipe import Recipe

    return str(replace(Recipe.parse(name or "default"), **changes))
