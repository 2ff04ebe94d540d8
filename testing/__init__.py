"""The tests, and the real servers that they run against. Their locks lie in a folder that goes with them."""

import atexit
import os
import tempfile
from pathlib import Path

_folder = tempfile.TemporaryDirectory(prefix="hashindex-locks-")
atexit.register(_folder.cleanup)

LOCK_FOLDER = Path(_folder.name)
os.environ["HASHINDEX_LOCK_FOLDER"] = str(LOCK_FOLDER)
