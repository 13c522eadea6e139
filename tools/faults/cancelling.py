"""Calls that are cancelled at random points, and clients that are closed during their calls: nothing may be left."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import attrs

from talon_async import Limits, Timeout
from talon_async.errors import ClientClosedError
from tools.faults.clients import Client
from tools.faults.leaks import Held
from tools.faults.load import Load
from tools.faults.natures import Nature
from tools.faults.wire import Wire

if TYPE_CHECKING:
    from random import Random

AT_ONCE = 64
"""Calls under way."""
FAULTS = 0.02
"""The share of answers that have a fault."""
TIMEOUT = Timeout(total=2, attempt=0.5, connect=0.5)


@attrs.define
class Outcome:
    """The result of a run: a line that describes it, and the promises that it broke."""

    line: str
    broken: list[str]


async def cancel(transport: str, calls: int, seed: int = 7) -> Outcome:
    """Cancel calls at random points, and check that everything is as before."""
    with Wire() as wire:
        load = Load(wire, FAULTS, seed)
        await load.start()
        await asyncio.sleep(0)
        before, begin = Held.now(), time.monotonic()
        client = Client("awaited", load.url, transport=transport, limits=Limits(connections=8), timeout=TIMEOUT)
        numbers = iter(range(calls))

        async def work() -> None:
            for _ in numbers:
                await _cancelled(load, client)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        broken = [f"holds {line}" for line in client.leftovers()]
        await asyncio.gather(*(load.call(client, nature) for nature in Nature))
        await client.close()
        await asyncio.sleep(FAR)
        load.forget(0)
        await load.close()
        broken += [f"{line} more than before" for line in await before.more()] + load.broken
        elapsed = time.monotonic() - begin
    summary = ", ".join(f"{count} {what}" for what, count in load.told.most_common())
    return Outcome(f"{transport}: {calls} calls cancelled at random points in {elapsed:.1f} s ({summary})", broken)


FAR = 0.2
"""Seconds in which what the client had sent arrives."""


async def _cancelled(load: Load, client: Client) -> None:
    """Start a call and cancel it, unless it has ended before."""
    chance = load.chance
    call = asyncio.ensure_future(load.call(client, chance.choice(list(Nature))))
    await _wait(chance)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


async def _wait(chance: Random) -> None:
    """Wait for some iterations of the loop, or for some time."""
    for _ in range(chance.randrange(40)):
        await asyncio.sleep(0)
    if pause := chance.choice((0, 0.001, 0.003, 0.01, 0.03, 0.1)):
        await asyncio.sleep(pause)


async def close_under_calls(transport: str, clients: int, seed: int = 7) -> Outcome:
    """Close blocking clients at random points during calls, and check that every call ends and nothing is left."""
    with Wire() as wire:
        load = Load(wire, FAULTS, seed)
        await load.start()
        before, begin = Held.now(), time.monotonic()
        ends = [await _closed(load, transport) for _ in range(clients)]
        await asyncio.sleep(FAR)
        load.forget(0)
        await load.close()
        broken = [f"a call ended with {end}" for found in ends for end in found] + load.broken
        broken += [f"{line} more than before" for line in await before.more()]
        elapsed = time.monotonic() - begin
    summary = ", ".join(f"{count} {what}" for what, count in load.told.most_common())
    return Outcome(
        f"{transport}: {clients} blocking clients closed under 8 calls in {elapsed:.1f} s ({summary})", broken
    )


async def _closed(load: Load, transport: str) -> list[str]:
    """Start calls and close the client; return the calls that ended otherwise than they should."""
    client = Client("blocking", load.url, transport=transport, limits=Limits(connections=4), timeout=TIMEOUT)
    calls = [asyncio.ensure_future(load.call(client, load.chance.choice(list(Nature)))) for _ in range(8)]
    await asyncio.sleep(load.chance.choice((0.001, 0.004, 0.01, 0.02)))
    await client.close()
    async with asyncio.timeout(5):
        ends = await asyncio.gather(*calls, return_exceptions=True)
    return [repr(end) for end in ends if end is not None and not isinstance(end, ClientClosedError)]
