"""The tests, and the real servers that they run against. Their locks lie in a folder that goes with them."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def lock_folder() -> Path:
    """Return the folder for the locks of this process and those that it starts; it need not be there."""
    return Path(tempfile.gettempdir(), f"hashindex-locks-{os.getpid()}")


os.environ["HASHINDEX_LOCK_FOLDER"] = str(lock_folder())  # else it would be the user's own
atexit.register(shutil.rmtree, lock_folder(), ignore_errors=True)
