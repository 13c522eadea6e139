"""What the client costs. The figures are yet to be measured in full; this prints the first of them."""

from __future__ import annotations

import asyncio
import time

from talon_async.models import NewEvent
from talon_async.testing import Sandbox

EVENTS = 2_000


async def main() -> None:
    """Measure the processor time of one event, the sandbox's share included."""
    async with Sandbox() as sandbox, sandbox.client() as talon:
        events = [NewEvent(type="viewed", profile_id=f"p{n % 100}", session_id=f"s{n % 100}", attributes={"n": n})
                  for n in range(EVENTS)]  # fmt: skip
        await talon.track_events(events[:100])
        before = time.process_time()
        report = await talon.track_events(events)
        spent = time.process_time() - before
    print(f"{report}; {spent / EVENTS * 1e6:.0f} microseconds of processor time for each, client and sandbox together")


if __name__ == "__main__":
    asyncio.run(main())
