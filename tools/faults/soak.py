"""Minutes of mixed load with faults: every key acts once, every outcome is true, nothing is left, memory stays flat."""

from __future__ import annotations

import asyncio
import time

from talon_async import Limits, RetryPolicy, Timeout
from tools.faults.cancelling import FAR, Outcome
from tools.faults.clients import Client
from tools.faults.leaks import Held, Memory
from tools.faults.load import Load
from tools.faults.natures import Nature
from tools.faults.wire import Wire

FAULTS = 0.05
"""The share of answers that have a fault."""
CANCELLED = 0.02
"""The share of awaited calls that are cancelled."""
WORKERS = {"awaited": 12, "blocking": 4}
FLAT = 8.0
"""Megabytes by which the medians of the first and the last quarter may differ."""
OPTIONS = {
    "timeout": Timeout(total=1, attempt=0.3, connect=0.3),
    "retry": RetryPolicy(base=0.005, throttle_base=0.005, parallel_base=0.005),
    "limits": Limits(connections=8, response_bytes=200_000),
}


async def soak(transport: str, seconds: float, seed: int = 7) -> Outcome:
    """Keep both twins under load."""
    with Wire() as wire:
        load = Load(wire, FAULTS, seed)
        await load.start()
        await asyncio.sleep(0)
        before, memory = Held.now(), Memory()
        clients = {twin: Client(twin, load.url, transport=transport, **OPTIONS) for twin in WORKERS}
        end = time.monotonic() + seconds
        watching = asyncio.ensure_future(memory.watch(max(seconds / 400, 0.05)))
        await asyncio.gather(
            *(_work(load, client, twin, end) for twin, client in clients.items() for _ in range(WORKERS[twin]))
        )
        watching.cancel()
        await asyncio.gather(watching)
        broken = [f"holds {line}" for client in clients.values() for line in client.leftovers()]
        for client in clients.values():
            await client.close()
        await asyncio.sleep(FAR)
        load.forget(0)
        await load.close()
        broken += [f"{line} more than before" for line in await before.more()] + load.broken
    if memory.growth() > FLAT:
        broken.append(f"memory grew by {memory.growth():.1f} MB")
    summary = ", ".join(f"{count} {what}" for what, count in load.told.most_common())
    line = (
        f"{transport}: {sum(load.told.values())} calls in {seconds:.0f} s ({summary}); memory {memory.growth():+.1f} MB"
    )
    return Outcome(f"{line} of {memory.samples[-1]:.0f} MB", broken)


async def _work(load: Load, client: Client, twin: str, end: float) -> None:
    """Make one call after the other."""
    chance = load.chance
    while time.monotonic() < end:
        call = asyncio.ensure_future(load.call(client, chance.choice(list(Nature))))
        if twin == "awaited" and chance.random() < CANCELLED:
            await asyncio.sleep(chance.choice((0, 0.001, 0.005)))
            call.cancel()
        await asyncio.wait([call])
