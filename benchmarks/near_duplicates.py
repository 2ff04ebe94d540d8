"""`python -m benchmarks.near_duplicates FOLDER`: groups found by default settings, against what is known.

FOLDER holds the near-duplicates from the tests of five projects that docs/duplicates.md tells of. For each
picture that is not in the group of its kind, it prints how far it is from the one that is kept there.
"""

import sys
from pathlib import Path

from benchmarks import table
from hashindex import Rejected, Selection, duplicates_among, open_reader
from hashindex.distance import distance
from hashindex.quality.truth import read_truth
from hashindex.records import Fingerprint, HashedPicture

TRUTH = Path(__file__).parent / "truth" / "near-duplicates.csv"
"""Kinds by their pictures. Every other picture resembles none."""


def main(folder: str) -> None:
    """Print what was found of each kind, what was missed, and what was put together and does not belong."""
    with open_reader() as reader:
        root = reader.canonical(folder)
        with TRUTH.open(encoding="utf-8", newline="") as file:
            kinds = read_truth(file, reader.canonical, folder)
        read = list(reader.read_all([folder], Selection()))
    pictures = {each.uri: each for each in read if isinstance(each, HashedPicture)}
    groups = [
        {member.uri: member for member in group.members} for group in duplicates_among(pictures.values())
    ]
    rows, missed = [], []
    for kind in dict.fromkeys(kinds.values()):
        known = {uri for uri in pictures if kinds.get(uri) == kind}
        group = max(groups, key=lambda uris: len(known & uris.keys()))
        rest = sorted(known - group.keys())
        together = [
            len(known & other.keys()) for other in groups if other is not group and known & other.keys()
        ]
        rows.append((kind, len(known), len(known & group.keys()), ", ".join(map(str, together)), len(rest)))
        kept = pictures[next(iter(group))].fingerprint
        for uri in rest:
            prints = pictures[uri].fingerprint
            assert isinstance(prints, Fingerprint)
            assert isinstance(kept, Fingerprint)
            apart = distance(prints.ahash, kept.ahash), distance(prints.phash, kept.phash)
            missed.append((uri.removeprefix(f"{root}/"), kind, *apart))
    strangers = sum(len({kinds.get(uri, uri) for uri in group}) > 1 for group in groups)
    table.show("Found", ("kind", "pictures", "in its group", "in others", "missed"), rows)
    table.show("Missed", ("picture", "kind", "aHash", "pHash"), missed)
    print(f"\nGroups of more than one kind: {strangers} of {len(groups)}. Not taken:")
    for each in read:
        if isinstance(each, Rejected):
            print(f"- {(each.uri or '').removeprefix(f'{root}/')}: {each.detail}")


if __name__ == "__main__":
    main(sys.argv[1])
