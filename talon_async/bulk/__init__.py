"""Sends many calls: bounded, in order for each profile and session, through outages and restarts, without loss.

`prepare` makes a call a value (`calls`). The scheduler (`runner`) takes items from a source (`sources`), sends them as
fast as the limits allow (`limits`), and turns each into a result (`results`). `chunks` packs many items into requests
that the API accepts. `queue` takes events one by one, for applications. `methods` holds the methods of the client.
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
