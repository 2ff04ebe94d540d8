"""`make demo`: the main job on real pictures, told as the commands that do it.

    python demo.py [FOLDER]

Without a folder the photographs that scikit-image ships are used. Works in `.demo/`, made anew each time.
"""

import os
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageOps

from hashindex.uris import has_picture_extension

PLACE = Path(".demo")
ENOUGH_PIXELS = 10_000  # smaller ones are icons: no picture to show a search with
SHIPPED = {".jpg", ".png"}  # scikit-image's other files are odd ones, for its own tests


def main(arguments: list[str]) -> int:
    """Run the demonstration; return its exit code."""
    folder = Path(arguments[0]) if arguments else bundled_pictures()
    pictures = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (has_picture_extension(path.name) if arguments else path.suffix in SHIPPED)
    ]
    shown = next((path for path in pictures if is_photograph(path)), None)
    if shown is None:
        print(f"There is no photograph in {folder}; name another folder: make demo PICTURES=FOLDER")
        return 1
    others = [path for path in pictures if path != shown]
    theirs, ours = others[: len(others) // 3], [shown, *others[len(others) // 3 :]]
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    write_list(PLACE / "ours.txt", ours)
    write_list(PLACE / "theirs.txt", theirs)
    reencoded, resized = make_copies(shown)

    say(f"Two companies with {len(ours)} and {len(theirs)} pictures, in one index: a file of Milvus Lite.")
    run("hashindex insert - --company-id 1", stdin="ours.txt")
    run("hashindex insert - --company-id 2", stdin="theirs.txt")
    name = os.fsencode(shown.name).decode(errors="replace")
    say(f"Has company 1 seen {name} before, saved again as a poor JPEG, or at half the size?")
    run(f"hashindex search {reencoded} {resized} --company-id 1")
    say("Company 2 asks for the same picture, and sees nothing of company 1:")
    run(f"hashindex search {reencoded} --company-id 2")
    say("What the index holds:")
    run("hashindex stats")
    say("Your turn. The index is in .demo; `. .venv/bin/activate` puts hashindex on your path:")
    print("  hashindex insert YOUR/PICTURES --company-id 1 --milvus-uri my.db")
    print("  hashindex search A/PICTURE.jpg --company-id 1 --milvus-uri my.db")
    print("  hashindex --help")
    return 0


def bundled_pictures() -> Path:
    """Return the folder of scikit-image's photographs, without importing it."""
    found = find_spec("skimage")
    if found is None or found.origin is None:
        raise SystemExit(
            "scikit-image, whose pictures are shown, is missing: run `make demo`, or name a folder."
        )
    return Path(found.origin).parent / "data"


def is_photograph(path: Path) -> bool:
    """Say whether a picture is one to show a search with."""
    try:
        with Image.open(path) as image:
            image.load()
            return image.mode == "RGB" and image.width * image.height >= ENOUGH_PIXELS
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def write_list(path: Path, pictures: list[Path]) -> None:
    """Write the names of pictures as a list for `-`, any bytes that a name may hold."""
    path.write_bytes(b"".join(os.fsencode(picture.resolve()) + b"\n" for picture in pictures))


def make_copies(path: Path) -> tuple[str, str]:
    """Save a picture again as a poor JPEG and at half the size; return the names."""
    with Image.open(path) as stored:
        image = ImageOps.exif_transpose(stored)
    image.save(PLACE / "reencoded.jpg", quality=30)
    image.resize((image.width // 2, image.height // 2)).save(PLACE / "half.png")
    return "reencoded.jpg", "half.png"


def run(command: str, stdin: str | None = None) -> None:
    """Show a command as one would type it, then run it."""
    print(f"\n$ {command}" + (f" < {stdin}" if stdin else ""), flush=True)
    program, *arguments = shlex.split(command)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HASHINDEX_")}
    with (PLACE / (stdin or os.devnull)).open() as lines:
        done = subprocess.run(
            [str(Path(sys.executable).with_name(program)), *arguments],
            cwd=PLACE,
            stdin=lines,
            stderr=subprocess.STDOUT,  # in one stream, so that what is said stays where it was said
            env={
                **environment,
                "HASHINDEX_LOCK_FOLDER": str(PLACE.resolve() / "locks"),
            },  # gone with the rest
            check=False,
        )
    if done.returncode not in (0, 3):
        raise SystemExit(f"{command} ended with {done.returncode}.")


def say(sentence: str) -> None:
    """Print what comes next."""
    print(f"\n{sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
