"""hashindex: tells whether a picture has been seen before, even re-encoded, resized or watermarked.

    from hashindex import open_index

    with open_index("hashindex.db", create=True) as index:
        index.company(42).insert("photos/")
        print(index.company(42).search("photo.jpg").matches)

What needs NumPy, Pillow or a driver is imported on first use, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from hashindex.answers import Checked, Match, SearchResult, Status, Verdict
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.duplicates.values import Group, Member
from hashindex.errors import (
    ConfigurationError,
    HashIndexError,
    IndexMismatchError,
    IndexNotFoundError,
    InvalidArgumentError,
    NotPersistedError,
    StoreDamagedError,
    StoreError,
    StoreUnavailableError,
    TooManyVanishedError,
)
from hashindex.keys import Key, meta_id_from_stem, meta_id_from_uri
from hashindex.outcomes import (
    CopyReport,
    Ignored,
    Imported,
    ImportReport,
    Incoming,
    InsertReport,
    Outcome,
    Reason,
    Reject,
    Rejected,
    Removed,
    SyncReport,
    Taken,
)
from hashindex.recipe import Recipe
from hashindex.records import BareHash, Entry, Fingerprint, HashedPicture, StoreInfo
from hashindex.views import Orientation, View, Ways

if TYPE_CHECKING:
    from hashindex.company import Company
    from hashindex.compose import open_index, open_reader
    from hashindex.duplicates.decisions import Decisions, read_decisions
    from hashindex.duplicates.finding import DuplicateRules, duplicates_among
    from hashindex.duplicates.groups import Duplicates
    from hashindex.duplicates.keeping import KeepPolicy
    from hashindex.index import Index
    from hashindex.interchange.hashes import read_hashes
    from hashindex.interchange.parquet import read_parquet
    from hashindex.joining import pairs_between, pairs_within
    from hashindex.listing import Selection
    from hashindex.lookup import Lookup
    from hashindex.search import Limits
    from hashindex.second_place import open_foreign, open_target
    from hashindex.sync import Comparison

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_RULE",
    "WIDE_RULE",
    "BareHash",
    "Checked",
    "Company",
    "Comparison",
    "ConfigurationError",
    "CopyReport",
    "Decisions",
    "DuplicateRules",
    "Duplicates",
    "Entry",
    "Fingerprint",
    "Group",
    "HashIndexError",
    "HashedPicture",
    "Ignored",
    "ImportReport",
    "Imported",
    "Incoming",
    "Index",
    "IndexMismatchError",
    "IndexNotFoundError",
    "InsertReport",
    "InvalidArgumentError",
    "KeepPolicy",
    "Key",
    "Limits",
    "Lookup",
    "Match",
    "Member",
    "NotPersistedError",
    "Orientation",
    "Outcome",
    "Reason",
    "Recipe",
    "Reject",
    "Rejected",
    "Removed",
    "Rule",
    "SearchResult",
    "Selection",
    "Status",
    "StoreDamagedError",
    "StoreError",
    "StoreInfo",
    "StoreUnavailableError",
    "SyncReport",
    "Taken",
    "TooManyVanishedError",
    "Verdict",
    "View",
    "Ways",
    "__version__",
    "duplicates_among",
    "meta_id_from_stem",
    "meta_id_from_uri",
    "open_foreign",
    "open_index",
    "open_reader",
    "open_target",
    "pairs_between",
    "pairs_within",
    "read_decisions",
    "read_hashes",
    "read_parquet",
]

_ON_FIRST_USE = {
    "Company": "company",
    "Comparison": "sync",
    "Decisions": "duplicates.decisions",
    "DuplicateRules": "duplicates.finding",
    "Duplicates": "duplicates.groups",
    "KeepPolicy": "duplicates.keeping",
    "duplicates_among": "duplicates.finding",
    "read_decisions": "duplicates.decisions",
    "Index": "index",
    "Lookup": "lookup",
    "Limits": "search",
    "Selection": "listing",
    "open_foreign": "second_place",
    "open_index": "compose",
    "open_reader": "compose",
    "open_target": "second_place",
    "read_hashes": "interchange.hashes",
    "read_parquet": "interchange.parquet",
    "pairs_between": "joining",
    "pairs_within": "joining",
}


def __getattr__(name: str) -> object:
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ON_FIRST_USE[name]}"), name)
