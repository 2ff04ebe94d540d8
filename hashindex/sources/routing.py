"""One source made of several: each URI goes to the one that its scheme names."""

from collections.abc import Iterator, Mapping

from hashindex.outcomes import Reason, Rejected
from hashindex.records import Content, Picture
from hashindex.sources.interface import Reserve, Source, at_once
from hashindex.uris import as_text, scheme_of


class RoutedSource:
    """Sends every call to the source of the URI's scheme; a path has the empty one."""

    def __init__(self, by_scheme: Mapping[str, Source]) -> None:
        self._by_scheme = by_scheme
        self._unknown = _UnknownScheme(tuple(by_scheme))

    def canonical(self, name: str) -> str:
        """Return the canonical URI of what a caller named."""
        return self._source(name).canonical(name)

    def is_folder(self, uri: str) -> bool:
        """Say whether `uri` is to be walked."""
        return self._source(uri).is_folder(uri)

    def walk(self, uri: str) -> Iterator[Picture | Rejected]:
        """Yield everything below `uri`."""
        return self._source(uri).walk(uri)

    def stat(self, uri: str) -> Picture | Rejected:
        """Return the picture with its version."""
        return self._source(uri).stat(uri)

    def read(self, uri: str, *, max_bytes: int, reserve: Reserve = at_once) -> Content | Rejected:
        """Return the whole content."""
        return self._source(uri).read(uri, max_bytes=max_bytes, reserve=reserve)

    def close(self) -> None:
        """Close all of them."""
        for source in self._by_scheme.values():
            source.close()

    def _source(self, uri: str) -> Source:
        return self._by_scheme.get(scheme_of(uri), self._unknown)


class _UnknownScheme:
    """Stands in for a source that does not exist: each of its pictures is rejected."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self._known = " or ".join(f"{scheme}://" if scheme else "a path" for scheme in known)

    def canonical(self, name: str) -> str:
        return as_text(name)

    def is_folder(self, uri: str) -> bool:
        del uri
        return False

    def walk(self, uri: str) -> Iterator[Picture | Rejected]:
        yield self._rejected(uri)

    def stat(self, uri: str) -> Picture | Rejected:
        return self._rejected(uri)

    def read(self, uri: str, *, max_bytes: int, reserve: Reserve = at_once) -> Content | Rejected:
        del max_bytes, reserve
        return self._rejected(uri)

    def close(self) -> None:
        pass

    def _rejected(self, uri: str) -> Rejected:
        detail = f"{scheme_of(uri)}:// is not a source that hashindex knows; use {self._known}"
        return Rejected(uri, Reason.UNSUPPORTED, detail)
