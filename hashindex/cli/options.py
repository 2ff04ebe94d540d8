"""The options that several commands share, and what they make of the settings."""

from typing import Annotated

import typer

import loggers
from hashindex.errors import InvalidArgumentError


def _configure_logging(verbose: bool) -> bool:
    loggers.configure(verbose=verbose)
    return verbose


Json = Annotated[bool, typer.Option("--json", help="Print JSON, one value a line, and nothing else.")]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        callback=_configure_logging,
        is_eager=True,
        help="Say on stderr what is done, and causes.",
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
    int | None, typer.Option("--company-id", metavar="N", help="The company whose pictures are meant.")
]
_SOURCES = typer.Argument(
    metavar="SOURCE...",
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
RecipeName = Annotated[
    str | None, typer.Option("--recipe", help="How pictures become bits: default, or strict (as imagehash).")
]
Expect = Annotated[
    int | None,
    typer.Option(
        "--expect", min=1, metavar="N", help="How many pictures a new index on a server is made for."
    ),
]
IndexType = Annotated[
    str | None, typer.Option("--index-type", help="auto, BIN_FLAT or BIN_IVF_FLAT, for a new index.")
]


def company_scope(*named: int | None) -> int:
    """Return the first company that is named; where there is none, that is a usage error."""
    for company_id in named:
        if company_id is not None:
            return company_id
    raise InvalidArgumentError("no company is named; give --company-id, or set HASHINDEX_COMPANY_ID.")
