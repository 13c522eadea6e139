"""The client's methods for many calls: `many` single calls, `in_chunks` of many items, and the queue in `queued`."""

from talon_async.bulk.methods.in_chunks import InChunks
from talon_async.bulk.methods.queued import Queued

__all__ = ["Bulk"]


class Bulk(Queued, InChunks):
    """Methods that send many calls: bounded, in order, through outages, with a report that counts every call once."""
