"""Commands that take entries elsewhere: `copy` to another index, `export` to a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashindex.cli import options, output
from hashindex.cli.progress import progress
from hashindex.errors import HashIndexError, InvalidArgumentError

if TYPE_CHECKING:
    from hashindex.scanning import Progress


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(copy)
    app.command()(export)


def copy(
    *,
    to: Annotated[str, typer.Option(metavar="URI", help="Where to: a file, or http(s)://host:port.")],
    to_collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="The collection there, where it has another name.")
    ] = None,
    company_id: options.CompanyId = None,
    index_type: options.IndexType = None,
    expect: options.Expect = None,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Copy the index elsewhere, and prove that both are equal.

    With --company-id it is one company of it.

    Repeating it goes on where it was. HASHINDEX_OTHER_TOKEN is the token of a second server.
    """
    del verbose
    from hashindex.compose import load_settings, open_index
    from hashindex.second_place import open_target

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    with (
        open_index(settings=settings) as index,
        open_target(
            index, to, to_collection, index_type=index_type, expect=expect, settings=settings
        ) as target,
        _copying(bar=not json) as each,
    ):
        source = index.all_companies() if company_id is None else index.company(company_id)
        report = source.copy_to(target, each)
    if json:
        output.emit(
            {
                "copied": report.copied,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "total": report.total,
                "digest": report.digest,
                "seconds": report.seconds,
            }
        )
    else:
        counts = f"{report.copied} copied, {report.updated} updated, {report.unchanged} unchanged"
        output.line(f"{counts} in {report.seconds} s")
        output.line(f"both hold {output.entries(report.total)} with the digest {report.digest}")


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="Replaced when all is written.")],
    *,
    company_id: options.CompanyId = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="Take the entries of every company.")
    ] = False,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Write the entries of a company, or of all, to Parquet.

    The file appears whole or not at all.
    """
    del verbose
    if all_companies and company_id is not None:
        raise InvalidArgumentError("--all-companies does not go with --company-id.")
    from hashindex.compose import load_settings, open_index

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    scope = None if all_companies else options.company_scope(company_id, settings.company_id)
    with (
        open_index(settings=settings) as index,
        progress("exporting", bar=not json, unit="entries") as shown,
    ):
        source = index.all_companies() if scope is None else index.company(scope)
        exported = source.export(file, shown.reach)
    if json:
        output.emit({"exported": exported})
    else:
        output.line(f"exported {output.entries(exported)} to {file}")


@contextmanager
def _copying(*, bar: bool) -> Iterator["Progress"]:
    """Give what shows how far a copy is. When it does not reach its end, say what was done until then."""
    from hashindex.copying import COPYING

    said = ""
    with progress("copying", bar=bar, unit="entries") as shown:

        def each(what: str, done: int, total: int) -> None:
            nonlocal said
            shown.reach(what, done, total)
            if what == COPYING:
                said = f"{done} of {output.entries(total)} stand there"  # and perhaps some more

        try:
            yield each
        except (KeyboardInterrupt, SystemExit):
            output.say(f"interrupted; {said}, run it again to go on." if said else "interrupted.")
            raise
        except (HashIndexError, OSError) as exc:
            if said:
                exc.add_note(f"{said}.")
            raise
