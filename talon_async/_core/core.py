"""The state that a client shares with its copies, its blocking twin and its runs of many calls.

1. A client works in any number of event loops. Its state on a loop is stored on that loop, by client. The connections
   are freed when the loop, or the client, is dropped without closing.
2. `asyncio.run` closes the asynchronous generators of its loop when the loop ends. `LoopState._closer` is such a
   generator, so the connections are closed with the loop.
3. A forked child leaves its parent's connections alone: it neither uses nor closes nor finalises them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import warnings
import weakref
from typing import TYPE_CHECKING, Any, NoReturn

from talon_async._clock import Clock
from talon_async._core.limits import KeyedLock, Limiter
from talon_async._core.retry import Budget
from talon_async._transport.deadlines import Deadlines
from talon_async._transport.threads import keep_for_parent
from talon_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from talon_async._transport.base import Transport, TransportSettings
    from talon_async._transport.deadlines import Attempt

ATTRIBUTE = "_talon_async"
"""The attribute of an event loop that holds the `LoopState` of each `Core`."""


class LoopState:
    """The state of a client on one event loop: transport, locks, limiter, and deadlines of the attempts."""

    loop: asyncio.AbstractEventLoop
    pid: int
    deadlines: Deadlines
    transport: Transport
    locks: KeyedLock
    limiter: Limiter
    is_closed: bool
    closed: asyncio.Event

    def __init__(self, settings: TransportSettings, make: Callable[[TransportSettings, Deadlines], Transport]) -> None:
        self.loop, self.pid = asyncio.get_running_loop(), os.getpid()
        self.deadlines = Deadlines()
        self.transport = make(settings, self.deadlines)
        self.locks = KeyedLock(settings.limits.parallel_updates)
        self.limiter = Limiter(settings.limits.connections)
        self.is_closed = False
        self.closed = asyncio.Event()  # set together with `is_closed`, for tasks that wait
        self._closer: AsyncGenerator[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def live_with_loop(self) -> None:
        """Have the loop close this state when it shuts down its asynchronous generators."""
        self._closer = self._close_with_loop()
        await anext(self._closer)

    async def _close_with_loop(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self.is_closed = True
            self.closed.set()
            self.deadlines.close()
            if self.pid == os.getpid():
                await self.transport.close()

    def end(self, attempt: Attempt | None) -> None:
        """End an attempt, if it began, and give its place in the limiter back."""
        if attempt is not None:
            self.deadlines.by_task.pop(attempt.task, None)
        self.limiter.release()

    def is_in_use(self) -> bool:
        """Tell whether a call is under way."""
        return bool(len(self.deadlines) or not self.limiter.is_idle() or len(self.locks))

    def close_soon(self) -> None:
        """Schedule the closing of the connections. The loop itself calls this."""
        self._closing = self.loop.create_task(self.close())

    async def close(self) -> None:
        """Close the connections, unless that has begun; calls under way end with ClientClosedError."""
        if self._closer is not None and not self.is_closed:
            await self._closer.aclose()


def no_loop() -> RuntimeError:
    """Return the error of a call that is awaited where asyncio does not run."""
    runs = "trio runs here" if _runs_trio() else "no event loop runs here"
    return RuntimeError(f"TalonOne needs asyncio, and {runs}: use TalonOneSync, in a thread, or asyncio.run()")


def _runs_trio() -> bool:
    trio: Any = sys.modules.get("trio")
    try:
        return trio is not None and trio.lowlevel.current_task() is not None
    except RuntimeError:
        return False


def _nothing() -> None:
    """Stand in for a weak reference to a state that no longer exists."""


class Core:
    """The settings of a client, its state on each event loop, and its retry budget."""

    settings: TransportSettings
    budget: Budget
    clock: Clock
    closed: bool

    def __init__(
        self,
        settings: TransportSettings,
        make: Callable[[TransportSettings, Deadlines], Transport],
        clock: Clock | None = None,
    ) -> None:
        self.settings, self._make_transport = settings, make
        self.budget, self.clock = Budget(), clock or Clock()
        self.closed = False
        self._loops: dict[int, weakref.ref[asyncio.AbstractEventLoop]] = {}
        self._last_state: Callable[[], LoopState | None] = _nothing
        _cores.add(self)

    def state(self) -> LoopState | None:
        """Return this client's state on the running loop; None before the first call there."""
        state = self._last_state()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise no_loop() from None
        if state is None or state.loop is not loop:
            states: weakref.WeakKeyDictionary[Core, LoopState] | None = getattr(loop, ATTRIBUTE, None)
            state = None if states is None else states.get(self)
            self._last_state = _nothing if state is None else weakref.ref(state)
        if state is None or state.is_closed:
            return None
        if state.pid != os.getpid():
            raise ClientClosedError(
                "this event loop and its connections belong to the parent process: make a new event loop"
            )
        return state

    async def open(self) -> LoopState:
        """Return this client's state on the running loop; make it if there is none."""
        if self.closed:
            raise ClientClosedError("the client is closed")
        if (state := self.state()) is not None:
            return state
        loop = asyncio.get_running_loop()
        state = LoopState(self.settings, self._make_transport)
        states: weakref.WeakKeyDictionary[Core, LoopState] = getattr(loop, ATTRIBUTE, weakref.WeakKeyDictionary())
        states[self] = state
        setattr(loop, ATTRIBUTE, states)
        self._loops = {key: ref for key, ref in list(self._loops.items()) if ref() is not None}
        self._loops[id(loop)] = weakref.ref(loop)
        await state.live_with_loop()
        return state

    def states(self) -> list[LoopState]:
        """Return this client's states on all loops that are not closed."""
        loops = [loop for ref in list(self._loops.values()) if (loop := ref()) is not None and not loop.is_closed()]
        states = [getattr(loop, ATTRIBUTE).get(self) for loop in loops]
        return [state for state in states if state is not None and not state.is_closed]

    async def close(self) -> None:
        """Close the state on the running loop, and have every other loop close its own soon."""
        self.closed = True
        for state in self.states():
            if state.pid != os.getpid():
                continue
            if state.loop is asyncio.get_running_loop():
                await state.close()
            else:
                with contextlib.suppress(RuntimeError):  # that loop has been closed meanwhile
                    state.loop.call_soon_threadsafe(state.close_soon)

    def abandon(self) -> None:
        """Forget the states on all loops in a forked child: they belong to the parent process."""
        for state in self.states():
            state.transport.abandon()
            keep_for_parent(state)
        self._loops = {}

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client cannot be pickled, as it holds an API key and connections: make a client in each process"
        )

    def __del__(self) -> None:
        if not self.closed and self.states():
            warnings.warn(
                f"the client of {self.settings.base_url} was not closed: use `async with`, or await aclose()",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )


_cores: weakref.WeakSet[Core] = weakref.WeakSet()


def _after_fork() -> None:
    for core in list(_cores):
        core.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
