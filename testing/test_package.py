"""Importing does nothing, the public names are pinned, and `--help` and `--version` stay light."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import hashindex

PUBLIC = [
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

HEAVY = (
    *("numpy", "PIL", "pyarrow", "pymilvus", "pydantic", "pydantic_settings"),
    *("oss2", "rich", "imagehash", "tenacity"),
)

LIST_OUR_MODULES = """
import importlib, json, pkgutil, sys
import hashindex

def import_all():
    names = [found.name for found in pkgutil.walk_packages(hashindex.__path__, "hashindex.")]
    assert "hashindex.store.lite" in names and "hashindex.cli.app" in names, names
    for name in [*names, "settings", "loggers"]:
        importlib.import_module(name)
"""

NAME_THEIR_MODULES = (
    LIST_OUR_MODULES
    + """
import_all()
ours = ("hashindex", "settings", "loggers")
print(json.dumps([name for name in sys.modules if name.split(".")[0] not in ours]))
"""
)

WATCH_IMPORTS = (
    """
import importlib, json, logging, os, signal, sys, threading, warnings

theirs = json.load(sys.stdin)
for name in theirs:
    try:
        importlib.import_module(name)
    except ImportError:  # made on the fly by another
        pass
logging.getLogger("hashindex")

def state():
    loggers = [logging.root, *(logging.getLogger(name) for name in sorted(logging.root.manager.loggerDict)
                               if name.split(".")[0] not in ("hashindex", "settings"))]
    return {
        "logging": [(one.name, list(map(repr, one.handlers)), one.level, one.disabled) for one in loggers],
        "threads": [one.name for one in threading.enumerate()],
        "signals": [repr(signal.getsignal(one)) for one in sorted(signal.valid_signals())],
        "hooks": list(map(repr, (sys.excepthook, threading.excepthook, sys.stdout, sys.stderr))),
        "warnings": list(map(repr, warnings.filters)),
        "folder": os.getcwd(),
        "switches": (sys.getswitchinterval(), sys.getrecursionlimit()),
        "pillow": sorted(sys.modules["PIL.Image"].OPEN),
        "drivers": sorted({"pymilvus", "milvus_lite", "grpc", "oss2", "pillow_heif"} & sys.modules.keys()),
    }

done = []
kinds = (
    "open", "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.putenv",
    "os.unsetenv", "os.mkdir", "os.remove", "os.rename", "os.chmod", "os.chdir", "os.kill", "os.truncate",
    "_thread.start", "ctypes.dlopen", "signal.", "tempfile.", "shutil.", "urllib.", "sqlite3.",
)

def source_or_bytecode(event, arguments):
    name, mode, *_ = arguments if event == "open" else ("", "")
    return str(name).endswith((".py", ".pyc")) and mode in ("r", "rb", None)

def watch(event, arguments):
    if watching and event.startswith(kinds) and not source_or_bytecode(event, arguments):
        done.append(event + " " + repr(arguments)[:200])

def watched(method):
    real = getattr(os._Environ, method)
    def wrapper(self, *arguments):
        if watching and arguments != ("PYDANTIC_DISABLE_PLUGINS",):  # pydantic's, for each class of settings
            done.append("os.environ." + method + " " + repr(arguments)[:200])
        return real(self, *arguments)
    setattr(os._Environ, method, wrapper)

watching = False
sys.addaudithook(watch)
for method in ("__getitem__", "__setitem__", "__delitem__", "__iter__", "__len__", "copy"):
    watched(method)
before = state()
watching = True
"""
    + LIST_OUR_MODULES.replace("import importlib, json, pkgutil, sys\n", "import pkgutil\n")
    + """
import_all()
watching = False
after = state()
changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
print(json.dumps({"done": done, "changed": changed}))
"""
)


def python(script: str, *, given: str = "") -> str:
    """Run a script in a process of its own, in an empty folder, and return what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, "-c", script],
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert ran.returncode == 0, ran.stderr
        assert os.listdir(folder) == []
    return ran.stdout


class TestImport(unittest.TestCase):
    def test_importing_any_module_of_ours_does_nothing(self) -> None:
        """What others do when they are imported is theirs: all of theirs is imported before."""
        found = json.loads(python(WATCH_IMPORTS, given=python(NAME_THEIR_MODULES)))
        self.assertEqual(found, {"done": [], "changed": {}})

    def test_the_watch_sees_what_it_is_for(self) -> None:
        for offence, seen in (
            ("os.environ.get('HOME')", "os.environ.__getitem__ ('HOME',)"),
            ("open(os.devnull)", "open "),
            ("__import__('socket').socket().close()", "socket."),
            ("logging.basicConfig()", "logging"),
            ("threading.Thread(target=threading.Event().wait, daemon=True).start()", "threads"),
            ("sys.modules['PIL.Image'].register_open('X', None)", "pillow"),
        ):
            with self.subTest(offence=offence):
                script = WATCH_IMPORTS.replace("import_all()\nwatching", f"{offence}\nwatching")
                found = python(script, given='["PIL.Image", "logging", "socket"]')
                self.assertIn(seen, found)

    def test_importing_the_package_loads_nothing_heavy(self) -> None:
        loaded = json.loads(python("import hashindex, json, sys; print(json.dumps(list(sys.modules)))"))
        self.assertEqual({*HEAVY, "typer"} & set(loaded), set())

    def test_public_names_are_pinned_and_there(self) -> None:
        self.assertEqual(hashindex.__all__, PUBLIC)
        for name in PUBLIC:
            self.assertIsNotNone(getattr(hashindex, name), name)
        with self.assertRaisesRegex(AttributeError, "module 'hashindex' has no attribute 'nothing'"):
            hashindex.nothing  # noqa: B018

    def test_every_error_is_public_and_of_one_tree(self) -> None:
        from hashindex import errors

        for name in vars(errors):
            if name.endswith("Error"):
                self.assertIn(name, PUBLIC)
                self.assertTrue(issubclass(getattr(errors, name), hashindex.HashIndexError))


class TestCommandLine(unittest.TestCase):
    def test_help_and_version_load_nothing_heavy(self) -> None:
        for argument in ("--help", "--version", "-h"):
            with self.subTest(argument=argument):
                ran = subprocess.run(
                    [sys.executable, "-X", "importtime", "-m", "hashindex", argument],
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                self.assertIn("hashindex", ran.stdout)
                loaded = {
                    line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()
                }
                self.assertIn("typer", loaded)
                self.assertEqual(set(HEAVY) & loaded, set())


if __name__ == "__main__":
    unittest.main()
