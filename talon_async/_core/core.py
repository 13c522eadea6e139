"""What a client, its copies, its blocking twin and its runs of many calls have in common.

1. A client works in any number of event loops. Its state on a loop is stored on that loop, by client. A loop that is
   dropped without closing frees its connections, and so does a client.
2. A loop that ends properly, as `asyncio.run` ends it, closes the asynchronous generators that were started in it.
   `LoopState._closer` is one of them.
3. A forked child leaves its parent's connections alone: it neither uses nor closes nor finalises them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import warnings
import weakref
from typing import TYPE_CHECKING, NoReturn

from talon_async._clock import Clock
from talon_async._core.limits import KeyedLock, Limiter
from talon_async._core.retry import Budget
from talon_async._transport.deadlines import Deadlines
from talon_async._transport.forks import keep_for_parent
from talon_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from talon_async._transport.base import Transport, TransportSettings
    from talon_async._transport.deadlines import Attempt

ATTRIBUTE = "_talon_async"
"""The attribute of an event loop that holds what belongs to it, by `Core`."""


class LoopState:
    """What a client has on one event loop: its transport, its locks and limits, and the deadlines of its attempts."""

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
        self.closed = asyncio.Event()  # the same, for those that wait for it
        self._closer: AsyncGenerator[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def live_with_loop(self) -> None:
        """Have the loop close this when it shuts its asynchronous generators down."""
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
        """End an attempt, if it began, and give its place among the requests back."""
        if attempt is not None:
            self.deadlines.by_task.pop(attempt.task, None)
        self.limiter.release()

    def is_in_use(self) -> bool:
        """Tell whether a call is under way."""
        return bool(len(self.deadlines) or not self.limiter.is_idle() or len(self.locks))

    def close_soon(self) -> None:
        """Close the connections on this loop, called by it."""
        self._closing = self.loop.create_task(self.close())

    async def close(self) -> None:
        """Close the connections, unless that has begun; calls under way end with ClientClosedError."""
        if self._closer is not None and not self.is_closed:
            await self._closer.aclose()


def _nothing() -> None:
    """Stand for a weak reference whose state is gone."""


class Core:
    """The settings of a client, what it has on each event loop, and its retry budget."""

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
        state, loop = self._last_state(), asyncio.get_running_loop()
        if state is None or state.loop is not loop:
            states: weakref.WeakKeyDictionary[Core, LoopState] | None = getattr(loop, ATTRIBUTE, None)
            state = None if states is None else states.get(self)
            self._last_state = _nothing if state is None else weakref.ref(state)
        if state is None or state.is_closed:
            return None
        if state.pid != os.getpid():
            raise ClientClosedError("this event loop and its connections are the parent process's: make a new loop")
        return state

    async def open(self) -> LoopState:
        """Return this client's state on the running loop, made if there is none."""
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
        """Close the state on the running loop here, and let every other loop close its own."""
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
        """Begin anew in a forked child: the states on all loops are the parent's."""
        for state in self.states():
            state.transport.abandon()
            keep_for_parent(state)
        self._loops = {}

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a key and connections and is not pickled: make one in each process")

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
