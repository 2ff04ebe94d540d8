"""README is run: its tour, its example in Python, and its tables against the code."""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from hashindex.cli.app import app
from settings import Settings
from testing.commands import run

README = Path(__file__).parent.parent / "README.md"
MANIFEST = """\
uri,meta_id,company_id
photos/coffee.png,1001,42
photos/chelsea.png,1002,42
photos/rocket.jpg,1003,7
photos/missing.jpg,1004,7
"""
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def bundled_pictures() -> Path:
    found = find_spec("skimage")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "data"


class TestReadme(unittest.TestCase):
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        photos, copies = cls.folder / "photos", cls.folder / "copies"
        photos.mkdir()
        copies.mkdir()
        for name in ("coffee.png", "chelsea.png", "rocket.jpg", "astronaut.png"):
            shutil.copy(bundled_pictures() / name, photos)
        with Image.open(photos / "coffee.png") as image:
            small = image.convert("RGB").resize((image.width // 3, image.height // 3))
            small.save(copies / "coffee-small.jpg", quality=60)
        shutil.copy(photos / "rocket.jpg", copies / "launch.jpg")
        edited = cls.folder / "edited"
        edited.mkdir()
        with Image.open(photos / "chelsea.png") as image:
            image.transpose(Image.Transpose.ROTATE_90).save(edited / "turned.jpg")
        (copies / "broken.jpg").write_text("hello")
        (cls.folder / "manifest.csv").write_text(MANIFEST)

    def test_the_tour_prints_what_it_says(self) -> None:
        tour = README.read_text().partition("## A tour")[2].partition("## Commands")[0]
        commands = [
            (command, said)
            for block in re.findall(r"```console\n(.*?)```", tour, re.DOTALL)
            for command, said in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
        ]
        self.assertGreater(len(commands), 8)
        for command, said in commands:
            with self.subTest(command):
                printed = self.run_in_folder(command)
                self.assertTrue(doctest.OutputChecker().check_output(said, printed, SAME), printed)
        example = re.findall(r"```python\n(.*?)```", tour, re.DOTALL)[0]
        printed = self.run_in_folder([sys.executable, "-c", example])
        self.assertEqual(printed.split(), ["1005", "0", "exact"])

    def test_every_command_stands_in_the_table_and_has_help(self) -> None:
        for command in app.registered_commands:
            assert command.callback is not None
            name = command.name or command.callback.__name__
            with self.subTest(name):
                self.assertRegex(README.read_text(), rf"\n\| `hashindex {name}[ `]")
                self.assertTrue((command.callback.__doc__ or "").strip())

    def test_every_setting_stands_in_the_table(self) -> None:
        table = README.read_text()
        for name, field in Settings.model_fields.items():
            variable = name.upper() if field.validation_alias else f"HASHINDEX_{name.upper()}"
            with self.subTest(variable):
                self.assertIn(f"`{variable}`", table)

    def run_in_folder(self, command: str | list[str]) -> str:
        """Run a shell line, or a program, where the tour is set; return stdout, then stderr."""
        if isinstance(command, str) and command.startswith("hashindex ") and ";" not in command:
            ended = run(*shlex.split(command)[1:], cwd=self.folder)
            return ended.stdout + ended.stderr
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HASHINDEX_")}
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            cwd=self.folder,
            env={**environment, "PATH": path, "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr
