"""The methods of the client that make many calls: `many`, `in_chunks` of large requests, `queued` by and by."""

from talon_async.bulk.methods.in_chunks import InChunks
from talon_async.bulk.methods.queued import Queued

__all__ = ["Bulk"]


class Bulk(Queued, InChunks):
    """Calls that make many requests: bounded, in order, through outages, with an exact report."""
