"""Pictures per second of a run over what is in the index already, unchanged: nothing is read."""

import tempfile
from pathlib import Path
from statistics import median

from benchmarks import table
from benchmarks.backfill import opened
from benchmarks.options import Options
from benchmarks.places import ORIGIN
from benchmarks.timing import interleaved
from hashindex.keys import Key, meta_id_from_uri
from hashindex.records import Entry, Fingerprint, HashedPicture, Picture
from hashindex.sources.local import LocalSource
from hashindex.store.lite import open_lite

NUMBER = 200_000

WANTED = 10_000
"""Pictures per second."""

FOLDERS = 200

ROUNDS = 5

COMPANY = 1


def run(options: Options) -> None:
    """Fill an index with the entries of a folder, as if they had been read, and insert the folder again."""
    del options
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base, "pictures")
        _fill(folder)
        store = open_lite(str(Path(base, "bench.db")), "image_hash", create=ORIGIN, index_type="auto")
        store.upsert([_entry(picture) for picture in walk(folder)])
        store.close()
        with opened(Path(base, "bench.db")) as index:

            def insert(_: int) -> None:
                report = index.company(COMPANY).insert(str(folder))
                assert (report.skipped, report.rejected) == (NUMBER, 0), report.first_rejects[:1]

            took = interleaved({"skipped": insert, "walk alone": lambda _: walk(folder)}, rounds=ROUNDS)
    rates = {name: NUMBER / median(each) for name, each in took.items()}
    rows = [(name, f"{rate:,.0f}", f"{rate / WANTED:.2f}") for name, rate in rates.items()]
    table.show(
        f"{NUMBER:,} unchanged files over as many entries on Lite",
        ("what", "pictures/s", f"of {WANTED:,}/s"),
        rows,
    )
    print(f"Empty files in {FOLDERS} folders: their time and size are looked at, and the entries looked up.")


def walk(folder: Path) -> list[Picture]:
    """List the files."""
    return [found for found in LocalSource().walk(str(folder)) if isinstance(found, Picture)]


def _fill(folder: Path) -> None:
    for i in range(FOLDERS):
        inner = folder / f"{i:03d}"
        inner.mkdir(parents=True)
        for j in range(NUMBER // FOLDERS):
            (inner / f"{j:06d}.jpg").touch()


def _entry(picture: Picture) -> Entry:
    meta_id = meta_id_from_uri(picture.uri)
    bits = meta_id.to_bytes(8, "big")
    assert picture.version is not None
    hashed = HashedPicture(
        uri=picture.uri,
        fingerprint=Fingerprint(bits, bits, bits, contrast=20.0),
        content_digest=f"{meta_id:032x}",
        source_version=picture.version,
        width=480,
        height=350,
        file_size=0,
        upload_time=1_700_000_000_000,
    )
    return Entry(Key(COMPANY, meta_id), hashed, indexed_time=1_700_000_000_000)
