"""Commands that change or show entries: `insert`, `get`, `delete`."""

import json as jsonlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from hashindex.cli import options, output
from hashindex.cli.pictures import named, selection
from hashindex.errors import HashIndexError, InvalidArgumentError

if TYPE_CHECKING:
    from hashindex.records import Ignored, InsertReport, Reject, Taken


class MetaIdFrom(StrEnum):
    """What a meta_id is made of where none is given."""

    URI = "uri"
    STEM = "stem"


_META_ID = typer.Option("--meta-id", metavar="M", help="The company's own number for the picture.")
MetaId = Annotated[int | None, _META_ID]
RequiredMetaId = Annotated[int, _META_ID]


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
    meta_id: MetaId = None,
    meta_id_from: Annotated[
        MetaIdFrom, typer.Option(help="Make meta_ids of the URI, or take file names that are numbers.")
    ] = MetaIdFrom.URI,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what was not taken there, as JSONL.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let a key that belongs to another URI be taken over.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Read pictures again that have not changed.")
    ] = False,
    include: options.Include = None,
    exclude: options.Exclude = None,
    recipe: options.RecipeName = None,
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
    if manifest and meta_id is not None:
        raise InvalidArgumentError("--meta-id goes with one picture; a manifest has its own.")
    from hashindex.compose import open_index
    from hashindex.keys import meta_id_from_stem, meta_id_from_uri
    from settings import load_settings

    settings = load_settings(milvus_uri=milvus_uri, collection=collection, index_type=index_type)
    company = company_id if company_id is not None else settings.company_id
    keys = meta_id_from_stem if meta_id_from is MetaIdFrom.STEM else meta_id_from_uri
    with ExitStack() as stack:
        lines = stack.enter_context(_opened(manifest, rejects)) if manifest else None
        meant = options.company_scope(company) if lines is None else 0
        each = stack.enter_context(_account(rejects, quiet=json))
        index = stack.enter_context(open_index(create=True, recipe=recipe, expect=expect, settings=settings))
        if lines is not None:
            report = index.insert_manifest(
                lines, company_id=company, meta_id_from=keys, replace=replace, refresh=refresh, each=each
            )
        else:
            report = index.company(meant).insert(
                named(sources or ()),
                meta_id=meta_id,
                meta_id_from=keys,
                selection=selection(include, exclude),
                replace=replace,
                refresh=refresh,
                each=each,
            )
    _summarize(report, rejects, json=json)


def get(
    *,
    company_id: options.CompanyId = None,
    meta_id: RequiredMetaId,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Show one entry."""
    del verbose
    from hashindex.compose import open_index
    from settings import load_settings

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
        output.table(("field", "value"), [(name, str(value)) for name, value in values.items()])


def delete(
    *,
    company_id: options.CompanyId = None,
    meta_id: MetaId = None,
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
    from hashindex.compose import open_index
    from settings import load_settings

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    scope = options.company_scope(company_id, settings.company_id)
    with open_index(settings=settings) as index:
        company = index.company(scope)
        deleted = company.delete_all() if meta_id is None else company.delete(meta_id)
    if json:
        output.emit({"deleted": deleted})
    else:
        output.line(f"deleted {deleted} entr{'y' if deleted == 1 else 'ies'} of company {scope}")


@contextmanager
def _opened(manifest: str, rejects: Path | None) -> Iterator[TextIO]:
    """Open a manifest, undecodable bytes kept; never while the rejects would be written over it."""
    if rejects is not None and manifest != "-" and rejects.exists() and rejects.samefile(manifest):
        raise InvalidArgumentError(
            "--rejects is the manifest itself, which would be lost; name another file."
        )
    place = sys.stdin.fileno() if manifest == "-" else manifest
    with open(  # a file descriptor is not a path
        place, encoding="utf-8", errors="surrogateescape", newline="", closefd=manifest != "-"
    ) as lines:
        yield lines


@contextmanager
def _account(rejects: Path | None, *, quiet: bool) -> Iterator[Callable[["Taken | Reject | Ignored"], None]]:
    """Give what is called for each item: it writes the rejects down and moves the progress bar on.

    When the run does not reach its end, say what was done until then.
    """
    from hashindex.records import Reject, Taken

    stored = 0
    with ExitStack() as stack:
        file = stack.enter_context(rejects.open("w", encoding="utf-8")) if rejects else None
        advance = stack.enter_context(output.progress("inserting", shown=not quiet))

        def each(item: "Taken | Reject | Ignored") -> None:
            nonlocal stored
            advance()
            if isinstance(item, Taken):
                stored += 1
            elif isinstance(item, Reject) and file:
                file.write(jsonlib.dumps(_reject_line(item), ensure_ascii=False) + "\n")
                file.flush()
            elif isinstance(item, Reject):
                output.complain(item.rejected, item.line)

        try:
            yield each
        except KeyboardInterrupt:
            output.say(f"interrupted; {stored} pictures are in the index. Run it again to go on.")
            raise
        except (HashIndexError, OSError):
            output.say(f"stopped; {stored} pictures are in the index. Once mended, run it again to go on.")
            raise


def _reject_line(item: "Reject") -> dict[str, object]:
    return {
        "uri": item.rejected.uri,
        "company_id": item.company_id,
        "meta_id": item.meta_id,
        "line": item.line,
        "reason": item.rejected.reason.value,
        "detail": item.rejected.detail,
    }


def _summarize(report: "InsertReport", rejects: Path | None, *, json: bool) -> None:
    counts = {
        "inserted": report.inserted,
        "updated": report.updated,
        "skipped": report.skipped,
        "rejected": report.rejected,
        "ignored": report.ignored,
    }
    if json:
        output.emit({**counts, "seconds": report.seconds})
    else:
        output.line(
            ", ".join(f"{count} {name}" for name, count in counts.items()) + f" in {report.seconds} s"
        )
    if report.rejected and rejects:
        number = "1 picture was" if report.rejected == 1 else f"{report.rejected} pictures were"
        output.say(f"{number} not taken; {rejects} says why, and goes back in with --manifest.")
    if report.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)
