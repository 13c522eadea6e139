"""`python -m tools.bulk.serving`: a server that counts events, and that can be told to be in trouble.

It prints its port. Each line of JSON that it reads is an order, such as `{"do": "trouble", "kind": "503", "seconds":
3}`; it answers each with a line of JSON. Times are those of its own clock.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections import deque
from typing import Any

from tools.counting_server import Counts

DOWN = "down"
"""The trouble of a server that is not there."""


def answer(status: int, *lines: str) -> bytes:
    """Return a refusal."""
    body = b'{"message": "no"}'
    head = [f"HTTP/1.1 {status} No", "Content-Type: application/json", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


OK = b"HTTP/1.1 204 No Content\r\n\r\n"
FULL = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
TOO_MANY = answer(429)
TROUBLES = {"429": answer(429, "Retry-After: 1"), "503": answer(503), "500": answer(500)}


class Connection(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, server: Server) -> None:
        self._server, self._buffer, self._waiting = server, b"", 0
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self.transport = transport
        self._server.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Count the requests whose connection was lost before their answer."""
        self._server.connections.discard(self)
        self._server.cut_off += self._waiting

    def data_received(self, data: bytes) -> None:
        """Hand over every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            last = end + 4 + int(header(head, b"content-length") or 0)
            if len(self._buffer) < last:
                return
            body, self._buffer = self._buffer[end + 4 : last], self._buffer[last:]
            self._waiting += 1
            self._server.received(self, head, body)

    def reply(self, content: bytes) -> None:
        """Answer a request."""
        self._waiting -= 1
        if not self.transport.is_closing():
            self.transport.write(content)


def header(head: bytes, name: bytes) -> bytes:
    """Return a field from the head of a request."""
    start = head.lower().find(b"\r\n" + name + b":")
    return b"" if start < 0 else head[start + len(name) + 3 :].partition(b"\r\n")[0].strip()


class Server:
    """A server that counts, and that is in trouble on request.

    Attributes:
        cut_off: requests whose connection was lost before their answer.
        served: when those that were served came.
        refused: when those that were refused came.
        capacity: how many are worked on at once; others wait in a queue so long, and are refused beyond it.
    """

    def __init__(self, delay: float) -> None:
        self.counts, self.delay, self.cut_off = Counts(), delay, 0
        self.connections: set[Connection] = set()
        self.served: list[float] = []
        self.refused: list[float] = []
        self.capacity: int | None = None
        self.queue = 0
        self._active, self._queued = 0, deque[tuple[Connection, bytes]]()
        self._trouble: str | None = None
        self._loop = asyncio.get_running_loop()
        self._listening: asyncio.Server | None = None

    async def listen(self, port: int = 0) -> int:
        """Take connections; return the port."""
        self._listening = await self._loop.create_server(lambda: Connection(self), "127.0.0.1", port)
        taken: int = self._listening.sockets[0].getsockname()[1]
        return taken

    def received(self, connection: Connection, head: bytes, body: bytes) -> None:
        """Count a request, and answer it now or later."""
        now = self._loop.time()
        is_full = self.capacity is not None and self._active >= self.capacity
        if self._trouble or (is_full and len(self._queued) >= self.queue):
            self.refused.append(now)
            connection.reply(TROUBLES.get(self._trouble or "", TOO_MANY))
            return
        line = head.partition(b"\r\n")[0].decode()
        is_dry = "dry=true" in line
        content = FULL if is_dry or " /v1/" in line else OK
        self.served.append(now)
        if not is_dry:
            self.counts.record(line.rpartition(" ")[0], header(head, b"idempotency-key"), body)
        if is_full:
            self._queued.append((connection, content))
        else:
            self._work(connection, content)

    def _work(self, connection: Connection, content: bytes) -> None:
        self._active += 1
        self._loop.call_later(self.delay, self._finish, connection, content)

    def _finish(self, connection: Connection, content: bytes) -> None:
        self._active -= 1
        connection.reply(content)
        while self._queued and (self.capacity is None or self._active < self.capacity):
            self._work(*self._queued.popleft())

    # -- orders

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what an order says, and return its result."""
        do = order.pop("do")
        result: dict[str, Any] = getattr(self, f"do_{do}")(**order)
        return result

    def do_summary(self) -> dict[str, Any]:
        """Return the counts."""
        served, refused = len(self.served), len(self.refused)
        return {**self.counts.summary(), "cut_off": self.cut_off, "served": served, "refused": refused,
                "connections": len(self.connections)}  # fmt: skip

    def do_progress(self) -> dict[str, Any]:
        """Return how many events were recorded, which costs less than all counts."""
        return {"distinct": len(self.counts.recorded)}

    def do_missing(self, count: int) -> dict[str, Any]:
        """Return the numbers below the count that were not recorded."""
        return {"missing": [n for n in range(count) if n not in self.counts.recorded]}

    def do_times(self) -> dict[str, Any]:
        """Return the times at which requests came."""
        return {"served": self.served, "refused": self.refused}

    def do_capacity(self, capacity: int, queue: int) -> dict[str, Any]:
        """Change the capacity."""
        self.capacity, self.queue = capacity, queue
        return {"now": self._loop.time()}

    def do_trouble(self, kind: str, seconds: float) -> dict[str, Any]:
        """Start a trouble that lasts for a while."""
        now = self._loop.time()
        if kind == DOWN:
            self._go_down(seconds)
        else:
            self._trouble = kind
            self._loop.call_later(seconds, setattr, self, "_trouble", None)
        return {"begin": now, "end": now + seconds}

    def _go_down(self, seconds: float) -> None:
        listening = self._listening
        if listening is not None:
            port = listening.sockets[0].getsockname()[1]
            listening.close()
            self._loop.call_later(seconds, lambda: self._loop.create_task(self.listen(port)))
        for connection in list(self.connections):
            connection.transport.abort()


async def serve(delay: float) -> None:
    """Serve until standard input ends, with a higher priority where that is allowed, so that the times are true."""
    with contextlib.suppress(OSError):
        os.nice(-10)
    server = Server(delay)
    print(await server.listen(), flush=True)
    orders = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        print(json.dumps(server.obey(json.loads(line))), flush=True)


def main() -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.serving", description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds until it answers")
    asyncio.run(serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
