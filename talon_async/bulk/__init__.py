"""Many calls at once: bounded, in order where order matters, through outages and restarts, nothing lost.

A call is a value (`calls`), made by `prepare`. What comes from a source (`sources`) goes through one scheduler
(`runner`), as fast as the limits allow (`limits`), and ends as a result (`results`). `chunks` puts many items into
requests that the API takes; `queue` takes events one by one, for applications; `methods` is what
the client has of all this.
"""

from talon_async.bulk.calls import PreparedCall, WrongItemError
from talon_async.bulk.journal import Journal, JournalCounts, JournaledCall
from talon_async.bulk.limits import AdaptiveConcurrency
from talon_async.bulk.queue import Queue, QueueOptions, QueueStatistics, QueueSync
from talon_async.bulk.results import ChunksReport, Failure, Report, Result, Snapshot, Success
from talon_async.bulk.runner import BulkOptions, PacingOptions

__all__ = [
    "AdaptiveConcurrency",
    "BulkOptions",
    "ChunksReport",
    "Failure",
    "Journal",
    "JournalCounts",
    "JournaledCall",
    "PacingOptions",
    "PreparedCall",
    "Queue",
    "QueueOptions",
    "QueueStatistics",
    "QueueSync",
    "Report",
    "Result",
    "Snapshot",
    "Success",
    "WrongItemError",
]
