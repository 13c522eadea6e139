"""The thread with the event loop of a blocking client; calls live in a task group of anyio's.

1. A call is handed over by one hop: `call_soon_threadsafe` has the task group start it. The context variables of the
   caller go along.
2. Closing lets the calls under way end by themselves, with errors of their own, and a run with its report. What is
   left after that is cancelled, and awaited.
3. Whatever ends the loop settles every call that was handed over, so that no caller waits for ever.
4. No lock is held: a signal handler may call, or close, at every moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import anyio

from talon_async._transport.threads import Flag, Raised, new_loop, start_thread, this_thread
from talon_async.errors import ClientClosedError

if TYPE_CHECKING:
    from talon_async._core.core import Core
    from talon_async._core.handover import Handover

import_module("anyio._backends._asyncio")  # a child that is forked while a first call imports it would wait for ever

SNIFFIO: Any = import_module("sniffio") if find_spec("sniffio") else None
"""Where it is installed, anyio asks it for the library of the running task, and a callback of the loop is no task."""
GRACE = 2.0
"""Seconds that closing waits for the thread."""


class EventLoopThread:
    """A running event loop on its own thread; belongs to one process.

    Attributes:
        pid: the process.
        is_open: whether it takes calls.
        loop: the event loop.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self, core: Core) -> None:
        self.pid: int = os.getpid()
        self.is_open: bool = True
        self._ident = 0
        self._ready, self._over = Flag(), Flag()
        self._closes_client = False
        self._problem: BaseException | None = None
        self._calls: set[Handover[Any]] = set()
        try:
            start_thread(lambda: self._main(core), "talon-async")
            self._ready.wait(lets_greenlets_run=False)  # this takes a millisecond
        except RuntimeError:
            raise ClientClosedError("no call can start while the interpreter shuts down") from None
        except BaseException:
            self._tell_to_stop()
            raise
        if self._problem is not None:
            raise self._problem

    # -- on any thread

    def start(self, call: Handover[Any]) -> None:
        """Have a call started on the loop."""
        self._calls.add(call)  # before looking, so that the end of the thread settles it
        if self.is_open:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self.loop.call_soon_threadsafe(self._spawn, call)
                return
        self._settle(call, asyncio.CancelledError())
        raise ClientClosedError("the client is closed")

    def give_up(self, call: Handover[Any]) -> None:
        """Cancel a call, unless it is settled, and wait until it is."""
        if call in self._calls:  # else it was never handed over, or is settled
            with contextlib.suppress(RuntimeError):  # the loop is closed: the end of the thread settles it
                self.loop.call_soon_threadsafe(self._cancel, call)
            call.wait()
        elif not call.is_settled:
            call.settle(asyncio.CancelledError())

    def stop(self, *, closes_client: bool) -> None:
        """End the loop and wait for it, though not for long."""
        if self.pid != os.getpid():
            return
        self._closes_client = self._closes_client or closes_client
        self._tell_to_stop()
        if this_thread() != self._ident:
            self._over.wait(GRACE)

    def _tell_to_stop(self) -> None:
        self.is_open = False
        if (loop := getattr(self, "loop", None)) is not None:  # else it looks at `is_open` first
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._stop.set)

    def _settle(self, call: Handover[Any], error: BaseException | None = None) -> None:
        call.settle(error)
        self._calls.discard(call)

    # -- on its own thread

    def _main(self, core: Core) -> None:
        self._ident = this_thread()
        with Raised() as raised:  # whoever waits for a call is told
            anyio.run(self._serve, core, backend="asyncio", backend_options={"loop_factory": new_loop})
        if not self._ready.is_set:
            self._problem = raised.error
        self.is_open = False
        for call in list(self._calls):
            self._settle(call, _end_of(call, raised.error))
        self._ready.set()
        self._over.set()

    async def _serve(self, core: Core) -> None:
        self._serving, self._stop = asyncio.current_task(), asyncio.Event()
        async with anyio.create_task_group() as self._group:
            self.loop = asyncio.get_running_loop()
            if self.is_open:
                self._ready.set()
                await self._stop.wait()
            await self._close(core)
            if others := asyncio.all_tasks() - {self._serving}:
                await asyncio.wait(others, timeout=GRACE / 2)
            self._group.cancel_scope.cancel()

    async def _close(self, core: Core) -> None:
        """Close the connections; calls under way end by that."""
        if self._closes_client:
            await core.close()
        elif (state := core.state()) is not None:
            await state.close()

    def _spawn(self, call: Handover[Any]) -> None:
        """Start a call; if that cannot be done, whoever waits is told."""
        try:
            if SNIFFIO is not None:
                SNIFFIO.current_async_library_cvar.set("asyncio")  # in the call's own context
            self._group.start_soon(self._run, call, name="talon-async call")
        except BaseException as problem:
            if not self._is_ending():
                self._settle(call, problem)
            if not isinstance(problem, Exception):
                raise

    async def _run(self, call: Handover[Any]) -> None:
        if call.is_settled:
            return  # it was cancelled before it began
        try:
            call.value = await call.begin()
        except BaseException as problem:
            call.error = problem
            if isinstance(problem, asyncio.CancelledError) and not call.was_cancelled:
                if self._is_ending():
                    raise
                call.error = _cut_off("the client was closed during the call", call)
            elif isinstance(problem, SystemExit | KeyboardInterrupt):
                self.is_open = False  # such an exit ends the loop
                raise
        call.settle()
        self._calls.discard(call)

    def _is_ending(self) -> bool:
        """Tell whether something ends the loop: the end of the thread settles the calls, and says what it was."""
        return self._serving is None or self._serving.done() or bool(self._serving.cancelling())

    def _cancel(self, call: Handover[Any]) -> None:
        call.cancel()
        if call.is_settled:
            self._calls.discard(call)


def _end_of(call: Handover[Any], problem: BaseException | None) -> BaseException:
    """Return what a call comes to that was under way when the thread ended."""
    if problem is None:
        return _cut_off("the client was closed during the call", call)
    if not isinstance(problem, Exception):
        return problem  # an exit goes to whoever waits
    error = _cut_off(f"the thread of the client has ended by {type(problem).__name__}", call)
    error.__cause__ = problem
    return error


def _cut_off(why: str, call: Handover[Any]) -> ClientClosedError:
    error = ClientClosedError(why)
    error.outcome = "unknown" if call.has_begun else "not_sent"
    return error
