"""The methods of the client that make many calls: `many` one by one, `in_chunks` in large requests."""

from talon_async.bulk.methods.in_chunks import InChunks
from talon_async.bulk.methods.many import ManyCalls

__all__ = ["Bulk"]


class Bulk(ManyCalls, InChunks):
    """Calls that make many requests: bounded, in order, through outages, with an exact report."""
