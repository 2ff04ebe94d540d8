"""The state machines of `testing.property`, with many more examples than in `make test`."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

from testing.campaign.run import Options, Run

STORE_EXAMPLES = 60
"""Sequences of operations where no other number is named."""

DEADLINE_SECONDS = 3_600.0
STOP_SECONDS = 20.0
SHOWN_LINES = 60
"""Of what pytest prints of a failure; the example that shows it comes last."""


def stores(options: Options) -> Iterator[Run]:
    """Let Hypothesis think of operations on stores, in a process of its own."""
    examples = options.examples or STORE_EXAMPLES
    what = f"{examples} sequences of operations on memory, Milvus Lite and a server"
    yield explored("test_store_machine", what, options.seed, examples)


def explored(module: str, what: str, seed: int, examples: int) -> Run:
    """Run so many examples; a failure is shown with the example that Hypothesis has made smallest."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", "--pyargs", f"testing.property.{module}"),
            *(f"--hypothesis-seed={seed}", "--hypothesis-show-statistics"),
        ],
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
    failures, _, statistics = said.partition(" Hypothesis Statistics ")
    last = said.strip().rpartition("\n")[2]
    if process.returncode == 0:
        passing = " and ".join(re.findall(r"(\d+) passing", statistics))
        return Run(seed, what, f"no difference in {passing}; pytest says {last}")
    shown = "\n".join(failures.splitlines()[-SHOWN_LINES:])
    return Run(seed, what, f"a difference; pytest says {last}", (shown,))


def _end(process: "subprocess.Popen[str]") -> None:
    """Let pytest stop its server and remove its folders, where it still runs."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
