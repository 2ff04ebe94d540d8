"""What is measured: the rules that the program has, each by each way of asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from hashindex.confirming import DEFAULT_RULE, WIDE_RULE, Rule
from hashindex.quality.looks import VIEWS, WAYS, Distances, Flags, asked_for
from hashindex.quality.pairs import Near
from hashindex.views import ONLY_AS_IS, View, Ways


@dataclass(frozen=True, slots=True)
class Asked:
    """A search: by which rule, and by which views of the picture."""

    rule: Rule
    ways: Ways = ONLY_AS_IS
    unconfirmed: bool = False
    """Whatever is near by its aHash is taken, as by `search --unconfirmed`."""
    views: Flags = field(init=False, repr=False, compare=False)
    """Which of `looks.VIEWS` are looked up."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "views", asked_for(self.ways))

    @property
    def words(self) -> str:
        """What is taken."""
        return f"aHash <= {self.rule.radius}" if self.unconfirmed else str(self.rule)

    def finds(self, apart: Distances) -> Flags:
        """Judge distances by view and hash (last two axes): a match by any view that is asked for."""
        found: Flags = np.zeros(apart.shape[:-2], np.bool_)
        for place in np.flatnonzero(self.views):
            one = apart[..., place, :]
            found |= (one[..., 0] <= self.rule.radius) & self._confirms(one, VIEWS[place])
        return found

    def confirms(self, near: Near) -> Flags:
        """Judge pairs by all but the radius of the aHash."""
        found: Flags = np.zeros(len(near.view), np.bool_)
        for place in np.unique(near.view):
            which = near.view == place
            found[which] = self._confirms(near.distances[which], VIEWS[place])
        return found

    def _confirms(self, apart: Distances, view: View) -> Flags:
        if self.unconfirmed:
            return np.ones(apart.shape[:-1], np.bool_)
        return self.rule.confirms(apart[..., 0], apart[..., 1], apart[..., 2], view)


def by_every_way(name: str, rule: Rule, *, unconfirmed: bool = False) -> dict[str, Asked]:
    """Return the searches by one rule, each by its name."""
    return {
        name if ways == ONLY_AS_IS else f"{name}, {way}": Asked(rule, ways, unconfirmed)
        for way, ways in WAYS.items()
    }


ASKED: Mapping[str, Asked] = MappingProxyType(
    {
        **by_every_way("aHash alone", DEFAULT_RULE, unconfirmed=True),
        **by_every_way("default", DEFAULT_RULE),
        **by_every_way("wide", WIDE_RULE),
    }
)
"""Every rule that the program has, by every way."""
