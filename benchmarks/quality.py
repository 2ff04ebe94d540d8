r"""Write the tables of docs/quality.md and of README.md, from what the commands measured; nothing is typed.

    hashindex calibrate PICTURES --truth FILE --plots docs/quality --json > calibration.json
    hashindex evaluate PICTURES --truth FILE [--wide] [--orientations] --json > evaluation.json   # any number
    python -m benchmarks.peers PICTURES --truth FILE --peers PYTHON > peers.json
    python -m benchmarks.quality calibration.json --evaluation evaluation.json --peers peers.json \
        --photographs FOLDER

Each table stands between `<!-- made: NAME -->` and `<!-- end -->`. What is not named keeps its table.
"""

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import contrast, table
from hashindex.quality.defaults import SEED

DOCS = Path(__file__).parent.parent
PAGES = (DOCS / "docs" / "quality.md", DOCS / "README.md")

_BLOCK = re.compile(r"(<!-- made: ([a-z ]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

_NEAREST = 12
_MISSED = 0.9

_SEARCHES = tuple(
    f"{rule}{flags}" for rule in ("default", "wide") for flags in (", trimmed", ", orientations, trimmed")
)
"""As they are made: without borders too, unless that is refused."""

_FLAGS = {"": "", ", trimmed": " + trimmed", ", orientations": " + orientations"}
"""Ways of looking that have a column; the fourth finds what either of the last two finds."""

KINDS: Mapping[str, Sequence[str]] = {
    "JPEG 10 to 90, WebP, palette, smaller, larger, aspect": (
        *("JPEG 90", "JPEG 75", "JPEG 50", "JPEG 30", "JPEG 10", "WebP 80", "PNG palette", "half size"),
        *("quarter size", "128-pixel thumbnail", "upscaling", "aspect +5%", "aspect +10%"),
    ),
    "grey, sepia, brightness, contrast, gamma": (
        *("grey", "sepia", "brightness +20%", "brightness -20%", "contrast +20%", "contrast -20%"),
        *("gamma 0.67", "gamma 1.5"),
    ),
    "blur, noise, sharpening": ("blur 1", "blur 2", "blur 4", "noise", "sharpening"),
    "crops of 2 and 5%, half of it at each end": ("crop 2%", "crop 5%"),
    "crop of 5%, more at one end": ("crop 5%, aside",),
    "crop of 10%, half of it at each end": ("crop 10%",),
    "crop of 10%, more at one end": ("crop 10%, aside",),
    "crop of 20%": ("crop 20%",),
    "turned by 1 or 2 degrees": ("turn by 1 degree", "turn by 2 degrees"),
    "turned by 5 degrees": ("turn by 5 degrees",),
    "mirrored, turned by quarters": (
        *("mirror", "turn by 90 degrees", "turn by 180 degrees", "turn by 270 degrees"),
    ),
    "borders of 3%": ("white border 3%", "black border 3%"),
    "borders of 10%, letterbox, screenshot": (
        *("white border 10%", "black border 10%", "letterbox", "screenshot with bars"),
    ),
    "borders and screenshots, halved and saved again": (
        *("white border 3%, sent on", "black border 10%, sent on", "screenshot, sent on"),
    ),
    "a line of text as watermark": ("light watermark",),
    "letters over 6% of the picture": ("watermark 6%",),
    "a strip with a caption": ("caption",),
    "a sticker over 3%": ("sticker",),
}
"""What README tells of, by the transformations that it stands for."""

REACH = (
    *(
        ("default, trimmed", kind, 0.995)
        for kind in (
            *("JPEG 30", "WebP 80", "half size", "128-pixel thumbnail", "grey", "blur 2", "contrast +20%"),
        )
    ),
    ("default, trimmed", "brightness +20%", 0.99),
    ("default, trimmed", "crop 2%", 0.99),
    ("default, trimmed", "crop 5%", 0.97),
    ("default, trimmed", "turn by 2 degrees", 0.97),
    *(
        ("default, orientations, trimmed", kind, 0.99)
        for kind in ("mirror", "turn by 90 degrees", "turn by 180 degrees", "turn by 270 degrees")
    ),
    ("default, trimmed", "white border 3%", 0.97),
    ("wide, trimmed", "watermark 6%", 0.90),
    ("wide, trimmed", "crop 10%", 0.90),
)
"""What was to be reached on held-out photographs: by which search, of which copies, how much."""


def main() -> None:
    """Fill the pages."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("calibration", type=Path, nargs="?")
    parser.add_argument("--evaluation", type=Path, action="append", default=[])
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--photographs", type=Path, help="a folder; measures contrast, a minute")
    given = parser.parse_args()
    made: dict[str, str] = {}
    if given.calibration:
        made |= _calibration(json.loads(given.calibration.read_text()))
    if given.evaluation:
        made["evaluation"] = _evaluations([json.loads(each.read_text()) for each in given.evaluation])
    if given.peers:
        made |= _peers(json.loads(given.peers.read_text()))
    if given.photographs:
        found = contrast.measured(given.photographs, given.photographs.name, SEED)
        made["contrast"] = "\n\n".join(
            f"{each.title}.\n\n{table.markdown(each.heads, each.rows)}" for each in found
        )
    unknown = set(made)
    for page in PAGES:
        text = page.read_text()
        unknown -= {name for _, name, _, _ in _BLOCK.findall(text)}
        page.write_text(_BLOCK.sub(lambda found: _filled(found, made), text))
    if unknown:
        parser.exit(1, f"no page has a place for: {', '.join(sorted(unknown))}\n")


def _filled(found: re.Match[str], made: Mapping[str, str]) -> str:
    before, name, text, end = found.groups()
    return f"{before}\n{made[name]}\n\n{end}" if name in made else f"{before}{text}{end}"


def _calibration(found: Mapping[str, Any]) -> dict[str, str]:
    measures = {each["name"]: each for each in found["rules"]}
    return {
        "pictures": _pictures(found),
        "reach": _reach(measures),
        "false pairs": _false_pairs(found["rules"]),
        "held out": _copies(measures, "held_out"),
        "tuning": _copies(measures, "tuning"),
        "nearest": _nearest(found["nearest"]),
        "missed": _missed(measures, _SEARCHES),
        "recommended": _recommended(found, measures),
        "kinds of edits": _kinds(found, measures),
    }


def _pictures(found: Mapping[str, Any]) -> str:
    compared, copied = found["compared"], found["copied"]
    return (
        f"{found['found']:,} pictures; {found['repeated']} of the same content as another, "
        f"{len(found['low_information'])} low in information and {len(found['rejected'])} that cannot be "
        f"read are left out. {sum(compared.values()):,} are compared, {compared['tuning']:,} for tuning and "
        f"{compared['held_out']:,} held out; copies were made of {copied['tuning']:,} and "
        f"{copied['held_out']:,}. Seed {found['seed']}; recipe `{found['recipe']}`."
    )


def _reach(measures: Mapping[str, Any]) -> str:
    rows = []
    for name, kind, wanted in REACH:
        share = measures[name]["recall"]["held_out"][kind]
        said = "reached" if (share["share"] or 0) >= wanted else "**missed**"
        rows.append((kind, name, wanted, _share(share), _counts(share), said))
    for name in _SEARCHES:
        share = measures[name]["false_pairs"]["all"]
        said = "reached" if not share["count"] else "**missed**"
        rows.append(
            ("false pairs", name, 0, share["count"], f"of {share['of']:,}, {_per_million(share)}", said)
        )
    return table.markdown(("copy", "search", "wanted", "found", "counts and 95% interval", ""), rows)


def _false_pairs(rules: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for each in rules:
        if each["name"].startswith("recommended"):
            continue  # they have a table of their own
        pairs = each["false_pairs"]
        rows.append(
            (
                each["name"],
                each["rule"]["text"],
                *(f"{pairs[part]['count']:,} of {pairs[part]['of']:,}" for part in ("held_out", "all")),
                _per_million(pairs["all"]),
                *(_few(each["expected_per_million"].get(part)) for part in ("tuning", "all")),
                f"{each['candidates']['share'] or 0:.2%}",
            )
        )
    heads = (
        *("search", "rule", "held-out pairs", "all pairs", "per million of all"),
        *("expected by tuning half", "expected by all", "candidates"),
    )
    return table.markdown(heads, rows)


def _copies(measures: Mapping[str, Any], half: str) -> str:
    """Return one table; where a view changes nothing its cell is empty, and so are columns left out."""
    columns: dict[str, dict[str, str]] = {}
    for rule in ("aHash alone", "default", "wide"):
        plain = measures[rule]["recall"][half]
        for flag, said in _FLAGS.items():
            recall = measures[rule + flag]["recall"][half]
            cells = {
                kind: f"{_share(share)} {_counts(share)}" if not flag or share != plain[kind] else ""
                for kind, share in recall.items()
            }
            if any(cells.values()) and (not flag or rule != "aHash alone"):
                columns[rule + said] = cells
    rows = [(kind, *(cells[kind] for cells in columns.values())) for kind in next(iter(columns.values()))]
    return table.markdown(("copy", *columns), rows)


def _nearest(pairs: Sequence[Mapping[str, Any]]) -> str:
    root = _root(uri for pair in pairs for uri in (pair["left"], pair["right"]))
    rows = [
        (
            f"{pair['left'].removeprefix(root)}, {pair['right'].removeprefix(root)}",
            *(pair["distance"], pair["phash_distance"], pair["dhash_distance"]),
            pair["distance"] + pair["phash_distance"] + pair["dhash_distance"],
            pair.get("view", "as_is"),
        )
        for pair in pairs[:_NEAREST]
    ]
    return table.markdown(("pictures", "aHash", "pHash", "dHash", "sum", "view"), rows)


def _missed(measures: Mapping[str, Any], searches: Sequence[str]) -> str:
    lines = []
    for name in searches:
        recall = measures[name]["recall"]["held_out"]
        below = [f"{kind} ({_share(share)})" for kind, share in recall.items() if share["share"] < _MISSED]
        lines.append(f"- {name}: {', '.join(below) or 'none'}.")
    return "\n".join(lines)


def _recommended(found: Mapping[str, Any], measures: Mapping[str, Any]) -> str:
    rows, searches = [], []
    for name, choice in found["recommended"].items():
        held_out = measures[f"recommended, {name}, trimmed"]
        searches.append(f"recommended, {name}, trimmed")
        rows.append(
            (
                name,
                choice["rule"]["text"],
                f"{choice['false_pairs']['count']} of {choice['false_pairs']['of']:,}",
                f"{choice['expected_per_million']:.2g}",
                "yes" if choice["is_shown"] else "no",
                _per_million(held_out["false_pairs"]["held_out"]),
                f"{choice['candidates']['share']:.2%}",
            )
        )
    heads = (
        "for",
        "rule",
        "tuning half",
        "expected, per million",
        "shown",
        "held out, per million",
        "candidates",
    )
    wanted = f"For at most {found['wanted_per_million']:g} false pairs of a million:"
    missed = _missed(measures, searches)
    return f"{wanted}\n\n{table.markdown(heads, rows)}\n\nMissed, a tenth or more:\n\n{missed}"


def _kinds(found: Mapping[str, Any], measures: Mapping[str, Any]) -> str:
    """Return the worst of each kind, by the searches that README tells of."""
    searches = {
        "default": "default, trimmed",
        "`--orientations`": "default, orientations, trimmed",
        "`--wide`": "wide, trimmed",
    }
    rows = []
    for said, kinds in KINDS.items():
        worst = [
            min(measures[name]["recall"]["held_out"][kind]["share"] for kind in kinds)
            for name in searches.values()
        ]
        rows.append((said, *(f"{each:.3f}" for each in worst)))
    pairs = [measures[name]["false_pairs"]["all"] for name in searches.values()]
    rows.append(
        ("pairs of different ones taken for one", *(f"{each['count']} of {each['of']:,}" for each in pairs))
    )
    copied = found["copied"]["held_out"]
    return f"{copied:,} copies of each kind:\n\n{table.markdown(('copies', *searches), rows)}"


def _evaluations(found: Sequence[Mapping[str, Any]]) -> str:
    first = found[0]
    text = (
        f"{first['pictures']:,} pictures, {first['grouped']:,} of them in {first['groups']} groups with "
        f"{first['right'] + first['missed']:,} pairs; {first['low_information']} low in information, "
        f"{len(first['rejected'])} that cannot be read."
    )
    rows = []
    for each in found:
        views = [name for name in ("orientations", "trimmed") if each[name]]
        average = each["mean_average_precision"]
        rows.append(
            (
                f"{each['rule']['text']}, {' and '.join(views) or 'as is'}",
                *(f"{_share(each[name])} {_counts(each[name])}" for name in ("precision", "recall")),
                "-" if each["f1"] is None else f"{each['f1']:.3f}",
                ", ".join(f"{value:.3f}" for value in average.values()),
            )
        )
    heads = ("search", "precision", "recall", "F1", "mean average precision by aHash, pHash, dHash")
    radii = [
        (
            each["radius"],
            *(
                f"{_share(each[by][name])} {_counts(each[by][name])}"
                for by in ("candidates", "confirmed")
                for name in ("precision", "recall")
            ),
        )
        for each in first["radii"]
        if each["radius"] % 2 == 0
    ]
    by_radius = table.markdown(
        ("radius", "precision, aHash alone", "recall", "precision, confirmed", "recall"), radii
    )
    return f"{text}\n\n{table.markdown(heads, rows)}\n\nThe first by radius of the aHash:\n\n{by_radius}"


def _peers(found: Mapping[str, Any]) -> dict[str, str]:
    judged, number = found["judged"], found["photographs"]
    said = f"{number:,} photographs, {found['pairs']:,} pairs of different ones, seed {found['seed']}."
    usual = {each["name"]: each["usual"] for each in judged}
    safe = {each["name"]: each["safe"] for each in judged if each.get("safe")}
    unsafe = [each["name"] for each in judged if "safe" in each and not each["safe"]]
    none = (
        f"\n\nNone, as different photographs have the very same hash: {', '.join(unsafe)}." if unsafe else ""
    )
    pdq = next((each for each in judged if each["name"] == "PDQ"), None)
    sweep = ""
    if pdq is not None:
        rows = [(each["radius"], each["false_pairs"], f"{each['recall']:.3f}") for each in pdq["sweep"][::10]]
        sweep = "\n\nPDQ by radius:\n\n" + table.markdown(("radius", "false pairs", "of all copies"), rows)
    return {
        "peers": f"{said}\n\n{_judged(usual, number)}",
        "peers without false pairs": f"{_judged(safe, number)}{none}{sweep}",
    }


def _judged(searches: Mapping[str, Any], number: int) -> str:
    rows = [
        ("takes", *(each["text"].replace("aHash + pHash + dHash", "sum") for each in searches.values())),
        ("false pairs", *(each["false_pairs"] for each in searches.values())),
    ]
    rows += [
        (kind, *(f"{each['recall'][kind] / number:.3f}" for each in searches.values()))
        for kind in next(iter(searches.values()))["recall"]
    ]
    return table.markdown(("copy", *searches), rows)


def _share(share: Mapping[str, Any]) -> str:
    return "-" if share["share"] is None else f"{share['share']:.3f}"


def _counts(share: Mapping[str, Any]) -> str:
    return f"{share['count']}/{share['of']} ({share['low']:.3f}-{share['high']:.3f})"


def _per_million(share: Mapping[str, Any]) -> str:
    low, high = share["low"] * 1e6, share["high"] * 1e6
    return (
        f"{share['share'] * 1e6:.3g} ({low:.3g}-{high:.3g})" if share["count"] else f"0 (at most {high:.3g})"
    )


def _few(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"


def _root(uris: Iterable[str]) -> str:
    """Return the folder that all of them lie in."""
    first, *others = uris
    root = first.rpartition("/")[0]
    while root and not all(each.startswith(f"{root}/") for each in others):
        root = root.rpartition("/")[0]
    return f"{root}/"


if __name__ == "__main__":
    main()
