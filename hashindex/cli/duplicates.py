"""The command `duplicates`: what is in an index, a folder or a file of hashes more than once."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashindex.cli import options, output
from hashindex.cli.groups_written import Written
from hashindex.cli.pictures import named, selection
from hashindex.cli.progress import Progress, progress
from hashindex.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    from hashindex.confirming import Rule
    from hashindex.duplicates.finding import DuplicateRules
    from hashindex.duplicates.groups import Duplicates
    from hashindex.lookup import Lookup
    from hashindex.outcomes import Rejected
    from hashindex.records import HashedPicture

_KEEP = "resolution,size,earliest"

_SCOPE = "give --company-id, or --all-companies."

_NOTHING = (
    "nothing is named to look at; name pictures, or give --company-id, --all-companies or --hashes, or set "
    "HASHINDEX_COMPANY_ID."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(duplicates)


def duplicates(  # typer makes options of keywords, and an argument of the first
    sources: options.OptionalSources = None,
    *,
    company_id: options.CompanyId = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="Look at the pictures of every company together.")
    ] = False,
    against: Annotated[
        bool, typer.Option("--against", help="Compare SOURCE with the index, not with itself.")
    ] = False,
    hashes: Annotated[
        Path | None, typer.Option(metavar="FILE.npy", help="Look at bare aHashes: uint8 of shape (n, 8).")
    ] = None,
    wide: options.Wide = False,
    radius: options.Radius = None,
    joint_radius: options.JointRadius = None,
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", help="Take weak pairs too, which are not confirmed.")
    ] = False,
    connected: Annotated[
        bool, typer.Option("--connected", help="Make one group of whatever a chain of matches connects.")
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="What to keep, in order, of: resolution, size, earliest, latest, shortest-path, prefix. "
            f"[default: {_KEEP}]",
        ),
    ] = None,
    prefer: Annotated[
        list[str] | None,
        typer.Option(metavar="PREFIX", help="Keep what lies there rather (first, unless --keep has prefix)."),
    ] = None,
    protect: Annotated[
        list[str] | None, typer.Option(metavar="PREFIX", help="Propose nothing there for removal.")
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Honour what a report exported.")
    ] = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a line for each member; - for stdout.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page to look at, and to decide in.")
    ] = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Find what is there more than once, and which copy to keep.

    Duplicates come in groups, and of each the picture to keep is named, with the reason.

    SOURCE alone needs no index. Nothing is removed. Each member of a group matches the one that is kept.
    """
    del verbose
    _check_scope(sources, company_id, hashes, all_companies=all_companies, against=against)
    if hashes and (keep or prefer or protect or decisions or report):
        raise InvalidArgumentError(
            "--keep, --prefer, --protect, --decisions and --report say nothing of the bare --hashes."
        )
    if (include or exclude) and not sources:
        raise InvalidArgumentError("--include and --exclude go with folders that are named.")
    written = Written(json=json, csv=csv, report=report)
    began = time.monotonic()
    from hashindex.compose import load_settings, open_index, open_reader

    settings = load_settings(milvus_uri=milvus_uri, collection=collection)
    needs_index = not hashes and (against or not sources)
    company = settings.company_id if company_id is None and not all_companies else company_id
    if needs_index and company is None and not all_companies:
        raise InvalidArgumentError(f"--against needs an index; {_SCOPE}" if against else _NOTHING)
    with ExitStack() as stack:
        scope: Lookup | None = None
        if needs_index:
            index = stack.enter_context(open_index(settings=settings))
            reader = index.reader
            scope = index.all_companies() if company is None else index.company(company)
        else:
            reader = stack.enter_context(open_reader(settings=settings))
        rules = _rules(
            reader.canonical,
            rule=options.rule(wide, radius, joint_radius),
            unconfirmed=unconfirmed,
            connected=connected,
            keep=keep or _KEEP,
            prefer=prefer or [],
            protect=protect or [],
            decisions=decisions,
        )
        ignored = count()
        with progress("reading", bar=written.leaves_stdout) as shown:
            read = reader.read_all(
                named(sources or ()), selection(include, exclude), each_ignored=lambda: next(ignored)
            )
            pictures = _counted(read, shown)
            each = partial(_reach, shown)
            if hashes:
                found = _among_hashes(hashes, rules)
            elif scope is None:
                found = _among(pictures, rules)
            elif against:
                found = scope.duplicates_of(pictures, rules, each)
            else:
                found = scope.duplicates(rules, each)
        written.write(found, reader, rejected=shown.rejected, ignored=next(ignored), began=began)
    if shown.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)


def _check_scope(
    sources: list[str] | None,
    company_id: int | None,
    hashes: Path | None,
    *,
    all_companies: bool,
    against: bool,
) -> None:
    scoped = company_id is not None or all_companies
    if company_id is not None and all_companies:
        raise InvalidArgumentError("--all-companies does not go with --company-id.")
    if hashes and (sources or scoped or against):
        raise InvalidArgumentError(
            "--hashes are looked at alone; leave out pictures, companies and --against."
        )
    if against and not sources:
        raise InvalidArgumentError("--against compares pictures with the index; name the pictures.")
    if sources and scoped and not against:
        raise InvalidArgumentError(
            "pictures are compared with each other, without an index; add --against to compare them with it, "
            "or leave the company out."
        )


def _rules(
    canonical: Callable[[str], str],
    *,
    rule: "Rule",
    unconfirmed: bool,
    connected: bool,
    keep: str,
    prefer: list[str],
    protect: list[str],
    decisions: Path | None,
) -> "DuplicateRules":
    from hashindex.duplicates.decisions import NONE, read_decisions
    from hashindex.duplicates.finding import DuplicateRules
    from hashindex.duplicates.keeping import KeepPolicy

    criteria = [name.strip() for name in keep.split(",") if name.strip()]
    if prefer and "prefix" not in criteria:
        criteria.insert(0, "prefix")
    if "prefix" in criteria and not prefer:
        raise InvalidArgumentError("--keep prefix goes with --prefer PREFIX, which names what is preferred.")
    policy = KeepPolicy(
        criteria=tuple(criteria),
        prefer=tuple(map(canonical, prefer)),
        protect=tuple(map(canonical, protect)),
    )
    return DuplicateRules(
        rule=rule,
        unconfirmed=unconfirmed,
        connected=connected,
        policy=policy,
        decisions=NONE if decisions is None else read_decisions(decisions),
    )


def _reach(shown: Progress, what: str, done: int, total: int) -> None:
    """Say how far the reading is, and what follows it."""
    shown.reach(what if done < total else "comparing", done, total)


def _counted(read: Iterable["HashedPicture | Rejected"], shown: Progress) -> Iterator["HashedPicture"]:
    """Yield the pictures, and say which were rejected."""
    from hashindex.outcomes import Rejected

    for found in read:
        if isinstance(found, Rejected):
            shown.add(rejected=True)
            output.complain(found)
        else:
            shown.add(size=found.file_size)
            yield found
    _reach(shown, "reading", shown.done, shown.done)


def _among(pictures: Iterable["HashedPicture"], rules: "DuplicateRules") -> "Duplicates":
    from hashindex.duplicates.finding import duplicates_among

    return duplicates_among(pictures, rules)


def _among_hashes(file: Path, rules: "DuplicateRules") -> "Duplicates":
    import numpy as np

    from hashindex.duplicates.columns import Pictures
    from hashindex.duplicates.finding import find

    try:
        hashes = np.load(file, allow_pickle=False)
    except OSError as exc:
        if exc.strerror:
            raise ConfigurationError(f"the hashes cannot be read from {file}: {exc.strerror}.") from exc
        hashes = None
    except (ValueError, EOFError):
        hashes = None
    if not isinstance(hashes, np.ndarray):
        raise InvalidArgumentError(f"--hashes {file} is no .npy file of numbers; numpy.save writes one.")
    return find(Pictures.of_hashes(hashes), rules)
