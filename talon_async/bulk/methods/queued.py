"""The queue: events that come one by one, over the whole life of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_async.bulk.calls import PreparedCall
from talon_async.bulk.methods.many import ManyCalls
from talon_async.bulk.queue import Queue, QueueDesign
from talon_async.bulk.queue.options import settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from talon_async._messages import Request
    from talon_async.bulk.queue import QueueOptions


class Queued(ManyCalls):
    """Calls that are accepted now and sent soon."""

    def queue(self, **options: Unpack[QueueOptions]) -> Queue:
        """Make a queue, which takes events and prepared calls now and sends them soon.

        `async with talon.queue(journal="events") as queue: await queue.put(event)`. It is for web applications and
        whatever else produces events one by one: `put` returns when the event is accepted, with a journal when it is on
        the disk. Sending goes as with `bulk`: bounded, in order for each customer, through outages.

        Args:
            **options: see `QueueOptions`.

        Raises:
            InvalidArgumentError: an option makes no sense.
        """
        return Queue(self._queue_design(options))

    def _queue_design(self, options: Mapping[str, Any]) -> QueueDesign:
        """Check the options, and return what a queue is made of."""
        settings, record = settings_of(options), self._recording(dry=None, silent=None)

        def request_for(item: Any) -> Request:
            return (self._sending if isinstance(item, PreparedCall) else record)(item)[0]

        design = QueueDesign(self._core, self._options, type(self), settings, request_for)
        design.plan(None)
        return design
