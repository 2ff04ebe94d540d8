"""The process that decodes damaged pictures, so that what crashes is this one.

Started by `testing.campaign.mutations`. Says `ready`, then reads lines of JSON `{"path", "seed", "save"}`
and answers each with one line: `hashed`, the reason of the reject, or `raised` and the error.
"""

import json
import random
import sys
from pathlib import Path

from hashindex import open_reader
from hashindex.outcomes import Rejected
from hashindex.views import ONLY_AS_IS
from testing.campaign.faulty import damaged


def main() -> None:
    """Answer until stdin ends."""
    with open_reader() as reader:
        print("ready", flush=True)  # noqa: T201  # the time of the first picture begins now
        for line in sys.stdin:
            job = json.loads(line)
            data = damaged(Path(job["path"]).read_bytes(), random.Random(job["seed"]))
            Path(job["save"]).write_bytes(data)
            try:
                found = reader.look(data, ONLY_AS_IS)
            except Exception as exc:  # noqa: BLE001  # any is what is looked for
                answer = f"raised {type(exc).__name__}: {' '.join(str(exc).split())}"
            else:
                answer = found.reason.value if isinstance(found, Rejected) else "hashed"
            print(answer, flush=True)  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
