"""pymilvus is imported without what importing it does: somebody else's settings and logging stay theirs."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import TestCase

from hashindex.errors import StoreError, StoreUnavailableError
from hashindex.store.vendor import UNREACHABLE, calling, pymilvus
from testing.lite_files import REPOSITORY

_IMPORTED = """
import logging, os
names = ("pymilvus", "pymilvus.milvus_client", "pymilvus.bulk_writer", None)
state = lambda: [
    (log.level, log.propagate, log.disabled, list(log.handlers)) for log in map(logging.getLogger, names)
]
mine = logging.getLogger("of.the.program")
mine.addHandler(logging.NullHandler())
before = dict(os.environ), state(), list(mine.handlers)
from hashindex.store.vendor import pymilvus
module = pymilvus()
assert pymilvus() is module and module.MilvusClient
assert dict(os.environ) == before[0], set(dict(os.environ).items()) ^ set(before[0].items())
assert state() == before[1], state()
assert list(mine.handlers) == before[2]
"""


class TestImport(TestCase):
    def imported(self, environment: dict[str, str], dotenv: str = "") -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, ".env").write_text(dotenv)
            done = subprocess.run(
                [sys.executable, "-c", _IMPORTED],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **environment},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_it_leaves_environment_and_logging_as_they_were(self) -> None:
        self.imported({})

    def test_variables_of_others_do_not_trip_it(self) -> None:
        self.imported({"MILVUS_URI": "hashindex.db", "MILVUS_CONN_TIMEOUT": "soon"})

    def test_neither_does_an_env_file_of_others(self) -> None:
        self.imported({}, "MILVUS_URI=hashindex.db\nMILVUS_CONN_TIMEOUT=soon\nTHEIR_SECRET=1\n")
        self.imported({"MILVUS_URI": "milvus.db"}, "MILVUS_URI=hashindex.db\n")


class TestTranslation(TestCase):
    def said(self, error: Exception) -> StoreError:
        with self.assertRaises(StoreError) as caught, calling("http://here:19530"):
            raise error
        self.assertIs(caught.exception.__cause__, error)
        return caught.exception

    def test_what_it_raises_becomes_one_sentence_that_names_the_place(self) -> None:
        error = pymilvus().exceptions.MilvusException
        loading = "the collection is still being loaded; wait a little, and run again."
        refused = "the token is refused; check HASHINDEX_MILVUS_TOKEN."
        for message, sentence in (
            ("auth check failure, please check", refused),
            ("collection not loaded[collection=1]", loading),
            ("wait for loading collection timeout, collection: x", loading),
            ("Fail connecting to server on x:1", UNREACHABLE),
            ("should create connection first", UNREACHABLE),
            ("Unexpected error, message=<Cannot invoke RPC on closed channel!>", UNREACHABLE),
        ):
            with self.subTest(message):
                found = self.said(error(message=message))
                self.assertIs(type(found), StoreUnavailableError)
                self.assertEqual(str(found), f"http://here:19530: {sentence}")

    def test_what_we_do_not_know_is_passed_on(self) -> None:
        found = self.said(pymilvus().exceptions.MilvusException(message="something\n  else"))
        self.assertIs(type(found), StoreError)
        self.assertEqual(str(found), "http://here:19530: Milvus said: something else")

    def test_a_cause_that_lies_deep_is_found(self) -> None:
        error = pymilvus().exceptions.MilvusException(message="it failed")
        error.__cause__ = RuntimeError("outer")
        error.__cause__.__context__ = RuntimeError("status = StatusCode.DEADLINE_EXCEEDED")
        self.assertEqual(
            str(self.said(error)),
            "http://here:19530: no answer in time; see whether it is overloaded, and run again.",
        )

    def test_causes_that_go_round_in_a_ring_end(self) -> None:
        error = pymilvus().exceptions.MilvusException(message="it failed")
        error.__cause__ = RuntimeError("of itself")
        error.__cause__.__cause__ = error
        with self.assertRaises(StoreError) as caught, calling("here"):
            raise error from error.__cause__
        self.assertEqual(str(caught.exception), "here: Milvus said: it failed")

    def test_what_is_not_its_own_passes(self) -> None:
        with self.assertRaises(ZeroDivisionError), calling("here"):
            raise ZeroDivisionError
