"""Commands that ask about pictures: `hash` and `search`."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from hashindex.cli import options, output
from hashindex.cli.progress import progress
from hashindex.confirming import RADIUS
from hashindex.errors import InvalidArgumentError
from hashindex.records import HASH_BYTES, BareHash, Fingerprint, HashedPicture, Rejected
from hashindex.search import LIMIT, Limits

if TYPE_CHECKING:
    from hashindex.index import Company, Lookup
    from hashindex.listing import Selection
    from hashindex.records import SearchResult


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("hash")(hash_pictures)
    app.command()(search)


def hash_pictures(
    sources: options.Sources,
    *,
    recipe: options.RecipeName = None,
    decode: options.DecodeMode = None,
    oss_process: options.OssProcess = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Print the hash of each picture; no index is needed."""
    del verbose
    from hashindex.compose import open_reader

    with (
        open_reader(options.recipe_text(recipe, decode, oss_process) or "default") as reader,
        progress("hashing", bar=not json and not sys.stdout.isatty()) as shown,
    ):
        for found in reader.read_all(named(sources), selection(include, exclude)):
            shown.add(rejected=isinstance(found, Rejected))
            (_emit_hash if json else _show_hash)(found)
    if shown.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)


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
    radius: options.Radius = RADIUS,
    limit: Annotated[int, typer.Option(metavar="K", help="Most matches for a picture.")] = LIMIT,
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", help="Show weak matches too, which pHash speaks against.")
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

    Pictures within the radius by their aHash are candidates; pHash confirms them.
    """
    del verbose
    if sum((bool(images), bool(hash_), like is not None)) != 1:
        raise InvalidArgumentError("name pictures, or give --hash, or --like: one of the three.")
    if all_companies and (company_id is not None or like is not None):
        raise InvalidArgumentError("--all-companies goes with neither --company-id nor --like.")
    hashes = [_hash(text) for text in hash_ or ()]
    limits = Limits(radius=radius, limit=limit, unconfirmed=unconfirmed, exhaustive=exhaustive)
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


def named(sources: Iterable[str]) -> Iterator[str]:
    """Yield what is named, with the lines of stdin in place of `-`."""
    for name in sources:
        if name != "-":
            yield name
            continue
        # Bytes that are not UTF-8 are kept, as in arguments; a file name may hold any but newline and NUL.
        with open(
            sys.stdin.fileno(), encoding="utf-8", errors="surrogateescape", newline="\n", closefd=False
        ) as lines:
            yield from (text for text in (line.rstrip("\n") for line in lines) if text)


def selection(include: list[str] | None, exclude: list[str] | None) -> "Selection":
    """Return the selection that `--include` and `--exclude` make."""
    from hashindex.listing import Selection

    return Selection(tuple(include or ()), tuple(exclude or ()))


def _hash(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != HASH_BYTES or len(text) != 2 * HASH_BYTES:
        raise InvalidArgumentError(f"{text!r} is no hash; a hash is 16 hex digits.")
    return value


def _emit_hash(found: HashedPicture | Rejected) -> None:
    prints = None if isinstance(found, Rejected) else found.fingerprint
    output.emit(
        {
            "uri": found.uri,
            "hash": prints and prints.ahash.hex(),
            "phash": prints and prints.phash and prints.phash.hex(),
            "dhash": prints and prints.dhash and prints.dhash.hex(),
            "low_information": prints and _says_little(prints),
            "rejected": output.why(found if isinstance(found, Rejected) else None),
        }
    )


def _show_hash(found: HashedPicture | Rejected) -> None:
    if isinstance(found, Rejected):
        output.complain(found)
    else:
        mark = "  (low information)" if _says_little(found.fingerprint) else ""
        output.line(f"{found.fingerprint.ahash.hex()}  {found.uri}{mark}")


def _says_little(prints: Fingerprint | BareHash) -> bool | None:
    from hashindex.hashing import says_little

    return None if prints.contrast is None else says_little(prints.contrast)


def _emit(result: "SearchResult") -> None:
    output.emit(
        {
            "uri": result.uri,
            "hash": result.ahash.hex() if result.ahash else None,
            "matches": [
                {
                    "company_id": match.key.company_id,
                    "meta_id": match.key.meta_id,
                    "uri": match.uri or None,
                    "distance": match.distance,
                    "phash_distance": match.phash_distance,
                    "dhash_distance": match.dhash_distance,
                    "verdict": match.verdict and match.verdict.value,
                }
                for match in result.matches
            ],
            "truncated": result.truncated,
            "exhaustive": result.exhaustive,
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
        output.table(
            [
                (
                    match.verdict.value if match.verdict else "unconfirmed",
                    match.distance,
                    match.phash_distance,
                    match.dhash_distance,
                    match.key.company_id,
                    match.key.meta_id,
                    match.uri,
                )
                for match in result.matches
            ],
            ("verdict", "aHash", "pHash", "dHash", "company", "meta_id", "uri"),
            indent="  ",
        )
    if result.truncated:
        output.line("There are more; raise --limit, or lower --radius.")
    if not result.exhaustive:
        output.line("The index looked into a part of the hashes; --exhaustive compares them all.")
