"""A server of the Integration API that only counts: what acted, how often, and in which order.

It remembers idempotency keys and acts before it answers. A client that is killed before the answer leaves an effect
that it does not know of.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections import Counter, defaultdict
from typing import Any, Self

import attrs


@attrs.define
class Counts:
    """What a server has seen.

    Attributes:
        requests: requests of any kind.
        replays: requests whose key was known.
        conflicts: requests whose key was under way.
        refused: requests that were refused because of what they hold.
        acted: how often each (profile, number) acted.
        order: the numbers that acted, for each profile, in this order.
        under_way: requests that wait for their answer, by the worker that their header `X-Worker` names.
        times: when requests came, in seconds of the loop.
    """

    requests: int = 0
    replays: int = 0
    conflicts: int = 0
    refused: int = 0
    acted: Counter[tuple[str, int]] = attrs.field(factory=Counter[tuple[str, int]])
    order: defaultdict[str, list[int]] = attrs.field(factory=lambda: defaultdict(list))
    under_way: Counter[str] = attrs.field(factory=Counter[str])
    times: list[float] = attrs.field(factory=list[float])

    @property
    def effects(self) -> int:
        """Return how many different things acted."""
        return len(self.acted)

    @property
    def doubled(self) -> int:
        """Return how many things acted more than once."""
        return sum(count > 1 for count in self.acted.values())

    @property
    def reordered(self) -> int:
        """Return how many things acted after one of the same profile with a higher number."""
        return sum(later < earlier for numbers in self.order.values() for earlier, later in itertools.pairwise(numbers))

    def __str__(self) -> str:
        return (
            f"{self.effects} effects, {self.doubled} doubled, {self.reordered} reordered, {self.conflicts} conflicts, "
            f"{self.replays} replays absorbed by keys, {self.refused} refused, {self.requests} requests"
        )


class EffectServer:
    """Counts in a thread of its own. A request is refused if its type is `poison`.

    Attributes:
        status: answered to every request instead, without acting.
    """

    def __init__(self, latency: float = 0.01) -> None:
        self.latency, self.counts, self.port = latency, Counts(), 0
        self.status: int | None = None
        self._connections: set[Any] = set()
        self._keys: dict[str, bytes] = {}
        self._running: set[str] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="effect server")

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self._listen()
        self._ready.set()
        await self._stop.wait()
        self._server.close()

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _vanish(self) -> None:
        self._server.close()
        for transport in self._connections:
            transport.abort()
        self._connections.clear()

    def vanish(self) -> None:
        """Cut every connection and refuse new ones."""
        asyncio.run_coroutine_threadsafe(self._vanish(), self._loop).result()

    def come_back(self) -> None:
        """Listen again at the same place."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def keep(self, transport: Any) -> None:
        """Remember a connection."""
        self._connections.add(transport)

    def receive(self, connection: _Connection, head: bytes, body: bytes) -> None:
        """Act on a request, and answer it later."""
        counts = self.counts
        counts.requests += 1
        counts.times.append(self._loop.time())
        if self.status is not None:
            connection.answer(self.status, b'{"message": "away"}')
            return
        lines = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
        key = lines.get("idempotency-key", "")
        if key in self._running:
            counts.conflicts += 1
            connection.answer(409, b'{"message": "this key is under way"}')
            return
        if key and key in self._keys:
            counts.replays += 1
            answer = self._keys[key]
        else:
            content: Any = json.loads(body or b"{}")
            if content.get("type") == "poison":
                counts.refused += 1
                connection.answer(400, b'{"message": "no such type"}')
                return
            profile, number = content.get("profileId", ""), content["attributes"]["n"]
            identifier = content.get("integrationId")
            if identifier and counts.acted[profile, number]:
                counts.replays += 1
                connection.answer(409, b'{"message": "exists"}')
                return
            counts.acted[profile, number] += 1
            counts.order[profile].append(number)
            answer = b"{}"
        if key:
            self._running.add(key)
        worker = lines.get("x-worker", "")
        counts.under_way[worker] += 1
        self._loop.call_later(self.latency, self._finish, connection, key, answer, worker)

    def _finish(self, connection: _Connection, key: str, answer: bytes, worker: str) -> None:
        self.counts.under_way[worker] -= 1
        if key:
            self._running.discard(key)
            self._keys[key] = answer
        connection.answer(200, answer)


class _Connection(asyncio.Protocol):
    """One connection; requests are not pipelined."""

    def __init__(self, server: EffectServer) -> None:
        self._server, self._data = server, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._server.keep(transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end]
            at = head.lower().find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._data) < end + 4 + size:
                return
            body, self._data = self._data[end + 4 : end + 4 + size], self._data[end + 4 + size :]
            self._server.receive(self, head, body)

    def answer(self, status: int, body: bytes) -> None:
        if not self._transport.is_closing():
            head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)
