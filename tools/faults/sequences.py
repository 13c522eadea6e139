"""Several faults in sequence: what an early attempt has done counts, whatever happens to the later ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from talon_async import Limits
from tools.faults import scripts
from tools.faults.fault import Fault, Pace, Tell
from tools.faults.natures import Nature
from tools.faults.scene import Scene
from tools.faults.scripts import says

if TYPE_CHECKING:
    from tools.faults.clients import Client
    from tools.faults.fault import Script
    from tools.faults.wire import Exchange

HALF = scripts.then_cut(scripts.HEAD + b"Content-Length: 50\r\n\r\n{}")


class InTurn(Scene):
    """A server that does one thing with the first request and another with the next ones.

    Attributes:
        steps: for each request a script, and whether the server acts before it.
    """

    steps: ClassVar[tuple[tuple[Script, bool], ...]]

    async def answer(self, exchange: Exchange) -> None:
        """Take the next step."""
        if self.is_mended or exchange.token != self.token:
            await super().answer(exchange)
            return
        script, acts = self.steps[min(exchange.number, len(self.steps) - 1)]
        if acts:
            self.book.act(self.nature, exchange.token, exchange.header(b"idempotency-key"))
        await script(exchange)


def in_turn(*steps: tuple[Script, bool]) -> type[Scene]:
    """Return a scene with these steps."""
    return type("Steps", (InTurn,), {"steps": steps})


class ThenGone(Scene):
    """A server that is gone after the first attempt."""

    async def paused(self) -> None:
        """Close the server."""
        await self.wire.run(self.listener.close())

    async def mend(self) -> None:
        """Open the server again."""
        if not self.is_mended:
            self.is_mended = True
            await self.wire.run(self.listener.close())
            await self.wire.run(self.listener.open(port=self.listener.port))


class ClosedInPause(Scene):
    """The client is closed between two attempts."""

    is_usable_after = False

    async def ask(self, client: Client) -> Any:
        """Make the call."""
        self.pauses = asyncio.Event()
        self.here = asyncio.get_running_loop()
        call = asyncio.ensure_future(super().ask(client))
        pause = asyncio.ensure_future(self.pauses.wait())
        await asyncio.wait((call, pause), return_when=asyncio.FIRST_COMPLETED)
        pause.cancel()
        await client.close()
        return await call

    async def paused(self) -> None:
        """Report the pause, and never end it."""
        self.here.call_soon_threadsafe(self.pauses.set)
        await asyncio.sleep(scripts.LONG)


class ClosedInQueue(Scene):
    """The client is closed while the call waits for a place."""

    is_usable_after = False

    def options(self) -> dict[str, Any]:
        """Return the options of the client."""
        return super().options() | {"limits": Limits(connections=1)}

    async def ask(self, client: Client) -> Any:
        """Take the only place, make the call, and close the client."""
        before = f"{self.token}0"
        first = asyncio.ensure_future(client.call(Nature.SAFE.value, *Nature.SAFE.arguments(before)))
        await self.until_seen(before, first)
        call = asyncio.ensure_future(super().ask(client))
        await asyncio.sleep(0.05)
        await client.close()
        await asyncio.gather(first, return_exceptions=True)
        return await call

    def meets_the_fault(self, exchange: Exchange) -> bool:
        """Tell whether a request meets the fault: the one that came first."""
        return exchange.token != self.token


UNKNOWN, ACCEPTED, REJECTED = (Tell.UNKNOWN,), (Tell.ACCEPTED,), (Tell.REJECTED,)
SAFE_OR_KEYED = (Nature.SAFE, Nature.KEYED)
SEQUENCES = [
    Fault(
        "429, then 503 after acting", UNKNOWN, only_always=True,
        scene=in_turn((says(429), False), (says(503), True)),
    ),
    Fault("429, then reset", UNKNOWN, only_always=True, scene=in_turn((says(429), False), (scripts.reset, False))),
    Fault(
        "429, then hang", UNKNOWN, only_always=True, pace=Pace.WAITS,
        scene=in_turn((says(429), False), (scripts.hang, False)),
    ),
    Fault("429, then 400", REJECTED, only_always=True, scene=in_turn((says(429), False), (says(400), False))),
    Fault(
        "reset after acting, then 429", UNKNOWN, only_always=True,
        scene=in_turn((scripts.reset, True), (says(429), False)),
    ),
    Fault(
        "reset after acting, then 400", UNKNOWN, only_always=True,
        scene=in_turn((scripts.reset, True), (says(400), False)),
    ),
    Fault("half an answer, then 429", ACCEPTED, only_always=True, scene=in_turn((HALF, True), (says(429), False))),
    Fault("half an answer, then reset", ACCEPTED, only_always=True,
          scene=in_turn((HALF, True), (scripts.reset, False))),
    Fault("reset, then half an answer", ACCEPTED, only_always=True, natures=SAFE_OR_KEYED,
          scene=in_turn((scripts.reset, False), (HALF, True))),
    Fault("429, then gone", REJECTED, says(429), only_always=True, scene=ThenGone),
    Fault("reset after acting, then gone", UNKNOWN, scripts.reset, acts=True, only_always=True, scene=ThenGone),
    Fault("half an answer, then gone", ACCEPTED, HALF, acts=True, only_always=True, scene=ThenGone),
    Fault("client closed in a pause after 429", REJECTED, says(429), only_always=True, scene=ClosedInPause),
    Fault("client closed in a pause after 503", UNKNOWN, says(503), acts=True, only_always=True, scene=ClosedInPause),
    Fault("client closed in the queue", (Tell.NOT_SENT_FINAL,), scripts.hang, scene=ClosedInQueue),
]  # fmt: skip
