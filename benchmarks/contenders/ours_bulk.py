"""talon_async, many events in one call: `track_events`, of V2 and of V1, with and without a journal."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.contenders.ours import Awaited, Direct, event
from benchmarks.payloads import EVENT_ATTRIBUTES
from talon_async.models import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def v1_event(n: int) -> NewEvent:
    """Return the n-th event of version 1."""
    return NewEvent(type="viewed", attributes=EVENT_ATTRIBUTES, session_id=f"session-{n}", profile_id=f"profile-{n}")


@contextmanager
def no_journal() -> Iterator[dict[str, Any]]:
    """Give no options."""
    yield {}


@contextmanager
def new_journal() -> Iterator[dict[str, Any]]:
    """Give a path in a temporary folder, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-journal-") as folder:
        yield {"journal": Path(folder, "events.journal")}


class Bulk(Awaited):
    """Events of V2, which have idempotency keys."""

    make: Any = staticmethod(event)
    journal: Callable[[], Any] = staticmethod(no_journal)

    async def bulk(self, count: int) -> None:
        """Record events from an iterator that makes them one at a time."""
        events = map(self.make, range(count))
        with self.journal() as more:
            report = await self.talon.track_events(events, concurrency=self.job.in_flight, **more)
        report.raise_for_failures()
        if report.succeeded != count:
            raise RuntimeError(f"{report.succeeded} of {count} events were recorded")


class BulkJournal(Bulk):
    """Events of V2 with a journal."""

    journal = staticmethod(new_journal)


class BulkV1(Bulk):
    """Events of V1, which are not safe to repeat."""

    make = staticmethod(v1_event)


class BulkV1Journal(BulkV1):
    """Events of V1 with a journal, which marks each event before it leaves."""

    journal = staticmethod(new_journal)


class DirectBulk(Direct, Bulk):
    """`Bulk` on the direct transport."""


class DirectBulkJournal(Direct, BulkJournal):
    """`BulkJournal` on the direct transport."""


class DirectBulkV1(Direct, BulkV1):
    """`BulkV1` on the direct transport."""


class DirectBulkV1Journal(Direct, BulkV1Journal):
    """`BulkV1Journal` on the direct transport."""
