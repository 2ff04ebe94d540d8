"""What an edit is, and the files that copies are saved as."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image

Edit = Callable[[Image.Image, np.random.Generator], Image.Image]
"""Makes another picture of one in RGB, with a source of chance."""

Encoder = Callable[[Image.Image], bytes]
"""Makes a file of a picture in RGB or L."""


def unchanged(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Change nothing: only the file is another."""
    return image


def jpeg(quality: int) -> Encoder:
    """Return what saves as JPEG; 75 is what most programs take, 90 what cameras and editors do."""
    return lambda image: _saved(image, "JPEG", quality=quality)


def webp(quality: int) -> Encoder:
    """Return what saves as WebP."""
    return lambda image: _saved(image, "WEBP", quality=quality)


def palette(image: Image.Image) -> bytes:
    """Save as PNG with 256 colours, by an octree; the median cut takes a hundred times as long."""
    return _saved(image.quantize(256, Image.Quantize.FASTOCTREE), "PNG")


def _saved(image: Image.Image, form: str, **options: int) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
