"""Opens an index after a run, as anybody would, and compares what is in it with the plan."""

from contextlib import closing
from pathlib import Path

from hashindex import open_index
from hashindex.errors import HashIndexError
from hashindex.records import Scope
from settings import load_settings
from testing.campaign.place import Place, everything, rows_in_file
from testing.campaign.plan import Plan, Verdict, judge

LOOKED_UP = 20
"""Entries that are asked for one by one, through the public interface."""


def found_in_file(file: Path, plan: Plan, acknowledged: int) -> Verdict:
    """Open a Milvus Lite file twice, publicly and below, and look into the file itself."""
    place = Place(str(file))
    try:
        verdict = found_at(place, plan, acknowledged)
    except HashIndexError as exc:
        return Verdict(0, "?", (f"the index does not open: {type(exc).__name__}: {exc}",))
    rows, different = rows_in_file(file)
    faults = list(verdict.faults)
    if rows != verdict.rows:
        faults.append(f"{verdict.rows} entries are in memory, and {rows} rows in the file")
    if different != rows:
        faults.append(f"{rows} rows in the file have {different} different ids")
    if (journal := file.with_name(f"{file.name}.journal")).exists():
        faults.append(f"{journal.name} is still there after the index was opened")
    return Verdict(verdict.rows, verdict.under_way, tuple(faults))


def found_at(place: Place, plan: Plan, acknowledged: int) -> Verdict:
    """Open an index publicly, then read all of it; HashIndexError when that fails."""
    settings = load_settings(milvus_uri=place.uri, milvus_token=place.token, collection=place.collection)
    with open_index(settings=settings) as index:
        total = index.stats().total
        expected = plan.after(acknowledged).keys() - {item.key for item in plan.batch(acknowledged)}
        asked = sorted(expected)[:LOOKED_UP]
        unfound = [key for key in asked if index.company(key.company_id).get(key.meta_id) is None]
    with closing(place.open()) as store:
        verdict = judge(plan, acknowledged, everything(store))
        counted = store.count(Scope.ALL)
    faults = list(verdict.faults)
    if not total == counted == verdict.rows:
        faults.append(f"stats counts {total} entries, then {counted}, and a scan finds {verdict.rows}")
    if unfound:
        faults.append(f"{len(unfound)} of {len(asked)} entries cannot be looked up, the first {unfound[0]}")
    return Verdict(verdict.rows, verdict.under_way, tuple(faults))
