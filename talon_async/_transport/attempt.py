"""One request on its way, and what ends those that take too long."""

from __future__ import annotations

import asyncio
import time
from contextvars import Context
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from talon_async._messages import Answer


class Attempt:
    """One request on its way.

    Attributes:
        end: the loop's time until which it may take.
        connect: seconds of that to make a connection.
        connecting: whether a connection is being made for it, when nothing can have been sent.
        heard: the answer, from the moment its head is here; its body may still be missing.
    """

    __slots__ = ("cancelling", "connect", "connecting", "end", "expired", "heard", "task")
    task: asyncio.Task[Any]
    heard: Answer | None

    def begin(self, end: float, connect: float) -> None:
        """Start anew: until the loop's time `end`, with so many seconds to connect."""
        self.task = task = cast("asyncio.Task[Any]", asyncio.current_task())
        self.cancelling = task.cancelling()
        self.end, self.connect = end, connect
        self.connecting = self.expired = False
        self.heard = None

    def expire(self) -> None:
        """End the attempt with a TimeoutError, by the way that asyncio's own timeouts go."""
        self.expired = True
        self.task.cancel()

    def is_over(self) -> bool:
        """Tell whether a cancellation of the task was ours, and nobody else's."""
        return self.expired and self.task.uncancel() <= self.cancelling


class Attempts:
    """The attempts under way, by task, and what ends those that take too long.

    One timer watches over all of them: aiohttp's timeouts cost 8 % of a request, this 1 %.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = Context()  # an empty one: a timer must not keep what is in the caller's
        self._by_task: dict[asyncio.Task[Any], Attempt] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self._by_task)

    def add(self, attempt: Attempt) -> None:
        """Watch over an attempt."""
        self._by_task[attempt.task] = attempt
        if self._timer is None or attempt.end < self._timer.when():
            self._wake_at(attempt.end)

    def remove(self, attempt: Attempt) -> None:
        """Watch over an attempt no longer; the timer finds out by itself."""
        self._by_task.pop(attempt.task, None)

    def current(self) -> Attempt:
        """Return the attempt of the running task."""
        return self._by_task[cast("asyncio.Task[Any]", asyncio.current_task())]

    def _wake_at(self, time: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(time, self._look, context=self._context) if time != float("inf") else None

    def _look(self) -> None:
        now = self._loop.time() + _TICK
        for attempt in [attempt for attempt in self._by_task.values() if attempt.end <= now]:
            self.remove(attempt)
            attempt.expire()
        self._timer = None
        self._wake_at(min((attempt.end for attempt in self._by_task.values()), default=float("inf")))

    def close(self) -> None:
        """End every attempt now, and stop the timer."""
        for attempt in list(self._by_task.values()):
            self.remove(attempt)
            attempt.expire()
        self._wake_at(float("inf"))


_TICK = time.get_clock_info("monotonic").resolution
"""Seconds by which a loop may wake up early."""
