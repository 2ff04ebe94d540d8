"""Edits that leave every pixel in its place: colours, light, sharpness."""

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from hashindex.quality.edits import Edit

_SEPIA = (
    *(0.393, 0.769, 0.189, 0),
    *(0.349, 0.686, 0.168, 0),
    *(0.272, 0.534, 0.131, 0),
)
"""The matrix of Microsoft's and most other sepia filters, from RGB to RGB."""


def grey(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Drop the colours."""
    return image.convert("L")


def sepia(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Colour it like an old print."""
    return image.convert("RGB", _SEPIA)


def brightness(factor: float) -> Edit:
    """Return what multiplies every value."""
    return lambda image, _rng: ImageEnhance.Brightness(image).enhance(factor)


def contrast(factor: float) -> Edit:
    """Return what pulls the values away from their mean."""
    return lambda image, _rng: ImageEnhance.Contrast(image).enhance(factor)


def gamma(exponent: float) -> Edit:
    """Return what raises every value, as a part of the whole, to a power."""
    table = [round(255 * (value / 255) ** exponent) for value in range(256)]
    return lambda image, _rng: image.point(table * len(image.getbands()))


def blur(radius: float) -> Edit:
    """Return what blurs; the radius is the Gaussian's standard deviation in pixels."""
    return lambda image, _rng: image.filter(ImageFilter.GaussianBlur(radius))


def noise(deviation: float) -> Edit:
    """Return what adds normal noise to each channel, by its standard deviation in levels."""

    def noisy(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        values = np.asarray(image, dtype=np.float32)
        added = values + rng.normal(0, deviation, values.shape).astype(np.float32)
        return Image.fromarray(added.round().clip(0, 255).astype(np.uint8))

    return noisy


def sharpened(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Put an unsharp mask over it, by Pillow's usual strength."""
    return image.filter(ImageFilter.UnsharpMask(radius=2, percent=150, threshold=3))
