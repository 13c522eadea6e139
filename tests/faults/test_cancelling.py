"""A call that is cancelled leaves nothing behind."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from support.clock import FakeClock
from support.raw import Exchange, RawServer, answer
from support.twins import KEY

from talon_async import Limits, TalonOne
from talon_async.models import CustomerProfileIntegrationRequestV2

BODY = CustomerProfileIntegrationRequestV2()


@pytest.mark.parametrize("transport", ["session", "direct"])
async def test_locks_and_places_are_free_when_calls_were_cancelled_anywhere(transport: Any) -> None:
    """After three hundred calls that were cancelled at random points, a client works and holds no lock or place."""
    chance = random.Random(7)

    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.005)
        await exchange.send(answer({}))

    with RawServer(slow) as server:
        async with TalonOne(server.url, KEY, limits=Limits(connections=4), transport=transport) as talon:

            async def once(n: int) -> None:
                call = asyncio.ensure_future(talon.update_customer_profile_v2(f"p{n % 7}", BODY))
                for _ in range(chance.randrange(40)):
                    await asyncio.sleep(0)
                await asyncio.sleep(chance.choice([0, 0.002, 0.006]))
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)

            await asyncio.gather(*(once(n) for n in range(300)))
            state = talon._core.state()
            assert state is not None
            assert (0, True, 0) == (len(state.locks), state.limiter.is_idle(), len(state.deadlines))
            await asyncio.gather(*(talon.update_customer_profile_v2(f"p{n % 7}", BODY) for n in range(20)))


async def test_a_timeout_of_the_caller_is_the_callers_when_it_ends_a_call() -> None:
    """`asyncio.timeout` around a call raises TimeoutError, as it does around any other code."""

    async def hang(_: Exchange) -> None:
        await asyncio.sleep(60)

    with RawServer(hang) as server:
        async with TalonOne(server.url, KEY) as talon:
            ended = False
            try:
                async with asyncio.timeout(0.1):
                    await talon.get_customer_inventory("a")
            except TimeoutError as error:
                ended = type(error) is TimeoutError
    assert ended


@pytest.mark.parametrize("transport", ["session", "direct"])
async def test_no_task_is_left_when_a_call_has_paused(transport: Any) -> None:
    """Neither one that waits for the end of the pause, nor one that waits for the client to be closed."""
    paused = asyncio.Event()

    class Pausing(FakeClock):
        async def sleep(self, seconds: float) -> None:
            paused.set()
            await asyncio.sleep(60 if cancelled else 0)

    with RawServer(answer({}, status=503), answer({}), answer({}, status=503)) as server:
        async with TalonOne(server.url, KEY, clock=Pausing(), transport=transport) as talon:
            for cancelled in (False, True):
                call = asyncio.ensure_future(talon.get_customer_inventory("a"))
                await paused.wait()
                paused.clear()
                if cancelled:
                    call.cancel()
                await asyncio.gather(call, return_exceptions=True)
                await asyncio.sleep(0)
                assert {asyncio.current_task()} == asyncio.all_tasks()
    assert 3 == len(server.received)
