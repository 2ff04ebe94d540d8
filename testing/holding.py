"""A command that is held right before a write to Milvus Lite, until a test has done what must come first.

hold = Hold(folder)
with Running("insert", "-", cwd=cwd, environment=hold.environment) as running:
    hold.next_write()
    running.wait_until(hold.holds)
    ...                     # the write has not begun, and cannot
    hold.let_go()

Nothing of the command is replaced: it waits inside the system call that gives the journal its name, after
which Lite is sent the rows.
"""

import os
from pathlib import Path

from testing.commands import REPOSITORY

_HOOK = """
import os, sys, time

def hold(event, arguments):
    if event == "os.rename" and os.fsdecode(arguments[1]).endswith(".journal") and os.path.exists({order!r}):
        with open({order!r}) as order:
            before = int(order.read())
        if before:
            with open({order!r}, "w") as order:
                order.write(str(before - 1))
            return
        open({held!r}, "w").close()
        while os.path.exists({order!r}):
            time.sleep(0.005)

sys.addaudithook(hold)
"""


class Hold:
    """Holds the command that gets its environment."""

    def __init__(self, folder: Path) -> None:
        """Use an empty folder for what is said to the command."""
        self._order, self._held = folder / "order", folder / "held"
        hook = _HOOK.format(order=str(self._order), held=str(self._held))
        (folder / "sitecustomize.py").write_text(hook)  # Python runs it when it starts
        self.environment = {"PYTHONPATH": os.pathsep.join((str(folder), str(REPOSITORY)))}

    def next_write(self, *, but: int = 0) -> None:
        """Hold the next write that begins, or let so many pass before."""
        self._order.write_text(str(but))

    def holds(self) -> bool:
        """Say whether the command waits."""
        return self._held.exists()

    def let_go(self) -> None:
        """Let the write begin."""
        self._order.unlink()
