"""Edits that put something over the picture: texts and stickers."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hashindex.quality.edits import Edit

_WORDS = "SAMPLE PHOTO"
_SMALLEST = 4.0
"""Pixels: of a font that FreeType draws."""

_CAPTION = "Everyone is talking about this picture"


def light_watermark(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Write a line in white across 60% of the width, low in the picture."""
    marked = image.copy()
    font = _fitting(_WORDS, image.width * 0.6)
    place = image.width / 2, image.height * 0.85
    ImageDraw.Draw(marked).text(place, _WORDS, font=font, fill="white", anchor="mm")
    return marked


def watermark(share: float) -> Edit:
    """Return what writes in white in the middle, so large that the letters themselves cover this share."""

    def mark(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
        size = image.height * 0.25
        for _ in range(2):  # what letters cover goes with the square of their size
            size *= (share / max(0.01, np.asarray(_letters(image.size, size)).mean() / 255)) ** 0.5
        marked = image.copy()
        marked.paste("white", mask=_letters(image.size, size))
        return marked

    return mark


def caption(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Write on a black strip over the lowest tenth."""
    marked = image.copy()
    draw = ImageDraw.Draw(marked)
    top = image.height * 0.9
    draw.rectangle((0, top, image.width, image.height), fill="black")
    font = _fitting(_CAPTION, image.width * 0.8, most=image.height * 0.07)
    left = (image.width - font.getlength(_CAPTION)) / 2
    draw.text((left, (top + image.height) / 2), _CAPTION, font=font, fill="white", anchor="lm")
    return marked


def sticker(share: float) -> Edit:
    """Return what puts a disc of one colour over a share of the picture, anywhere."""

    def stick(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        marked = image.copy()
        radius = (share * image.width * image.height / np.pi) ** 0.5
        x = rng.uniform(radius, max(radius, image.width - radius))
        y = rng.uniform(radius, max(radius, image.height - radius))
        colour = tuple(int(level) for level in rng.integers(0, 256, 3))
        ImageDraw.Draw(marked).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        return marked

    return stick


def _letters(area: tuple[int, int], size: float) -> Image.Image:
    """Return a mask with the words in its middle, one below the other."""
    mask = Image.new("L", area)
    ImageDraw.Draw(mask).multiline_text(
        (area[0] / 2, area[1] / 2),
        _WORDS.replace(" ", "\n"),
        font=_font(size),
        fill=255,
        anchor="mm",
        align="center",
    )
    return mask


def _fitting(text: str, width: float, *, most: float = float("inf")) -> ImageFont.FreeTypeFont:
    """Return the default font in the size in which the text is so wide, or as large as it may be."""
    return _font(min(most, 100 * width / _font(100).getlength(text)))


def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(max(_SMALLEST, size))
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font
