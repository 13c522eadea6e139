"""Sends one request over aiohttp and says exactly what became of it.

`pool` holds the connections of a client, `exchange` speaks on one of them, `attempt` ends what takes too long, and
`faults` says what a failure means. These are the only modules that import aiohttp, besides the sandbox.
"""

from talon_async._transport.attempt import Attempt
from talon_async._transport.connection import Connection
from talon_async._transport.pool import Pool, Pools

__all__ = ["Attempt", "Connection", "Pool", "Pools"]
