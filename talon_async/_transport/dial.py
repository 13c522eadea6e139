"""Makes connections: looks the name up, tries the addresses, does the TLS handshake.

Addresses are tried as in RFC 8305, by the library that aiohttp uses for it.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from typing import TYPE_CHECKING, Any

import aiohappyeyeballs
from yarl import URL

from talon_async._transport.deadlines import let_loop_read
from talon_async._transport.http1 import Connection
from talon_async._transport.names import CachedAddresses

if TYPE_CHECKING:
    from talon_async._transport.base import TransportSettings

TLS_SHUTDOWN_TIMEOUT = 1.0
"""Seconds that closing waits for the server to end a TLS connection."""
NEXT_ADDRESS = 0.25
"""Seconds after which the next address is tried beside the first, as RFC 8305 recommends."""


class Dialer:
    """Makes connections to one server.

    Attributes:
        authority: the server, as host and port.
        connections: the connections that are not closed yet.
    """

    def __init__(self, settings: TransportSettings) -> None:
        url = URL(settings.base_url)
        host = (url.raw_host or "").rstrip(".")
        self.authority = url.host_port_subcomponent or host
        self.connections: set[Connection] = set()
        self._limits, self._loop = settings.limits, asyncio.get_running_loop()
        self._addresses = CachedAddresses((url.host or "") if ":" in host else host, url.port or 0)
        self._tls: dict[str, Any] = {}
        if url.scheme == "https":
            context = settings.ssl or default_context()
            self._tls = {"ssl": context, "server_hostname": host, "ssl_shutdown_timeout": TLS_SHUTDOWN_TIMEOUT}

    async def dial(self) -> Connection:
        """Make a connection."""
        connection = Connection(self._limits, self.connections)
        try:
            addresses = await self._addresses.get()
            sock = await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType]
                addresses, happy_eyeballs_delay=NEXT_ADDRESS, interleave=1, loop=self._loop
            )
            await self._loop.create_connection(lambda: connection, sock=sock, **self._tls)
            if connection.is_readable(0):
                await let_loop_read()  # the server may have closed it already
        except BaseException:
            self._addresses.forget()
            if connection.usable:
                connection.abort()
            else:
                connection.forget()
            self.connections.discard(connection)  # uvloop calls no connection_lost if connecting was cancelled
            raise
        return connection


@functools.cache
def default_context() -> ssl.SSLContext:
    """Return the default TLS settings, which are cached because making them takes as long as many requests."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
