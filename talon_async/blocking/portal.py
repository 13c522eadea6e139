"""Where calls of a blocking client and its copies go: the thread of this process, started when it is needed.

1. The thread starts with the first call, and ends with the client, with its last reference, or with the interpreter.
2. A forked child starts its own. What was the parent's is kept and never finalised there, because its sockets belong
   to the parent.
3. At the exit, the threads end after all exit handlers that were registered since the client was made. A call in an
   earlier handler starts a thread for itself, or gets a ClientClosedError where Python starts no more threads.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import warnings
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from talon_async._core.handover import Handover
from talon_async._transport.threads import RLock, keep_for_parent
from talon_async.blocking.thread import EventLoopThread
from talon_async.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from talon_async._core.core import Core

T = TypeVar("T")


class BlockingInAsyncWarning(RuntimeWarning):
    """A blocking call was made on a thread that runs an event loop, which stands still meanwhile."""


class Portal:
    """The thread of one client and its copies."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._is_closed = False
        self._has_warned = False
        self._begin()
        _portals.add(self)

    def _begin(self) -> None:
        self._starting = RLock()  # a signal handler that comes while it is held starts a thread, too
        self._thread: EventLoopThread | None = None
        self._threads: list[EventLoopThread] = []

    def thread(self) -> EventLoopThread:
        """Return this process's thread, started if need be."""
        thread = self._thread
        if thread is None or not thread.is_open or thread.pid != os.getpid():
            thread = self._started()
        running = asyncio._get_running_loop()  # the public one raises instead of answering None
        if running is not None:
            self._in_a_loop(running, thread)
        return thread

    def _started(self) -> EventLoopThread:
        stale = self._thread
        if stale is not None and stale.pid != os.getpid() and stale is self._thread:
            self.forget()  # some servers fork without Python's hooks
        with self._starting:
            if (thread := self._thread) is None or not thread.is_open:
                if self._is_closed:
                    raise ClientClosedError("the client is closed")
                thread = self._thread = EventLoopThread(self._core)
                self._threads = [other for other in self._threads if other.is_open]
                self._threads.append(thread)
                weakref.finalize(self, thread.stop, closes_client=True).atexit = False  # `_end_all` does that
            if self._is_closed:  # meanwhile
                self.close()
                raise ClientClosedError("the client is closed")
            return thread

    def _in_a_loop(self, running: asyncio.AbstractEventLoop, thread: EventLoopThread) -> None:
        if running is thread.loop:
            raise RuntimeError("a blocking call on the client's own thread would wait for itself: use TalonOne there")
        if not self._has_warned:
            self._has_warned = True
            message = "TalonOneSync blocks the event loop that runs on this thread; use TalonOne and await"
            warnings.warn(message, BlockingInAsyncWarning, stacklevel=6)

    def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """Run a coroutine function on the thread and wait for what it returns.

        Whatever interrupts the caller, Ctrl-C above all, cancels the call, and goes on when the call is settled.
        """
        thread = self.thread()
        call = Handover(function(*args))
        try:
            thread.start(call)
            return call.result()
        except BaseException:
            thread.give_up(call)
            raise
        finally:
            if _exit.has_begun:
                thread.stop(closes_client=False)

    def close(self) -> None:
        """End the thread; calls under way end with ClientClosedError."""
        self._is_closed = True
        for thread in list(self._threads):
            thread.stop(closes_client=True)

    def end(self) -> None:
        """End the thread at the interpreter's exit."""
        for thread in list(self._threads):
            thread.stop(closes_client=False)

    def forget(self) -> None:
        """Begin anew in a forked child."""
        keep_for_parent(self._threads)
        self._core.abandon()
        self._begin()


_portals: weakref.WeakSet[Portal] = weakref.WeakSet()


class _Exit:
    """Whether the interpreter's exit has come to this package's handler."""

    has_begun = False


_exit = _Exit()


def _end_all() -> None:
    _exit.has_begun = True
    for portal in list(_portals):
        portal.end()


atexit.register(_end_all)


def _after_fork() -> None:
    for portal in list(_portals):
        portal.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
