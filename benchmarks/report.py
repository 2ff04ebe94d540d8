"""A report of 10,000 groups: its size, how soon it shows its first page, how fast it filters and decides.

In a headless Chromium, from a disk, with thumbnails of real photographs, no two the same: beside the page,
where a report of this size has them, and for comparison all inside.
"""

import itertools
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from statistics import median

from PIL import Image
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from benchmarks import photographs, table
from benchmarks.options import Options
from hashindex.answers import Verdict
from hashindex.duplicates.values import Group, Member
from hashindex.keys import Key
from hashindex.reading import THUMBNAIL_QUALITY, THUMBNAIL_SIDE
from hashindex.report import write_report
from testing.browser import Browser, headless

GROUPS = 10_000
SIZES = (2, 2, 2, 2, 2, 2, 3, 3, 4, 8)
"""Of groups, by lot: 3 pictures in the mean."""
EXACT = 0.4
"""Of the groups are exact copies."""
ROUNDS = 5

WRITTEN, SIZE, DECIDED = "written, s", "HTML, MB", "a decision by key, ms"
ASKED = {SIZE: 30, "first page": 1_000, "filter": 200}
"""At most, by how the name begins."""

FIRST_PAGE = """
const shown = [...document.images].filter((image) => image.getBoundingClientRect().top < innerHeight);
return shown.length > 0 && shown.every((image) => image.complete && image.naturalWidth > 0);
"""

FILTERED = """
// Milliseconds from a change of a field to the next frame that shows what it finds.
const [id, value, done] = arguments;
const field = document.getElementById(id);
const began = performance.now();
field.value = value;
field.dispatchEvent(new Event(field.localName === "select" ? "change" : "input", { bubbles: true }));
requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
"""

FILTERS = (
    ("text", "IMG_7"),
    ("text", "company:3 2021 jpg"),
    ("text", ""),
    ("verdict", "near"),
    ("order", "bytes"),
    ("decision", "open"),
    ("distance", "3"),
)
"""The first of them has to look through all names for the first time."""


def run(options: Options) -> None:
    """Write the report twice and open each in a browser of its own."""
    groups = list(_groups(random.Random(options.seed)))
    thumbnails = _thumbnails(options)
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        beside = _measured(groups, thumbnails, Path(folder, "beside.html"), inside_bytes=0)
        inside = _measured(groups, thumbnails, Path(folder, "inside.html"), inside_bytes=2**40)
    weight = sum(map(len, thumbnails)) / len(thumbnails)
    table.show(
        f"{GROUPS:,} groups of {sum(len(group.members) for group in groups):,} pictures; thumbnails of "
        f"{weight / 1e3:.1f} kB, made of {options.pictures}, beside the page (`beside`) or in it",
        ("what", "beside", "inside", "asked for", "beside / asked for"),
        [
            (what, _said(what, measured), _said(what, inside[what]), *_held_against(what, measured))
            for what, measured in beside.items()
        ],
    )


def _measured(
    groups: Sequence[Group], thumbnails: Sequence[bytes], file: Path, *, inside_bytes: int
) -> dict[str, float]:
    """Return what was measured, by name with its unit."""
    numbers = itertools.count()

    def thumbnail(uri: str) -> bytes:
        # What follows the end of a JPEG is not looked at, and makes it another file.
        return thumbnails[next(numbers) % len(thumbnails)] + uri.encode()

    began = time.monotonic()
    write_report(file, groups, title="Duplicates", thumbnail=thumbnail, workers=1, inside_bytes=inside_bytes)
    found = {WRITTEN: time.monotonic() - began, SIZE: file.stat().st_size / 1e6}
    with headless() as browser:
        opened = [_opened(browser, file) for _ in range(ROUNDS)]
        found["first page, the first of a browser, ms"] = opened[0] * 1e3
        found["first page (median), ms"] = median(opened[1:]) * 1e3
        for field, value in FILTERS:
            name = f"filter: {field} {value or 'emptied'}, ms"
            found[name] = browser.driver.execute_async_script(FILTERED, field, value)
        found[DECIDED] = _decided(browser) * 1e3
    return found


def _said(what: str, measured: float) -> str:
    return f"{measured:.0f}" if what.endswith("ms") else f"{measured:.1f}"


def _held_against(what: str, measured: float) -> tuple[str, str]:
    asked = next((most for start, most in ASKED.items() if what.startswith(start)), None)
    return ("", "") if asked is None else (str(asked), table.ratio(measured, asked))


def _opened(browser: Browser, file: Path) -> float:
    """Return the seconds from asking for the page until all pictures in the window are there."""
    browser.get("about:blank")
    began = time.perf_counter()
    browser.get(file.as_uri())
    browser.wait_until(lambda: browser.run(FIRST_PAGE))
    return time.perf_counter() - began


def _decided(browser: Browser) -> float:
    browser.get(browser.driver.current_url.partition("#")[0])
    began = time.perf_counter()
    ActionChains(browser.driver, duration=0).send_keys(Keys.ARROW_DOWN, *"dn" * 5).perform()
    browser.wait_until(
        lambda: browser.run("return document.getElementById('export').textContent !== 'Export'")
    )
    return (time.perf_counter() - began) / 10


def _groups(chance: random.Random) -> Iterator[Group]:
    numbers = itertools.count(1)
    for number in range(GROUPS):
        digest = chance.randbytes(16).hex() if chance.random() < EXACT else None
        kept, *others = (
            _member(chance, next(numbers), company_id=number % 5, digest=digest, first=not i)
            for i in range(chance.choice(SIZES))
        )
        farthest = max(other.distance for other in others)
        yield Group(kept, tuple(others), f"largest: {kept.width} x {kept.height}", farthest)


def _member(
    chance: random.Random, number: int, *, company_id: int, digest: str | None, first: bool
) -> Member:
    distance = 0 if digest or first else chance.randint(0, 8)
    verdict = Verdict.EXACT if digest else Verdict.NEAR
    year, month = chance.randint(2015, 2025), chance.randint(1, 12)
    return Member(
        uri=f"/srv/photographs/{company_id}/{year}/{month:02d}/family and friends/IMG_{number:06d}.jpg",
        key=Key(company_id, chance.getrandbits(63)),
        ahash=chance.randbytes(8),
        content_digest=digest or chance.randbytes(16).hex(),
        width=4000 if first else 2000,
        height=3000 if first else 1500,
        file_size=chance.randint(200_000, 9_000_000),
        upload_time=chance.randint(1_400_000_000_000, 1_700_000_000_000),
        distance=distance,
        phash_distance=distance,
        dhash_distance=distance,
        verdict=None if first else verdict,
        keep=first,
        why="" if first else "smaller: 2000 x 1500",
    )


def _thumbnails(options: Options) -> list[bytes]:
    """Return thumbnails of photographs, and of parts of them, so that no two are the same."""
    chance = random.Random(options.seed)
    made = []
    for picture in filter(
        None, map(photographs.load, photographs.names(options.folder, most=50, seed=options.seed))
    ):
        for _ in range(40):
            left, top = (chance.randrange(side // 3) for side in picture.size)
            part = picture.crop((left, top, left + picture.width * 2 // 3, top + picture.height * 2 // 3))
            part.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX)
            file = BytesIO()
            part.save(file, "JPEG", quality=THUMBNAIL_QUALITY)
            made.append(file.getvalue())
    return made
