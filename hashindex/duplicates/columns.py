"""What is known of many pictures, in arrays: a hundred bytes a picture, and its URI."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hashindex.errors import InvalidArgumentError
from hashindex.keys import Key
from hashindex.records import HASH_BYTES, Entry, HashedPicture

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_NO_HASH = bytes(HASH_BYTES)
_NO_KEY = -1
_DIGEST_HEX = 32


class Uris:
    """URIs one after the other in UTF-8, and where each ends."""

    def __init__(self, data: bytes, ends: I64) -> None:
        self.data, self.ends = data, ends

    def __getitem__(self, row: int, /) -> bytes:
        return self.data[int(self.ends[row - 1]) if row else 0 : int(self.ends[row])]

    def followed_by(self, other: "Uris") -> "Uris":
        """Return both, those of `other` last."""
        return Uris(self.data + other.data, np.concatenate((self.ends, other.ends + len(self.data))))


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Columns of equal length; row i of each tells of one picture."""

    ahash: U64
    """8 bytes each, as they lie in memory; the same of the next two, 0 where they are not known."""
    phash: U64
    dhash: U64
    contrast: npt.NDArray[np.float32]
    """NaN where the picture was never seen, but its aHash only."""
    digest: U64
    """Shape (n, 2), the 128 bits of the content digest; 0 where there is none."""
    company_id: I64
    """-1 where the picture stands in no index, as `meta_id`."""
    meta_id: I64
    width: I32
    height: I32
    file_size: I64
    upload_time: I64
    uris: Uris
    """Empty where there is none: of bare hashes."""

    def __len__(self) -> int:
        return len(self.ahash)

    @classmethod
    def of_entries(cls, batches: Iterable[Sequence[Entry]]) -> Self:
        """Gather what a scan yields."""
        return cls._gathered(
            _part([entry.picture for entry in batch], [entry.key for entry in batch]) for batch in batches
        )

    @classmethod
    def of_pictures(cls, batches: Iterable[Sequence[HashedPicture]]) -> Self:
        """Gather pictures that stand in no index."""
        return cls._gathered(_part(batch, None) for batch in batches)

    @classmethod
    def of_hashes(cls, hashes: npt.NDArray[np.uint8]) -> Self:
        """Take bare aHashes of shape (n, 8); InvalidArgumentError for any other shape or type."""
        if hashes.dtype != np.uint8 or hashes.ndim != 2 or hashes.shape[1] != HASH_BYTES:  # noqa: PLR2004
            raise InvalidArgumentError(
                f"hashes are {hashes.dtype} of shape {hashes.shape}, but must be uint8 of shape (n, 8)."
            )
        number = len(hashes)
        nothing, no_key = np.zeros(number, np.int64), np.full(number, _NO_KEY)
        return cls(
            ahash=np.frombuffer(np.ascontiguousarray(hashes).tobytes(), np.uint64),
            phash=nothing.astype(np.uint64),
            dhash=nothing.astype(np.uint64),
            contrast=np.full(number, np.nan, np.float32),
            digest=np.zeros((number, 2), np.uint64),
            company_id=no_key,
            meta_id=no_key,
            width=nothing.astype(np.int32),
            height=nothing.astype(np.int32),
            file_size=nothing,
            upload_time=nothing,
            uris=Uris(b"", nothing),
        )

    def followed_by(self, other: "Pictures") -> "Pictures":
        """Return both, the rows of `other` last."""
        columns = {name: np.concatenate((getattr(self, name), getattr(other, name))) for name in _COLUMNS}
        return Pictures(**columns, uris=self.uris.followed_by(other.uris))

    @property
    def hashes(self) -> tuple[U64, U64, U64]:
        """All three, in the order that a rule takes them."""
        return self.ahash, self.phash, self.dhash

    @property
    def seen(self) -> Mask:
        """Where the picture itself was hashed, so that there is something to confirm with."""
        return ~np.isnan(self.contrast)

    @property
    def stored(self) -> Mask:
        """Where the picture stands in an index."""
        found: Mask = self.company_id != _NO_KEY
        return found

    def digests(self, rows: I64) -> list[str]:
        """Return content digests in hex digits, the empty string where there is none."""
        return [f"{high:016x}{low:016x}" if high or low else "" for high, low in self.digest[rows].tolist()]

    def keys(self, rows: I64) -> list[Key | None]:
        """Return the keys; None where a picture stands in no index."""
        ids = zip(self.company_id[rows].tolist(), self.meta_id[rows].tolist(), strict=True)
        return [None if company_id == _NO_KEY else Key(company_id, meta_id) for company_id, meta_id in ids]

    def uri_texts(self, rows: I64) -> list[str]:
        """Return the URIs, the empty string where there is none."""
        return [self.uris[row].decode(errors="surrogatepass") for row in rows.tolist()]

    def names(self, rows: I64) -> list[str]:
        """Return the URIs; of bare hashes that stand in no index their rows."""
        stored = self.company_id[rows] != _NO_KEY
        told = zip(self.uri_texts(rows), stored.tolist(), rows.tolist(), strict=True)
        return [uri or ("" if known else str(row)) for uri, known, row in told]

    @classmethod
    def _gathered(cls, parts: Iterable[dict[str, Any]]) -> Self:
        columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        text, lengths = bytearray(), [np.zeros(0, np.int64)]
        for part in parts:
            text += part.pop("text")
            lengths.append(part.pop("lengths"))
            for name, values in part.items():
                columns[name].append(values)
        if not columns["ahash"]:
            return cls.of_hashes(np.zeros((0, HASH_BYTES), np.uint8))
        whole = {name: np.concatenate(columns.pop(name)) for name in _COLUMNS}
        return cls(**whole, uris=Uris(bytes(text), np.concatenate(lengths).cumsum()))


_COLUMNS = tuple(field.name for field in fields(Pictures) if field.name != "uris")


def digest_numbers(texts: Sequence[str]) -> U64:
    """Return content digests as numbers, shape (n, 2); 0 for an empty one."""
    whole = "".join(text if len(text) == _DIGEST_HEX else text.rjust(_DIGEST_HEX, "0") for text in texts)
    return np.frombuffer(bytes.fromhex(whole), ">u8").astype(np.uint64).reshape(-1, 2)


def _part(pictures: Sequence[HashedPicture], keys: Sequence[Key] | None) -> dict[str, Any]:
    prints = [picture.fingerprint for picture in pictures]
    texts = [picture.uri.encode(errors="surrogatepass") for picture in pictures]
    no_key = np.full(len(pictures), _NO_KEY)
    return {
        "ahash": _hashes([each.ahash for each in prints]),
        "phash": _hashes([each.phash or _NO_HASH for each in prints]),
        "dhash": _hashes([each.dhash or _NO_HASH for each in prints]),
        "contrast": np.array([each.contrast for each in prints], np.float32),  # None becomes NaN
        "digest": digest_numbers([picture.content_digest for picture in pictures]),
        "company_id": _int64([key.company_id for key in keys]) if keys else no_key,
        "meta_id": _int64([key.meta_id for key in keys]) if keys else no_key,
        "width": np.array([picture.width for picture in pictures], np.int32),
        "height": np.array([picture.height for picture in pictures], np.int32),
        "file_size": _int64([picture.file_size for picture in pictures]),
        "upload_time": _int64([picture.upload_time for picture in pictures]),
        "text": b"".join(texts),
        "lengths": _int64([len(text) for text in texts]),
    }


def _hashes(values: Sequence[bytes]) -> U64:
    return np.frombuffer(b"".join(values), np.uint64)


def _int64(values: Sequence[int]) -> I64:
    return np.array(values, np.int64)
