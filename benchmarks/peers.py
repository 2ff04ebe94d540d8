"""`python -m benchmarks.peers FOLDER --peers PYTHON`: calibrate's copies by others' hashes, beside ours.

PYTHON is an interpreter that has imagededup and pdqhash. Each hash is measured at the radius that its authors
take, and at the widest at which no two of these photographs are taken for one. Prints one JSON value, which
`benchmarks.quality` makes tables of.
"""

import argparse
import json
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks import photographs
from hashindex import open_reader
from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule, says_little
from hashindex.decoding import MAX_SIDE, Decoder
from hashindex.hashing import fingerprint
from hashindex.outcomes import Rejected
from hashindex.quality.measuring import made_copies
from hashindex.quality.transformations import LARGEST_SIDE, TRANSFORMATIONS
from hashindex.quality.truth import read_truth
from hashindex.reading import digest
from hashindex.recipe import Recipe

PEERS = Path(__file__).with_name("hash_peers.py")
PROCESSES = 2

Bits = npt.NDArray[np.uint8]
"""(photographs, 1 + transformations, bytes): of the photograph, then of its copies."""

Flags = npt.NDArray[np.bool_]
T = TypeVar("T")
Ask = Callable[[Sequence[Image.Image]], list[bytes]]


@dataclass(frozen=True, slots=True)
class Photographs:
    """What is judged."""

    groups: npt.NDArray[np.int64]
    """Photographs of one scene have the same number."""
    ours: Bits
    """aHash, pHash and dHash."""
    theirs: Bits
    """Of all peers, one behind the other."""


def main() -> None:
    """Measure, and print one JSON value."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", type=Path, required=True, metavar="PYTHON")
    parser.add_argument("--truth", type=Path, help="as of `hashindex calibrate`")
    parser.add_argument("--most", type=int, default=600, help="photographs; so many take five minutes")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    paths = photographs.names(given.folder, most=given.most, seed=given.seed)
    known, taken = _photographs(paths, _groups(given.folder, given.truth, paths), given.peers, given.seed)
    left, right = np.triu_indices(len(taken.groups), 1)
    strangers = taken.groups[left] != taken.groups[right]
    pairs = left[strangers], right[strangers]
    judged = [
        _of_a_rule("default", DEFAULT_RULE, taken.ours, pairs),
        _of_a_rule("wide", WIDE_RULE, taken.ours, pairs),
        _of_a_hash("aHash alone", DEFAULT_RULE.radius, taken.ours[..., :8], pairs),
    ]
    start = 0
    for peer in known:
        bits = taken.theirs[..., start : start + peer["size"]]
        start += peer["size"]
        judged.append(_of_a_hash(peer["name"], peer["radius"], bits, pairs))
    found = {"photographs": len(taken.groups), "pairs": len(pairs[0]), "seed": given.seed, "judged": judged}
    json.dump(found, sys.stdout)


def _groups(folder: Path, truth: Path | None, paths: Sequence[Path]) -> list[int]:
    groups: dict[str, str] = {}
    with open_reader() as reader:
        if truth is not None:
            with truth.open(encoding="utf-8", newline="") as file:
                groups = read_truth(file, reader.canonical, str(folder))
        names = [groups.get(uri, uri) for uri in (reader.canonical(str(path)) for path in paths)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return [numbers[name] for name in names]


def _photographs(
    paths: Sequence[Path], groups: list[int], interpreter: Path, seed: int
) -> tuple[list[dict[str, Any]], Photographs]:
    with ExitStack() as stack:
        asked = [stack.enter_context(_peers(interpreter)) for _ in range(PROCESSES)]
        free: SimpleQueue[Ask] = SimpleQueue()
        for _, ask in asked:
            free.put(ask)

        def hashed(path: Path) -> tuple[list[bytes], list[bytes]] | None:
            ask = free.get()
            try:
                return _hashed(path, seed, ask)
            finally:
                free.put(ask)

        made = list(stack.enter_context(ThreadPoolExecutor(PROCESSES)).map(hashed, paths))
    taken = [(group, *each) for group, each in zip(groups, made, strict=True) if each is not None]
    number, ours, theirs = zip(*taken, strict=True)
    return asked[0][0], Photographs(np.array(number), _array(ours), _array(theirs))


def _array(some: Sequence[list[bytes]]) -> Bits:
    return np.array([[list(each) for each in copies] for copies in some], np.uint8)


def _hashed(path: Path, seed: int, ask: Ask) -> tuple[list[bytes], list[bytes]] | None:
    """Return our hashes and the peers', of a file and of its copies; None for what says too little."""
    recipe = Recipe()
    decoder, data = Decoder(recipe), path.read_bytes()
    small = _known(decoder.small(data, None, side=LARGEST_SIDE))
    files = [data, *made_copies(small, digest(data), seed)]
    greys = [_known(decoder.decode(file, None)) for file in files]
    prints = [fingerprint(each.grey, recipe, of=(each.width, each.height)) for each in greys]
    if says_little(prints[0].contrast):
        return None
    images = [_known(decoder.small(file, None, side=MAX_SIDE)) for file in files]
    return [each.ahash + each.phash + each.dhash for each in prints], ask(images)


def _known(decoded: T | Rejected) -> T:
    """Return what was decoded, of a file that was opened before."""
    assert not isinstance(decoded, Rejected), decoded
    return decoded


@contextmanager
def _peers(interpreter: Path) -> Iterator[tuple[list[dict[str, Any]], Ask]]:
    """Give what the peers are, and what asks them all for their hashes of pictures in RGB."""
    with subprocess.Popen([interpreter, PEERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        asked, answers = process.stdin, process.stdout
        assert asked is not None
        assert answers is not None
        known = json.loads(answers.readline())
        size = sum(peer["size"] for peer in known)

        def ask(images: Sequence[Image.Image]) -> list[bytes]:
            found = []
            for image in images:
                asked.write(struct.pack("<II", *image.size) + image.tobytes())
                asked.flush()
                found.append(answers.read(size))
            return found

        yield known, ask
        asked.close()


def _of_a_rule(
    name: str, rule: Rule, bits: Bits, pairs: tuple[npt.NDArray[np.int64], ...]
) -> dict[str, object]:
    def taken(left: Bits, right: Bits) -> Flags:
        flipped = np.bitwise_count(left ^ right)
        apart = flipped.reshape(*flipped.shape[:-1], 3, 8).sum(axis=-1, dtype=np.uint8)
        ahash, phash, dhash = (apart[..., axis] for axis in range(3))
        return np.asarray((ahash <= rule.radius) & rule.confirms(ahash, phash, dhash))

    originals = bits[:, 0]
    return {
        "name": name,
        "usual": {
            "text": str(rule),
            "false_pairs": int(taken(originals[pairs[0]], originals[pairs[1]]).sum()),
            "recall": _recall(taken(bits[:, :1], bits[:, 1:])),
        },
    }


def _of_a_hash(
    name: str, radius: int, bits: Bits, pairs: tuple[npt.NDArray[np.int64], ...]
) -> dict[str, object]:
    """Measure at the usual radius, at the widest without a false pair, and at every other up to twice it."""
    originals = bits[:, 0]
    strangers = np.bitwise_count(originals[pairs[0]] ^ originals[pairs[1]]).sum(axis=-1, dtype=np.int64)
    copies = np.bitwise_count(bits[:, :1] ^ bits[:, 1:]).sum(axis=-1, dtype=np.int64)

    def at(most: int) -> dict[str, object]:
        return {
            "text": f"<= {most}",
            "radius": most,
            "false_pairs": int((strangers <= most).sum()),
            "recall": _recall(copies <= most),
        }

    safe = int(strangers.min()) - 1
    most = max(2 * radius, safe)
    return {
        "name": name,
        "usual": at(radius),
        "safe": at(safe) if safe >= 0 else None,
        "sweep": [
            {
                "radius": each,
                "false_pairs": int((strangers <= each).sum()),
                "recall": float((copies <= each).mean()),
            }
            for each in range(most + 1)
        ],
    }


def _recall(kept: Flags) -> dict[str, int]:
    return dict(zip(TRANSFORMATIONS, kept.sum(axis=0).tolist(), strict=True))


if __name__ == "__main__":
    main()
