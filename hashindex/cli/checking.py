"""The command `check`: the gate of an upload."""

import sys
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from hashindex.answers import Status
from hashindex.cli import matches, options, output
from hashindex.cli.pictures import named, selection
from hashindex.cli.progress import progress
from hashindex.errors import InvalidArgumentError
from hashindex.views import Ways

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hashindex.answers import Checked
    from hashindex.outcomes import Rejected
    from hashindex.records import Picture

_EXIT = {
    Status.EXACT: output.Exit.SOME_EXACT,
    Status.NEAR: output.Exit.SOME_NEAR,
    Status.LOW_INFORMATION: output.Exit.SOME_LOW_INFORMATION,
}
"""The strongest first: of several pictures, the first that occurs is the exit code."""

_HELP = """Exit codes: 0 every picture is new; 10 one is exact; 11 one is near; 12 one is low_information
(the first of these that occurs); 3 one could not be judged (undecodable, unavailable) or inserted, whatever
the others are; 1 it could not be done; 2 wrong usage; 130 interrupted.

Of several uploads of one picture at once, from threads and processes of this machine, --insert-if-new takes
exactly one. It promises nothing across machines: each has locks of its own."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_HELP)(check)


def check(
    images: options.Sources,
    *,
    company_id: options.CompanyId = None,
    wide: options.Wide = False,
    orientations: options.Orientations = False,
    no_trim: options.NoTrim = False,
    radius: options.Radius = None,
    joint_radius: options.JointRadius = None,
    insert_if_new: Annotated[
        bool,
        typer.Option("--insert-if-new", help="Insert what is new or low_information, in the same step."),
    ] = False,
    meta_id: options.MetaId = None,
    meta_id_from: options.MetaIdsFrom = options.MetaIdFrom.URI,
    replace: options.Replace = False,
    include: options.Include = None,
    exclude: options.Exclude = None,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Say whether pictures are new: the gate of an upload.

    Each is new, exact, near, low_information, undecodable or unavailable. Every stored hash of the company is
    compared.
    """
    del verbose
    keyed = meta_id is not None or replace or meta_id_from is not options.MetaIdFrom.URI
    if keyed and not insert_if_new:
        raise InvalidArgumentError("--meta-id, --meta-id-from and --replace go with --insert-if-new.")
    options.check_one_picture(meta_id, images)
    rule = options.rule(wide, radius, joint_radius)
    ways = Ways(orientations=orientations, trimmed=not no_trim)
    from hashindex.compose import load_settings, open_index

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    scope = options.company_scope(company_id, settings.company_id)
    with open_index(settings=settings) as index:
        pictures = index.pictures(named(images), selection(include, exclude))
        company = index.company(scope)
        answers: Iterable[Checked]
        if insert_if_new:
            single = (lambda _: meta_id) if meta_id is not None else None
            answers = company.insert_many_if_new(
                _only(pictures) if single else pictures,
                meta_id_from=single or meta_id_from.keys,
                replace=replace,
                rule=rule,
                ways=ways,
            )
        else:
            answers = company.check_many(pictures, rule=rule, ways=ways)
        counts = Counter[Status]()
        with progress("checking", bar=not json and not sys.stdout.isatty()) as shown:
            for checked in answers:
                shown.add(rejected=checked.rejected is not None)
                counts[checked.status] += 1
                (_emit if json else _show)(checked)
    if not counts:
        raise InvalidArgumentError("no picture was named, so none was checked.")
    if shown.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)
    for status, code in _EXIT.items():
        if counts[status]:
            raise typer.Exit(code)


def _only(pictures: "Iterator[Picture | Rejected]") -> "list[Picture | Rejected]":
    first_two = list(islice(pictures, 2))
    if len(first_two) != 1:
        raise InvalidArgumentError("--meta-id goes with exactly one picture.")
    return first_two


def _emit(checked: "Checked") -> None:
    output.emit(
        {
            "uri": checked.uri,
            "status": checked.status.value,
            "hash": checked.ahash.hex() if checked.ahash else None,
            "matches": [matches.flattened(match) for match in checked.matches],
            "recipe": checked.recipe,
            "low_information": checked.low_information,
            "truncated": checked.truncated,
            "inserted": checked.inserted,
            "meta_id": checked.meta_id,
            "rejected": output.why(checked.rejected),
        }
    )


def _show(checked: "Checked") -> None:
    inserted = f"  inserted as {checked.meta_id}" if checked.inserted else ""
    output.line(f"{checked.status.value:<{max(map(len, Status))}}  {checked.uri}{inserted}")
    if checked.matches:
        matches.table(checked.matches)
    if checked.truncated:
        output.line("  There are more matches than these, or may be: more candidates than Milvus gives.")
    if checked.rejected:
        output.complain(checked.rejected)
