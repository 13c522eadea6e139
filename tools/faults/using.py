"""Faults that depend on the moment: on an idle connection, in an upload, or with a busy or ending loop or client."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from talon_async import Limits, Timeout
from tools.faults import connecting, scripts
from tools.faults.fault import Fault, Pace, Tell
from tools.faults.natures import Nature
from tools.faults.scene import STRAY, Scene, answer
from tools.faults.wire import read_head, reset

if TYPE_CHECKING:
    from tools.faults.clients import Client
    from tools.faults.wire import Exchange

ARRIVES = 0.05
"""Seconds in which what was sent arrives."""


class Warm(Scene):
    """The client has an idle connection when the call begins."""

    async def prepare(self, client: Client) -> None:
        """Make a call."""
        await client.call("get_customer_inventory", f"{self.token}0")


class IdleEvent(Warm):
    """Something happens to the idle connection, and the client's loop sees it, or is busy and does not."""

    async def prepare(self, client: Client) -> None:
        """Make a call, then let the event happen."""
        await super().prepare(client)
        if self.fault.pace is Pace.ALONE:
            await client.on_loop(self._happens_meanwhile)
        else:
            self.wire.loop.call_soon_threadsafe(self.happens)
            await asyncio.sleep(ARRIVES)

    def _happens_meanwhile(self) -> None:
        """Keep the client's loop from running while the event happens."""
        self.wire.loop.call_soon_threadsafe(self.happens)
        time.sleep(ARRIVES)
        self.stood_still += ARRIVES

    def happens(self) -> None:
        """Let the event happen."""
        for writer in self.listener.writers:
            writer.close()


class IdleStray(IdleEvent):
    """An answer comes that belongs to no request."""

    def happens(self) -> None:
        """Send an answer without a request."""
        for writer in self.listener.writers:
            writer.write(STRAY)


class IdleReset(IdleEvent):
    """The server resets the idle connection."""

    def happens(self) -> None:
        """Reset the connection."""
        for writer in self.listener.writers:
            reset(writer)


class TlsIdleEvent(IdleEvent, connecting.Tls):
    """The idle connection is encrypted, and ends."""


class TlsIdleStray(IdleStray, connecting.Tls):
    """The idle connection is encrypted, and an answer comes."""


class LateTimer(Scene):
    """The answer comes while the client's loop stands still beyond the deadline."""

    STILL = 0.4

    @property
    def timeout(self) -> Any:
        """The timeouts of the call."""
        return Timeout(total=0.3, attempt=0.3, connect=0.2)

    async def ask(self, client: Client) -> Any:
        """Make the call."""
        self.client_loop = await client.loop()
        return await super().ask(client)

    async def answer(self, exchange: Exchange) -> None:
        """Stop the client's loop, then answer."""
        if self.meets_the_fault(exchange):
            self.stood_still += self.STILL
            self.client_loop.call_soon_threadsafe(time.sleep, self.STILL)
            await asyncio.sleep(0.1)
            self.book.act(self.nature, exchange.token, exchange.header(b"idempotency-key"))
            await exchange.send(answer(exchange.good))
        else:
            await super().answer(exchange)


class EarlyAnswer(Scene):
    """A server that refuses a large request before it has read it."""

    async def ask(self, client: Client) -> Any:
        """Make a call with a large body."""
        return await client.call(self.nature.value, *self.nature.arguments(self.token, large=True))

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Refuse, then read the rest of the request or ignore it."""
        if self.is_mended:
            await self.serve(reader, writer)
        await read_head(reader)
        self.book.receive(self.token, None)
        writer.write(answer(status=413))
        if "reads on" in self.fault.name:
            while await reader.read(1 << 20):
                pass
        else:
            await asyncio.sleep(scripts.LONG)


class LargeUpload(Scene):
    """A large request to a server that fails when it has read some of it."""

    async def ask(self, client: Client) -> Any:
        """Make a call with a large body."""
        return await client.call(self.nature.value, *self.nature.arguments(self.token, large=True))

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read the head, then cut or hang."""
        if self.is_mended or (not self.always and self.listener.connections > 1):
            await self.serve(reader, writer)
        head = await read_head(reader)
        key = [line.split(b": ")[1].decode() for line in head.split(b"\r\n") if b"idempotency-key" in line.lower()]
        self.book.receive(self.token, key[0] if key else None)
        if "hangs" in self.fault.name:
            await asyncio.sleep(scripts.LONG)
        reset(writer)


class Closed(Scene):
    """The client is closed while the call is under way."""

    is_usable_after = False

    async def ask(self, client: Client) -> Any:
        """Begin the call, and close the client."""
        call = asyncio.ensure_future(super().ask(client))
        await self.until_seen(self.token, call)
        await asyncio.sleep(ARRIVES)
        await client.close()
        return await call


class Queue(Scene):
    """The time is over before the call gets a place, or the lock of its key."""

    def options(self) -> dict[str, Any]:
        """Return the options of the client."""
        limits = Limits(connections=1) if "place" in self.fault.name else Limits()
        return super().options() | {"limits": limits}

    async def ask(self, client: Client) -> Any:
        """Hold the only place, or the locks, and make the call."""
        nature = Nature.SAFE if "place" in self.fault.name else self.nature
        before = f"{self.token}0"
        first = asyncio.ensure_future(client.call(nature.value, *nature.arguments(before)))
        await self.until_seen(before, first)
        self.total, begin = 0.2, self.clock.monotonic()
        try:
            return await client.call(self.nature.value, *self.nature.arguments(self.token), timeout=self.total)
        finally:
            self.elapsed = self.clock.monotonic() - begin
            await self.mend()
            await asyncio.gather(first, return_exceptions=True)

    def meets_the_fault(self, exchange: Exchange) -> bool:
        """Tell whether a request meets the fault: the one that came first."""
        return not self.is_mended and exchange.token != self.token


SUCCESS, REJECTED, UNKNOWN = (Tell.SUCCESS,), (Tell.REJECTED,), (Tell.UNKNOWN,)
WITH_BODY = (Nature.KEYED, Nature.NAMED, Nature.UNIQUE, Nature.NEVER)
WITH_LOCKS = (Nature.KEYED, Nature.UNIQUE, Nature.NEVER)
USING = [
    Fault("idle connection closed", SUCCESS, scene=IdleEvent),
    Fault("idle connection reset", SUCCESS, scene=IdleReset),
    Fault("stray answer on the idle one", SUCCESS, scene=IdleStray),
    Fault("idle closed, loop busy", SUCCESS, scene=IdleEvent, pace=Pace.ALONE),
    Fault("idle reset, loop busy", SUCCESS, scene=IdleReset, pace=Pace.ALONE),
    Fault("stray answer, loop busy", SUCCESS, scene=IdleStray, pace=Pace.ALONE),
    Fault("TLS: idle closed, loop busy", SUCCESS, scene=TlsIdleEvent, pace=Pace.ALONE),
    Fault("TLS: stray answer, loop busy", SUCCESS, scene=TlsIdleStray, pace=Pace.ALONE),
    Fault("closed as the request goes out", UNKNOWN, scripts.reset, scene=Warm),
    Fault("late timer, answer here", SUCCESS, scripts.hang, scene=LateTimer, pace=Pace.ALONE),
    Fault("early answer, server reads on", REJECTED, scene=EarlyAnswer, natures=WITH_BODY, pace=Pace.HEAVY),
    Fault("early answer, server stops", REJECTED, scene=EarlyAnswer, natures=WITH_BODY, pace=Pace.HEAVY),
    Fault("reset in the upload", UNKNOWN, scene=LargeUpload, natures=WITH_BODY, pace=Pace.HEAVY),
    Fault("upload hangs", UNKNOWN, scene=LargeUpload, natures=WITH_BODY, pace=Pace.HEAVY),
    Fault("client closed before the answer", (Tell.UNKNOWN_FINAL,), scripts.hang, acts=True, scene=Closed),
    Fault("client closed in the body", (Tell.ACCEPTED_FINAL,), acts=True, scene=Closed,
          script=scripts.then_hang(scripts.HEAD + b"Content-Length: 50\r\n\r\n{")),
    Fault("no place in time", (Tell.NOT_SENT_FINAL,), scripts.hang, scene=Queue, pace=Pace.WAITS),
    Fault("no turn in time", (Tell.NOT_SENT_FINAL,), scripts.hang, scene=Queue, pace=Pace.WAITS, natures=WITH_LOCKS),
]  # fmt: skip
