"""The user's smoke runs: pictures into a Milvus Lite file and out again, by the public names alone."""

import tempfile
from pathlib import Path
from unittest import TestCase

from PIL import Image

from hashindex import Index, InsertReport, Verdict, open_index
from testing.making import saved
from testing.photographs import photographs

PICTURES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")


class TestVector(TestCase):
    """Needs no server and no credentials."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.pictures = [photograph_or_made(name, self.folder) for name in PICTURES]
        self.index = open_index(str(self.folder / "smoke.db"), create=True)
        self.addCleanup(self.index.close)

    def test_insert_vector(self) -> None:
        report = inserted(self.index, 42, self.pictures)
        self.assertEqual((report.inserted, report.rejected), (len(PICTURES), 0))
        self.assertEqual(self.index.stats().total, len(PICTURES))
        entry = self.index.company(42).get(1)
        assert entry is not None
        self.assertEqual(entry.picture.uri, str(self.pictures[1]))
        self.assertEqual(len(entry.picture.fingerprint.ahash), 8)

    def test_search(self) -> None:
        inserted(self.index, 42, self.pictures)
        inserted(self.index, 7, self.pictures[:1])
        company = self.index.company(42)
        for meta_id, path in enumerate(self.pictures):
            itself = company.search(path)
            self.assertEqual(
                [(match.key.meta_id, match.distance, match.verdict) for match in itself.matches],
                [(meta_id, 0, Verdict.EXACT)],
            )
            smaller = self.folder / "smaller.jpg"
            with Image.open(path) as picture:
                picture.convert("RGB").resize((200, 150)).save(smaller, quality=60)
            (match,) = company.search(smaller).matches
            self.assertEqual((match.key.meta_id, match.verdict), (meta_id, Verdict.NEAR))
        self.assertEqual(self.index.company(7).search(self.pictures[2]).matches, ())
        self.assertEqual(self.index.company(8).search(self.pictures[0]).matches, ())


def inserted(index: Index, company_id: int, paths: list[Path]) -> InsertReport:
    """Insert pictures with their places in the list as keys; return the sum of what is said of them."""
    company = index.company(company_id)
    reports = [company.insert(path, meta_id=meta_id) for meta_id, path in enumerate(paths)]
    return InsertReport(
        inserted=sum(report.inserted for report in reports),
        rejected=sum(report.rejected for report in reports),
    )


def photograph_or_made(name: str, folder: Path) -> Path:
    """Return a photograph that scikit-image ships, or a made-up picture where it is not installed."""
    try:
        return photographs() / name
    except AssertionError:
        return saved(folder / f"{name}.png", PICTURES.index(name))
