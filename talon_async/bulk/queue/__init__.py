"""The queue for applications. It accepts events, and the bulk runner sends them in the background.

`queue` and `threads` are the public classes, awaited and blocking. `opened` is an open queue on its event loop, `line`
holds the events in it, `folder` is its journal, and `options` has its options and statistics.
"""

from talon_async.bulk.queue.opened import QueueDesign
from talon_async.bulk.queue.options import QueueOptions, QueueStatistics
from talon_async.bulk.queue.queue import Queue
from talon_async.bulk.queue.threads import QueueSync

__all__ = ["Queue", "QueueDesign", "QueueOptions", "QueueStatistics", "QueueSync"]
