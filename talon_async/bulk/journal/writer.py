"""The file of a journal while a process holds it for writing, and the thread that works on it."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING

from talon_async._transport.threads import SimpleQueue, start_thread
from talon_async.bulk.journal.beside import LOCK, RESERVE, refuse_foreign, refuse_kind
from talon_async.bulk.journal.connect import explained
from talon_async.bulk.journal.lock import FileLock
from talon_async.bulk.journal.reserve import Reserve
from talon_async.bulk.journal.store import Batch, Store
from talon_async.errors import JournalError

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable
    from pathlib import Path


class Held:
    """A journal's file, held by this process for writing: the lock, the reserve and the store.

    Attributes:
        problem: the error of writing after which nothing more can be accepted; None if there was none.
    """

    lock: FileLock
    reserve: Reserve
    unwritten: Batch
    store: Store

    def __init__(self, path: Path) -> None:
        refuse_kind(path)
        self.path = path
        self.lock = FileLock(path.with_name(path.name + LOCK))
        self.reserve = Reserve(path.with_name(path.name + RESERVE))
        self.problem: JournalError | None = None
        self.unwritten = Batch()
        with explained(path):
            if not path.parent.is_dir():
                raise JournalError(f"{path}: there is no folder {path.parent}")
            refuse_foreign(path)
            was_there = path.exists()
            self.lock.acquire()
            try:
                self.store = Store(path)
                self._place = path.stat()
                try:
                    self.reserve.make()
                    self.store.catch_up()
                except BaseException:
                    self.store.close()
                    raise
            except BaseException:
                if was_there and self.lock.is_new:
                    self.lock.path.unlink()  # the file is not a usable journal: leave no file beside it
                self.lock.release()
                raise

    def write(self, batch: Batch) -> None:
        """Write a batch. If that fails, write at least its settlements, into the room of the reserve, and raise."""
        if self.problem is None:
            try:
                self._refuse_if_gone()
                self.store.write(batch)
            except JournalError as error:
                self.problem = error
                self.reserve.give_up()
                self.store.save_room()
            else:
                return
        settlements = batch.settlements()
        self.unwritten.settled += settlements.settled
        self.unwritten.failures += settlements.failures
        self.unwritten.marks += settlements.marks
        self._write_settlements()
        raise self.problem

    def _refuse_if_gone(self) -> None:
        """Raise JournalError if the journal or its lock file was removed or replaced."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(self._place, self.path.stat()) and self.lock.is_in_place():
                return
        raise JournalError(
            f"{self.path}: the journal or its lock was removed while it was in use, so the next run would not know "
            "which calls this run has sent"
        )

    def _write_settlements(self) -> None:
        """Write the settlements in the form that takes the least room."""
        for _ in range(2):
            if self.unwritten:
                with contextlib.suppress(JournalError):
                    self.store.write_late(self.unwritten)
                    self.unwritten = Batch()
            if self.unwritten:
                with contextlib.suppress(JournalError):
                    self.store.checkpoint()  # frees room in the WAL

    def close(self) -> None:
        """Write outstanding settlements, return unused room, and release the journal; raise the error of writing."""
        try:
            if self.unwritten:
                self._write_settlements()
            if self.problem is None:
                self._refuse_if_gone()
                with contextlib.suppress(JournalError):  # nothing is lost without it
                    self.store.forget_unused_destination()
                    self.store.shrink()
        finally:
            self.store.close()
            self.lock.release()
        if self.unwritten:
            raise JournalError(
                f"{self.path}: {len(self.unwritten)} settled calls could not be written, so the next run "
                f"will take them again; {self.problem}"
            )
        if self.problem is not None:
            raise self.problem


class Writer:
    """A thread that calls functions one after the other.

    Attributes:
        held: the journal that the thread works on. The frame of the thread keeps it alive. In a forked child the frame
            exists but never continues, so the child does not finalise its parent's connection.
    """

    def __init__(self) -> None:
        self.held: Held | None = None
        self._work: queue.SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        start_thread(self._work_off, "talon_async journal")

    def submit(self, work: Callable[[], None]) -> None:
        """Have the thread call a function, after those submitted before."""
        self._work.put(work)

    def begin(self, path: Path, destination: str) -> tuple[set[int], set[int]]:
        """Open a journal; return the marks of its calls, as `Store.take_marks` does. Runs on the thread."""
        held = Held(path)
        try:
            held.store.belong_to(destination)
            marks = held.store.take_marks()
        except BaseException:
            held.close()
            raise
        self.held = held
        return marks

    def working_on(self) -> Held:
        """Return the open journal."""
        if self.held is None:
            raise JournalError("the journal is not open")
        return self.held

    def end(self) -> None:
        """Close the journal and end the thread. Runs on the thread."""
        self._work.put(None)
        held, self.held = self.held, None
        if held is not None:
            held.close()

    def abandon(self, batch: Batch | None = None) -> None:
        """Have the thread write a last batch, close the journal and end, without waiting for it."""
        self.submit(partial(self._abandon, batch or Batch()))

    def _abandon(self, batch: Batch) -> None:
        with contextlib.suppress(JournalError):
            if self.held is not None and batch:
                self.held.write(batch)
        with contextlib.suppress(JournalError):
            self.end()

    def _work_off(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # it holds a journal
