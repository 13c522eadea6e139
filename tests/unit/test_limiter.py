"""A limit of how many calls run at once, which can change while it is in use."""

from __future__ import annotations

import asyncio
import random

import pytest

from talon_async._core.limits import Limiter


async def waiting(limiter: Limiter) -> asyncio.Task[None]:
    task = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    return task


async def test_the_next_call_waits_when_the_limit_is_reached() -> None:
    """A place that is released goes to the first call that waits."""
    limiter = Limiter(2)
    assert [True, True, False] == [limiter.try_acquire() for _ in range(3)]
    first, second = await waiting(limiter), await waiting(limiter)
    limiter.release()
    await first
    assert (2, 1, False) == (limiter.active, limiter.waiting, second.done())
    limiter.release()
    await second


async def test_waiting_calls_go_on_when_the_limit_grows() -> None:
    """A larger limit lets as many waiting calls go on as there is room for, in their order."""
    limiter = Limiter(0)
    tasks = [await waiting(limiter) for _ in range(3)]
    limiter.change(2)
    await asyncio.sleep(0)
    assert [True, True, False] == [task.done() for task in tasks]
    limiter.change(3)
    await asyncio.gather(*tasks)


async def test_no_call_gets_a_place_when_the_limit_is_0() -> None:
    """With a limit of 0, calls that have a place keep it, and places that are released go to no other call."""
    limiter = Limiter(1)
    assert limiter.try_acquire()
    limiter.change(0)
    task = await waiting(limiter)
    limiter.release()
    await asyncio.sleep(0)
    assert (0, 0, False) == (limiter.limit, limiter.active, task.done())
    assert not limiter.try_acquire()
    limiter.change(1)
    await task


async def test_no_call_gets_a_place_when_the_limit_has_shrunk_below_the_active_ones() -> None:
    """A smaller limit takes effect as places are released."""
    limiter = Limiter(3)
    assert all(limiter.try_acquire() for _ in range(3))
    limiter.change(1)
    task = await waiting(limiter)
    for active in (2, 1):
        limiter.release()
        await asyncio.sleep(0)
        assert (active, False) == (limiter.active, task.done())
    limiter.release()
    await task


async def test_nobody_waits_when_the_only_waiter_was_cancelled() -> None:
    """It is taken out at once, not when a place is released: until then the limiter would seem to be in use."""
    limiter = Limiter(0)
    task = await waiting(limiter)
    assert (1, False) == (limiter.waiting, limiter.is_idle())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (0, True, 0) == (limiter.waiting, limiter.is_idle(), limiter.active)


async def test_a_place_is_passed_on_when_its_waiter_is_cancelled() -> None:
    """A call that is cancelled before or after it was given a place leaves the place to the next one."""
    limiter = Limiter(1)
    assert limiter.try_acquire()
    before, after, last = [await waiting(limiter) for _ in range(3)]
    before.cancel()
    limiter.release()  # `after` holds the place now, and has not run
    after.cancel()
    await asyncio.gather(before, after, return_exceptions=True)
    await last
    assert (1, 0) == (limiter.active, limiter.waiting)
    limiter.release()
    assert limiter.is_idle()


@pytest.mark.parametrize("seed", range(5))
async def test_the_limit_holds_when_everything_happens_at_random(seed: int) -> None:
    """No place is lost or given twice when limits change and waiting calls are cancelled at random."""
    chance = random.Random(seed)
    limiter = Limiter(3)
    through = most = 0

    async def work() -> None:
        nonlocal through, most
        await limiter.acquire()
        through += 1
        most = max(most, through)
        try:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
        finally:
            through -= 1
            limiter.release()

    tasks: list[asyncio.Task[None]] = []
    for _ in range(400):
        tasks.append(asyncio.create_task(work()))
        if chance.random() < 0.3:
            chance.choice(tasks).cancel()
        if chance.random() < 0.1:
            limiter.change(chance.randrange(6))
        await asyncio.sleep(0)
    limiter.change(3)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (0, 0, True) == (through, limiter.active, limiter.is_idle())
    assert most <= 5
