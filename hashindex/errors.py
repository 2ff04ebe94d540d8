"""Everything hashindex raises, by what the caller can do about it.

HashIndexError
├── InvalidArgumentError    mend the call: an id out of range, no scope, a bad hash
├── ConfigurationError      mend the settings: a missing credential, a place that cannot be used
├── IndexNotFoundError      make an index first: `hashindex create` or `hashindex insert`
├── TooManyVanishedError    look whether it is right, and confirm it: a sync would remove a large part
├── IndexMismatchError      name another place: what stands there has another recipe or another schema
└── StoreError              the store did not do it
    ├── StoreUnavailableError   try again: server down, time-out, wrong token, file or turn held by another
    ├── StoreDamagedError       restore a backup: the file is not readable as an index
    └── NotPersistedError       free the disk or the lock and run again: writes did not reach the disk

A picture that cannot be taken is not an error but a value: `hashindex.outcomes.Rejected`.
"""


class HashIndexError(Exception):
    """Any error of hashindex; its text is one sentence that names the thing and the mend."""


class InvalidArgumentError(HashIndexError, ValueError):
    """An argument that no index could take."""


class ConfigurationError(HashIndexError):
    """A setting is missing, malformed, or asks for what the backend does not have."""


class IndexNotFoundError(HashIndexError):
    """There is no index at the place named."""


class TooManyVanishedError(HashIndexError):
    """So much has vanished from a source that it may be a mistake; nothing was changed."""


class IndexMismatchError(HashIndexError):
    """The collection exists, but was made by another recipe, another schema version or another program."""


class StoreError(HashIndexError):
    """The store could not do what was asked."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached now; the same call may succeed later."""


class StoreDamagedError(StoreError):
    """The store's file cannot be read as an index."""


class NotPersistedError(StoreError):
    """A write was not found on disk afterwards, so it is not acknowledged."""
