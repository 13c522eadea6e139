"""A server that counts events, for trials of `talon-async send`: which came, how often, and in which order.

It honours idempotency keys as Talon.One does. Events carry their number as the attribute `n`, those of one profile are
expected in the order of their numbers. `python -m tools.counting_server` is a process of its own: it prints its port,
and for each line that it reads one line of JSON with what it has counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

SILENT = b"HTTP/1.1 204 No Content\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
NO = b'{"message": "no"}'
RECORDED = 204


class Counts:
    """What the server has counted.

    Attributes:
        recorded: how often each number was recorded.
        doubled: events that had been recorded before.
        replays: requests that were answered from memory, because their key was known.
        conflicts: requests whose key was known from another body.
        reordered: events that came behind a later one of their profile.
        requests: all requests, by status.
        bodies: the bodies of the latest events, in the order in which they came.
        paths: the methods and paths of requests, counted.
        queries: the queries that requests had.
        under_way: requests that have come and were not answered yet.
    """

    KEPT = 10_000

    def __init__(self) -> None:
        self.recorded: Counter[Any] = Counter()
        self.replays = self.conflicts = self.doubled = self.reordered = self.under_way = 0
        self.requests: Counter[int] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.paths: Counter[str] = Counter()
        self.queries: set[str] = set()
        self._last: dict[str, int] = {}
        self._keys: dict[bytes, int] = {}

    def record(self, path: str, key: bytes, raw: bytes) -> None:
        """Count one request that is served."""
        path, _, query = path.partition("?")
        self.paths[path] += 1
        self.queries.add(query)
        body: dict[str, Any] = json.loads(raw)
        n = (body.get("attributes") or {}).get("n")
        if key:
            before = self._keys.get(key)
            if before is not None:
                self.replays += before == hash(raw)
                self.conflicts += before != hash(raw)
                return
            self._keys[key] = hash(raw)
        self.doubled += n in self.recorded
        self.recorded[n] += 1
        if len(self.bodies) < self.KEPT:
            self.bodies.append(body)
        profile = body.get("profileId", "")
        if isinstance(n, int):
            self.reordered += n < self._last.get(profile, -1)
            self._last[profile] = n

    def summary(self) -> dict[str, int]:
        """Return the figures."""
        return {
            "distinct": len(self.recorded),
            "doubled": self.doubled,
            "reordered": self.reordered,
            "conflicts": self.conflicts,
            "replays": self.replays,
            "under_way": self.under_way,
        }


class _Connection(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, server: CountingServer) -> None:
        self._server, self._buffer = server, b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = int(_header(head, b"content-length") or 0)
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._server.received(self, head, body)

    def answer(self, status: int, *, is_silent: bool) -> None:
        counts = self._server.counts
        counts.under_way -= 1
        counts.requests[status] += 1
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_answer(status, is_silent=is_silent))


def _answer(status: int, *, is_silent: bool) -> bytes:
    if status == RECORDED:
        return SILENT if is_silent else OK
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(NO)}\r\n\r\n"
    return head.encode() + NO


def _header(head: bytes, name: bytes) -> bytes:
    start = head.lower().find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : None if end < 0 else end].strip()


class CountingServer:
    """The server, on a thread of its own.

    Args:
        delay: seconds until it answers.
        status: tells the status for a body; 204 means that it is recorded.
    """

    def __init__(self, *, delay: float = 0.0, status: Callable[[dict[str, Any]], int] | None = None) -> None:
        self.counts, self.delay, self.status, self.port = Counts(), delay, status, 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._main, name="counting server", daemon=True)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def received(self, connection: _Connection, head: bytes, body: bytes) -> None:
        """Count a request, and answer it."""
        method, path, _ = head.partition(b"\r\n")[0].decode().split(" ", 2)
        self.counts.under_way += 1
        status = RECORDED if self.status is None else self.status(json.loads(body))
        answer = partial(connection.answer, status, is_silent="silent=yes" in path)
        if status == RECORDED:
            self.counts.record(f"{method} {path}", _header(head, b"idempotency-key"), body)
        if self.delay:
            self._loop.call_later(self.delay, answer)
        else:
            answer()

    def _main(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    with CountingServer(delay=parser.parse_args().delay) as server:
        print(server.port, flush=True)
        for _ in sys.stdin:
            print(json.dumps(server.counts.summary()), flush=True)


if __name__ == "__main__":
    main()
