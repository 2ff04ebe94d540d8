"""The command `search`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hashindex.cli import matches, options, output
from hashindex.cli.pictures import named, selection
from hashindex.cli.progress import progress
from hashindex.errors import InvalidArgumentError
from hashindex.records import HASH_BYTES
from hashindex.search import LIMIT, Limits
from hashindex.views import Ways

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hashindex.answers import SearchResult
    from hashindex.company import Company
    from hashindex.lookup import Lookup


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(search)


def search(
    images: options.OptionalSources = None,
    *,
    hash_: Annotated[
        list[str] | None, typer.Option("--hash", metavar="HEX", help="Look for this hash of 16 hex digits.")
    ] = None,
    like: options.LikeMetaId = None,
    company_id: options.CompanyId = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="Search the pictures of every company.")
    ] = False,
    wide: options.Wide = False,
    orientations: options.Orientations = False,
    no_trim: options.NoTrim = False,
    radius: options.Radius = None,
    joint_radius: options.JointRadius = None,
    limit: Annotated[int, typer.Option(metavar="K", help="Most matches for a picture.")] = LIMIT,
    unconfirmed: Annotated[
        bool,
        typer.Option("--unconfirmed", help="Show weak matches too, which are not confirmed."),
    ] = False,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Compare every stored hash, whatever the index.")
    ] = False,
    include: options.Include = None,
    exclude: options.Exclude = None,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Show stored pictures that match: exact copies, and near ones.

    Pictures within the radius by their aHash are candidates; pHash and dHash confirm them.
    """
    del verbose
    if sum((bool(images), bool(hash_), like is not None)) != 1:
        raise InvalidArgumentError("name pictures, or give --hash, or --like: one of the three.")
    if all_companies and (company_id is not None or like is not None):
        raise InvalidArgumentError("--all-companies goes with neither --company-id nor --like.")
    hashes = [_hash(text) for text in hash_ or ()]
    if (orientations or no_trim) and not images:
        raise InvalidArgumentError("--orientations and --no-trim need a picture; a hash has no other view.")
    if (include or exclude) and not images:
        raise InvalidArgumentError(
            "--include and --exclude choose among pictures of folders; there are none."
        )
    if hashes and joint_radius is not None:
        raise InvalidArgumentError("--joint-radius says nothing of a bare --hash, only --radius does.")
    limits = Limits(
        rule=options.rule(wide, radius, joint_radius),
        ways=Ways(orientations=orientations, trimmed=not no_trim),
        limit=limit,
        unconfirmed=unconfirmed,
        exhaustive=exhaustive,
    )
    from hashindex.compose import load_settings, open_index

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    scope = None if all_companies else options.company_scope(company_id, settings.company_id)
    with open_index(settings=settings) as index:
        place: Lookup | Company = index.all_companies() if scope is None else index.company(scope)
        results: Iterable[SearchResult]
        if hashes:
            results = place.search_hashes(hashes, limits)
        elif like is not None and scope is not None:
            results = [index.company(scope).search_like(like, limits)]
        else:
            results = place.search_many(
                index.pictures(named(images or ()), selection(include, exclude)), limits
            )
        with progress("searching", bar=not json and not sys.stdout.isatty()) as shown:
            for result in results:
                shown.add(rejected=result.rejected is not None)
                (_emit if json else _show)(result)
    if shown.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)


def _hash(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != HASH_BYTES or len(text) != 2 * HASH_BYTES:
        raise InvalidArgumentError(f"{text!r} is no hash; a hash is 16 hex digits.")
    return value


def _emit(result: "SearchResult") -> None:
    said = {"low_information": True} if result.low_information else {}
    output.emit(
        {
            "uri": result.uri,
            "hash": result.ahash.hex() if result.ahash else None,
            "matches": [matches.flattened(match) for match in result.matches],
            "truncated": result.truncated,
            "exhaustive": result.exhaustive,
            **said,
            "rejected": output.why(result.rejected),
        }
    )


def _show(result: "SearchResult") -> None:
    if result.rejected:
        output.complain(result.rejected)
        return
    name = result.uri or (result.ahash or b"").hex()
    if not result.matches:
        output.line(f"{name}: no match")
    else:
        output.line(f"{name}: {len(result.matches)} match{'es' * (len(result.matches) > 1)}")
        matches.table(result.matches)
    if result.low_information:
        output.line("It says too little to be near to anything as it is; only equal bytes confirm a match.")
    if result.truncated:
        output.line("There are more; raise --limit, or lower --radius.")
    if not result.exhaustive:
        output.line("The index looked into a part of the hashes; --exhaustive compares them all.")
