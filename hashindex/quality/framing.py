"""Edits that move what is seen: sizes, crops, borders, turns."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from PIL.Image import Resampling, Transpose

from hashindex.quality.edits import Edit, jpeg

_SCREEN = (9, 19.5)
"""Width and height of a telephone's screen."""

_FRAME = 16 / 9
"""The longer side of a film's frame, by its shorter."""


def scaled(width: float, height: float | None = None) -> Edit:
    """Return what multiplies the sides; one factor is for both."""

    def resize(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
        size = max(1, round(image.width * width)), max(1, round(image.height * (height or width)))
        return image.resize(size, Resampling.BICUBIC)

    return resize


def sent_on(edit: Edit) -> Edit:
    """Return what does that, saves it as JPEG of quality 90, and halves it, as messengers do."""

    def halved(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        with Image.open(BytesIO(jpeg(90)(edit(image, rng)))) as sent:
            return scaled(1 / 2)(sent, rng)

    return halved


def thumbnail(side: int) -> Edit:
    """Return what shrinks to at most so many pixels a side."""

    def shrink(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
        small = image.copy()
        small.thumbnail((side, side))
        return small

    return shrink


def crop(share: float) -> Edit:
    """Return what takes this share of the width and of the height away, half of it on each side."""

    def cut(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
        x, y = round(image.width * share / 2), round(image.height * share / 2)
        return image.crop((x, y, image.width - x, image.height - y))

    return cut


def crop_aside(share: float) -> Edit:
    """Return what takes as much, but more on one side than on the other, by chance."""

    def cut(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        width, height = round(image.width * (1 - share)), round(image.height * (1 - share))
        x, y = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
        return image.crop((x, y, x + max(1, width), y + max(1, height)))

    return cut


def border(share: float, colour: str) -> Edit:
    """Return what adds a border on all sides, as wide as a share of the shorter one."""

    def frame(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
        return ImageOps.expand(image, border=max(1, round(min(image.size) * share)), fill=colour)

    return frame


def letterboxed(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Add black bars: above and below what is wide, to 9:16; left and right of all else, to 16:9."""
    width, height = image.size
    frame = (width, round(width * _FRAME)) if width > height else (round(height * _FRAME), height)
    return ImageOps.pad(image, frame, color="black")


def screenshot(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Show it across a telephone's screen: black around it, the clock above and a bar of buttons below."""
    width = image.width
    height = max(round(width * _SCREEN[1] / _SCREEN[0]), round(image.height * 1.2))
    screen = Image.new("RGB", (width, height))
    screen.paste(image, (0, (height - image.height) // 2))
    draw = ImageDraw.Draw(screen)
    bar = round(height * 0.04)
    font = ImageFont.load_default(max(6.0, bar * 0.6))
    draw.text((width * 0.06, bar * 0.2), "12:30", font=font, fill="white")
    draw.text((width * 0.8, bar * 0.2), "84%", font=font, fill="white")
    draw.rectangle((0, height - bar, width, height), fill="#202020")
    for place in (0.25, 0.5, 0.75):
        x, y, half = width * place, height - bar / 2, bar * 0.2
        draw.rectangle((x - half, y - half, x + half, y + half), fill="white")
    return screen


def turned(degrees: float) -> Edit:
    """Return what turns it a little counter-clockwise, keeps its size, and leaves the corners black."""
    return lambda image, _rng: image.rotate(degrees, Resampling.BICUBIC)


def transposed(how: Transpose) -> Edit:
    """Return what turns it by quarters, or mirrors it."""
    return lambda image, _rng: image.transpose(how)
