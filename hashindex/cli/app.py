"""The program `hashindex`: its commands, and what becomes of every error."""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from types import FrameType
from typing import Annotated, NoReturn

import typer

from hashindex import __version__
from hashindex.cli import (
    checking,
    duplicates,
    entries,
    importing,
    indexes,
    moving,
    pictures,
    quality,
    searching,
    syncing,
)
from hashindex.cli.output import Exit, say
from hashindex.errors import HashIndexError, InvalidArgumentError

_log = logging.getLogger(__name__)

app = typer.Typer(
    name="hashindex",
    help="Tells whether a picture has been seen before, even re-encoded, resized or watermarked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
_GROUPS = (pictures, searching, checking, duplicates, entries, syncing, indexes, moving, importing, quality)
for module in _GROUPS:
    module.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"hashindex {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    del version


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; an error is one sentence on stderr, never a traceback."""
    signal.signal(signal.SIGTERM, _leave)  # so that what is open is closed
    _prepare_streams()
    try:
        app(arguments, prog_name="hashindex")
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else Exit.FAILED
    except InvalidArgumentError as exc:
        return _failed(exc, Exit.USAGE)
    except (HashIndexError, OSError) as exc:
        return _failed(exc, Exit.FAILED)
    return Exit.DONE


def leave(code: int) -> NoReturn:
    """End the process at once: threads that still wait for a network are not waited for."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # the reader of a pipe has gone
            code = code or Exit.FAILED
    os._exit(code)


def _prepare_streams() -> None:
    """Make the three standard streams take any text, also where the caller closed them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the next file that is opened would get its number, and its output
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _failed(exc: Exception, code: Exit) -> Exit:
    _log.debug("the cause:", exc_info=exc)
    if isinstance(exc, OSError):
        say(f"{exc.filename or 'reading or writing'}: {exc.strerror or exc}.")
    else:
        say(str(exc))
    for note in getattr(exc, "__notes__", ()):
        say(note)
    return code


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    raise SystemExit(128 + number)
