"""A server that works with bytes: it keeps what it receives, and answers exactly what the test has written down."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self

import attrs

Script = bytes | Callable[["Exchange"], Awaitable[None]]
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(body: Any = None, *, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Return a complete HTTP answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode() + content


@attrs.define
class Exchange:
    """One request that was received, and the way to answer it."""

    head: bytes
    body: bytes
    writer: asyncio.StreamWriter

    @property
    def line(self) -> str:
        """Return the first line: method, target, version."""
        return self.head.split(b"\r\n", 1)[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers by lower-case name."""
        pairs = (line.decode().partition(": ") for line in self.head.strip().split(b"\r\n")[1:])
        return {name.lower(): value for name, _, value in pairs}

    async def send(self, data: bytes) -> None:
        """Write bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Cut the connection with a reset."""
        self.writer.transport.abort()

    def close(self) -> None:
        """End the connection properly."""
        self.writer.close()


class RawServer:
    """Answers the n-th request with the n-th script, and later ones with the last; runs on a thread of its own."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self.scripts, self.tls = scripts or (answer({}),), tls
        self.received: list[Exchange] = []
        self.connections = 0
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._main, name="raw server")

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"{'https' if self.tls else 'http'}://{'localhost' if self.tls else '127.0.0.1'}:{self.port}"

    def _main(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        await self._settle()  # asyncio would forget a connection that it has accepted and not yet made
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await self._settle()  # what was aborted is closed by then

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                exchange = Exchange(head, b"", writer)
                exchange.body = await reader.readexactly(int(exchange.headers.get("content-length", 0)))
                self.received.append(exchange)
                script = self.scripts[min(len(self.received), len(self.scripts)) - 1]
                await (exchange.send(script) if isinstance(script, bytes) else script(exchange))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port and every connection."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()


# -- the ways an answer goes wrong


async def hang(_: Exchange) -> None:
    """Never answer."""
    await asyncio.sleep(60)


async def reset(exchange: Exchange) -> None:
    """Cut the connection with a reset once the request was read."""
    exchange.reset()


async def fin(exchange: Exchange) -> None:
    """End the connection without an answer."""
    exchange.close()


def then_cut(data: bytes) -> Callable[[Exchange], Awaitable[None]]:
    """Send bytes, then end the connection."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(data)
        exchange.close()

    return script


def in_parts(*parts: bytes) -> Callable[[Exchange], Awaitable[None]]:
    """Send bytes in separate packets, then end the connection."""

    async def script(exchange: Exchange) -> None:
        for part in parts:
            await exchange.send(part)
            await asyncio.sleep(0.03)  # packets that are apart on the wire, not time that a test measures
        exchange.close()

    return script


def then_hang(data: bytes) -> Callable[[Exchange], Awaitable[None]]:
    """Send bytes, then nothing more."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(data)
        await asyncio.sleep(60)

    return script
