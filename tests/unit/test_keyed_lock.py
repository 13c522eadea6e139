"""Turns for each profile and session."""

from __future__ import annotations

import asyncio

import pytest

from talon_async._core.limits import KeyedLock


async def stand(locks: KeyedLock, *turns: str) -> asyncio.Task[None]:
    task = asyncio.create_task(locks.acquire(turns))
    await asyncio.sleep(0)
    return task


async def test_the_next_waits_when_the_lane_is_taken() -> None:
    """One at a time: the second enters when the first leaves."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("profile:a",))
    second = await stand(locks, "profile:a")
    assert not second.done()
    locks.release(("profile:a",))
    await second


async def test_different_ids_do_not_wait_when_one_is_taken() -> None:
    """KeyedLock are apart."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("profile:a",))
    assert locks.try_acquire(("profile:b",))
    assert locks.try_acquire(("session:a",))


async def test_as_many_enter_as_the_width_allows_when_it_is_more() -> None:
    """Width two lets two in."""
    locks = KeyedLock(2)
    assert [True, True, False] == [locks.try_acquire(("x",)) for _ in range(3)]


async def test_turns_pass_in_order_when_several_wait() -> None:
    """First come, first served."""
    locks, order = KeyedLock(1), []
    assert locks.try_acquire(("x",))

    async def call(name: int) -> None:
        await locks.acquire(("x",))
        order.append(name)
        locks.release(("x",))

    tasks = [asyncio.create_task(call(name)) for name in range(5)]
    await asyncio.sleep(0)
    locks.release(("x",))
    await asyncio.gather(*tasks)
    assert [0, 1, 2, 3, 4] == order


async def test_nobody_slips_in_when_the_turn_was_just_passed_on() -> None:
    """Between waking and running, the turn belongs to whoever was woken."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("x",))
    second = await stand(locks, "x")
    locks.release(("x",))
    assert not locks.try_acquire(("x",))
    await second


async def test_two_calls_never_wait_for_each_other_when_each_needs_two_turns() -> None:
    """Turns are taken in one order, so ten thousand crossing calls all end."""
    locks = KeyedLock(1)

    async def call(n: int) -> None:
        turns = tuple(sorted((f"profile:{n % 3}", f"session:{n % 5}")))
        await locks.acquire(turns)
        await asyncio.sleep(0)
        locks.release(turns)

    async with asyncio.timeout(30):
        await asyncio.gather(*(call(n) for n in range(1000)))
    assert len(locks) == 0


async def test_nothing_is_held_when_the_wait_is_cancelled() -> None:
    """A cancelled call gives back the turns it had, and leaves the line."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("session:b",))
    waiting = await stand(locks, "profile:a", "session:b")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert locks.try_acquire(("profile:a",))
    locks.release(("profile:a", "session:b"))
    assert len(locks) == 0


async def test_a_free_turn_is_taken_when_the_only_one_that_waited_was_cancelled() -> None:
    """Nothing of the wait is left that would make others wait, or that would stay for good."""
    locks = KeyedLock(2)
    assert locks.try_acquire(("a",))
    assert locks.try_acquire(("a",))
    waiter = await stand(locks, "a")
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    locks.release(("a",))
    assert locks.try_acquire(("a",))
    locks.release(("a", "a"))
    assert (0, {}) == (len(locks), locks._waiters)


async def test_a_free_turn_is_taken_when_all_that_waited_had_theirs() -> None:
    """The line of a key ends with the last that stood in it."""
    locks = KeyedLock(2)
    assert locks.try_acquire(("a",))
    assert locks.try_acquire(("a",))
    waiter = await stand(locks, "a")
    locks.release(("a",))
    await waiter
    locks.release(("a",))
    assert locks.try_acquire(("a",))
    locks.release(("a", "a"))
    assert (0, {}) == (len(locks), locks._waiters)


async def test_the_turn_goes_on_when_its_owner_is_cancelled_while_being_woken() -> None:
    """A turn passed to a call that is cancelled in the same moment goes to the next in line."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("x",))
    second, third = await stand(locks, "x"), await stand(locks, "x")
    locks.release(("x",))
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await third
    locks.release(("x",))
    assert len(locks) == 0


async def test_the_line_is_kept_when_a_cancelled_call_still_stands_in_it() -> None:
    """Passing on skips whoever has been cancelled but has not run since."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("x",))
    second, third = await stand(locks, "x"), await stand(locks, "x")
    second.cancel()
    locks.release(("x",))
    await third
    assert second.cancelled()
    locks.release(("x",))
    assert len(locks) == 0
