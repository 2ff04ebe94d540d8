"""Reductions by products: Pillow's to the bit, and those of a whole picture of which a scaled one is left."""

import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.Image import Resampling

from hashindex import reduction
from hashindex.hashing import fingerprint
from hashindex.recipe import DEFAULT
from hashindex.reduction import Floats, averaged, reduced
from hashindex.reduction import _coefficients as coefficients
from hashindex.reduction import _pillow_agrees as pillow_agrees
from testing.making import picture
from testing.photographs import photograph
from testing.reference_bits import reference

CELLS = (8, 8)

LEVELS = ((0, 255), (0, 1), (254, 255), tuple(range(256)))
"""Of which noise is made: the sharpest, the faintest at both ends, and all."""


def noise(
    width: int, height: int, *, levels: tuple[int, ...] = tuple(range(256)), seed: int = 0
) -> Image.Image:
    values = np.random.default_rng(seed).choice(np.array(levels, np.uint8), (height, width))
    return Image.fromarray(values)


def by_pillow(grey: Image.Image, cells: tuple[int, int]) -> list[list[float]]:
    levels: list[list[float]] = np.asarray(grey.resize(cells, Resampling.LANCZOS), float).tolist()
    return levels


def photographs() -> list[Image.Image]:
    greys = []
    for name in ("coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png"):
        with Image.open(photograph(name)) as image:
            greys.append(image.convert("L"))
    return greys


class TestExact(unittest.TestCase):
    def test_this_pillow_is_one_that_products_agree_with(self) -> None:
        self.assertTrue(pillow_agrees())

    @settings(max_examples=150, deadline=None)
    @given(st.integers(1, 700), st.integers(1, 700), st.sampled_from(LEVELS), st.integers(0, 1_000))
    def test_noise_of_any_size_has_the_bits_of_the_reference(
        self, width: int, height: int, levels: tuple[int, ...], seed: int
    ) -> None:
        grey = noise(width, height, levels=levels, seed=seed)
        self.assertEqual(reduced(grey, CELLS).tolist(), by_pillow(grey, CELLS))
        self.assertEqual(fingerprint(grey, DEFAULT), reference(grey))

    def test_photographs_and_all_their_turns_have_the_bits_of_the_reference(self) -> None:
        for grey in photographs():
            for turn in Image.Transpose:
                turned = grey.transpose(turn)
                self.assertEqual(fingerprint(turned, DEFAULT), reference(turned))

    def test_edges_that_overshoot_are_clipped_as_pillow_clips_them(self) -> None:
        for width in (64, 200, 481):
            grey = Image.fromarray(np.kron([[0, 255], [255, 0]], np.ones((80, width // 2))).astype(np.uint8))
            cells = reduced(grey, CELLS)
            self.assertEqual(cells.tolist(), by_pillow(grey, CELLS))
            self.assertEqual((cells.min(), cells.max()), (0, 255))

    def test_tall_pictures_up_to_the_turning_point_and_beyond(self) -> None:
        for height in (391, 392, 393, 600):  # 392 is the last that is not columns first
            grey = noise(200, height)
            self.assertEqual(reduced(grey, CELLS).tolist(), by_pillow(grey, CELLS), height)

    def test_products_are_used_for_ordinary_pictures(self) -> None:
        with mock.patch.object(reduction, "_by_pillow", side_effect=AssertionError("Pillow was asked")):
            for size in ((481, 321), (321, 481), (64, 64), (4000, 64), (1080, 1920)):
                reduced(noise(*size), CELLS)

    def test_no_product_is_large_enough_for_blas_to_start_threads(self) -> None:
        multiply, sizes = np.matmul, []

        def matmul(left: Floats, right: Floats, *, out: Floats) -> None:
            sizes.append(left.size * right.shape[1])
            multiply(left, right, out=out)

        with mock.patch.object(np, "matmul", matmul):
            reduced(noise(3_000, 1_000), CELLS)
            averaged(noise(500, 375), (64, 64), of=(4_000, 3_000))
        self.assertGreater(len(sizes), 20)
        self.assertLessEqual(max(sizes), 2**18)

    def test_many_threads_at_once(self) -> None:
        greys = photographs() * 6
        expected = [reference(grey) for grey in greys]
        with ThreadPoolExecutor(8) as threads:
            self.assertEqual(list(threads.map(lambda grey: fingerprint(grey, DEFAULT), greys)), expected)


class TestAnotherPillow(unittest.TestCase):
    def setUp(self) -> None:
        pillow_agrees.cache_clear()
        self.addCleanup(pillow_agrees.cache_clear)

    def test_its_own_resize_is_used_and_said_once(self) -> None:
        resize = Image.Image.resize

        def other(image: Image.Image, size: tuple[int, int], resample: Resampling) -> Image.Image:
            small = resize(image, size, resample)
            return small if resample == Resampling.BOX else small.point(lambda level: level ^ 1)

        grey = noise(300, 200)
        with mock.patch.object(Image.Image, "resize", other), self.assertLogs("hashindex.reduction") as logs:
            for _ in range(3):
                self.assertEqual(
                    reduced(grey, CELLS).tolist(), np.asarray(other(grey, CELLS, Resampling.LANCZOS)).tolist()
                )
        self.assertEqual(len(logs.records), 1, logs.output)

    def test_coefficients_too_near_to_a_half_are_left_to_pillow(self) -> None:
        coefficients.cache_clear()
        self.addCleanup(coefficients.cache_clear)
        grey = noise(300, 200)
        with mock.patch.object(reduction, "_EDGE", 0.5):
            self.assertIsNone(coefficients(300, 8, 1))
            self.assertEqual(reduced(grey, CELLS).tolist(), by_pillow(grey, CELLS))


class TestScaled(unittest.TestCase):
    """A picture of which each block of pixels is one level is the same whether it is scaled or not."""

    def test_each_pixel_stands_for_those_it_was_made_of(self) -> None:
        for step, size in ((2, (700, 641)), (4, (1_283, 1_299)), (8, (2_561, 2_567))):
            scaled = noise(-(-size[0] // step), -(-size[1] // step), seed=step)
            blocks = np.kron(np.asarray(scaled), np.ones((step, step), np.uint8))
            whole = Image.fromarray(np.ascontiguousarray(blocks[: size[1], : size[0]]))
            with self.subTest(step=step):
                self.assertEqual(reduced(scaled, CELLS, of=size).tolist(), by_pillow(whole, CELLS))
                small = averaged(scaled, (64, 64), of=size)
                self.assertEqual(small.tobytes(), whole.resize((64, 64), Resampling.BOX).tobytes())

    def test_an_unscaled_one_is_reduced_as_ever(self) -> None:
        grey = picture(1, (300, 200)).convert("L")
        self.assertEqual(fingerprint(grey, DEFAULT, of=grey.size), fingerprint(grey, DEFAULT))


if __name__ == "__main__":
    unittest.main()
