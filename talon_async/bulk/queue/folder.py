"""The journal of a queue: a folder with one file for each process.

1. A queue that is opened creates a file of its own, under a unique name, so it never waits for another process.
2. Files of processes that have ended are taken over, the oldest first. Their calls are sent before new events, and are
   settled in their own files, so their keys, age and marks are kept.
3. An empty file is removed while its lock is held. A file with failures stays for `talon-async journal list` and
   `requeue`. The next queue that is opened takes requeued calls over.
4. A file that cannot be used, such as a damaged file or one of another Application, is left alone and logged.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from typing import TYPE_CHECKING

import attrs

from talon_async.bulk.journal import Journal
from talon_async.bulk.journal.beside import LOCK, RESERVE, SQLITE, refuse_foreign
from talon_async.bulk.journal.lock import FileLock
from talon_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from talon_async._clock import Clock
    from talon_async.bulk.journal_base import Entry

logger: logging.Logger = logging.getLogger("talon_async")

SUFFIX = ".journal"
PARTS = (*SQLITE, RESERVE, "", LOCK)
"""The files of a journal, in the order in which they are removed."""
FORGET_EVERY = 65_536
"""The number of calls after which the hashes of earlier calls (5 bytes each) are removed, since a queue reads none."""


@attrs.define(eq=False)
class TakenOver:
    """A file of a process that has ended.

    Attributes:
        journal: the journal in the file.
        left: the number of its calls that are under way in this process.
        is_read: whether all of its calls were read.
    """

    journal: Journal
    left: int = 0
    is_read: bool = False


class FolderJournal:
    """The file of this process and the files that it took over, as one journal for the runner.

    `store` stores the calls, in the order in which the runner takes them, so `accept` does nothing. Calls that were
    taken over have negative indices here.

    Attributes:
        key: returns the idempotency key with which a call was stored.
        never_left: the indices of calls that were not sent, which `close` records.
        places: the file, and the index there, of each unsettled call that was taken over.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        name = f"{int(clock.now().timestamp() * 1000):013d}-{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}"
        self._own = Journal(folder / name, clock=clock)
        self._forget_at = FORGET_EVERY
        self._taken_over: list[TakenOver] = []
        self._destination, self._trust_keys = "", True
        self.places: dict[int, tuple[TakenOver, int]] = {}
        self.never_left: list[int] = []
        self.key: Callable[[int], str] = lambda _: ""

    async def begin(self, *, destination: str, trust_keys: bool) -> None:
        """Create the folder, if needed, and the file of this process."""
        self._destination, self._trust_keys = destination, trust_keys
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except FileExistsError as error:
            raise JournalError(f"{self._folder}: the journal of a queue must be a folder, not a file") from error
        except OSError as error:
            raise JournalError(f"{self._folder}: the folder cannot be created: {error.strerror}") from error
        await self._own.open(destination=destination, trust_keys=trust_keys)

    async def store(self, entries: Sequence[Entry]) -> None:
        """Store calls. They are durable when this returns."""
        if entries[-1].index >= self._forget_at:
            self._forget_at = entries[-1].index + FORGET_EVERY
            await self._own.forget_items()
        await self._own.accept(entries)

    # -- the protocol of journals

    @property
    def id(self) -> str:
        """The name of this process's journal."""
        return self._own.id

    @property
    def recorded(self) -> int:
        """The number of recorded items: 0, so that the runner reads all events of the queue."""
        return 0

    def check(self, index: int, fingerprint: bytes) -> None:
        """Do nothing, as a queue never reads an item twice."""

    async def open(self, *, destination: str, trust_keys: bool) -> None:
        """Do nothing: `begin` has opened the journal, so that events can be stored before the run begins."""

    async def unsettled(self) -> AsyncIterator[Entry]:
        """Take over the files of processes that have ended, and return their calls."""
        for path in await asyncio.to_thread(self._orphans):
            journal = Journal(path, clock=self._clock)
            try:
                await journal.open(destination=self._destination, trust_keys=self._trust_keys)
            except JournalError as error:
                logger.warning("a journal is not taken over: %s", error)
                continue
            taken = TakenOver(journal)
            self._taken_over.append(taken)
            try:
                async for entry in journal.unsettled():
                    yield self._place(taken, entry)
            except JournalError as error:
                logger.warning("a journal is taken over in part: %s", error)
            taken.is_read = True
            await self._let_go_if_done(taken)

    async def failed_keys(self) -> set[str]:
        """Return nothing: in a queue, a failure does not hold up later calls."""
        return set()

    def _place(self, taken: TakenOver, entry: Entry) -> Entry:
        index = next(self._negative)
        self.places[index] = taken, entry.index
        taken.left += 1
        return attrs.evolve(entry, index=index)

    _negative = itertools.count(-1, -1)

    def _orphans(self) -> list[Path]:
        """Return the files of ended processes that hold calls; remove the empty files."""
        return [path for path in sorted(self._folder.glob(f"*{SUFFIX}")) if _holds_calls(path)]

    async def accept(self, entries: Sequence[Entry]) -> None:
        """Do nothing, as `store` has stored the calls."""

    async def mark_leaving(self, indices: Sequence[int]) -> None:
        """Mark calls as possibly sent from now on. The marks are durable when this returns."""
        for journal, own_indices in self._by_file(indices):
            await journal.mark_leaving(own_indices)

    async def unmark(self, indices: Sequence[int]) -> None:
        """Record that calls were not sent."""
        for journal, own_indices in self._by_file(indices):
            await journal.unmark(own_indices)

    def _by_file(self, indices: Sequence[int]) -> list[tuple[Journal, list[int]]]:
        by_file: dict[int, tuple[Journal, list[int]]] = {}
        for index in indices:
            taken, place = self.places.get(index, (None, index))
            journal = self._own if taken is None else taken.journal
            by_file.setdefault(id(journal), (journal, []))[1].append(place)
        return list(by_file.values())

    async def settle(self, index: int, failure: str | None = None) -> None:
        """Record that a call needs no further attempt."""
        if index >= 0:
            await self._own.settle(index, failure)
            return
        taken, place = self.places.pop(index)
        await taken.journal.settle(place, failure)
        taken.left -= 1
        await self._let_go_if_done(taken)

    async def _let_go_if_done(self, taken: TakenOver) -> None:
        if taken.is_read and not taken.left and taken in self._taken_over:
            self._taken_over.remove(taken)
            await _close(taken.journal)

    async def close(self) -> None:
        """Write outstanding changes, close all files, and remove the empty ones."""
        problems: list[JournalError] = []
        if self.never_left:
            try:
                await self._own.unmark(self.never_left)
            except JournalError as error:
                problems.append(error)
        journals = [self._own, *(taken.journal for taken in self._taken_over)]
        self._taken_over.clear()
        for journal in journals:
            try:
                await _close(journal)
            except JournalError as error:
                problems.append(error)
        if problems:
            raise problems[0]


async def _close(journal: Journal) -> None:
    await journal.close()
    _holds_calls(journal.path)


def _holds_calls(path: Path) -> bool:
    """Tell whether a file has calls to send and no process holds it. An empty file is removed."""
    try:
        refuse_foreign(path)
    except JournalError as error:
        logger.warning("a journal is not taken over: %s", error)
        return False
    lock = FileLock(path.with_name(path.name + LOCK))
    try:
        lock.acquire()
    except JournalError:
        return False  # a process holds it
    except OSError as error:
        logger.warning("a journal is not taken over: %s: %s", path, error.strerror)
        return False
    try:
        return _has_calls(path)
    finally:
        lock.release()


def _has_calls(path: Path) -> bool:
    try:
        if not path.exists():  # another process has just removed it, and the lock is a new file
            path.with_name(path.name + LOCK).unlink(missing_ok=True)
            return False
        if path.stat().st_size:
            journal = Journal(path)
            if any(True for _ in journal.list("unsettled")):
                return True
            if any(True for _ in journal.list("failed")):
                return False
        for suffix in PARTS:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except (JournalError, OSError) as error:
        logger.warning("a journal is not taken over: %s", error)
    return False
