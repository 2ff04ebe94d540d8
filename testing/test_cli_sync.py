"""`hashindex sync` as people run it, on Milvus Lite: what it prints, its exit codes, what it leaves alone."""

import json
import os
import shutil
import unittest
from unittest import mock

from hashindex.keys import meta_id_from_uri
from testing.commands import Done
from testing.making import encoded, picture, saved
from testing.oss_server import BUCKET, LOOPBACK, Fault, OssServer
from testing.test_cli_insert import InsertCase

KEYS = ["inserted", "updated", "skipped", "removed", "rejected", "ignored", "incomplete", "seconds"]


class SyncCase(InsertCase):
    def setUp(self) -> None:
        super().setUp()
        self.photos = self.cwd / "photos"
        self.photos.mkdir()
        for number in range(6):
            saved(self.photos / f"{number}.png", number)

    def sync(self, source: str, *arguments: str, **environment: str) -> Done:
        return self.run_("sync", source, "--company-id", "1", *arguments, stdin=b"", **environment)

    def assert_synced(self, done: Done, *, incomplete: bool = False, **expected: int) -> None:
        """Compare the counts of the last line, those that are not named being 0, and the exit code."""
        value = done.values[-1]
        self.assertEqual(list(value), KEYS)
        self.assertIsInstance(value.pop("seconds"), float)
        self.assertIs(value.pop("incomplete"), incomplete)
        self.assertEqual(value, dict.fromkeys(KEYS[:-2], 0) | expected, done.stderr)
        self.assertEqual(done.exit_code, 3 if value["rejected"] else 0)

    def total(self) -> int:
        value = self.run_("stats", "--json").value
        assert isinstance(value, dict)
        return int(value["total"])


class TestSync(SyncCase):
    def test_a_folder_that_changes(self) -> None:
        saved(self.cwd / "beside.png", 20)
        self.assert_counts(self.insert("photos", "beside.png", "--company-id", "1", "--json"), inserted=7)
        self.assert_counts(self.insert("photos", "--company-id", "2", "--json"), inserted=6)
        self.assert_synced(self.sync("photos", "--json"), skipped=6)
        (self.photos / "0.png").unlink()
        saved(self.photos / "1.png", 11)
        saved(self.photos / "new.png", 12)
        (self.photos / "notes.txt").touch()
        (self.photos / "broken.jpg").write_text("no picture")
        done = self.sync("photos", "--json", "--rejects", "rejects.jsonl")
        self.assert_synced(done, inserted=1, updated=1, skipped=4, removed=1, rejected=1, ignored=1)
        self.assertEqual(done.said, ["1 was not taken; rejects.jsonl says why."])
        reject = json.loads((self.cwd / "rejects.jsonl").read_text())
        self.assertEqual((reject["uri"], reject["reason"]), (f"{self.photos}/broken.jpg", "not_an_image"))
        uri = f"{self.photos}/1.png"
        self.assertEqual(
            self.entry(meta_id_from_uri(uri))["file_size"], (self.photos / "1.png").stat().st_size
        )
        (self.photos / "broken.jpg").unlink()
        self.assertRegex(
            self.sync("photos", "--verbose").stdout,
            r"^0 inserted, 0 updated, 6 skipped, 0 removed, 0 rejected, 1 ignored in \d+\.\d+ s\n$",
        )
        self.assertEqual(self.total(), 6 + 1 + 6)

    def test_too_many_that_have_vanished(self) -> None:
        self.insert("photos", "--company-id", "1")
        rejects = self.cwd / "rejects.jsonl"
        rejects.write_text('{"of": "an earlier run"}\n')
        for number in range(2):
            (self.photos / f"{number}.png").unlink()
        gone = f"{self.photos}/0.png"
        done = self.sync("photos", "--json", "--rejects", "rejects.jsonl")
        sentence = (
            f"2 of the 6 entries under {self.photos} have vanished, more than 20%, so nothing was changed; "
            "look with --dry-run, and say --yes if that is right."
        )
        self.assertEqual((done.exit_code, done.stdout, done.said), (1, "", [sentence]))
        self.assertEqual((self.total(), rejects.read_text()), (6, '{"of": "an earlier run"}\n'))
        done = self.sync("photos", "--json", "--yes", "--verbose")
        self.assert_synced(done, skipped=4, removed=2)
        self.assertIn(f"removed 1:{meta_id_from_uri(gone)}: {gone}", done.stderr)
        self.assertEqual(self.total(), 4)

    def test_refreshed_and_selected(self) -> None:
        self.insert("photos", "--company-id", "1")
        saved(self.photos / "new.png", 7)
        done = self.sync("photos", "--refresh", "--exclude", "new.*", "--json")
        self.assert_synced(done, updated=6, ignored=1)

    def test_numbers_as_keys(self) -> None:
        self.insert("photos", "--company-id", "1", "--meta-id-from", "stem")
        (self.photos / "sub").mkdir()
        (self.photos / "3.png").rename(self.photos / "sub" / "3.png")
        saved(self.photos / "x.png", 9)
        done = self.sync("photos", "--meta-id-from", "stem", "--json")
        self.assert_synced(done, inserted=1, skipped=5, removed=1, rejected=1)
        self.assertEqual(self.entry(3)["uri"], f"{self.photos}/sub/3.png")


class TestDryRun(SyncCase):
    def setUp(self) -> None:
        super().setUp()
        self.insert("photos", "--company-id", "1")
        for number in range(2):
            (self.photos / f"{number}.png").unlink()
        saved(self.photos / "2.png", 12)
        saved(self.photos / "new.png", 13)
        self.steps = [("remove", "0.png"), ("remove", "1.png"), ("update", "2.png"), ("insert", "new.png")]

    def test_json_shows_every_step(self) -> None:
        done = self.sync("photos", "--dry-run", "--json")
        self.assert_synced(done, inserted=1, updated=1, skipped=3, removed=2)
        steps = [
            {"action": action, "meta_id": meta_id_from_uri(uri), "uri": uri}
            for action, uri in ((action, f"{self.photos}/{name}") for action, name in self.steps)
        ]
        self.assertCountEqual(done.values[:-1], steps)
        self.assertEqual(
            done.said, ["that removes more than 20% of the entries there, so it will take --yes."]
        )
        self.assertEqual(self.total(), 6)
        self.assert_synced(
            self.sync("photos", "--yes", "--json"), inserted=1, updated=1, skipped=3, removed=2
        )

    def test_people_get_a_table_of_the_first_ones(self) -> None:
        for number in range(30):
            shutil.copy(self.photos / "3.png", self.photos / f"copy-{number}.png")
        done = self.sync("photos", "--dry-run")
        *table, more, summary = done.stdout.splitlines()
        self.assertRegex(table[0], r"^action +meta_id +uri$")
        self.assertEqual(len(table), 1 + 3 + 20)
        self.assertRegex(table[1], rf"^remove +\d+  {self.photos}/[01].png$")
        self.assertEqual(more, "... and 11 more to insert; --json shows all")
        self.assertRegex(
            summary, "^dry run: 31 inserted, 1 updated, 3 skipped, 2 removed, 0 rejected, 0 ignored"
        )
        self.assertEqual(done.exit_code, 0)

    def test_it_has_no_rejects_to_write(self) -> None:
        done = self.sync("photos", "--dry-run", "--rejects", "rejects.jsonl")
        sentence = "--dry-run reads no picture, so --rejects would stay empty; drop one."
        self.assertEqual((done.exit_code, done.said), (2, [sentence]))


class TestRefusals(SyncCase):
    def test_no_index_is_made(self) -> None:
        done = self.sync("photos")
        self.assertEqual(done.exit_code, 1)
        self.assertIn("there is no index at", done.stderr)
        self.assertEqual(os.listdir(self.cwd), ["photos"])

    def test_no_company(self) -> None:
        sentence = "no company is named; give --company-id, or set HASHINDEX_COMPANY_ID."
        self.assertEqual(self.run_("sync", "photos").said, [sentence])

    def test_what_is_no_folder(self) -> None:
        self.insert("photos", "--company-id", "1")
        shutil.rmtree(self.photos)
        for name in ("photos", "hashindex.db", "s3://photos/"):
            done = self.sync(name, "--yes")
            self.assertEqual((done.exit_code, done.stdout), (2, ""))
            self.assertIn("is no folder that can be found, and no oss:// prefix with a / at", done.stderr)
        self.assertEqual(self.total(), 6)

    def test_an_empty_folder_of_which_nothing_is_known(self) -> None:
        (self.cwd / "empty").mkdir()
        self.run_("create")
        done = self.sync("empty", "--json")
        self.assert_synced(done)
        self.assertEqual(
            done.said, [f"{self.cwd}/empty holds no pictures, and the company has no entries of it."]
        )


class TestOss(SyncCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch.dict(os.environ, {"NO_PROXY": LOOPBACK, "no_proxy": LOOPBACK}))
        self.server = self.enterContext(OssServer())
        for number in range(3):
            self.server.put(f"in/{number}.png", encoded(picture(number)))

    def sync_in(self, *arguments: str) -> Done:
        return self.sync(
            f"oss://{BUCKET}/in/",
            "--json",
            *arguments,
            OSS_ACCESS_KEY_ID=self.server.credentials.access_key_id,
            OSS_ACCESS_KEY_SECRET=self.server.credentials.access_key_secret,
            OSS_ENDPOINT=self.server.endpoint,
            OSS_REGION=self.server.region,
            HASHINDEX_SOURCE_ATTEMPTS="1",
        )

    def test_a_prefix_that_changes_fails_and_is_emptied(self) -> None:
        self.run_("create")
        self.assert_synced(self.sync_in(), inserted=3)
        self.server.buckets.remove(BUCKET, "in/0.png")
        self.server.order(Fault(status=403, code="AccessDenied"), key="")
        done = self.sync_in("--yes")
        self.assert_synced(done, incomplete=True, rejected=1)
        self.assertIn("the listing broke off after 0 keys", done.said[0])
        self.assertEqual(
            done.said[1:], [f"oss://{BUCKET}/in/ could not be listed whole, so nothing was removed."]
        )
        self.assertEqual(self.total(), 3)
        self.assert_synced(self.sync_in("--yes"), skipped=2, removed=1)
        for number in (1, 2):
            self.server.buckets.remove(BUCKET, f"in/{number}.png")
        self.assertEqual(self.sync_in().exit_code, 1)
        self.assert_synced(self.sync_in("--yes"), removed=2)
        self.assertEqual(self.total(), 0)


if __name__ == "__main__":
    unittest.main()
