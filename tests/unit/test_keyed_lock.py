"""The locks for the ordering keys of profiles and sessions."""

from __future__ import annotations

import asyncio

import pytest

from talon_async._core.limits import KeyedLock


async def stand(locks: KeyedLock, *turns: str) -> asyncio.Task[None]:
    task = asyncio.create_task(locks.acquire(turns))
    await asyncio.sleep(0)
    return task


async def test_the_next_call_waits_when_the_key_is_locked() -> None:
    """A second call of a key gets it when the first one releases it."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("profile:a",))
    second = await stand(locks, "profile:a")
    assert not second.done()
    locks.release(("profile:a",))
    await second


async def test_different_keys_do_not_wait_when_one_is_locked() -> None:
    """Locks of different keys are independent."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("profile:a",))
    assert locks.try_acquire(("profile:b",))
    assert locks.try_acquire(("session:a",))


async def test_as_many_calls_enter_as_the_width_allows_when_it_is_more_than_one() -> None:
    """A key of width two has two holders at a time."""
    locks = KeyedLock(2)
    assert [True, True, False] == [locks.try_acquire(("x",)) for _ in range(3)]


async def test_calls_get_a_key_in_their_order_when_several_wait() -> None:
    """Calls that wait for a key get it in the order in which they came."""
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


async def test_no_call_gets_ahead_when_a_key_was_just_passed_on() -> None:
    """A key belongs to the call that was woken, also before that call runs."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("x",))
    second = await stand(locks, "x")
    locks.release(("x",))
    assert not locks.try_acquire(("x",))
    await second


async def test_two_calls_never_wait_for_each_other_when_each_needs_two_keys() -> None:
    """A thousand calls that lock two keys each, always in the same order, all end."""
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
    """A call that is cancelled while it waits releases the keys it holds, and waits for no other."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("session:b",))
    waiting = await stand(locks, "profile:a", "session:b")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert locks.try_acquire(("profile:a",))
    locks.release(("profile:a", "session:b"))
    assert len(locks) == 0


async def test_a_free_key_is_taken_when_the_only_waiter_was_cancelled() -> None:
    """A cancelled waiter leaves nothing behind that makes others wait."""
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


async def test_a_free_key_is_taken_when_all_waiters_have_had_it() -> None:
    """The queue of a key is removed with its last waiter."""
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


async def test_a_key_is_passed_on_when_its_new_holder_is_cancelled_while_being_woken() -> None:
    """A key that was passed to a call which is cancelled in the same moment goes to the next one."""
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


async def test_a_key_skips_a_call_when_it_was_cancelled_and_has_not_run_since() -> None:
    """A key is not passed to a call that was cancelled and has not run since."""
    locks = KeyedLock(1)
    assert locks.try_acquire(("x",))
    second, third = await stand(locks, "x"), await stand(locks, "x")
    second.cancel()
    locks.release(("x",))
    await third
    assert second.cancelled()
    locks.release(("x",))
    assert len(locks) == 0
