"""`python -m hashindex` and the `hashindex` command."""

import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from hashindex.cli.app import leave, run  # importing this module must do nothing

        leave(run(sys.argv[1:]))
    except KeyboardInterrupt:  # before the command began, or while it ended
        os._exit(130)  # at its own end CPython may remember the interruption, and kill itself with SIGINT


if __name__ == "__main__":
    main()
