"""Check: one answer for each picture, by which an upload is let in or kept out.

`new` is a promise: every stored hash of the company was compared. Where that cannot be had, nor an answer
that holds without it, the picture is `unavailable`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from hashindex.answers import Checked, SearchResult, Status, Verdict
from hashindex.confirming import DEFAULT_RULE, Rule
from hashindex.distance import distance
from hashindex.errors import InvalidArgumentError, StoreUnavailableError
from hashindex.insert import refusal
from hashindex.keys import Key, MetaIdFrom
from hashindex.listing import key_of
from hashindex.opened import Opened
from hashindex.outcomes import Reason, Rejected
from hashindex.reading import ImageLike, Looked
from hashindex.records import MAX_CANDIDATES, Candidate, Candidates, Entry, HashedPicture, Scope
from hashindex.search import LIMIT, Limits, Query, answer, candidates
from hashindex.store.interface import Store
from hashindex.views import DEFAULT_WAYS, Ways

CHUNK = 100
"""Pictures that are looked up, and written, together: a call costs a server far more than what is in it, and
a write Milvus Lite up to half a second."""

WIDE_CHUNK = 10
"""The same where the radius is wide, so that no turn lasts long: a search may take twenty times as long."""

UNDECODABLE = frozenset(
    {
        *(Reason.NOT_AN_IMAGE, Reason.TRUNCATED, Reason.UNSUPPORTED),
        *(Reason.TOO_MANY_PIXELS, Reason.TOO_MANY_BYTES),
    }
)
"""Why nothing can be said of a picture, now or later. For any other reason it may be there another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How pictures go in that are new, or low in information."""

    meta_id_from: MetaIdFrom
    """Makes their keys, of their canonical URIs."""
    replace: bool
    """Let a key that belongs to another URI be taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The use case, for one company; one object serves any number of runs."""

    opened: Opened
    company_id: int
    rule: Rule = DEFAULT_RULE
    ways: Ways = DEFAULT_WAYS
    admission: Admission | None = None
    """None where nothing is to be written."""

    def run(self, images: Iterable[ImageLike | Rejected]) -> Iterator[Checked]:
        """Yield the answers in order, each once its entry is stored, where it gets one.

        They are those of one picture after the other, whatever comes together. A picture is compared with
        those before it only where they were inserted.
        """
        looked = self.opened.reader.map(self._look, images)
        while chunk := list(islice(looked, WIDE_CHUNK if self._limits.is_wide else CHUNK)):
            answers = iter(self._answers([item for item in chunk if isinstance(item, Looked)]))
            for item in chunk:
                yield next(answers) if isinstance(item, Looked) else self._rejected(item)

    def _look(self, image: ImageLike | Rejected) -> Looked | Rejected:
        looked = self.opened.reader.look(image, self.ways)
        if self.admission and isinstance(looked, Looked) and not looked.picture.uri:
            raise InvalidArgumentError("a picture that is to be inserted is named by its path or URI.")
        return looked

    def _rejected(self, rejected: Rejected) -> Checked:
        status = Status.UNDECODABLE if rejected.reason in UNDECODABLE else Status.UNAVAILABLE
        return Checked(
            uri=rejected.uri, status=status, recipe=self.opened.store.origin.recipe, rejected=rejected
        )

    def _answers(self, pictures: Sequence[Looked]) -> list[Checked]:
        queries = [Query.of_views(looked) for looked in pictures]
        try:
            if not queries:
                return []
            if self.admission is None:
                return [self._checked(query, found, {}) for query, found in self._found(queries)]
            with self.opened.turns.of([self.company_id]):
                return self._admitted(pictures, queries, self.admission)
        except StoreUnavailableError as exc:
            return [self._unavailable(query, Reason.INDEX_UNAVAILABLE, str(exc)) for query in queries]

    def _admitted(
        self, pictures: Sequence[Looked], queries: Sequence[Query], admission: Admission
    ) -> list[Checked]:
        """Answer and write, in the company's turn, as if one by one, but with one look-up and one write."""
        admitted = _Admitted(
            self.opened.store, self.company_id, admission, [each.picture.uri for each in pictures]
        )
        answers = []
        for looked, (query, found) in zip(pictures, self._found(queries), strict=True):
            checked = self._checked(query, found, admitted.entries)
            if checked.status in (Status.NEW, Status.LOW_INFORMATION):
                key = admitted.take(looked.picture)
                if isinstance(key, Rejected):
                    checked = replace(checked, rejected=key)
                else:
                    checked = replace(checked, inserted=True, meta_id=key.meta_id)
            answers.append(checked)
        if admitted.entries:
            self.opened.store.upsert(list(admitted.entries.values()))
        return answers

    def _found(self, queries: Sequence[Query]) -> Iterable[tuple[Query, list[Candidates]]]:
        scope = Scope.company(self.company_id)
        return zip(queries, candidates(self.opened.store, queries, scope, self._limits), strict=True)

    @property
    def _limits(self) -> Limits:
        return Limits(rule=self.rule, limit=MAX_CANDIDATES, exhaustive=True)

    def _checked(self, query: Query, found: Sequence[Candidates], admitted: Mapping[Key, Entry]) -> Checked:
        """Say what becomes of a picture, from what the store has of it and what is to be written before."""
        if admitted:
            found = [
                _with(each, ahash, admitted, self.rule.radius)
                for ahash, each in zip(query.hashes, found, strict=True)
            ]
        result = answer(query, found, self._limits)
        if found[0].truncated and query.content_digest and _status(result) is not Status.EXACT:
            # Among those that were not given there may be an exact copy, which another look-up finds.
            copies = self.opened.store.copies(query.content_digest, Scope.company(self.company_id))
            others = {entry.key: entry for entry in copies if entry.key not in admitted}
            found = [_with(found[0], query.ahash, others, self.rule.radius), *found[1:]]
            result = answer(query, found, self._limits)
        return self._answer(query, result, found)

    def _answer(self, query: Query, result: SearchResult, found: Sequence[Candidates]) -> Checked:
        status = _status(result)
        # What says little has, as it is, exact copies only; they are known. What is left of it may be near.
        judged = found[1:] if status is Status.LOW_INFORMATION else found
        none = status in (Status.NEW, Status.LOW_INFORMATION)
        if none and any(each.truncated for each in judged):
            return self._unavailable(
                query,
                Reason.TOO_MANY_CANDIDATES,
                f"more than {MAX_CANDIDATES} stored pictures are within {self.rule.radius} bits of it; none "
                "that Milvus gave matches, but that is not all of them; lower --radius",
            )
        # Exact copies have distance 0, so this puts them before near ones of the same distance.
        matches = sorted(result.matches, key=lambda match: match.verdict is not Verdict.EXACT)
        return Checked(
            uri=query.uri,
            status=status,
            recipe=self.opened.store.origin.recipe,
            ahash=query.ahash,
            matches=tuple(matches[:LIMIT]),
            low_information=result.low_information,
            truncated=result.truncated or len(matches) > LIMIT,
        )

    def _unavailable(self, query: Query, reason: Reason, detail: str) -> Checked:
        return Checked(
            uri=query.uri,
            status=Status.UNAVAILABLE,
            recipe=self.opened.store.origin.recipe,
            ahash=query.ahash,
            low_information=query.low_information,
            truncated=reason is Reason.TOO_MANY_CANDIDATES,
            rejected=Rejected(query.uri, reason, detail),
        )


class _Admitted:
    """What is to be written of some pictures that come together."""

    def __init__(self, store: Store, company_id: int, admission: Admission, uris: Iterable[str]) -> None:
        self.entries: dict[Key, Entry] = {}
        self._store, self._admission = store, admission
        self._keys = {uri: key_of(uri, company_id, admission.meta_id_from) for uri in uris}

    @cached_property
    def _stored(self) -> Mapping[Key, Entry]:
        """Looked up for all at once, when the first of them is new."""
        return self._store.get(list({key for key in self._keys.values() if isinstance(key, Key)}))

    def take(self, picture: HashedPicture) -> Key | Rejected:
        """Give a picture its key and its entry, or say why it can have none."""
        key = self._keys[picture.uri]
        if isinstance(key, Rejected):
            return key
        there = self.entries.get(key) or self._stored.get(key)
        refused = refusal(key, picture.uri, there, replace=self._admission.replace)
        if refused is not None:
            return refused
        self.entries[key] = Entry.now(key, picture)
        return key


def _status(result: SearchResult) -> Status:
    verdicts = {match.verdict for match in result.matches}
    if Verdict.EXACT in verdicts:
        return Status.EXACT
    if Verdict.NEAR in verdicts:
        return Status.NEAR
    return Status.LOW_INFORMATION if result.low_information else Status.NEW


def _with(found: Candidates, ahash: bytes, entries: Mapping[Key, Entry], radius: int) -> Candidates:
    """Return what a store would have found that holds these entries too, in place of those of their keys."""
    others = (candidate for candidate in found.found if candidate.key not in entries)
    bits = ((entry, distance(ahash, entry.picture.fingerprint.ahash)) for entry in entries.values())
    more = (Candidate.of(entry, apart) for entry, apart in bits if apart <= radius)
    merged = sorted((*others, *more), key=lambda candidate: (candidate.distance, candidate.key))
    return replace(found, found=tuple(merged))
