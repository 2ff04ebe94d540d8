"""Several gates are given the same pictures at once, and some are killed: no picture is new twice."""

import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from hashindex.keys import Key
from testing.campaign.breaking import Held, held_after_a_while
from testing.campaign.place import Place
from testing.campaign.run import Options, Run
from testing.commands import Running
from testing.making import encoded, picture
from testing.milvus_server import MilvusServer

RUNS = 20
GATES = 4
PICTURES = 350
"""Several chunks for each gate, so that they take turns."""

SIZE = (160, 120)
LATEST_SECONDS = 4.0
"""After they were started: some are starting then, some wait, some write."""

SETTLED_SECONDS = 15.0
"""A call whose client is gone may still be under way in the server."""

ENDS = (0, 10)
"""All new, or some exact."""


def runs(options: Options) -> Iterator[Run]:
    """Half of the runs on Lite and half on a server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        made_uploads(folder, GATES, PICTURES)
        server = stack.enter_context(closing(MilvusServer.start()))
        for seed in options.seeds(RUNS):
            place = Place(str(folder / f"{seed}.db"))
            if seed % 2:
                place = Place(server.uri, f"gate_{seed}", server.token)
            try:
                yield rushed(place, folder, seed)
            finally:
                if not place.is_file:
                    place.drop()


def made_uploads(folder: Path, gates: int, pictures: int) -> None:
    """Write the same pictures for each gate, under names of its own, which are their keys too."""
    data = [encoded(picture(seed, SIZE), "JPEG") for seed in range(pictures)]
    for gate in range(gates):
        (folder / f"gate{gate}").mkdir()
        for number, content in enumerate(data):
            (folder / f"gate{gate}" / f"{gate * 10_000 + number}.jpg").write_bytes(content)


def rushed(place: Place, folder: Path, seed: int, *, latest_seconds: float = LATEST_SECONDS) -> Run:
    """Start the gates, kill half, run one more to its end, and look. The seed decides it all."""
    chance = random.Random(f"{seed}:gate")
    uploads = sorted(folder.glob("gate*"))
    place.open().close()
    faults: list[str] = []
    said: list[dict[str, Any]] = []
    killed = chance.sample(range(len(uploads)), len(uploads) // 2)
    victims = sorted((chance.uniform(0, latest_seconds), gate) for gate in killed)
    with ExitStack() as stack:
        gates = [stack.enter_context(_gate(place, names, chance)) for names in uploads]
        began = time.monotonic()
        for moment, gate in victims:
            time.sleep(max(0.0, began + moment - time.monotonic()))
            gates[gate].process.kill()
        for number, each in enumerate(gates):
            done = each.finish(seconds=120)
            if done.exit_code not in ENDS and number not in killed:
                faults.append(f"gate {number} ended with {done.exit_code}: {done.stderr}")
            said += _answers(done.stdout)
    if not place.is_file:
        time.sleep(SETTLED_SECONDS)
    with _gate(place, uploads[0], chance) as last:
        done = last.finish(seconds=120)
        said += _answers(done.stdout)
        if done.exit_code not in ENDS:
            faults.append(f"the last one ended with {done.exit_code}: {done.stderr}")
    held = held_after_a_while(place)
    faults += _faults(said, held, len(list(uploads[0].iterdir())), whole=place.is_file)
    when = ", ".join(f"{moment:.2f} s" for moment, _ in victims)
    where = "Lite" if place.is_file else "server"
    counts = Counter(value["status"] for value in said)
    return Run(
        seed,
        f"{where}: {len(victims)} of {len(uploads)} gates killed after {when}",
        f"{counts['new']} new, {counts['exact']} exact, {len(held)} entries",
        tuple(faults),
    )


def _faults(said: Sequence[dict[str, Any]], held: Held, pictures: int, *, whole: bool) -> list[str]:
    """Look at what was answered and at what is stored, on Lite once each (`whole`).

    On a server the write of a gate that is killed may come to its end unseen by the next.
    """
    odd = [value for value in said if value["status"] not in ("new", "exact")]
    faults = [f"{value['uri']} is {value['status']}" for value in odd]
    inserted = [value for value in said if value["inserted"]]
    lost = [value["uri"] for value in inserted if Key(1, value["meta_id"]) not in held]
    if lost:
        faults.append(f"{len(lost)} that were said to be inserted are not there, {lost[0]} among them")
    often = Counter(value["meta_id"] % 10_000 for value in inserted)
    faults += [f"picture {number} was new {times} times" for number, times in often.items() if times > 1]
    stored = Counter(entry.picture.content_digest for entry in held.values())
    if len(stored) != pictures or (whole and len(held) != pictures):
        faults.append(f"{len(held)} entries of {len(stored)} pictures, of {pictures}")
    return faults


def _answers(stdout: str) -> list[dict[str, Any]]:
    """Read the lines; the last one of a gate that was killed may be cut."""
    return [json.loads(line) for line in stdout.splitlines(keepends=True) if line.endswith("}\n")]


def _gate(place: Place, names: Path, chance: random.Random) -> Running:
    """Start one; the pictures come in an order of its own."""
    order = sorted(names.iterdir())
    chance.shuffle(order)
    running = Running(
        *("check", "-", "--company-id", "1", "--insert-if-new", "--meta-id-from", "stem", "--json"),
        *("--milvus-uri", place.uri, "--collection", place.collection),
        cwd=names.parent,
        environment={"HASHINDEX_MILVUS_TOKEN": place.token, "HASHINDEX_WAIT_SECONDS": "120"},
    )
    running.write("".join(f"{path}\n" for path in order).encode(), last=True)
    return running
