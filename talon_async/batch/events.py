"""Many events at once: bounded, in order for each customer, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from talon_async.batch.engine import Engine, checked_concurrency, pulled
from talon_async.batch.report import BatchReport

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Hashable, Iterable

    from talon_async._clock import Clock
    from talon_async.models import IntegrationState, NewEvent


class _Sender(Protocol):
    @property
    def clock(self) -> Clock: ...

    async def track_event(self, body: NewEvent, *, dry: bool | None = None) -> IntegrationState: ...


class EventBatches:
    """Calls that record many events."""

    async def track_events(
        self: _Sender,
        events: Iterable[NewEvent] | AsyncIterable[NewEvent],
        *,
        concurrency: int = 64,
        dry: bool | None = None,
        progress: Callable[[BatchReport[NewEvent]], object] | None = None,
    ) -> BatchReport[NewEvent]:
        """Record many events concurrently, those of one customer in the order they come.

        The source is read as fast as events are recorded, so it may be endless. One failed event does not stop the
        others; an invalid key does. Anonymous events keep the order of their session. When the call is cancelled, the
        report that `progress` was given counts what was under way among the failures.

        Args:
            events: the events, from any iterable, also an asynchronous one.
            concurrency: requests under way at the same time; `Limits.connections` bounds it as well.
            dry: evaluate only, store nothing.
            progress: called with the report after each event, on the event loop: it must be quick.

        Returns:
            The counts, and every failure with its event and error.

        Raises:
            InvalidArgumentError: `concurrency` is below 1, or `events` is no iterable.
            BatchInterruptedError: the source raised; what it gave before was sent, and `report` tells how it went.
        """
        engine = Engine(
            pulled(events, "events"),
            lambda event: self.track_event(event, dry=dry),
            lane=_customer,
            report=BatchReport[Any](),
            concurrency=checked_concurrency(concurrency),
            clock=self.clock,
            progress=progress,
        )
        report: BatchReport[NewEvent] = await engine.run()
        return report


def _customer(event: Any) -> Hashable:
    """Return whose order an event belongs to."""
    # as text: an ID that cannot be sent, such as a list, fails its own event and not the batch
    customer = getattr(event, "profile_id", None)
    return str(customer) if customer else ("session", str(getattr(event, "session_id", None)))
