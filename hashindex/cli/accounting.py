"""The account of a run that changes entries: rejects written down, progress shown, and what it came to."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hashindex.cli import output
from hashindex.cli.progress import progress
from hashindex.cli.rejects import RejectsFile
from hashindex.errors import HashIndexError

if TYPE_CHECKING:
    from hashindex.outcomes import Ignored, Imported, InsertReport, Reject, Removed, Taken

_log = logging.getLogger(__name__)


@contextmanager
def account(
    what: str,
    rejects: RejectsFile | None,
    *,
    bar: bool,
    items: Callable[[], Iterable[object]] | None = None,
    unit: str = "pictures",
) -> Iterator[Callable[["Taken | Imported | Reject | Removed | Ignored"], None]]:
    """Give what is called for each item: it writes the rejects down and counts for the progress shown.

    When the run does not reach its end, say what was done until then. `bar`, `items`, `unit`: see `progress`.
    """
    from hashindex.outcomes import Imported, Reject, Taken

    stored = 0
    if rejects:
        rejects.begin()
    with progress(what, bar=bar, items=items, unit=unit) as shown:

        def each(item: "Taken | Imported | Reject | Removed | Ignored") -> None:
            nonlocal stored
            stored += isinstance(item, Taken | Imported)
            size = item.file_size if isinstance(item, Taken) else 0
            shown.add(size=size, rejected=isinstance(item, Reject))
            if not isinstance(item, Reject):
                _log.debug(*_told(item))
            elif rejects:
                rejects.write(item)
            else:
                output.complain(item.rejected, item.line)

        try:
            yield each
        except (KeyboardInterrupt, SystemExit):
            output.say(f"interrupted; {stored} {unit} of this run are in the index, run it again to go on.")
            raise
        except (HashIndexError, OSError) as exc:
            if stored:
                exc.add_note(f"{stored} {unit} of this run are in the index; run it again to go on.")
            raise


def _told(item: "Taken | Imported | Removed | Ignored") -> tuple[str, *tuple[object, ...]]:
    """Return what the log says of it: a form, and what goes into it."""
    from hashindex.outcomes import Imported, Removed, Taken

    if isinstance(item, Taken):
        return "%s %s: %s", item.outcome, item.wanted.key, item.wanted.picture.uri
    if isinstance(item, Imported):
        return "%s %s", item.outcome, item.entry.key
    if isinstance(item, Removed):
        return "removed %s: %s", item.key, item.uri
    return "ignored: %s", item.uri


def summarize(report: "InsertReport", rejects: Path | None, *, json: bool) -> None:
    """Print what a run came to; ends the command with its exit code when something was rejected."""
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
        output.line(output.counted(counts, report.seconds))
    if report.rejected and rejects:
        number = "1 picture was" if report.rejected == 1 else f"{report.rejected} pictures were"
        output.say(f"{number} not taken; {rejects} says why, and goes back in with --manifest.")
    if report.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)
