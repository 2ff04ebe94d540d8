"""How pictures become bits, as one printable string that is stored with the index."""

import re
from dataclasses import dataclass, fields
from typing import Literal, Self, get_args

from hashindex.errors import InvalidArgumentError

_FORM = "ahash/1"
"""The indexed algorithm and the version of all the code that turns a picture into bits. Any change that can
alter a bit is a new version; the golden tests hold it."""

MAX_OSS_STYLE = 256
"""Characters; a recipe has to fit into the description of a collection."""

_OSS_STYLE = re.compile(rf"(?=.{{1,{MAX_OSS_STYLE}}}$)(?:image|style)/[!-{{}}~]+")
"""Printable ASCII without spaces, as the text of a recipe is split at them, and without `|`, behind which OSS
would be told to store what it makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The choices that decide the bits of a picture. `str(recipe)` is what the collection stores.

    An index has one recipe for life: hashes of two recipes are not comparable.
    """

    confirm: Literal["box64", "imagehash"] = "box64"
    """Whether pHash and dHash come from one shared box reduction to 64x64, or are imagehash's own."""
    orientation: Literal["exif", "ignored"] = "exif"
    """Whether the EXIF orientation tag is applied."""
    alpha: Literal["white", "ignored"] = "white"
    """Whether transparency is flattened on white, or dropped as imagehash does."""
    depth: Literal["scaled", "clipped"] = "scaled"
    """Whether pictures of more than 8 bits are scaled to 8, or clipped as imagehash does."""
    decode: Literal["exact", "fast"] = "exact"
    """Whether all is decoded, or of JPEGs the brightness alone, and that of large ones scaled down."""
    oss: str = ""
    """How OSS processes pictures before it sends them, like `image/resize,w_256` or `style/NAME`: other bits
    than those of the same files from a disk, which are taken as they are. Empty, and left out of the text,
    where it sends them as they are."""

    def __post_init__(self) -> None:
        if self.oss and not _OSS_STYLE.fullmatch(self.oss):
            raise InvalidArgumentError(
                f"{self.oss!r} is no way for OSS to process pictures: write image/ACTION or style/NAME, "
                f"in printable ASCII without spaces and |, at most {MAX_OSS_STYLE} characters."
            )

    def __str__(self) -> str:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return " ".join((_FORM, *(f"{name}={value}" for name, value in values if value)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `str(recipe)` back, or the short names `default` and `strict`.

        InvalidArgumentError when any part of it is unknown to this version.
        """
        form, *parts = str(NAMED.get(text, text)).split(" ")
        values = dict(part.partition("=")[::2] for part in parts)
        known = {field.name: get_args(field.type) for field in fields(cls) if field.name != "oss"}
        if form != _FORM or values.keys() - {"oss"} != known.keys():
            raise InvalidArgumentError(f"recipe {text!r} is not known; known are {', '.join(NAMED)}.")
        for name, value in values.items():
            if name in known and value not in known[name]:
                raise InvalidArgumentError(f"recipe {text!r} has {name}={value}, which is not known.")
        recipe = cls(**values)  # type: ignore[arg-type]  # found among their Literals, or checked by it
        if text not in (str(recipe), *NAMED):
            raise InvalidArgumentError(f"recipe {text!r} is not written as this version would: {recipe}.")
        return recipe


DEFAULT = Recipe()
STRICT = Recipe(confirm="imagehash", orientation="ignored", alpha="ignored", depth="clipped")
"""What imagehash does and nothing more, for people whose hashes already exist."""

NAMED = {"default": DEFAULT, "strict": STRICT}
