"""A journal for a run of many calls: what was accepted outlives the process.

1. A call is accepted before it is sent, and settled after. `accept`, `mark_leaving` and `unmark` return when what they
   write is durable. `settle` returns at once: settlements are written with whatever is written next, when 256 have
   gathered, or after 50 ms. A killed process loses those, so the calls come back: keys absorb them, marks report them.
2. What gathers while a transaction is being written makes the next one.
3. A call of an earlier run that is safe to repeat may have been sent, unless its mark was taken back. A call that is
   not safe to repeat may have been sent if it is marked.
4. An idempotency key protects for 23 hours from acceptance. After that, and with `trust_keys=False`, a call whose
   safety is its key counts as not safe to repeat; the runner then reports it as unknown and does not send it.
5. When writing fails, nothing more is accepted, but what is settled is still written with the room of the reserve.
   `settle` never raises for that; the next `accept` or `mark_leaving` does, and so does `close`.
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
    """Keeps the calls of a run in one file, so that a run that was killed goes on where it stood.

    `talon.bulk(calls, journal=...)` makes one from a path and does the rest. The methods `count`, `list`, `export`,
    `requeue` and `erase` need neither a client nor an event loop.

    The file holds customers' data (the calls that are not settled, and those that failed), so only its owner can read
    it; it never holds the API key. Beside it lie `.lock`, with the ID of the process that uses it, `.reserve`, room for
    the moment when the disk is full, and while it is in use SQLite's own `-wal` and `-shm`.

    Args:
        path: the file; made if there is none. It must lie on a local disk.
        clock: time, for tests.
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
        """How many source items are recorded so far; a source that is read again is skipped up to here."""
        return self._open_run().recorded

    @property
    def problem(self) -> JournalError | None:
        """Why nothing more can be accepted; None while all is well."""
        return self._open_run().held.problem

    def key(self, index: int) -> str:
        """Return the idempotency key of the call at an index."""
        return f"{self._open_run().held.store.id}-{index}"

    def check(self, index: int, fingerprint: bytes) -> None:
        """Raise JournalError if the item that was recorded at this index is another one."""
        run = self._open_run()
        block, place = divmod(index, BLOCK)
        if block != run.block:
            run.block, run.digests = block, run.held.store.digests(block)
        recorded = run.digests[place * DIGEST : (place + 1) * DIGEST]
        if recorded not in (UNKNOWN, digest_of(fingerprint)):
            raise JournalError(
                f"{self.path}: item {index} of the source is not the one that was recorded: go on with the same "
                "source, say with item_id= what identifies an item, or begin another journal"
            )

    async def open(self, *, destination: str, trust_keys: bool) -> None:
        """Lock the file for this process. `destination` is a fingerprint of the base URL and the Application's key."""
        if self._run is not None and self._run.pid == os.getpid():
            raise JournalError(f"{self.path}: the journal is open already")
        writer = Writer()
        try:
            marks = await in_thread(writer, partial(writer.begin, self.path, destination))
        except BaseException:
            writer.abandon()  # the thread may still be at it
            raise
        self._run = Run(writer, marks, trust_keys=trust_keys)

    async def unsettled(self) -> AsyncIterator[Entry]:
        """Return the calls that earlier runs left behind, in the order of their indices.

        Those with `maybe_sent` and without `repeatable` must not be sent: settle them as failures of unknown outcome.
        """
        run = self._open_run()
        now, after = self._now(), -1
        while rows := await in_thread(run.writer, partial(run.held.store.chunk, "calls", after, run.earlier)):
            after = rows[-1][0]
            for index, blob in rows:
                yield run.entry(unpack(index, blob), now)

    async def failed_keys(self) -> set[str]:
        """Return the ordering keys of the calls that failed, and were neither requeued nor erased since."""
        run = self._open_run()
        return await in_thread(run.writer, partial(keys_of_failures, run.held.store))

    async def accept(self, entries: Sequence[Entry]) -> None:
        """Store calls; they are durable when this returns. Indices grow; those of items without a call are left out."""
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
        """Note durably that calls may be sent from now on."""
        run = self._open_run()
        run.refuse_if_broken()
        run.mark(indices, leaving=True)
        await run.durable()

    async def unmark(self, indices: Sequence[int]) -> None:
        """Take back the marks of calls that were not sent, also of those that are safe to repeat and need no mark."""
        run = self._open_run()
        run.mark(indices, leaving=False)
        await run.durable()

    async def settle(self, index: int, failure: str | None = None) -> None:
        """Note that a call needs no further attempt. `failure` is JSON text that says what is known of a failed one.

        Of a failure, `outcome` is read by `requeue`; all of it is shown by `list` and `export`.
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
        """Forget the hashes of recorded items, but for the last ones; for calls whose source is not read again."""
        run = self._open_run()
        await in_thread(run.writer, partial(_forget_items, run.held.store))

    async def close(self) -> None:
        """Write what is outstanding and unlock the file.

        Raises:
            JournalError: writing has failed in this run. What was settled is written nevertheless, or the error says
                how much is not. The file is unlocked in any case.
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
            raise JournalError(f"{self.path}: the journal is open in the parent process: make another one here")
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
