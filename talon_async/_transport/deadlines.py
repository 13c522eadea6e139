"""One attempt at a request, and the one timer that ends attempts which take too long.

1. One timer watches over all attempts of an event loop: a timer for each, as asyncio and aiohttp set them, is dearer.
2. A deadline ends an attempt the way asyncio's own timeouts do: it cancels the task, and takes that back afterwards.
3. A timer can fire late: the loop was busy, or the process stood still. The answer may be here by then, so the loop
   gets the chance to read it before an attempt is ended.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import Context
from typing import TYPE_CHECKING, Any, cast

from talon_async.errors import ConnectError, RequestTimeoutError, UnreadableAnswerError

if TYPE_CHECKING:
    from talon_async._messages import Answer
    from talon_async.errors import TalonOneError

TURNS_TO_READ = 3
"""Turns of the loop before an attempt is ended: to read from the socket, to wake the task, to let it finish.

uvloop runs timers before it reads, so it needs one more than asyncio's own loops.
"""


class Attempt:
    """One attempt at a request.

    Attributes:
        end: the loop's time at which it is over.
        connect_end: the loop's time at which it is over if there is no connection yet.
        connecting: whether a connection is being made for it; nothing of the request has been sent then.
        answer: the answer, from the moment its head is here; the body may still be missing.
        task: the task that makes it.
        cancelling: how many cancellations of the task were under way when it began.
        expired: whether its time is over.
    """

    answer: Answer | None = None
    cancelling: int = 0
    connect_end: float = 0.0
    connecting: bool = False
    end: float = 0.0
    expired: bool = False
    task: asyncio.Task[Any] | None = None

    def is_over(self, now: float) -> bool:
        """Tell whether its time is over."""
        return self.end <= now or (self.connecting and self.connect_end <= now)

    def expire(self) -> None:
        """End the attempt."""
        self.expired = True
        if self.task is not None:
            self.task.cancel()

    def is_only_expired(self) -> bool:
        """Tell whether the deadline, and nothing else, has cancelled the task."""
        return self.expired and self.task is not None and self.task.cancelling() == self.cancelling + 1

    def has_expired(self) -> bool:
        """Tell whether the task was cancelled by the deadline and by nothing else; the cancellation is taken back."""
        return self.expired and self.task is not None and self.task.uncancel() <= self.cancelling

    def timeout_error(self) -> TalonOneError:
        """Return the error of an attempt that was ended by its deadline."""
        if self.answer is not None:
            return UnreadableAnswerError("the answer did not come to its end in the time allowed")
        if self.connecting:
            which = "connect" if self.connect_end < self.end else "attempt"
            return ConnectError(f"no connection within the time allowed (Timeout.{which})")
        return RequestTimeoutError("no answer within the time allowed (Timeout.attempt)")


class Deadlines:
    """Ends the attempts on one event loop whose time is over.

    Attributes:
        by_task: the attempts under way, by the task that makes them.
    """

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._context = Context()  # an empty one: a timer must not keep what is in a caller's
        self.by_task: dict[asyncio.Task[Any] | None, Attempt] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self.by_task)

    def watch(self, attempt: Attempt, seconds: float, connect_seconds: float) -> None:
        """Begin an attempt in the running task, and end it after so many seconds, of which so many for connecting."""
        attempt.task = task = cast("asyncio.Task[Any]", asyncio.current_task(self.loop))
        attempt.cancelling = task.cancelling()
        now = self.loop.time()
        attempt.end, attempt.connect_end = now + seconds, now + connect_seconds
        attempt.connecting = attempt.expired = False
        attempt.answer = None
        self.by_task[task] = attempt
        if self._timer is None or attempt.connect_end < self._timer.when():
            self._set_timer(attempt.connect_end)

    def unwatch(self, attempt: Attempt) -> None:
        """Leave the attempt alone. The timer finds out when it fires."""
        self.by_task.pop(attempt.task, None)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_at(when, self._fire, context=self._context)

    def _fire(self) -> None:
        self._timer = None
        now = self.loop.time() + _TICK
        if any(attempt.is_over(now) for attempt in self.by_task.values()):
            self._end_after_reading(now, TURNS_TO_READ)
        ends = [end for attempt in self.by_task.values() for end in (attempt.connect_end, attempt.end) if end > now]
        if ends:
            self._set_timer(min(ends))

    def _end_after_reading(self, now: float, turns: int) -> None:
        if turns:
            self.loop.call_soon(self._end_after_reading, now, turns - 1, context=self._context)
            return
        for attempt in list(self.by_task.values()):
            if attempt.is_over(now):
                self.unwatch(attempt)
                attempt.expire()

    def close(self) -> None:
        """End every attempt now, and stop the timer."""
        for attempt in list(self.by_task.values()):
            self.unwatch(attempt)
            attempt.expire()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_TICK = time.get_clock_info("monotonic").resolution
"""Seconds by which a loop may wake up early."""
