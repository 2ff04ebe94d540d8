"""What happens to pictures on their way: every copy that is measured, by name."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from PIL import Image
from PIL.Image import Transpose

from hashindex.quality import framing, overlays, tones
from hashindex.quality.edits import Edit, Encoder, jpeg, palette, unchanged, webp

LARGEST_SIDE = 512
"""Pixels, to which a picture is reduced before copies are made of it: as it is sent around, and so that what
is counted in pixels (blur) means the same for all but the smaller ones, which stay as they are."""


_AS_CAMERAS_DO = jpeg(90)


@dataclass(frozen=True, slots=True)
class Transformation:
    """An edit, and the file that it is saved as."""

    edit: Edit
    encode: Encoder = _AS_CAMERAS_DO

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> bytes:
        """Return the copy's file."""
        return self.encode(self.edit(image, rng))


TRANSFORMATIONS: Mapping[str, Transformation] = MappingProxyType(
    {
        "JPEG 90": Transformation(unchanged),
        "JPEG 75": Transformation(unchanged, jpeg(75)),
        "JPEG 50": Transformation(unchanged, jpeg(50)),
        "JPEG 30": Transformation(unchanged, jpeg(30)),
        "JPEG 10": Transformation(unchanged, jpeg(10)),
        "WebP 80": Transformation(unchanged, webp(80)),
        "PNG palette": Transformation(unchanged, palette),
        "half size": Transformation(framing.scaled(1 / 2)),
        "quarter size": Transformation(framing.scaled(1 / 4)),
        "128-pixel thumbnail": Transformation(framing.thumbnail(128)),
        "upscaling": Transformation(framing.scaled(2)),
        "grey": Transformation(tones.grey),
        "sepia": Transformation(tones.sepia),
        "brightness +20%": Transformation(tones.brightness(1.2)),
        "brightness -20%": Transformation(tones.brightness(0.8)),
        "contrast +20%": Transformation(tones.contrast(1.2)),
        "contrast -20%": Transformation(tones.contrast(0.8)),
        "gamma 0.67": Transformation(tones.gamma(1 / 1.5)),
        "gamma 1.5": Transformation(tones.gamma(1.5)),
        "blur 1": Transformation(tones.blur(1)),
        "blur 2": Transformation(tones.blur(2)),
        "blur 4": Transformation(tones.blur(4)),
        "noise": Transformation(tones.noise(10)),
        "sharpening": Transformation(tones.sharpened),
        "light watermark": Transformation(overlays.light_watermark),
        "watermark 6%": Transformation(overlays.watermark(0.06)),
        "caption": Transformation(overlays.caption),
        "sticker": Transformation(overlays.sticker(0.03)),
        "crop 2%": Transformation(framing.crop(0.02)),
        "crop 5%": Transformation(framing.crop(0.05)),
        "crop 10%": Transformation(framing.crop(0.10)),
        "crop 20%": Transformation(framing.crop(0.20)),
        "crop 5%, aside": Transformation(framing.crop_aside(0.05)),
        "crop 10%, aside": Transformation(framing.crop_aside(0.10)),
        "white border 3%": Transformation(framing.border(0.03, "white")),
        "white border 10%": Transformation(framing.border(0.10, "white")),
        "black border 3%": Transformation(framing.border(0.03, "black")),
        "black border 10%": Transformation(framing.border(0.10, "black")),
        "letterbox": Transformation(framing.letterboxed),
        "screenshot with bars": Transformation(framing.screenshot),
        "white border 3%, sent on": Transformation(framing.sent_on(framing.border(0.03, "white")), jpeg(75)),
        "black border 10%, sent on": Transformation(framing.sent_on(framing.border(0.10, "black")), jpeg(75)),
        "screenshot, sent on": Transformation(framing.sent_on(framing.screenshot), jpeg(75)),
        "turn by 1 degree": Transformation(framing.turned(1)),
        "turn by 2 degrees": Transformation(framing.turned(2)),
        "turn by 5 degrees": Transformation(framing.turned(5)),
        "turn by 90 degrees": Transformation(framing.transposed(Transpose.ROTATE_90)),
        "turn by 180 degrees": Transformation(framing.transposed(Transpose.ROTATE_180)),
        "turn by 270 degrees": Transformation(framing.transposed(Transpose.ROTATE_270)),
        "mirror": Transformation(framing.transposed(Transpose.FLIP_LEFT_RIGHT)),
        "aspect +5%": Transformation(framing.scaled(1.05, 1)),
        "aspect +10%": Transformation(framing.scaled(1.10, 1)),
    }
)
"""Sizes are counted in the reduced picture; what does not say how it is saved is a JPEG of quality 90."""


def chance(seed: int, content_digest: str, name: str) -> np.random.Generator:
    """Return the randomness of one copy: the same wherever the picture lies and whatever else is measured."""
    text = f"{seed} {content_digest} {name}".encode()
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big"))
