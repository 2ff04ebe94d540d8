"""The state machine of `testing.property.test_store_machine`, with many more examples than in `make test`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from testing.campaign.run import Options, Run

MODULE = "testing.property.test_store_machine"
DEADLINE_SECONDS = 3_600.0
STOP_SECONDS = 20.0
SHOWN_LINES = 60
"""Of what pytest prints of a failure; the example that shows it comes last."""


def runs(options: Options) -> Iterator[Run]:
    """Let Hypothesis think of operations, in a process of its own."""
    yield explored(options.seed, options.examples)


def explored(seed: int, examples: int) -> Run:
    """Run so many examples; a failure is shown with the example that Hypothesis has made smallest."""
    what = f"{examples} sequences of operations on memory, Milvus Lite and a server"
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--pyargs", MODULE, f"--hypothesis-seed={seed}"],
        env={**os.environ, "HASHINDEX_EXAMPLES": str(examples)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        return Run(seed, what, "no end", (f"not done after {DEADLINE_SECONDS:.0f} s",))
    finally:
        _end(process)
    lines = said.strip().splitlines() or ["nothing"]
    if process.returncode == 0:
        return Run(seed, what, f"no difference; pytest says {lines[-1]}")
    return Run(seed, what, f"a difference; pytest says {lines[-1]}", ("\n".join(lines[-SHOWN_LINES:]),))


def _end(process: "subprocess.Popen[str]") -> None:
    """Let pytest stop its server and remove its folders, where it still runs."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
