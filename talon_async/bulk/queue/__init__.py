"""The queue for applications: events are accepted now and sent soon, by the bulk runner.

`queue` and `threads` are what people use, awaited and blocking; `opened` is an open queue on its event loop, `line` the
events in it, `folder` its journal, `options` what it is told and tells.
"""

from talon_async.bulk.queue.opened import QueueDesign
from talon_async.bulk.queue.options import QueueOptions, QueueStatistics
from talon_async.bulk.queue.queue import Queue
from talon_async.bulk.queue.threads import QueueSync

__all__ = ["Queue", "QueueDesign", "QueueOptions", "QueueStatistics", "QueueSync"]
