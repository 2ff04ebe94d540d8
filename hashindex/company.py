"""What belongs to one company: inserting, keeping true, checking, removing."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice

from hashindex.answers import Checked, SearchResult
from hashindex.check import Admission, Check
from hashindex.confirming import DEFAULT_RULE, Rule
from hashindex.errors import InvalidArgumentError
from hashindex.insert import Each, Insert
from hashindex.keys import Key, MetaIdFrom, meta_id_from_uri, validated_id
from hashindex.listing import EVERY_PICTURE, Selection, keyed, listed
from hashindex.lookup import Lookup
from hashindex.opened import Opened
from hashindex.outcomes import InsertReport, Reason, Rejected, SyncReport
from hashindex.reading import ImageLike
from hashindex.records import Entry, Picture, Scope
from hashindex.search import DEFAULT_LIMITS, Limits, Query
from hashindex.sync import Comparison, EachSynced, Sync
from hashindex.views import DEFAULT_WAYS, Ways


class Company(Lookup):
    """What belongs to one company: nothing done here reads or touches another's entries."""

    def __init__(self, opened: Opened, company_id: int) -> None:
        self._company_id = validated_id("company_id", company_id)
        super().__init__(opened, Scope(self._company_id))

    def insert(
        self,
        names: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        meta_id: int | None = None,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        selection: Selection = EVERY_PICTURE,
        replace: bool = False,
        refresh: bool = False,
        each: Each | None = None,
    ) -> InsertReport:
        """Insert files, folders and `oss://` objects or prefixes; can be repeated, and goes on where it was.

        Args:
            names: One, or any number, taken lazily; folders and prefixes are walked.
            meta_id: The key of a single picture.
            meta_id_from: Makes the keys otherwise, of the canonical URI.
            selection: What of a folder is taken.
            replace: Let a key that belongs to another URI be taken over, which is a `conflict` otherwise.
            refresh: Read pictures again whose version has not changed.
            each: Called with what became of each item, once it is stored.

        Returns:
            The counts, and the first rejects. Pictures that cannot be taken never end the run.

        """
        several = [names] if isinstance(names, str | os.PathLike) else names
        every: Iterable[str] = (os.fspath(name) for name in several)
        if meta_id is not None:
            every, meta_id_from = self._single(every), _always(validated_id("meta_id", meta_id))
        wanted = keyed(listed(self._opened.source, every, selection), self._company_id, meta_id_from)
        return Insert(self._opened, replace=replace, refresh=refresh).report(wanted, each)

    def sync(
        self,
        folder: str | os.PathLike[str],
        *,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        selection: Selection = EVERY_PICTURE,
        refresh: bool = False,
        remove_many: bool = False,
        each: EachSynced | None = None,
    ) -> SyncReport:
        """Make the entries whose URI lies under a folder or `oss://` prefix equal to what that now holds.

        The arguments are those of `compare` and of `Comparison.apply`.
        """
        with self.compare(
            folder, meta_id_from=meta_id_from, selection=selection, refresh=refresh
        ) as comparison:
            return comparison.apply(remove_many=remove_many, each=each)

    def compare(
        self,
        folder: str | os.PathLike[str],
        *,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        selection: Selection = EVERY_PICTURE,
        refresh: bool = False,
        each_found: Callable[[], object] = lambda: None,
    ) -> AbstractContextManager[Comparison]:
        """Give what `sync` would do, in a `with` statement: to be looked at, and applied.

        Args:
            folder: A folder or `oss://` prefix; anything else is InvalidArgumentError.
            meta_id_from: Makes the keys of new pictures, of the canonical URI. Entries keep their keys.
            selection: What is taken of what is new. Entries are kept true whatever their names.
            refresh: Read pictures again whose version has not changed.
            each_found: Called for each entry under the folder, and for all that is listed.

        """
        use_case = Sync(
            self._opened,
            self._company_id,
            meta_id_from,
            selection,
            refresh,
        )
        return use_case.compare(os.fspath(folder), each_found)

    def check(self, image: ImageLike, *, rule: Rule = DEFAULT_RULE, ways: Ways = DEFAULT_WAYS) -> Checked:
        """Say whether a picture is new to the company, an exact copy or a near one; see `Status`.

        `StoreUnavailableError` does not come: then the picture is `unavailable`. By default it is looked for
        without its borders too, and not turned.
        """
        return next(self.check_many([image], rule=rule, ways=ways))

    def check_many(
        self, images: Iterable[ImageLike | Rejected], *, rule: Rule = DEFAULT_RULE, ways: Ways = DEFAULT_WAYS
    ) -> Iterator[Checked]:
        """Yield the answers for many pictures, in order. They are not compared with each other."""
        return self._check(rule, ways).run(images)

    def insert_if_new(
        self,
        image: str | os.PathLike[str] | Picture,
        *,
        meta_id: int | None = None,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        replace: bool = False,
        rule: Rule = DEFAULT_RULE,
        ways: Ways = DEFAULT_WAYS,
    ) -> Checked:
        """Check a picture, and insert it if it is new or low in information, in one step.

        Of several threads and processes of one machine that do so at once with the same picture, exactly one
        finds it new, and the others what that one has inserted. Other machines are not waited for.

        Args:
            image: A path or `oss://` URI.
            meta_id: Its key. An entry that has it is a match like any other; that of another URI is a
                `conflict`, and the picture is not inserted.
            meta_id_from: Makes the key otherwise, of the canonical URI.
            replace: Let a key that belongs to another URI be taken over.
            rule: What is near.
            ways: Which views of the picture are looked for.

        """
        keys = meta_id_from if meta_id is None else _always(validated_id("meta_id", meta_id))
        return next(
            self.insert_many_if_new([image], meta_id_from=keys, replace=replace, rule=rule, ways=ways)
        )

    def insert_many_if_new(
        self,
        images: Iterable[str | os.PathLike[str] | Picture | Rejected],
        *,
        meta_id_from: MetaIdFrom = meta_id_from_uri,
        replace: bool = False,
        rule: Rule = DEFAULT_RULE,
        ways: Ways = DEFAULT_WAYS,
    ) -> Iterator[Checked]:
        """Do the same with many, as if one after the other; yield the answers in order, once all is stored.

        A hundred are stored when the answer to the first of them is asked for.
        """
        return self._check(rule, ways, Admission(meta_id_from=meta_id_from, replace=replace)).run(images)

    def search_like(self, meta_id: int, limits: Limits = DEFAULT_LIMITS) -> SearchResult:
        """Return what resembles a stored entry, itself left out; `rejected` when there is no such entry."""
        entry = self.get(meta_id)
        if entry is None:
            detail = f"company {self._company_id} has no entry with meta_id {meta_id}"
            return SearchResult(uri=None, ahash=None, rejected=Rejected(None, Reason.NOT_FOUND, detail))
        return next(self._answers([Query.like(entry)], limits))

    def get(self, meta_id: int) -> Entry | None:
        """Return one entry, or None."""
        key = Key(self._company_id, meta_id)
        return self._opened.store.get([key]).get(key)

    def delete(self, *meta_ids: int) -> int:
        """Remove entries; return how many there were."""
        return self._opened.store.delete([Key(self._company_id, meta_id) for meta_id in meta_ids])

    def delete_all(self) -> int:
        """Remove everything that the company has; return how many entries that were."""
        return self._opened.store.delete_company(self._company_id)

    def _check(self, rule: Rule, ways: Ways, admission: Admission | None = None) -> Check:
        return Check(
            opened=self._opened,
            company_id=self._company_id,
            rule=rule,
            ways=ways,
            admission=admission,
        )

    def _single(self, names: Iterable[str]) -> list[str]:
        first_two = list(islice(names, 2))
        if len(first_two) != 1 or self._opened.source.is_folder(self._opened.source.canonical(first_two[0])):
            raise InvalidArgumentError("a meta_id goes with exactly one picture.")
        return first_two


def _always(meta_id: int) -> MetaIdFrom:
    return lambda _: meta_id
