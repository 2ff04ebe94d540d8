"""Memory is bounded by one budget for all threads, and first use by many of them at once is safe."""

import subprocess
import sys
import threading
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pillow_heif
from PIL import Image

from hashindex import decoding, greying
from hashindex.decoding import Decoder
from hashindex.outcomes import Rejected
from hashindex.recipe import DEFAULT, Recipe
from testing.making import encoded, picture
from testing.waiting import SECONDS


class TestLimits(unittest.TestCase):
    def test_a_limit_above_that_of_pillow_is_kept(self) -> None:
        script = (
            "from PIL import Image\n"
            "from hashindex.decoding import Decoder\n"
            "from hashindex.recipe import DEFAULT\n"
            "own = Image.MAX_IMAGE_PIXELS\n"
            "Decoder(DEFAULT)\n"
            "assert Image.MAX_IMAGE_PIXELS == own\n"
            "Decoder(DEFAULT, max_pixels=500_000_001)\n"
            "assert Image.MAX_IMAGE_PIXELS * 2 >= 500_000_001\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)

    def test_together_pictures_never_claim_more_than_the_budget(self) -> None:
        """Eight threads, pictures of 3,072 pixels and room for three: three at a time, and all in the end."""
        data = encoded(picture(1))
        decoder = Decoder(DEFAULT, max_pixels=3 * 3_072 + 10)
        with _held_decoding() as held:
            threads = [
                threading.Thread(target=decoder.decode, args=(data, "u"), daemon=True) for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for ended in range(8):
                now = min(3, 8 - ended)
                self.assertTrue(held.reaches(ended + now), "fewer than the budget allows are decoded")
                self.assertFalse(held.exceeds(ended + now), "more than the budget allows are decoded")
                held.let_one_go()
            for thread in threads:
                thread.join(SECONDS)
                self.assertFalse(thread.is_alive())

    def test_the_budget_is_given_back_after_errors_and_after_success(self) -> None:
        decoder = Decoder(DEFAULT, max_pixels=200 * 200)
        whole = encoded(picture(1, (200, 200)))
        found: list[object] = []

        def decode() -> None:
            found.extend(decoder.decode(data, "u") for data in (whole[:-400], whole, whole[:-400], whole))

        thread = threading.Thread(target=decode, daemon=True)
        thread.start()
        thread.join(SECONDS)
        self.assertFalse(thread.is_alive(), "a budget that is not given back is waited for")
        self.assertEqual([isinstance(one, Rejected) for one in found], [True, False, True, False])

    def test_first_use_by_16_threads_at_once(self) -> None:
        """In a new process, as it is the first use that is meant."""
        script = (
            "import sys, threading\n"
            "from hashindex.decoding import Decoded, Decoder\n"
            "from hashindex.recipe import DEFAULT\n"
            "import pillow_heif, time\n"
            "sys.setswitchinterval(1e-6)\n"
            "real, registered = pillow_heif.register_heif_opener, []\n"
            "def register():\n"
            "    registered.append(time.sleep(0.02))\n"  # long enough for the others to come
            "    real()\n"
            "pillow_heif.register_heif_opener = register\n"
            "data, start, found = sys.stdin.buffer.read(), threading.Barrier(16), []\n"
            "def decode():\n"
            "    start.wait()\n"
            "    found.append(Decoder(DEFAULT).decode(data, 'u'))\n"
            "threads = [threading.Thread(target=decode) for _ in range(16)]\n"
            "[thread.start() for thread in threads]\n"
            "[thread.join() for thread in threads]\n"
            "assert len(registered) == 1, 'it was done more than once'\n"
            "assert len(found) == 16, found\n"
            "assert all(isinstance(one, Decoded) for one in found), found\n"
        )
        pillow_heif.register_heif_opener()
        for form in ("HEIF", "AVIF", "PNG"):
            data = encoded(picture(1), form)
            ran = subprocess.run(
                [sys.executable, "-c", script], input=data, capture_output=True, timeout=60, check=False
            )
            self.assertEqual(ran.returncode, 0, ran.stderr.decode())


class _Held:
    """Decodings that have begun, each held until it is let go."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.begun = 0
        self.gate = threading.Semaphore(0)

    def begin(self) -> None:
        with self.changed:
            self.begun += 1
            self.changed.notify_all()
        assert self.gate.acquire(timeout=SECONDS)

    def reaches(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.begun >= count, SECONDS)

    def exceeds(self, count: int) -> bool:
        """Wait a moment for what must not happen."""
        with self.changed:
            return self.changed.wait_for(lambda: self.begun > count, 0.05)

    def let_one_go(self) -> None:
        self.gate.release()


@contextmanager
def _held_decoding() -> Iterator[_Held]:
    held = _Held()
    real = greying.upright_grey

    def slow(image: Image.Image, recipe: Recipe) -> Image.Image:
        held.begin()
        return real(image, recipe)

    with mock.patch.object(decoding, "upright_grey", slow):
        yield held


if __name__ == "__main__":
    unittest.main()
