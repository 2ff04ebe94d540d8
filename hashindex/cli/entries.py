"""Commands that change or show entries: `insert`, `get`, `delete`."""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Annotated, TextIO

import typer

from hashindex.cli import options, output
from hashindex.cli.accounting import account, summarize
from hashindex.cli.pictures import named, selection
from hashindex.cli.rejects import rejects_file
from hashindex.errors import InvalidArgumentError

_log = logging.getLogger(__name__)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(insert)
    app.command()(get)
    app.command()(delete)


def insert(
    sources: options.OptionalSources = None,
    *,
    manifest: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="CSV or JSONL with uri, meta_id, company_id; - for stdin."),
    ] = None,
    company_id: options.CompanyId = None,
    meta_id: options.MetaId = None,
    meta_id_from: options.MetaIdsFrom = options.MetaIdFrom.URI,
    rejects: options.Rejects = None,
    replace: options.Replace = False,
    refresh: options.Refresh = False,
    include: options.Include = None,
    exclude: options.Exclude = None,
    recipe: options.RecipeName = None,
    decode: options.DecodeMode = None,
    oss_process: options.OssProcess = None,
    index_type: options.IndexType = None,
    expect: options.Expect = None,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Insert pictures; makes the index where there is none. Repeating it goes on where it was."""
    del verbose
    if bool(sources) == bool(manifest):
        raise InvalidArgumentError("name pictures, or give --manifest: one of the two.")
    options.check_one_picture(meta_id, sources)
    from hashindex.compose import load_settings, open_index

    settings = load_settings(milvus_uri=milvus_uri, collection=collection, index_type=index_type)
    company = company_id if company_id is not None else settings.company_id
    text = options.recipe_text(recipe, decode, oss_process)
    with ExitStack() as stack:
        lines = stack.enter_context(opened_text(manifest)) if manifest else None
        meant = options.company_scope(company) if lines is None else 0
        file = stack.enter_context(rejects_file(rejects, manifest))
        index = stack.enter_context(open_index(create=True, recipe=text, expect=expect, settings=settings))
        chosen = selection(include, exclude)
        items: Callable[[], Iterable[object]] | None  # in a second pass, to be counted
        if manifest:
            items = partial(lines_of, manifest) if os.path.isfile(manifest) else None
        else:
            items = None if "-" in (sources or ()) else partial(index.listed, sources or (), chosen)
        each = stack.enter_context(account("inserting", file, bar=not json, items=items))
        if lines is not None:
            report = index.insert_manifest(
                lines,
                company_id=company,
                meta_id_from=meta_id_from.keys,
                replace=replace,
                refresh=refresh,
                each=each,
            )
        else:
            report = index.company(meant).insert(
                named(sources or ()),
                meta_id=meta_id,
                meta_id_from=meta_id_from.keys,
                selection=chosen,
                replace=replace,
                refresh=refresh,
                each=each,
            )
    summarize(report, rejects, json=json)


def get(
    *,
    company_id: options.CompanyId = None,
    meta_id: options.RequiredMetaId,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Show one entry."""
    del verbose
    from hashindex.compose import load_settings, open_index

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    scope = options.company_scope(company_id, settings.company_id)
    with open_index(settings=settings) as index:
        entry = index.company(scope).get(meta_id)
    if entry is None:
        output.say(f"company {scope} has no entry with meta_id {meta_id}.")
        raise typer.Exit(output.Exit.FAILED)
    values = output.flattened(entry)
    if json:
        output.emit(values)
    else:
        if not entry.picture.is_bare:
            values["upload_time"] = output.when(entry.picture.upload_time)
        output.table((values | {"indexed_time": output.when(entry.indexed_time)}).items())


def delete(
    *,
    company_id: options.CompanyId = None,
    meta_id: options.MetaId = None,
    everything: Annotated[bool, typer.Option("--all", help="Delete all that the company has.")] = False,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Delete one entry, or with --all everything that a company has."""
    del verbose
    if (meta_id is None) != everything:
        raise InvalidArgumentError("give --meta-id for one entry, or --all for the company: one of the two.")
    from hashindex.compose import load_settings, open_index

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    scope = options.company_scope(company_id, settings.company_id)
    with open_index(settings=settings) as index:
        company = index.company(scope)
        deleted = company.delete_all() if meta_id is None else company.delete(meta_id)
    if json:
        output.emit({"deleted": deleted})
    else:
        output.line(f"deleted {output.entries(deleted)} of company {scope}")


@contextmanager
def opened_text(path: str) -> Iterator[TextIO]:
    """Open CSV or JSONL; bytes that are not UTF-8 are kept, for its reader to reject line by line."""
    place = sys.stdin.fileno() if path == "-" else path
    with open(  # a file descriptor is not a path
        place, encoding="utf-8", errors="surrogateescape", newline="", closefd=path != "-"
    ) as lines:
        yield lines


def lines_of(path: str) -> Iterator[object]:
    """Yield something for each row of a CSV or JSONL file, to be counted."""
    from hashindex.text_rows import rows

    with opened_text(path) as lines:
        yield from rows(lines, "file", ())
