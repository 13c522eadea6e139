"""A coroutine that ordinary code hands to the thread of an event loop, and the wait for what it comes to.

1. It is settled once: by its task, by the loop where no task could be started, or by the thread when that ends. So
   whoever waits for it goes on, whatever happens.
2. It can be cancelled from the moment at which it is made, also when the handing over itself is interrupted.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from talon_async._transport.threads import Flag
from talon_async.errors import TalonOneError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Handover(Generic[T]):
    """A coroutine for the loop's thread, and its result or error.

    Attributes:
        value: what it returned.
        error: what it raised.
        was_cancelled: whether whoever handed it over gave it up.
    """

    __slots__ = ("_coroutine", "_flag", "_settled", "_task", "error", "value", "was_cancelled")

    def __init__(self, coroutine: Coroutine[Any, Any, T], settled: Callable[[], object] | None = None) -> None:
        self._coroutine, self._settled = coroutine, settled
        self._flag = Flag()
        self._task: asyncio.Task[Any] | None = None
        self.value: Any = None
        self.error: BaseException | None = None
        self.was_cancelled: bool = False

    @property
    def has_begun(self) -> bool:
        """Whether a task has begun to run it."""
        return self._task is not None

    @property
    def is_settled(self) -> bool:
        """Whether it has ended."""
        return self._flag.is_set

    # -- on the loop

    def begin(self) -> Coroutine[Any, Any, T]:
        """Say that the running task runs it; return the coroutine, whose result becomes the `value`."""
        self._task = asyncio.current_task()
        return self._coroutine

    def cancel(self) -> None:
        """Cancel the task; one that was never started is settled."""
        self.was_cancelled = True
        if self._task is not None:
            self._task.cancel()
        else:
            self.settle(asyncio.CancelledError())

    # -- on any thread

    def settle(self, error: BaseException | None = None) -> None:
        """Let whoever waits go on; with an error, unless the task has ended by itself."""
        if self._flag.is_set:
            return
        if error is not None:
            self.error = error
        if self._task is None:
            self._coroutine.close()
        self._flag.set()
        if self._settled is not None:
            self._settled()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is settled, but not longer; tell whether it is."""
        return self._flag.wait(seconds)

    def result(self) -> T:
        """Wait, and return what the coroutine returned or raise what it raised."""
        self._flag.wait()
        error, self.error = self.error, None
        if error is None:
            value: T = self.value
            return value
        if isinstance(error, TalonOneError):
            error = error.with_traceback(None)  # what happened on the thread is of no use to the caller
        try:
            raise error
        finally:
            del error, self  # or each failure would leave a reference cycle, with the request in it


class LoopThread(Protocol):
    """The thread of an event loop that takes coroutines."""

    pid: int
    loop: asyncio.AbstractEventLoop

    def start(self, call: Handover[Any]) -> None:
        """Start a coroutine; ClientClosedError where none is taken any more."""
        ...

    def give_up(self, call: Handover[Any]) -> None:
        """Cancel a coroutine, unless it is settled, and wait until it is."""
        ...
