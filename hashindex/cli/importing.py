"""The command that brings in entries made elsewhere: `import`."""

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashindex.cli import options, output
from hashindex.cli.accounting import account
from hashindex.cli.entries import lines_of, opened_text
from hashindex.cli.rejects import rejects_file
from hashindex.errors import IndexNotFoundError, InvalidArgumentError
from hashindex.recipe import STRICT

if TYPE_CHECKING:
    from hashindex.index import Index
    from hashindex.interchange.parquet import ParquetEntries
    from hashindex.outcomes import ImportReport, Incoming, Reject
    from hashindex.store.foreign import ForeignCollection


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="What `export` wrote; or CSV or JSONL with company_id, meta_id, hash; - for stdin.",
        ),
    ] = None,
    *,
    from_milvus: Annotated[
        str | None, typer.Option(metavar="URI", help="Import a collection made elsewhere: a file or server.")
    ] = None,
    from_collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="Its name, where it is not that of the index.")
    ] = None,
    company_id: options.CompanyId = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let what comes in take the place of what differs.")
    ] = False,
    rejects: options.Rejects = None,
    recipe: options.RecipeName = None,
    index_type: options.IndexType = None,
    expect: options.Expect = None,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Bring in what was exported, or hashes that exist already.

    Makes the index where there is none.

    Of a hash made elsewhere nothing else is known: its matches are unconfirmed.
    """
    del verbose
    if (file is None) == (from_milvus is None):
        raise InvalidArgumentError("name a file, or give --from-milvus: one of the two.")
    from hashindex.compose import load_settings, open_index
    from hashindex.interchange.hashes import read_hashes
    from hashindex.interchange.parquet import is_parquet, read_parquet
    from hashindex.second_place import open_foreign

    settings = load_settings(milvus_uri=milvus_uri, collection=collection, index_type=index_type)
    company = company_id if company_id is not None else settings.company_id
    opening = partial(open_index, expect=expect, settings=settings)
    items: ParquetEntries | ForeignCollection | Iterable[Incoming | Reject]
    counted: Callable[[], Iterable[object]] | None
    with ExitStack() as stack:
        if file is None:
            items = stack.enter_context(
                open_foreign(from_milvus or "", from_collection, company_id=company, settings=settings)
            )
            counted = partial(range, len(items))
        elif is_parquet(file):
            if company_id is not None or recipe is not None:
                raise InvalidArgumentError(
                    "what was exported has its own company_id and recipe; drop --company-id and --recipe."
                )
            items = read_parquet(file)
            opening, counted = partial(opening, create=True, origin=items.origin), partial(range, len(items))
        else:
            items = read_hashes(stack.enter_context(opened_text(file)), company_id=company)
            counted = partial(lines_of, file) if os.path.isfile(file) else None
        written = stack.enter_context(rejects_file(rejects, file))
        index = stack.enter_context(_opened(opening, recipe))
        each = stack.enter_context(account("importing", written, bar=not json, items=counted, unit="entries"))
        report = index.import_entries(items, replace=replace, each=each)
    _summarize(report, rejects, json=json)


def _opened(opening: Callable[..., "Index"], recipe: str | None) -> "Index":
    """Open the index, or make it: bare hashes are taken for those of imagehash."""
    if recipe is not None:
        return opening(create=True, recipe=recipe)
    try:
        return opening()
    except IndexNotFoundError:
        return opening(create=True, recipe=str(STRICT))


def _summarize(report: "ImportReport", rejects: Path | None, *, json: bool) -> None:
    counts = {
        "inserted": report.inserted,
        "updated": report.updated,
        "skipped": report.skipped,
        "rejected": report.rejected,
    }
    if json:
        output.emit({**counts, "bare": report.bare, "seconds": report.seconds})
    else:
        output.line(output.counted(counts, report.seconds))
    if report.bare:
        output.say(
            f"of {output.entries(report.bare)} only the hash is known: matches with them are unconfirmed, "
            "until their pictures are inserted under the same keys."
        )
    if report.rejected and rejects:
        output.say(f"{output.entries(report.rejected)} not taken; {rejects} says why.")
    if report.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)
