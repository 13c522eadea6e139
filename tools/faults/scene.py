"""The surroundings of a cell: a server that meets requests with a fault until it is mended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from talon_async import Limits, RetryPolicy
from tools.faults.book import Book
from tools.faults.clients import SkippingClock
from tools.faults.fault import BY_PACE, Pace
from tools.faults.natures import Nature
from tools.faults.wire import Exchange, Listener, read_body, read_head, token_of

if TYPE_CHECKING:
    from tools.faults.clients import Client
    from tools.faults.fault import Fault
    from tools.faults.wire import Wire

QUICK_AGAIN = RetryPolicy(base=0.01, parallel_base=0.01, throttle_base=0.01)
"""Repeats within the little time of a call that waits."""


def answer(body: bytes = b"{}", status: int = 200, headers: bytes = b"") -> bytes:
    """Return a complete HTTP answer; further headers end with a line break."""
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\n%b%b\r\n" % (status, length, headers) + body


STRAY = answer(b'{"stray": 1}')
"""An answer that belongs to no request."""


class PausingClock(SkippingClock):
    """Tells the scene about each pause between two attempts."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene

    async def sleep(self, seconds: float) -> None:
        """Skip a pause; between the attempts the scene may change."""
        await super().sleep(seconds)
        await self._scene.paused()


class Scene:
    """A plain server whose answers have the fault.

    Attributes:
        token: what the call under way is known by.
        is_mended: whether everything is as it should be from now on.
        stood_still: seconds for which the scene has kept the client's loop from working.
        total: seconds that the call may take.
        elapsed: seconds that it took, if the scene does more than to make it.
    """

    is_usable_after = True

    def __init__(self, wire: Wire, fault: Fault, nature: Nature, *, always: bool) -> None:
        self.wire, self.fault, self.nature, self.always = wire, fault, nature, always
        self.book, self.clock = Book(), PausingClock(self)
        self.listener = Listener(self.connected)
        self.token = ""
        self.is_mended = False
        self.stood_still = 0.0
        self.total: float = self.timeout.total
        self.elapsed: float | None = None

    # -- on the client's side

    @property
    def timeout(self) -> Any:
        """The timeouts of the call."""
        return BY_PACE[self.fault.pace]

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.listener.port}"

    def options(self) -> dict[str, Any]:
        """Return the options of the client."""
        retry = RetryPolicy() if self.fault.pace is Pace.QUICK else QUICK_AGAIN
        limits = Limits(response_bytes=200_000)
        return {"clock": self.clock, "timeout": self.timeout, "retry": retry, "limits": limits, **self.fault.options}

    async def start(self) -> None:
        """Open the server."""
        await self.wire.run(self.listener.open())

    async def prepare(self, client: Client) -> None:
        """Do what has to happen before the call; nothing here."""

    async def ask(self, client: Client) -> Any:
        """Make the call that meets the fault."""
        return await client.call(self.nature.value, *self.nature.arguments(self.token))

    async def until_seen(self, token: str, call: asyncio.Future[Any]) -> None:
        """Wait until the server has seen the request of a call, or the call is over."""
        for _ in range(1000):
            if self.book.seen[token] or call.done():
                break
            await asyncio.sleep(0.005)

    async def paused(self) -> None:
        """Do what happens between two attempts; nothing here."""
        if not self.always:
            await self.mend()

    async def mend(self) -> None:
        """Mend the fault."""
        self.is_mended = True

    async def close(self) -> None:
        """Close the server."""
        await self.wire.run(self.listener.close())

    # -- on the server's side

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection."""
        await self.serve(reader, writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other."""
        while True:
            head = await read_head(reader)
            body = await read_body(reader, head)
            token = token_of(head, body) or self.token
            exchange = Exchange(head, body, reader, writer, token)
            exchange.number = self.book.receive(token, exchange.header(b"idempotency-key"))
            exchange.good = self.nature_of(head).answer(token)
            await self.answer(exchange)

    def nature_of(self, head: bytes) -> Nature:
        """Return the nature of a request; a cell's other calls are reads."""
        return Nature.SAFE if head.startswith(b"GET ") else self.nature

    def meets_the_fault(self, exchange: Exchange) -> bool:
        """Tell whether a request meets the fault."""
        if self.is_mended or exchange.token != self.token or self.fault.script is None:
            return False
        return self.always or exchange.number == 0

    async def answer(self, exchange: Exchange) -> None:
        """Act and answer, or do what the fault says."""
        nature, key = self.nature_of(exchange.head), exchange.header(b"idempotency-key")
        if self.meets_the_fault(exchange):
            if self.fault.acts:
                self.book.act(nature, exchange.token, key)
            assert self.fault.script is not None  # noqa: S101  # it meets the fault
            await self.fault.script(exchange)
        elif self.book.act(nature, exchange.token, key):
            await exchange.send(answer(b'{"message": "an event with this ID exists"}', 409))
        else:
            await exchange.send(answer(exchange.good))
