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
    from hashindex.records import Ignored, InsertReport, Reject, Removed, Taken

_log = logging.getLogger(__name__)


@contextmanager
def account(
    what: str, rejects: RejectsFile | None, *, bar: bool, items: Callable[[], Iterable[object]] | None = None
) -> Iterator[Callable[["Taken | Reject | Removed | Ignored"], None]]:
    """Give what is called for each item: it writes the rejects down and counts for the progress shown.

    When the run does not reach its end, say what was done until then. `bar` and `items` are as in `progress`.
    """
    from hashindex.records import Reject, Removed, Taken

    stored = 0
    if rejects:
        rejects.begin()
    with progress(what, bar=bar, items=items) as shown:

        def each(item: "Taken | Reject | Removed | Ignored") -> None:
            nonlocal stored
            if isinstance(item, Taken):
                stored += 1
                shown.add(size=item.file_size)
                _log.debug("%s %s: %s", item.outcome, item.wanted.key, item.wanted.picture.uri)
                return
            shown.add(rejected=isinstance(item, Reject))
            if isinstance(item, Removed):
                _log.debug("removed %s: %s", item.key, item.uri)
            elif not isinstance(item, Reject):
                _log.debug("ignored: %s", item.uri)
            elif rejects:
                rejects.write(item)
            else:
                output.complain(item.rejected, item.line)

        try:
            yield each
        except (KeyboardInterrupt, SystemExit):
            output.say(f"interrupted; {stored} pictures of this run are in the index, run it again to go on.")
            raise
        except (HashIndexError, OSError) as exc:
            if stored:
                exc.add_note(f"{stored} pictures of this run are in the index; run it again to go on.")
            raise


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
        output.line(
            ", ".join(f"{count} {name}" for name, count in counts.items()) + f" in {report.seconds} s"
        )
    if report.rejected and rejects:
        number = "1 picture was" if report.rejected == 1 else f"{report.rejected} pictures were"
        output.say(f"{number} not taken; {rejects} says why, and goes back in with --manifest.")
    if report.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)
