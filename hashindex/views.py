"""How a picture is looked at when it is searched for: as it is, turned, mirrored, without its borders."""

from dataclasses import dataclass
from enum import StrEnum


class Orientation(StrEnum):
    """The eight ways to lay a picture down; each says what was done to the one that is searched for."""

    AS_IS = "as_is"
    ROTATED_90 = "rotated_90"
    """Counter-clockwise, in degrees, as the next two."""
    ROTATED_180 = "rotated_180"
    ROTATED_270 = "rotated_270"
    MIRRORED = "mirrored"
    """Left and right change places."""
    FLIPPED = "flipped"
    """Top and bottom do."""
    TRANSPOSED = "transposed"
    """Rows become columns, so the corners at the top left and the bottom right stay."""
    TRANSVERSED = "transversed"
    """The same with the other two corners."""


@dataclass(frozen=True, slots=True)
class View:
    """One look at a picture; its text is what is printed."""

    orientation: Orientation = Orientation.AS_IS
    trimmed: bool = False
    """Without the borders that surround it."""

    def __str__(self) -> str:
        if not self.trimmed:
            return self.orientation.value
        return "trimmed" if self.orientation is Orientation.AS_IS else f"trimmed {self.orientation.value}"


AS_IS = View()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Which views of a picture are searched for, beside the picture as it is."""

    orientations: bool = False
    """The other seven too."""
    trimmed: bool = True
    """Without borders too, where there are any."""


DEFAULT_WAYS = Ways()
ONLY_AS_IS = Ways(trimmed=False)
