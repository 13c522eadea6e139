"""Makes connections: looks the name up, tries the addresses, does the TLS handshake.

1. Names are looked up by the system, on a thread of their own. The threads of asyncio's executor hold up the end of the
   loop, and of the process, for as long as a look-up hangs; a daemon thread holds up nothing.
2. Connections that are made at the same time share one look-up. Its result serves for `NAME_LIFETIME`, or until a
   connection cannot be made: the server may have moved.
3. Addresses are tried as in RFC 8305, by the library that aiohttp uses for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import aiohappyeyeballs
from yarl import URL

from talon_async._transport.http1 import Connection

if TYPE_CHECKING:
    from talon_async._transport.base import TransportSettings

NAME_LIFETIME = 10.0
"""Seconds for which the addresses of a name are remembered, as aiohttp does."""
GOODBYE = 1.0
"""Seconds for which a server may take its time to end a TLS connection."""
NEXT_ADDRESS = 0.25
"""Seconds after which the next address is tried beside the first, as RFC 8305 recommends."""


class Name:
    """The name of a server, and the addresses that it stands for."""

    def __init__(self, host: str, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._host, self._port = host, port
        self._addresses: list[Any] = []
        self._until = 0.0
        self._look_up: asyncio.Future[list[Any]] | None = None

    async def addresses(self) -> list[Any]:
        """Return the addresses, in the form that `socket.getaddrinfo` gives them."""
        if self._addresses and self._loop.time() < self._until:
            return self._addresses
        if (literal := _literal(self._host, self._port)) is not None:
            return [literal]
        if self._look_up is None:
            self._look_up = look_up(self._loop, self._host, self._port)
            self._look_up.add_done_callback(self._remember)
        return await asyncio.shield(self._look_up)

    def _remember(self, found: asyncio.Future[list[Any]]) -> None:
        self._look_up = None
        if found.exception() is None:
            self._addresses, self._until = found.result(), self._loop.time() + NAME_LIFETIME

    def forget(self) -> None:
        """Look the name up the next time."""
        self._addresses = []


def _literal(host: str, port: int) -> Any | None:
    """Return the address that a host is already; None if it is a name."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET  # noqa: PLR2004
    except ValueError:
        return None
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)


def look_up(loop: asyncio.AbstractEventLoop, host: str, port: int) -> asyncio.Future[list[Any]]:
    """Look a name up on a daemon thread."""
    found: asyncio.Future[list[Any]] = loop.create_future()

    def tell(addresses: list[Any], problem: Exception | None) -> None:
        if problem is None:
            found.set_result(addresses)
        else:
            found.set_exception(problem)

    def ask() -> None:
        addresses: list[Any] = []
        problem: Exception | None = None
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        except (OSError, UnicodeError) as error:
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, addresses, problem)

    threading.Thread(target=ask, name="talon-async look-up", daemon=True).start()
    return found


class Dialer:
    """Makes connections to one server.

    Attributes:
        where: the server, for messages.
        open: the connections that are not closed yet.
    """

    def __init__(self, settings: TransportSettings) -> None:
        url = URL(settings.base_url)
        host = (url.raw_host or "").rstrip(".")
        self.where = url.host_port_subcomponent or host
        self.open: set[Connection] = set()
        self._limits, self._loop = settings.limits, asyncio.get_running_loop()
        self._name = Name((url.host or "") if ":" in host else host, url.port or 0)
        self._tls: dict[str, Any] = {}
        if url.scheme == "https":
            context = settings.ssl or default_context()
            self._tls = {"ssl": context, "server_hostname": host, "ssl_shutdown_timeout": GOODBYE}

    async def dial(self) -> Connection:
        """Make a connection."""
        connection = Connection(self._limits, self.open)
        try:
            addresses = await self._name.addresses()
            sock = await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType]
                addresses, happy_eyeballs_delay=NEXT_ADDRESS, interleave=1, loop=self._loop
            )
            await self._loop.create_connection(lambda: connection, sock=sock, **self._tls)
            if connection.watch.is_readable():
                await connection.let_read()  # a server that takes no requests may have closed it already
        except BaseException:
            self._name.forget()
            if connection.usable:
                connection.abort()
            self.open.discard(connection)  # uvloop does not tell a protocol of the end when its making was cancelled
            raise
        return connection


@functools.cache
def default_context() -> ssl.SSLContext:
    """Return the TLS settings of a client that was given none; making them takes as long as many requests."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
