"""The method that makes a queue, for events that come one by one over the life of a process."""

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
    """The method that makes a queue."""

    def queue(self, **options: Unpack[QueueOptions]) -> Queue:
        """Make a queue that accepts events and prepared calls, and sends them in the background.

        `async with talon.queue(journal="events") as queue: await queue.put(event)`. A queue is for web applications and
        other programs that produce events one by one. `put` returns when the event is accepted; with a journal, that is
        when the event is on the disk. Events are sent as by `bulk`: bounded, in order for each customer, through
        outages.

        Args:
            **options: see `QueueOptions`.

        Raises:
            InvalidArgumentError: an option is invalid.
        """
        return Queue(self._queue_design(options))

    def _queue_design(self, options: Mapping[str, Any]) -> QueueDesign:
        """Check the options, and return the design of a queue."""
        settings, record = settings_of(options), self._recording(dry=None, silent=None)

        def request_for(item: Any) -> Request:
            return (self._sending if isinstance(item, PreparedCall) else record)(item)[0]

        design = QueueDesign(self._core, self._options, type(self), settings, request_for)
        design.plan(None)
        return design
