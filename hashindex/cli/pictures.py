"""The command `hash`, and how commands are told which pictures are meant."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import typer

from hashindex.cli import options, output
from hashindex.cli.progress import progress
from hashindex.outcomes import Rejected
from hashindex.records import HashedPicture

if TYPE_CHECKING:
    from hashindex.listing import Selection


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("hash")(hash_pictures)


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


def _emit_hash(found: HashedPicture | Rejected) -> None:
    prints = None if isinstance(found, Rejected) else found.fingerprint
    output.emit(
        {
            "uri": found.uri,
            "hash": prints and prints.ahash.hex(),
            "phash": prints and prints.phash and prints.phash.hex(),
            "dhash": prints and prints.dhash and prints.dhash.hex(),
            "low_information": prints and output.low_information(prints),
            "rejected": output.why(found if isinstance(found, Rejected) else None),
        }
    )


def _show_hash(found: HashedPicture | Rejected) -> None:
    if isinstance(found, Rejected):
        output.complain(found)
    else:
        mark = "  (low information)" if output.low_information(found.fingerprint) else ""
        output.line(f"{found.fingerprint.ahash.hex()}  {found.uri}{mark}")
