"""The command `sync`."""

from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashindex.cli import options, output
from hashindex.cli.accounting import account
from hashindex.cli.pictures import selection
from hashindex.cli.progress import progress
from hashindex.cli.rejects import rejects_file
from hashindex.errors import InvalidArgumentError

if TYPE_CHECKING:
    from hashindex.outcomes import SyncReport
    from hashindex.sync import Comparison

SHOWN = 20
"""URIs of a kind that a dry run shows to people; with --json it prints all."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sync)


def sync(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A folder, or oss://bucket/prefix/.")],
    *,
    company_id: options.CompanyId = None,
    meta_id_from: Annotated[
        options.MetaIdFrom, typer.Option(help="How new pictures get their meta_ids: as in insert.")
    ] = options.MetaIdFrom.URI,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Go on also where more than 20% of the entries have vanished.")
    ] = False,
    rejects: options.Rejects = None,
    refresh: options.Refresh = False,
    include: options.Include = None,
    exclude: options.Exclude = None,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Make entries follow what a folder or OSS prefix now holds.

    What is new goes in, what has changed is replaced, what has vanished is removed. Nothing is removed where
    a part could not be listed. Entries of other places and companies are not touched.
    """
    del verbose
    if dry_run and rejects:
        raise InvalidArgumentError("--dry-run reads no picture, so --rejects would stay empty; drop one.")
    from hashindex.compose import load_settings, open_index

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    scope = options.company_scope(company_id, settings.company_id)
    with ExitStack() as stack:
        file = stack.enter_context(rejects_file(rejects, None))
        index = stack.enter_context(open_index(settings=settings))
        with progress("comparing", unit="entries and files", bar=not json) as shown:
            comparing = index.company(scope).compare(
                source,
                meta_id_from=meta_id_from.keys,
                selection=selection(include, exclude),
                refresh=refresh,
                each_found=shown.add,
            )
            comparison = stack.enter_context(comparing)
        if dry_run:
            report = _show(comparison, json=json)
        else:
            comparison.check(remove_many=yes)  # before the rejects of an earlier run are replaced
            each = stack.enter_context(
                account("syncing", file, bar=not json, items=partial(range, comparison.to_do))
            )
            report = comparison.apply(remove_many=yes, each=each)
    _summarize(report, comparison.uri, rejects, dry_run=dry_run, json=json)


def _show(comparison: "Comparison", *, json: bool) -> "SyncReport":
    """Print what would be done, and return what it would come to if every picture were taken."""
    from hashindex.outcomes import Reject
    from hashindex.sync import MAX_VANISHED, Action

    counts: Counter[str] = Counter()
    shown: list[tuple[str, int, str]] = []
    for step in comparison.steps():
        if isinstance(step, Reject):
            counts["reject"] += 1
            output.complain(step.rejected)
            continue
        counts[step.action] += 1
        if json:
            output.emit({"action": step.action.value, "meta_id": step.key.meta_id, "uri": step.uri})
        elif counts[step.action] <= SHOWN:
            shown.append((step.action.value, step.key.meta_id, step.uri))
    if shown:
        output.table(shown, ("action", "meta_id", "uri"))
        for action in Action:
            if counts[action] > SHOWN:
                output.line(f"... and {counts[action] - SHOWN} more to {action.value}; --json shows all")
    if comparison.needs_confirmation:
        output.say(f"that removes more than {MAX_VANISHED:.0%} of the entries there, so it will take --yes.")
    return comparison.report(
        Counter(
            inserted=counts[Action.INSERT],
            updated=counts[Action.UPDATE],
            removed=counts[Action.REMOVE],
            rejected=counts["reject"],
        )
    )


def _summarize(report: "SyncReport", uri: str, rejects: Path | None, *, dry_run: bool, json: bool) -> None:
    counts = {
        "inserted": report.inserted,
        "updated": report.updated,
        "skipped": report.skipped,
        "removed": report.removed,
        "rejected": report.rejected,
        "ignored": report.ignored,
    }
    if json:
        output.emit({**counts, "incomplete": report.incomplete, "seconds": report.seconds})
    else:
        output.line(f"{'dry run: ' * dry_run}{output.counted(counts, report.seconds)}")
    if report.rejected and rejects:
        number = "1 was" if report.rejected == 1 else f"{report.rejected} were"
        output.say(f"{number} not taken; {rejects} says why.")
    if report.incomplete:
        output.say(f"{uri} could not be listed whole, so nothing {'is' if dry_run else 'was'} removed.")
    elif not any(counts.values()):
        output.say(f"{uri} holds no pictures, and the company has no entries of it.")
    if report.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)
