"""What a client, its copies, its blocking twin and its runs of many calls have in common.

1. A client works in any number of event loops. What belongs to one loop is kept on that loop, by client: so a loop that
   is dropped without a word takes its connections along, and so does a client.
2. A loop that ends properly (`asyncio.run` does) closes what belongs to it: it closes the asynchronous generators that
   were started in it, and there is one here.
3. A forked child leaves its parent's connections alone: it neither uses nor closes nor finalises them.
"""

from __future__ import annotations

import asyncio
import os
import warnings
import weakref
from typing import TYPE_CHECKING, NoReturn

from talon_async._clock import Clock
from talon_async._core.limits import KeyedLock, Limiter
from talon_async._core.retry import Budget
from talon_async._transport.deadlines import Deadlines
from talon_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from talon_async._transport.base import Transport, TransportSettings

ATTRIBUTE = "_talon_async"
"""The attribute of an event loop that holds what belongs to it, by `Core`."""


class LoopState:
    """What a client has on one event loop: its transport, its locks and limits, and the deadlines of its attempts."""

    def __init__(self, settings: TransportSettings, make: Callable[[TransportSettings, Deadlines], Transport]) -> None:
        self.loop, self.pid = asyncio.get_running_loop(), os.getpid()
        self.deadlines = Deadlines()
        self.transport = make(settings, self.deadlines)
        self.locks = KeyedLock(settings.limits.parallel_updates)
        self.limiter = Limiter(settings.limits.connections)
        self.closed = asyncio.Event()
        self._lifeline: AsyncGenerator[None] | None = None

    async def live_with_loop(self) -> None:
        """Have the loop close this when it shuts its asynchronous generators down."""
        self._lifeline = self._close_with_loop()
        await anext(self._lifeline)

    async def _close_with_loop(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self.closed.set()
            self.deadlines.close()
            if self.pid == os.getpid():
                await self.transport.close()

    def is_in_use(self) -> bool:
        """Tell whether a call is under way."""
        return bool(len(self.deadlines) or not self.limiter.is_idle() or len(self.locks))

    async def close(self) -> None:
        """Close the connections; calls under way end with ClientClosedError."""
        if self._lifeline is not None:
            await self._lifeline.aclose()


class Core:
    """The settings of a client, what it has on each event loop, and its retry budget."""

    def __init__(
        self,
        settings: TransportSettings,
        make: Callable[[TransportSettings, Deadlines], Transport],
        clock: Clock | None = None,
    ) -> None:
        self.settings, self._make_transport = settings, make
        self.budget, self.clock = Budget(), clock or Clock()
        self.closed = False
        self._loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        _cores.add(self)

    def state(self) -> LoopState | None:
        """Return what there is on the running loop."""
        states: weakref.WeakKeyDictionary[Core, LoopState] | None = getattr(asyncio.get_running_loop(), ATTRIBUTE, None)
        state = None if states is None else states.get(self)
        if state is None or state.closed.is_set():
            return None
        if state.pid != os.getpid():
            raise ClientClosedError("this event loop and its connections are the parent process's: make a new loop")
        return state

    async def open(self) -> LoopState:
        """Return what there is on the running loop, made if need be."""
        if self.closed:
            raise ClientClosedError("the client is closed")
        if (state := self.state()) is not None:
            return state
        loop = asyncio.get_running_loop()
        state = LoopState(self.settings, self._make_transport)
        states: weakref.WeakKeyDictionary[Core, LoopState] = getattr(loop, ATTRIBUTE, weakref.WeakKeyDictionary())
        states[self] = state
        setattr(loop, ATTRIBUTE, states)
        self._loops.add(loop)
        await state.live_with_loop()
        return state

    def states(self) -> list[LoopState]:
        """Return what there is on every loop that is not closed."""
        found = [getattr(loop, ATTRIBUTE).get(self) for loop in list(self._loops) if not loop.is_closed()]
        return [state for state in found if state is not None and not state.closed.is_set()]

    async def close(self) -> None:
        """Close what there is on the running loop here, and let every other loop close its own."""
        self.closed = True
        here = asyncio.get_running_loop()
        for state in self.states():
            if state.pid != os.getpid():
                continue
            if state.loop is here:
                await state.close()
            else:
                asyncio.run_coroutine_threadsafe(state.close(), state.loop)

    def abandon(self) -> None:
        """Begin anew in a forked child: what there is on every loop is the parent's."""
        for state in self.states():
            state.transport.abandon()
            _PARENTS.append(state)
        self._loops = weakref.WeakSet()

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
_PARENTS: list[LoopState] = []
"""What a forked child inherited, kept so that nothing finalises it."""


def _after_fork() -> None:
    for core in list(_cores):
        core.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
