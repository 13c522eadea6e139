"""A journal for a run of many calls: accepted calls outlive the process.

1. A call is accepted before it is sent, and settled afterwards. `accept`, `mark_leaving` and `unmark` return when their
   changes are durable. `settle` returns at once: settlements are written with the next change, when 256 have gathered,
   or after 50 ms. A killed process loses unwritten settlements, so the next run gets those calls again. It repeats
   calls with a key, which the server absorbs, and reports the marked calls that are not safe to repeat.
2. Changes that gather during a transaction are written by the next transaction.
3. A call of an earlier run that is safe to repeat may have been sent, unless its mark was taken back. A call that is
   not safe to repeat may have been sent only if it is marked.
4. An idempotency key protects for 23 hours from acceptance. After that, and with `trust_keys=False`, a call that only
   its key makes safe counts as not safe to repeat. The runner reports it as unknown and does not send it.
5. When writing fails, nothing more is accepted, but settlements are still written, into the room of the reserve.
   `settle` does not raise the failure; the next `accept` or `mark_leaving` does, and so does `close`.
"""

from __future__ import annotations

import os
import warnings
from functools import partial
from typing import TYPE_CHECKING, Self

from talon_async._clock import Clock
from talon_async.bulk.journal.connect import explained
from talon_async.bulk.journal.format import BLOCK, DIGEST, UNKNOWN, digest_of, pack, unpack
from talon_async.bulk.journal.run import Run, in_thread
from talon_async.bulk.journal.tools import JournalFile, keys_of_failures
from talon_async.bulk.journal.writer import Writer
from talon_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from talon_async.bulk.journal.store import Store
    from talon_async.bulk.journal_base import Entry


class Journal(JournalFile):
    """Keeps the calls of a run in one file, so that the next run continues where a killed run ended.

    `talon.bulk(calls, journal=...)` accepts a path and does everything else. The methods `count`, `list`, `export`,
    `requeue` and `erase` need neither a client nor an event loop.

    The file holds customers' data: the calls that are not settled and the calls that failed. Only its owner can read
    it. It never holds the API key. Beside the file lie `.lock`, which holds the ID of the process that uses the
    journal, and `.reserve`, 256 KiB of room for the moment when the disk is full. SQLite's own `-wal` and `-shm` lie
    there while the journal is in use.

    Args:
        path: the file. It is created if it does not exist. It must be on a local disk.
        clock: a clock, for tests.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        super().__init__(path, clock=clock or Clock())
        self._run: Run | None = None

    @property
    def id(self) -> str:
        """The name of this journal, from which the idempotency keys are derived."""
        return self._open_run().held.store.id

    @property
    def recorded(self) -> int:
        """The number of source items recorded so far. A source that is read again is skipped up to here."""
        return self._open_run().recorded

    @property
    def problem(self) -> JournalError | None:
        """The error after which nothing more can be accepted; None if there was none."""
        return self._open_run().held.problem

    def key(self, index: int) -> str:
        """Return the idempotency key of the call at an index."""
        return f"{self._open_run().held.store.id}-{index}"

    def check(self, index: int, fingerprint: bytes) -> None:
        """Raise JournalError if a different item was recorded at this index."""
        run = self._open_run()
        block, place = divmod(index, BLOCK)
        if block != run.block:
            run.block, run.digests = block, run.held.store.digests(block)
        recorded = run.digests[place * DIGEST : (place + 1) * DIGEST]
        if recorded not in (UNKNOWN, digest_of(fingerprint)):
            raise JournalError(
                f"{self.path}: item {index} of the source is not the one that was recorded: use the same source, "
                "identify the items with item_id=, or use another journal"
            )

    async def open(self, *, destination: str, trust_keys: bool) -> None:
        """Lock the file for this process. `destination` is a fingerprint of the base URL and the Application's key."""
        if self._run is not None and self._run.pid == os.getpid():
            raise JournalError(f"{self.path}: the journal is open already")
        writer = Writer()
        try:
            marks = await in_thread(writer, partial(writer.begin, self.path, destination))
        except BaseException:
            writer.abandon()  # the thread may still be opening the file
            raise
        self._run = Run(writer, marks, trust_keys=trust_keys)

    async def unsettled(self) -> AsyncIterator[Entry]:
        """Return the calls that earlier runs left unsettled, in the order of their indices.

        Calls with `maybe_sent` and without `repeatable` must not be sent. Settle them as failures of unknown outcome.
        """
        run = self._open_run()
        now, after = self._now(), -1
        while rows := await in_thread(run.writer, partial(run.held.store.chunk, "calls", after, run.earlier)):
            after = rows[-1][0]
            for index, blob in rows:
                yield run.entry(unpack(index, blob), now)

    async def failed_keys(self) -> set[str]:
        """Return the ordering keys of the calls that failed and have been neither requeued nor erased."""
        run = self._open_run()
        return await in_thread(run.writer, partial(keys_of_failures, run.held.store))

    async def accept(self, entries: Sequence[Entry]) -> None:
        """Store calls, which are durable when this returns. Indices rise, and skip items without a call."""
        run = self._open_run()
        run.refuse_if_broken()
        now = self._now()
        for entry in entries:
            if entry.index < run.recorded:
                raise JournalError(f"{self.path}: call {entry.index} is recorded already")
            run.recorded = entry.index + 1
            packed = pack(entry.index, entry.record, entry.fingerprint, now, repeatable=entry.repeatable)
            run.batch.accepted.append((entry.index, packed))
            run.batch.digests.append((entry.index, digest_of(entry.fingerprint)))
        await run.durable()

    async def mark_leaving(self, indices: Sequence[int]) -> None:
        """Mark calls as possibly sent from now on. The marks are durable when this returns."""
        run = self._open_run()
        run.refuse_if_broken()
        run.mark(indices, leaving=True)
        await run.durable()

    async def unmark(self, indices: Sequence[int]) -> None:
        """Record that calls were not sent, including calls that are safe to repeat and so were not marked."""
        run = self._open_run()
        run.mark(indices, leaving=False)
        await run.durable()

    async def settle(self, index: int, failure: str | None = None) -> None:
        """Record that a call needs no further attempt. `failure` is a JSON object that describes a failed call.

        `requeue` reads its `outcome`; `list` and `export` show the whole object.
        """
        run = self._run
        if run is None or run.pid != os.getpid():
            run = self._open_run()
        if failure is None:
            run.batch.settled.append(index)
        else:
            run.batch.failures.append((failure, self._now(), index))
        run.settled_one()

    async def forget_items(self) -> None:
        """Delete the hashes of recorded items, except the last 1,024 at most, if the source is never read again."""
        run = self._open_run()
        await in_thread(run.writer, partial(_forget_items, run.held.store))

    async def close(self) -> None:
        """Write outstanding changes and unlock the file.

        Raises:
            JournalError: writing has failed in this run. Settlements are written nevertheless, or the error says how
                many are not. The file is unlocked in any case.
        """
        run, self._run = self._run, None
        if run is None or run.pid != os.getpid():
            return
        await run.close()

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _open_run(self) -> Run:
        run = self._run
        if run is None:
            raise JournalError(f"{self.path}: the journal is not open")
        if run.pid != os.getpid():
            raise JournalError(f"{self.path}: the journal is open in the parent process: make a Journal here")
        return run

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    def __del__(self) -> None:
        run: Run | None = getattr(self, "_run", None)
        if run is not None and run.pid == os.getpid():
            run.writer.abandon(run.batch)
            warnings.warn(f"{self!r} was not closed: await close()", ResourceWarning, source=self, stacklevel=1)


def _forget_items(store: Store) -> None:
    with explained(store.path), store.transaction() as connection:
        connection.execute("DELETE FROM digests WHERE block < (SELECT max(block) FROM digests)")
