"""Copy: write to one store what another holds and it lacks, and prove that both hold the same."""

import time

from hashindex.entry_digest import EntryDigest
from hashindex.errors import IndexMismatchError
from hashindex.outcomes import CopyReport
from hashindex.records import Scope
from hashindex.scanning import Progress, scanned
from hashindex.store.interface import Store

COMPARING, COPYING, PROVING = "comparing", "copying", "proving"
"""The three scans: of what the target held before, of the source, and of the target."""


def copy(source: Store, target: Store, scope: Scope, each: Progress | None = None) -> CopyReport:
    """Copy the entries of a scope; repeating it goes on where it was.

    The proof: what was read from the source, and what a scan of the target gives afterwards, have one digest.
    IndexMismatchError when the target has another recipe, or entries of the scope that the source has not,
    before anything is written; or when the proof fails, because something else wrote meanwhile. It takes no
    turn: what another writes to the target would spoil the proof whoever comes first.
    """
    began = time.monotonic()
    held = _held_before(source, target, scope, each)
    read, copied, updated = EntryDigest(), 0, 0
    for page in scanned(source, scope, COPYING, each):
        there = target.get([entry.key for entry in page]) if held else {}
        missing = [entry for entry in page if there.get(entry.key) != entry]
        target.upsert(missing)
        replaced = sum(entry.key in there for entry in missing)
        copied, updated = copied + len(missing) - replaced, updated + replaced
        read.add(page)
    found = EntryDigest()
    for page in scanned(target, scope, PROVING, each):
        found.add(page)
    if (found.count, found.text) != (read.count, read.text):
        raise IndexMismatchError(
            f"{target.info().uri} holds {found}, and what was copied is {read}: something else wrote to one "
            "of the two meanwhile; copy again while nothing does."
        )
    return CopyReport(
        copied=copied,
        updated=updated,
        unchanged=read.count - copied - updated,
        total=read.count,
        digest=read.text,
        seconds=round(time.monotonic() - began, 3),
    )


def _held_before(source: Store, target: Store, scope: Scope, each: Progress | None) -> int:
    """Return how many entries the target has, all of which the source has too."""
    ours, theirs = source.origin.recipe, target.origin.recipe
    if ours != theirs:
        raise IndexMismatchError(
            f"{target.info().uri} has the recipe {theirs}, and the source {ours}; copy to another place."
        )
    held = 0
    for page in scanned(target, scope, COMPARING, each):
        keys = [entry.key for entry in page]
        if strange := set(keys) - source.get(keys).keys():
            raise IndexMismatchError(
                f"{target.info().uri} holds entries that the source has not, {min(strange)} among them, so "
                "nothing was copied; delete them there, or copy to another place."
            )
        held += len(keys)
    return held
