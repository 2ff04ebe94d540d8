"""Turns: of the threads and processes of one machine that write for a company, one at a time.

A turn is a lock on a file (flock, by the package filelock). The system keeps it, and frees it when its
process ends, however that ends. Other machines know nothing of it.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from hashindex.errors import ConfigurationError, StoreUnavailableError

LOCKS = 64
"""Locks of an index, shared by its companies: a batch for thousands of them opens no more files than this."""

_POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of one index. A thread that has one must not ask for another."""

    folder: Path
    """Where the locks lie: the same for all that write to the index. Made where it is not there."""
    identity: str
    """Of the index, as `Store.identity`."""
    wait_seconds: float
    """How long to wait for a turn, all its locks together."""

    @contextmanager
    def of(self, company_ids: Iterable[int]) -> Iterator[None]:
        """Give the turn of companies, in a `with` statement.

        StoreUnavailableError when it does not come in time; ConfigurationError when the folder cannot be
        used.
        """
        locks = {company_id % LOCKS: company_id for company_id in company_ids}
        until = time.monotonic() + self.wait_seconds
        with ExitStack() as held:
            for number, company_id in sorted(locks.items()):  # in one order, so that no two wait in a ring
                self._take(number, company_id, until, held)
            yield

    def _take(self, number: int, company_id: int, until: float, held: ExitStack) -> None:
        from filelock import FileLock, Timeout  # a thirtieth of a second, and searches need none

        name = blake2b(os.fsencode(f"{self.identity}\n{number}"), digest_size=16).hexdigest()
        try:
            folder = self.folder.expanduser()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = folder / f"{name}.lock"
            lock = FileLock(
                file,
                timeout=max(0.0, until - time.monotonic()),
                mode=0o666,  # whoever may enter the folder
                poll_interval=_POLL_SECONDS,
                fallback_to_soft=False,  # which outlives a process that is killed
                on_acquired=_sign,
            )
            held.enter_context(lock.acquire())
        except Timeout:
            raise StoreUnavailableError(
                f"the turn to write for company {company_id} did not come within {self.wait_seconds:g} s, as "
                f"{_holder(file)} has it ({file}); run again, or raise HASHINDEX_WAIT_SECONDS."
            ) from None
        except (OSError, RuntimeError) as exc:  # RuntimeError: there is no home
            said = exc.strerror if isinstance(exc, OSError) else str(exc).rstrip(".")
            raise ConfigurationError(
                f"locks cannot be taken in {self.folder}: {said}; mend that, or name another folder for all "
                "that write to the index in HASHINDEX_LOCK_FOLDER."
            ) from exc


def _sign(descriptor: int) -> None:
    """Write into a lock who holds it, for those who wait in vain."""
    with suppress(OSError):  # a full disk
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)


def _holder(file: Path) -> str:
    try:
        process_id = int(file.read_bytes())
    except (OSError, ValueError):
        return "another process"
    return "another thread" if process_id == os.getpid() else f"process {process_id}"
