"""`make bulk-overhead`: what a run costs over a plain loop of calls, and what a journal costs in raw aiohttp calls.

All in one process, with a transport that answers at once. Blocks of the two take turns, so that what disturbs the
machine disturbs both; the median of the differences is told. CPU time of all threads counts, the journal's included.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from talon_async import TalonOne
from talon_async._messages import Answer
from tools.bulk.counting import Counter
from tools.bulk.figures import Figures
from tools.bulk.sending import event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OVER, JOURNAL = 5.0, 0.20
MICRO = 1e6


class NoOp:
    """A transport without a network: answers at once, or in the next iteration of the loop."""

    def __init__(self, *, turns: bool) -> None:
        self._turns = turns
        self._answer = Answer(200, {}, b"{}")

    def __call__(self, *_: object) -> NoOp:
        """Stand for the class of a transport."""
        return self

    async def send(self, *_: object) -> Answer:
        """Answer the request."""
        if self._turns:
            await asyncio.sleep(0)
        return self._answer

    async def connect(self, _: float) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""

    def abandon(self) -> None:
        """Do nothing."""


def client(*, turns: bool) -> TalonOne:
    """Return a client with no network."""
    talon = TalonOne("http://127.0.0.1:9", "k3y")
    talon._core._make_transport = NoOp(turns=turns)  # type: ignore[assignment] # noqa: SLF001
    return talon


async def cost(block: Callable[[], Awaitable[object]], count: int) -> float:
    """Return the microseconds of CPU for each event of a block."""
    gc.collect()
    begun = time.process_time()
    await block()
    return MICRO * (time.process_time() - begun) / count


async def paired(
    one: Callable[[], Awaitable[object]], other: Callable[[], Awaitable[object]], count: int, rounds: int
) -> tuple[float, float]:
    """Return the cost of the second block, and by how much it exceeds that of the first, in microseconds an event."""
    await one(), await other()
    differences, costs = list[float](), list[float]()
    for turn in range(rounds):
        if turn % 2:
            costs.append(await cost(other, count))
            differences.append(costs[-1] - await cost(one, count))
        else:
            first = await cost(one, count)
            costs.append(await cost(other, count))
            differences.append(costs[-1] - first)
    return statistics.median(costs), statistics.median(differences)


class Blocks:
    """The blocks that are compared, each over the same events."""

    def __init__(self, talon: TalonOne, kind: str, count: int) -> None:
        self._talon, self._count = talon, count
        method: Any = talon.track_event if kind == "v1" else talon.track_event_v2
        self._track: Any = method if kind == "v1" else lambda event: method(event, silent=True)
        prepare: Any = talon.prepare(method)
        self._events = [event(kind, n) for n in range(count)]
        self._calls = [prepare(event) if kind == "v1" else prepare(event, silent=True) for event in self._events]

    async def loop_of_events(self) -> None:
        """Record one event after the other."""
        for each in self._events:
            await self._track(each)

    async def loop_of_calls(self) -> None:
        """Send one call after the other."""
        for each in self._calls:
            await self._talon.send(each)

    async def pool_of_events(self) -> None:
        """Record events in 64 tasks, each with a plain loop over what is left."""
        left = iter(self._events)

        async def work() -> None:
            for each in left:
                await self._track(each)

        await asyncio.gather(*(work() for _ in range(64)))

    async def track_events(self) -> None:
        """Record the events in a run."""
        await self._talon.track_events(self._events)

    async def bulk(self) -> None:
        """Send the calls in a run."""
        await self._talon.bulk(self._calls)

    async def stream(self) -> None:
        """Send the calls in a run, and read the results."""
        async for _ in self._talon.stream(self._calls):
            pass

    async def journaled(self) -> None:
        """Record the events in a run with a journal."""
        with tempfile.TemporaryDirectory() as folder:
            await self._talon.track_events(self._events, journal=Path(folder) / "events.journal")


async def runner_costs(figures: Figures, count: int, rounds: int) -> None:
    """Print what a run costs over a plain loop."""
    async with client(turns=False) as talon:
        for kind in ("v2", "v1"):
            blocks = Blocks(talon, kind, count)
            for name, one, other in (
                ("track_events", blocks.loop_of_events, blocks.track_events),
                ("bulk", blocks.loop_of_calls, blocks.bulk),
                ("stream", blocks.loop_of_calls, blocks.stream),
            ):
                whole, more = await paired(one, other, count, rounds)
                figures.add(f"{kind} {name}", f"{whole:.1f} us an event")
                figures.at_most(f"{kind} {name} over a loop", more, OVER, " us")
    async with client(turns=True) as talon:
        blocks = Blocks(talon, "v2", count)
        _, more = await paired(blocks.pool_of_events, blocks.track_events, count, rounds)
        figures.add("v2 track_events over 64 loops that wait", f"{more:.1f} us")


async def raw_cost(count: int) -> float:
    """Return the microseconds of CPU of a raw aiohttp call."""
    body = b'{"profileId":"p1","type":"bought","attributes":{"n":1}}'
    headers = {"Authorization": "ApiKey-v1 k3y", "Content-Type": "application/json"}
    with Counter() as server:
        async with aiohttp.ClientSession(server.url, headers=headers) as session:

            async def calls() -> None:
                for _ in range(count):
                    async with session.post("/v2/events", data=body) as answer:
                        await answer.read()

            await calls()
            return statistics.median([await cost(calls, count) for _ in range(5)])


async def journal_costs(figures: Figures, count: int, rounds: int) -> None:
    """Print what a journal costs, in raw calls."""
    raw = await raw_cost(count // 4)
    figures.add("a raw aiohttp call", f"{raw:.0f} us")
    async with client(turns=True) as talon:
        for kind in ("v2", "v1"):
            blocks = Blocks(talon, kind, count)
            _, more = await paired(blocks.track_events, blocks.journaled, count, rounds)
            figures.add(f"{kind} journal", f"{more:.1f} us an event")
            figures.at_most(f"{kind} journal, in raw calls", more / raw, JOURNAL, digits=2)


async def measure(figures: Figures, count: int, rounds: int) -> None:
    """Measure what a run costs, and what a journal costs."""
    await runner_costs(figures, count, rounds)
    await journal_costs(figures, count, max(5, rounds // 3))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.bulk.overhead", description=__doc__)
    parser.add_argument("--events", type=int, default=4000, help="in a block")
    parser.add_argument("--rounds", type=int, default=31, help="pairs of blocks")
    options = parser.parse_args()
    figures = Figures(f"runs over plain loops, {options.rounds} pairs of {options.events} events")
    asyncio.run(measure(figures, options.events, options.rounds))
    figures.end()


if __name__ == "__main__":
    main()
