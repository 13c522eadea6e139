"""Looks up host names, for both transports.

1. The operating system looks a name up, on a daemon thread of its own. A look-up that hangs in asyncio's executor would
   delay the end of the loop and of the process; on a daemon thread it does not.
2. Connections that are made at the same time share one look-up. Its result is kept for `NAME_LIFETIME` seconds, or
   until a connection cannot be made, because the server may have moved.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from talon_async._transport.threads import original, start_thread

NAME_LIFETIME = 10.0
"""Seconds for which the addresses of a name are kept, as in aiohttp."""


class CachedAddresses:
    """The addresses of a server, looked up on demand and kept for `NAME_LIFETIME` seconds."""

    def __init__(self, host: str, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._host, self._port = host, port
        self._addresses: list[Any] = []
        self._until = 0.0
        self._look_up: asyncio.Future[list[Any]] | None = None

    async def get(self) -> list[Any]:
        """Return the addresses, in the form of `socket.getaddrinfo`."""
        if self._addresses and self._loop.time() < self._until:
            return self._addresses
        if (literal := _literal(self._host, self._port)) is not None:
            return [literal]
        if self._look_up is None:
            self._look_up = look_up(self._loop, self._host, self._port)
            self._look_up.add_done_callback(self._remember)
        return await asyncio.shield(self._look_up)

    def _remember(self, addresses: asyncio.Future[list[Any]]) -> None:
        self._look_up = None
        if addresses.exception() is None:
            self._addresses, self._until = addresses.result(), self._loop.time() + NAME_LIFETIME

    def forget(self) -> None:
        """Drop the addresses, so that the next `get` looks the name up again."""
        self._addresses = []


def _literal(host: str, port: int) -> Any | None:
    """Return the address if the host is a literal IP address; None if it is a name."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET  # noqa: PLR2004
    except ValueError:
        return None
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)


def look_up(
    loop: asyncio.AbstractEventLoop, host: str, port: int, family: int = socket.AF_UNSPEC
) -> asyncio.Future[list[Any]]:
    """Look a name up on a daemon thread; return the future of its addresses."""
    future: asyncio.Future[list[Any]] = loop.create_future()

    def tell(addresses: list[Any], problem: Exception | None) -> None:
        if future.done():
            return  # the waiting task was cancelled
        if problem is None:
            future.set_result(addresses)
        else:
            future.set_exception(problem)

    def ask() -> None:
        addresses: list[Any] = []
        problem: Exception | None = None
        # without AI_ADDRCONFIG localhost resolves even on a machine without a network
        flags = 0 if host == "localhost" or host.endswith(".localhost") else socket.AI_ADDRCONFIG
        try:
            addresses = original("socket", "getaddrinfo")(
                host, port, family=family, type=socket.SOCK_STREAM, flags=flags
            )
        except (OSError, UnicodeError) as error:
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, addresses, problem)

    try:
        start_thread(ask, "talon-async look-up")
    except RuntimeError:  # the interpreter ends, and no thread starts any more
        ask()
    return future


class Resolver(AbstractResolver):
    """Looks names up for aiohttp, which keeps the addresses itself."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name."""
        return [
            ResolveResult(
                hostname=host,
                host=f"{address[0]}%{address[3]}" if address[3:] and address[3] else address[0],
                port=address[1],
                family=address_family,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address_family, _, proto, _, address in await look_up(asyncio.get_running_loop(), host, port, family)
        ]

    async def close(self) -> None:
        """Do nothing: a look-up ends by itself."""
