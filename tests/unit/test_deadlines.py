"""When an attempt is over, and whose cancellation it is that ends its task."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from talon_async._transport.deadlines import Attempt, Deadlines


@pytest.mark.parametrize(
    ("connecting", "now", "over"),
    [(True, 4.9, False), (True, 5.0, True), (False, 5.0, False), (False, 9.9, False), (False, 10.0, True)],
)
def test_the_time_for_connecting_counts_when_a_connection_is_being_made(
    connecting: bool, now: float, over: bool
) -> None:
    """An answer may take longer than connecting: up to the time of the attempt."""
    attempt = Attempt()
    attempt.connecting, attempt.connect_deadline, attempt.deadline = connecting, 5.0, 10.0
    assert over is attempt.is_over(now)


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel the running task, as somebody does who wants it to end, and go on."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(0)


async def call(before: bool, during: bool) -> tuple[bool, bool]:
    """End an attempt by its deadline; tell what it says of the cancellation."""
    task = asyncio.current_task()
    assert task is not None
    if before:
        await cancelled(task)
    attempt = Deadlines().start(60, 60)
    if during:
        await cancelled(task)
    attempt.expire()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    return attempt.is_cancelled_by_deadline_alone(), attempt.take_back_cancellation()


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("during", [False, True])
async def test_only_its_own_cancellation_is_taken_back_when_a_deadline_ends_an_attempt(
    before: bool, during: bool
) -> None:
    """A task that was cancelled before may clean up with calls; who cancels it during one is not passed over."""
    alone, taken_back = await asyncio.ensure_future(call(before, during))
    assert (not during, not during) == (alone, taken_back)


async def test_a_short_attempt_ends_in_time_when_a_long_one_began_before_it() -> None:
    """The one timer of a loop is for the attempt that ends first; the others go on."""
    deadlines = Deadlines()

    async def hang(seconds: float) -> bool:
        attempt = deadlines.start(seconds, seconds)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return attempt.take_back_cancellation()
        raise AssertionError(attempt)

    long = asyncio.ensure_future(hang(50))
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        assert await asyncio.ensure_future(hang(0.01))
    assert not long.done()
    long.cancel()
    assert not await long
    deadlines.close()


async def test_an_attempt_ends_in_time_when_it_has_connected() -> None:
    """The timer that found it connected is set anew, for the time of the attempt."""
    deadlines = Deadlines()
    attempt = deadlines.start(0.03, 0.01)
    with pytest.raises(TimeoutError, match=r"Timeout\.attempt"):
        try:
            async with asyncio.timeout(20):
                await asyncio.sleep(60)
        except asyncio.CancelledError:
            assert attempt.take_back_cancellation()
            raise attempt.timeout_error() from None
    deadlines.close()


async def test_a_task_is_cancelled_once_when_it_takes_turns_to_end() -> None:
    """A second cancellation would be taken for somebody else's, and the caller would get it."""
    deadlines = Deadlines()
    attempt = deadlines.start(0.01, 0.01)
    try:
        async with asyncio.timeout(20):
            await asyncio.sleep(60)
    except asyncio.CancelledError:
        for _ in range(10):
            await asyncio.sleep(0)  # closing takes a few
        assert attempt.take_back_cancellation()
    assert (True, 0) == (attempt.expired, len(deadlines))
    deadlines.close()
