"""Looks names up, for both transports.

1. The system looks a name up, on a thread of its own. The threads of asyncio's executor hold up the end of the loop,
   and of the process, for as long as a look-up hangs; a daemon thread holds up nothing.
2. Connections that are made at the same time share one look-up. Its result serves for `NAME_LIFETIME`, or until a
   connection cannot be made: the server may have moved.
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
"""Seconds for which the addresses of a name are remembered, as aiohttp does."""


class CachedAddresses:
    """The addresses of a server, looked up when they are asked for, and remembered for a while."""

    def __init__(self, host: str, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._host, self._port = host, port
        self._addresses: list[Any] = []
        self._until = 0.0
        self._look_up: asyncio.Future[list[Any]] | None = None

    async def get(self) -> list[Any]:
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


def look_up(
    loop: asyncio.AbstractEventLoop, host: str, port: int, family: int = socket.AF_UNSPEC
) -> asyncio.Future[list[Any]]:
    """Look a name up on a daemon thread."""
    found: asyncio.Future[list[Any]] = loop.create_future()

    def tell(addresses: list[Any], problem: Exception | None) -> None:
        if found.done():
            return  # whoever waited has gone
        if problem is None:
            found.set_result(addresses)
        else:
            found.set_exception(problem)

    def ask() -> None:
        addresses: list[Any] = []
        problem: Exception | None = None
        # the addresses of this machine are there even when it has no network
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
    return found


class Resolver(AbstractResolver):
    """Looks names up for aiohttp, which remembers them itself."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name."""
        return [
            ResolveResult(
                hostname=host,
                host=f"{address[0]}%{address[3]}" if address[3:] and address[3] else address[0],
                port=address[1],
                family=found_family,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found_family, _, proto, _, address in await look_up(asyncio.get_running_loop(), host, port, family)
        ]

    async def close(self) -> None:
        """Do nothing: a look-up ends by itself."""
