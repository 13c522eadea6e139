"""Turns for each profile and session."""

from __future__ import annotations

import asyncio

import pytest

from talon_async._lanes import Lanes


async def stand(lanes: Lanes, *turns: str) -> asyncio.Task[None]:
    task = asyncio.create_task(lanes.enter(turns))
    await asyncio.sleep(0)
    return task


async def test_the_next_waits_when_the_lane_is_taken() -> None:
    """One at a time: the second enters when the first leaves."""
    lanes = Lanes(1)
    assert lanes.try_enter(("profile:a",))
    second = await stand(lanes, "profile:a")
    assert not second.done()
    lanes.leave(("profile:a",))
    await second


async def test_different_ids_do_not_wait_when_one_is_taken() -> None:
    """Lanes are apart."""
    lanes = Lanes(1)
    assert lanes.try_enter(("profile:a",))
    assert lanes.try_enter(("profile:b",))
    assert lanes.try_enter(("session:a",))


async def test_as_many_enter_as_the_width_allows_when_it_is_more() -> None:
    """Width two lets two in."""
    lanes = Lanes(2)
    assert [True, True, False] == [lanes.try_enter(("x",)) for _ in range(3)]


async def test_turns_pass_in_order_when_several_wait() -> None:
    """First come, first served."""
    lanes, order = Lanes(1), []
    assert lanes.try_enter(("x",))

    async def call(name: int) -> None:
        await lanes.enter(("x",))
        order.append(name)
        lanes.leave(("x",))

    tasks = [asyncio.create_task(call(name)) for name in range(5)]
    await asyncio.sleep(0)
    lanes.leave(("x",))
    await asyncio.gather(*tasks)
    assert [0, 1, 2, 3, 4] == order


async def test_nobody_slips_in_when_the_turn_was_just_passed_on() -> None:
    """Between waking and running, the turn belongs to whoever was woken."""
    lanes = Lanes(1)
    assert lanes.try_enter(("x",))
    second = await stand(lanes, "x")
    lanes.leave(("x",))
    assert not lanes.try_enter(("x",))
    await second


async def test_two_calls_never_wait_for_each_other_when_each_needs_two_turns() -> None:
    """Turns are taken in one order, so ten thousand crossing calls all end."""
    lanes = Lanes(1)

    async def call(n: int) -> None:
        turns = tuple(sorted((f"profile:{n % 3}", f"session:{n % 5}")))
        await lanes.enter(turns)
        await asyncio.sleep(0)
        lanes.leave(turns)

    async with asyncio.timeout(30):
        await asyncio.gather(*(call(n) for n in range(1000)))
    assert len(lanes) == 0


async def test_nothing_is_held_when_the_wait_is_cancelled() -> None:
    """A cancelled call gives back the turns it had, and leaves the line."""
    lanes = Lanes(1)
    assert lanes.try_enter(("session:b",))
    waiting = await stand(lanes, "profile:a", "session:b")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert lanes.try_enter(("profile:a",))
    lanes.leave(("profile:a", "session:b"))
    assert len(lanes) == 0


async def test_the_turn_goes_on_when_its_owner_is_cancelled_while_being_woken() -> None:
    """A turn passed to a call that is cancelled in the same moment goes to the next in line."""
    lanes = Lanes(1)
    assert lanes.try_enter(("x",))
    second, third = await stand(lanes, "x"), await stand(lanes, "x")
    lanes.leave(("x",))
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await third
    lanes.leave(("x",))
    assert len(lanes) == 0


async def test_the_line_is_kept_when_a_cancelled_call_still_stands_in_it() -> None:
    """Passing on skips whoever has been cancelled but has not run since."""
    lanes = Lanes(1)
    assert lanes.try_enter(("x",))
    second, third = await stand(lanes, "x"), await stand(lanes, "x")
    second.cancel()
    lanes.leave(("x",))
    await third
    assert second.cancelled()
    lanes.leave(("x",))
    assert len(lanes) == 0
