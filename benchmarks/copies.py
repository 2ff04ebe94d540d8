"""What happens to pictures on their way: the copies that should still be recognised."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

WORDS = "SAMPLE PHOTO"


def _as_jpeg(image: Image.Image, quality: int = 90) -> Image.Image:
    data = BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data)


def _thumbnail(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((128, 128))
    return small


def _half(image: Image.Image) -> Image.Image:
    return image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.BICUBIC)


def _cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    def crop(image: Image.Image) -> Image.Image:
        x, y = round(image.width * share / 2), round(image.height * share / 2)
        return image.crop((x, y, image.width - x, image.height - y))

    return crop


def _watermarked(image: Image.Image) -> Image.Image:
    """Write across 60% of the width, in the lower part."""
    marked = image.copy()
    draw = ImageDraw.Draw(marked)
    font = ImageFont.load_default(100)
    font = ImageFont.load_default(max(8.0, 100 * image.width * 0.6 / draw.textlength(WORDS, font)))
    left = (image.width - draw.textlength(WORDS, font)) / 2
    draw.text((left, image.height * 0.8), WORDS, font=font, fill="white")
    return marked


def _bordered(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, border=max(1, round(min(image.size) * 0.03)), fill="white")


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg 30": lambda image: _as_jpeg(image, 30),
    "thumb 128": lambda image: _as_jpeg(_thumbnail(image)),
    "half": lambda image: _as_jpeg(_half(image)),
    "bright +20%": lambda image: _as_jpeg(ImageEnhance.Brightness(image).enhance(1.2)),
    "crop 2%": lambda image: _as_jpeg(_cropped(0.02)(image)),
    "crop 5%": lambda image: _as_jpeg(_cropped(0.05)(image)),
    "blur 2": lambda image: _as_jpeg(image.filter(ImageFilter.GaussianBlur(2))),
    "grey": lambda image: _as_jpeg(image.convert("L")),
    "watermark": lambda image: _as_jpeg(_watermarked(image)),
    "border 3%": lambda image: _as_jpeg(_bordered(image)),
}
"""By name; all are saved as JPEG, of quality 90 where nothing else is said."""

MOVED = ("watermark", "border 3%")
"""Copies whose content is another: left out of the drift."""
