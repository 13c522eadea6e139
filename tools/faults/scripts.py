"""Scripts of a server for requests that meet a fault, in bytes."""

from __future__ import annotations

import asyncio
import gzip
from functools import cache
from typing import TYPE_CHECKING

from tools.faults.scene import answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tools.faults.wire import Exchange

    Script = Callable[[Exchange], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = 60
"""Seconds that a server hangs; no call of the matrix lasts so long."""


async def reset(exchange: Exchange) -> None:
    """Cut the connection with a reset."""
    exchange.reset()


async def fin(exchange: Exchange) -> None:
    """End the connection without an answer."""
    exchange.close()


async def hang(_: Exchange) -> None:
    """Never answer."""
    await asyncio.sleep(LONG)


def then_cut(make: bytes | Callable[[bytes], bytes]) -> Script:
    """Send bytes, then end the connection; a function may make them of the good body."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(make if isinstance(make, bytes) else make(exchange.good))
        exchange.close()

    return script


def then_stay(make: bytes | Callable[[bytes], bytes]) -> Script:
    """Send bytes, and keep the connection open for the next request."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(make if isinstance(make, bytes) else make(exchange.good))

    return script


def then_hang(make: bytes | Callable[[bytes], bytes]) -> Script:
    """Send bytes, then nothing more."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(make if isinstance(make, bytes) else make(exchange.good))
        await asyncio.sleep(LONG)

    return script


def in_parts(*parts: bytes) -> Script:
    """Send bytes in packets of their own, then nothing more."""

    async def script(exchange: Exchange) -> None:
        for part in parts:
            await exchange.send(part)
            await asyncio.sleep(0.02)
        await asyncio.sleep(LONG)

    return script


def dribble(at_once: int) -> Script:
    """Send a good answer byte by byte, after a first part at once."""

    async def script(exchange: Exchange) -> None:
        data = answer(exchange.good)
        await exchange.send(data[:at_once])
        for position in range(at_once, len(data)):
            await exchange.send(data[position : position + 1])
            await asyncio.sleep(0.02)

    return script


def says(status: int, body: bytes = b"{}", headers: bytes = b"") -> Script:
    """Send an answer with a status."""
    return then_stay(answer(body, status, headers))


async def endless_interim(exchange: Exchange) -> None:
    """Send interim answers without end."""
    while True:
        await exchange.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        await asyncio.sleep(0.02)


async def endless_head(exchange: Exchange) -> None:
    """Send headers without end."""
    await exchange.send(HEAD)
    while True:
        await exchange.send(b"X-Flood: " + b"a" * 50 + b"\r\n")
        await asyncio.sleep(0.02)


@cache
def bomb() -> bytes:
    """Return 64 MB of spaces, compressed."""
    return gzip.compress(b"[" + b" " * (64 << 20) + b"]")


async def send_bomb(exchange: Exchange) -> None:
    """Send a small body that becomes large when it is decompressed."""
    await exchange.send(answer(bomb(), headers=b"Content-Encoding: gzip\r\n"))


def cut_gzip(body: bytes) -> bytes:
    """Return an answer whose length is right and whose compressed body ends too early."""
    return answer(gzip.compress(body)[:-20], headers=b"Content-Encoding: gzip\r\n")


def broken_gzip(body: bytes) -> bytes:
    """Return an answer whose compressed body is damaged in the middle."""
    data = bytearray(gzip.compress(body))
    data[len(data) // 2 :] = bytes(byte ^ 0xFF for byte in data[len(data) // 2 :])
    return answer(bytes(data), headers=b"Content-Encoding: gzip\r\n")


def chunk(data: bytes) -> bytes:
    """Return a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def reset_after(data: bytes) -> Script:
    """Send bytes, then cut the connection with a reset once they have arrived."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(data)
        await asyncio.sleep(0.03)
        exchange.reset()

    return script
