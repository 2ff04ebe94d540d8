"""Settings: which source beats which, what is said of mistakes, and that secrets never show."""

import contextlib
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from pydantic import ValidationError

from hashindex.errors import ConfigurationError, InvalidArgumentError
from settings import Settings, load_settings

SECRETS = {
    "HASHINDEX_MILVUS_TOKEN": "root:tok-0123",
    "OSS_ACCESS_KEY_SECRET": "oss-0123",
    "OSS_SESSION_TOKEN": "sts-0123",
    "HASHINDEX_MILVUS_URI": "http://root:uri-0123@milvus:19530",
}


class TestSettings(unittest.TestCase):
    """Each test has an environment and a working folder of its own, both empty."""

    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(contextlib.chdir(folder))
        self.enterContext(mock.patch.dict(os.environ, clear=True))

    def configure(
        self, *, env: dict[str, str] | None = None, dotenv: str = "", toml: str = "", **flags: object
    ) -> Settings:
        os.environ.update(env or {})
        if dotenv:
            Path(".env").write_text(dotenv, encoding="utf-8")
        if toml:
            Path("hashindex.toml").write_text(toml, encoding="utf-8")
        return load_settings(**flags)

    def refused(self, sentence: str, error: type[Exception] = ConfigurationError, **sources: object) -> None:
        with self.assertRaises(error) as raised:
            self.configure(**sources)  # type: ignore[arg-type]
        self.assertEqual(str(raised.exception), sentence)
        self.assertIsNone(raised.exception.__cause__ if error is InvalidArgumentError else None)

    def test_defaults(self) -> None:
        settings = self.configure()
        self.assertEqual((settings.milvus_uri, settings.collection), ("hashindex.db", "image_hash"))
        self.assertEqual((settings.index_type, settings.company_id), ("auto", None))
        self.assertEqual((settings.max_pixels, settings.max_bytes), (100_000_000, 64 * 2**20))
        self.assertEqual(settings.workers, os.cpu_count())
        self.assertEqual((settings.source_timeout_seconds, settings.source_attempts), (30.0, 5))

    def test_flags_beat_the_environment_beats_dotenv_beats_toml(self) -> None:
        toml = 'collection = "toml"'
        self.assertEqual(self.configure(toml=toml).collection, "toml")
        self.assertEqual(self.configure(dotenv="HASHINDEX_COLLECTION=dotenv").collection, "dotenv")
        self.assertEqual(self.configure(env={"HASHINDEX_COLLECTION": "env"}).collection, "env")
        self.assertEqual(self.configure(collection="flag").collection, "flag")
        self.assertEqual(self.configure(collection=None).collection, "env")

    def test_oss_by_the_names_that_its_users_know(self) -> None:
        env = {"OSS_ENDPOINT": "env", "OSS_ACCESS_KEY_ID": "id"}
        settings = self.configure(
            env=env,
            dotenv="OSS_ENDPOINT=dotenv\nOSS_REGION=dotenv",
            toml='oss_region = "toml"\noss_bucket = "b"',
        )
        self.assertEqual((settings.oss_endpoint, settings.oss_region), ("env", "dotenv"))
        self.assertEqual((settings.oss_bucket, settings.oss_access_key_id), ("b", "id"))

    def test_limits_of_ours_on_oss_have_our_names(self) -> None:
        unset = self.configure(env={"OSS_REQUESTS": "9", "HASHINDEX_OSS_BYTES_PER_SECOND": ""})
        self.assertEqual((unset.oss_requests, unset.oss_bytes_per_second), (None, None))
        settings = self.configure(
            env={"HASHINDEX_OSS_REQUESTS": "8"}, toml="oss_requests = 4\noss_bytes_per_second = 5_000_000"
        )
        self.assertEqual((settings.oss_requests, settings.oss_bytes_per_second), (8, 5_000_000))

    def test_empty_variables_count_as_unset(self) -> None:
        empty = {"HASHINDEX_COMPANY_ID": "", "HASHINDEX_MILVUS_URI": "", "OSS_ENDPOINT": ""}
        settings = self.configure(env=empty, dotenv="HASHINDEX_COMPANY_ID=5\nHASHINDEX_COLLECTION=\n")
        self.assertEqual((settings.company_id, settings.milvus_uri), (5, "hashindex.db"))
        self.assertEqual((settings.collection, settings.oss_endpoint), ("image_hash", None))

    def test_what_others_call_milvus_uri_is_not_ours(self) -> None:
        settings = self.configure(env={"MILVUS_URI": "theirs.db"}, dotenv="MILVUS_URI=theirs.db\nDEBUG=1")
        self.assertEqual(settings.milvus_uri, "hashindex.db")

    def test_an_unknown_key_in_toml_is_an_error_that_suggests(self) -> None:
        self.refused(
            "hashindex.toml has 'milvus_url', which is no setting; 'milvus_uri' is one.",
            toml='milvus_url = "x.db"',
        )
        self.refused("hashindex.toml has 'zzz', which is no setting.", toml="[zzz]\ncollection = 'x'")

    def test_an_unknown_variable_of_ours_is_warned_of(self) -> None:
        dotenv = "HASHINDEX_WORKER=2\nOTHER=1"
        env = {"HASHINDEX_OSS_BUCKET": "b", "HASHINDEX_ZZZ": "", "ELSE": "x"}
        with self.assertLogs("settings", "WARNING") as logs:
            self.configure(env=env, dotenv=dotenv)
        self.assertEqual(
            [record.getMessage() for record in logs.records],
            [
                "HASHINDEX_OSS_BUCKET is no setting of hashindex; 'OSS_BUCKET' is one.",
                "HASHINDEX_WORKER is no setting of hashindex; 'HASHINDEX_WORKERS' is one.",
                "HASHINDEX_ZZZ is no setting of hashindex.",
            ],
        )

    def test_a_line_of_dotenv_that_cannot_be_read_is_warned_of(self) -> None:
        with self.assertLogs("settings", "WARNING") as logs:
            settings = self.configure(dotenv='HASHINDEX_COMPANY_ID=5\nHASHINDEX_COLLECTION="open\n')
        self.assertEqual((settings.company_id, settings.collection), (5, "image_hash"))
        self.assertEqual(
            [record.getMessage() for record in logs.records],
            ["line 2 of .env is not NAME=VALUE, and is passed over."],
        )

    def test_a_malformed_value_is_named_with_its_variable(self) -> None:
        for name, value, said in (
            ("HASHINDEX_COMPANY_ID", "-1", "it should be greater than or equal to 0"),
            ("HASHINDEX_COMPANY_ID", str(2**63), f"it should be less than or equal to {2**63 - 1}"),
            ("HASHINDEX_WORKERS", "0", "it should be greater than or equal to 1"),
            ("HASHINDEX_SOURCE_TIMEOUT_SECONDS", "0", "it should be greater than 0"),
            ("HASHINDEX_WAIT_SECONDS", "-1", "it should be greater than or equal to 0"),
            (
                "HASHINDEX_LOCK_FOLDER",
                "locks",
                "it must be the same from every working folder, as /var/lock/hashindex is",
            ),
            ("HASHINDEX_INDEX_TYPE", "HNSW", "it should be 'auto', 'BIN_FLAT' or 'BIN_IVF_FLAT'"),
            ("HASHINDEX_COLLECTION", "a-b", "it takes letters, digits and underscores, and no digit first"),
            (
                "HASHINDEX_MILVUS_URI",
                "ftp://host",
                "the address of the Milvus server is malformed; write http://host:19530 or https://host:port",
            ),
            ("HASHINDEX_OSS_REQUESTS", "0", "it should be greater than or equal to 1"),
            ("HASHINDEX_OSS_BYTES_PER_SECOND", "0", "it should be greater than or equal to 1"),
        ):
            with self.subTest(name, value=value), mock.patch.dict(os.environ):
                self.refused(f"the setting {name} is wrong: {said}.", env={name: value})
        self.refused("the setting OSS_BUCKET is wrong: it should be a valid string.", toml="oss_bucket = 5")

    def test_a_malformed_flag_is_wrong_usage(self) -> None:
        self.refused(
            "--milvus-uri is wrong: it should have at least 1 character.",
            InvalidArgumentError,
            milvus_uri="",
        )

    def test_files_that_cannot_be_read_are_named(self) -> None:
        Path("hashindex.toml").write_text("collection =")
        with self.assertRaisesRegex(ConfigurationError, r"^hashindex\.toml cannot be read: .+\.$"):
            load_settings()
        Path("hashindex.toml").unlink()
        Path(".env").write_bytes(b"HASHINDEX_COLLECTION=\xff")
        with self.assertRaisesRegex(ConfigurationError, r"^\.env cannot be read: .+\.$"):
            load_settings()

    def test_secrets_never_show(self) -> None:
        with self.assertLogs("settings", "DEBUG") as logs:
            settings = self.configure(env=SECRETS)
        texts = [repr(settings), str(settings), str(settings.model_copy()), *logs.output]
        for variable, value in SECRETS.items():
            bad = {variable: value.replace("milvus:19530", "milvus:port"), "HASHINDEX_WORKERS": "x"}
            with mock.patch.dict(os.environ, bad), self.assertRaises(ConfigurationError) as raised:
                load_settings()
            texts += [str(raised.exception), repr(raised.exception.__cause__)]
            with mock.patch.dict(os.environ, bad), self.assertRaises(ValueError) as invalid:
                Settings()  # type: ignore[call-arg]
            texts.append(str(invalid.exception))
        for text in texts:
            self.assertNotIn("0123", text)
        self.assertIn("milvus_uri='http://milvus:19530'", repr(settings))
        self.assertEqual(settings.milvus_token.get_secret_value(), SECRETS["HASHINDEX_MILVUS_TOKEN"])

    def test_settings_cannot_be_changed(self) -> None:
        with self.assertRaises(ValidationError):
            self.configure().collection = "other"


if __name__ == "__main__":
    unittest.main()
