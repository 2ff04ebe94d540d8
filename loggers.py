"""Logging of the command line: called once there, never by the library."""

import faulthandler
import logging
import os
import sys

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_NOISY_LIBRARIES = ("pymilvus", "oss2", "urllib3", "PIL", "py.warnings", "grpc", "dotenv", "filelock")
"""Loggers of others that repeat on stderr what hashindex already says in one sentence, or say too much."""


def configure(*, verbose: bool) -> None:
    """Send our warnings to stderr as plain sentences; with `verbose`, everything, with times and names.

    Without `verbose` the noise that C libraries (libtiff, and the process of Milvus Lite) write straight to
    file descriptor 2 is dropped; a crash of the interpreter is still shown.
    """
    if not verbose:
        _drop_noise_of_c_libraries()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT if verbose else "hashindex: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in _NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.CRITICAL + 1)


def _drop_noise_of_c_libraries() -> None:
    try:
        ours = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    except OSError:  # stderr is closed: there is nothing to keep clean
        return
    sys.stderr = ours
    faulthandler.enable(ours)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
