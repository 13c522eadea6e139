"""The servers of the fault matrix: they work with bytes, on one event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")

TOKEN = re.compile(rb"call-[0-9]+-[0-9]+")
"""What a call is known by; it is in the path or in the body of its request."""
BEGINNING = 4096
"""Bytes of a body that are searched for the token."""
GONE = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ssl.SSLError)
"""What reading from a client raises when it is gone."""


class Wire:
    """The thread on which every server runs."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="fault servers")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the servers' loop and wait for it without blocking this one."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.loop))


@attrs.define(eq=False)
class Exchange:
    """One request that was received, and the way to answer it.

    Attributes:
        number: how many requests of the same call came before it.
        good: the body of the answer that belongs to it.
    """

    head: bytes
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    token: str = ""
    number: int = 0
    good: bytes = b""

    def header(self, name: bytes) -> str | None:
        """Return the value of a header."""
        match = re.search(rb"(?im)^" + re.escape(name) + rb": *(.*?)\r$", self.head)
        return match[1].decode() if match else None

    async def send(self, data: bytes) -> None:
        """Write bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Cut the connection with a reset."""
        reset(self.writer)

    def close(self) -> None:
        """End the connection properly."""
        self.writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut a connection with a reset."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


class Listener:
    """One port: `connected` takes its connections."""

    def __init__(self, connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._connected = connected
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None
        self.writers: set[asyncio.StreamWriter] = set()
        self.connections = 0
        self.port = 0

    async def open(self, host: str = "127.0.0.1", port: int = 0, sock: socket.socket | None = None) -> None:
        """Begin to accept connections."""
        where: dict[str, Any] = {"sock": sock} if sock else {"host": host, "port": port}
        self._server = await asyncio.start_server(self._accept, limit=1 << 20, **where)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in one
        self._tasks.add(task)
        self.writers.add(writer)
        self.connections += 1
        try:
            with contextlib.suppress(asyncio.CancelledError, *GONE):
                await self._connected(reader, writer)
        finally:
            writer.transport.abort()
            self.writers.discard(writer)
            self._tasks.discard(task)

    async def close(self) -> None:
        """Close the port and every connection."""
        if self._server is None:
            return
        for _ in range(5):
            await asyncio.sleep(0)  # asyncio would forget a connection that it has accepted and not yet made
        self._server.close()
        self._server = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(5):
            await asyncio.sleep(0)  # what was aborted is closed by then


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """Return the next head."""
    return await reader.readuntil(b"\r\n\r\n")


async def read_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    """Return the body that follows a head."""
    length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
    return await reader.readexactly(int(length[1])) if length else b""


def token_of(head: bytes, body: bytes) -> str | None:
    """Return the token of the call that a request belongs to."""
    match = TOKEN.search(head) or TOKEN.search(body[:BEGINNING])
    return match[0].decode() if match else None
