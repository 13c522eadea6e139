"""Threads of the operating system, and waiting for them; also where gevent or eventlet have replaced `threading`.

1. gevent and eventlet put greenlets in the place of threads, and their own polling in the place of the system's. An
   event loop that blocked a greenlet would block all others. So threads and selectors are the system's here, always.
2. A greenlet that waits for another thread lets the other greenlets go on.
3. No lock is held while Python code runs: a signal handler may set a flag, or wait for one, at every moment.
4. A forked child leaves its parent's connections, loops and threads alone.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import importlib
import importlib.util
import os
import queue
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_PARENTS: list[object] = []


def keep_for_parent(thing: object) -> None:
    """Keep what belongs to the parent process, so that nothing in this child closes or finalises it."""
    _PARENTS.append(thing)


def green_library() -> str | None:
    """Return the library that has replaced `threading` in this process: gevent, eventlet or none."""
    modules = sys.modules
    if (monkey := modules.get("gevent.monkey")) is not None and monkey.is_module_patched("threading"):
        return "gevent"
    if (patcher := modules.get("eventlet.patcher")) is not None and patcher.is_monkey_patched("thread"):
        return "eventlet"
    return None


def original(module: str, name: str) -> Any:
    """Return what the standard library has under a name, whatever has replaced it."""
    if (monkey := sys.modules.get("gevent.monkey")) is not None:  # also if it has replaced other modules only
        return monkey.get_original(module, name)
    if green_library() == "eventlet":
        return getattr(sys.modules["eventlet.patcher"].original(module), name)
    return getattr(importlib.import_module(module), name)


SimpleQueue: Any = original("queue", "SimpleQueue")
"""A queue that is written in C, so that neither a fork nor a signal handler finds it locked."""
RLock: Any = original("_thread", "RLock")
"""A lock of the system's; the greenlets of one thread count as one holder."""
this_thread: Callable[[], int] = original("_thread", "get_ident")
"""Returns the number of the running thread of the operating system."""


def start_thread(target: Callable[[], object], name: str) -> None:
    """Run a function on a daemon thread of the operating system; RuntimeError where none can be started any more.

    The main thread has another one start it: a signal handler that raises would leave a lock of `threading` locked.
    """
    if green_library() is not None:
        original("_thread", "start_new_thread")(target, ())
        return
    thread = threading.Thread(target=target, name=name, daemon=True)
    if this_thread() != threading.main_thread().ident:
        thread.start()
        return
    raised, is_started = Raised(), Flag()

    def start() -> None:
        with raised:
            thread.start()
        is_started.set()

    _thread.start_new_thread(start, ())
    is_started.wait(lets_greenlets_run=False)
    if raised.error is not None:
        raise raised.error


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop for a thread of the operating system."""
    library = green_library()
    if library is None:
        return asyncio.new_event_loop()
    for module in _FOR_WAITING[library]:
        importlib.import_module(module)  # now, so that no call has to
    loop = asyncio.SelectorEventLoop(_selector(library))
    loop.set_default_executor(_Executor())
    return loop


_FOR_WAITING = {"gevent": ["gevent.event", "gevent.hub"], "eventlet": ["eventlet.hubs", "eventlet.patcher"]}


def _selector(library: str) -> Any:
    """Return the system's selector, which the library has taken out of its module."""
    if library == "gevent":
        return original("selectors", "DefaultSelector")()
    spec: Any = importlib.util.find_spec("selectors")  # eventlet keeps none: it is loaded anew
    module = importlib.util.module_from_spec(spec)
    patched = sys.modules["select"]
    sys.modules["select"] = sys.modules["eventlet.patcher"].original("select")
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules["select"] = patched
    return module.DefaultSelector()


class Raised:
    """Keeps what a block raises, whatever it is, for somebody else.

    Attributes:
        error: what was raised.
    """

    __slots__ = ("error",)

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        self.error = error
        return True


class _Executor(ThreadPoolExecutor):
    """Runs each function on a thread of its own, of the operating system."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Start a thread for a function."""
        future: Future[T] = Future()

        def run() -> None:
            with Raised() as raised:
                future.set_result(fn(*args, **kwargs))
            if raised.error is not None:
                future.set_exception(raised.error)

        start_thread(run, "talon-async worker")
        return future


class Waiter(Protocol):
    """Waits, on one thread or greenlet, until another thread wakes it; a wake-up that comes early is kept."""

    def wake(self) -> None:
        """Wake it, from any thread."""
        ...

    def wait(self, seconds: float | None) -> None:
        """Wait until it is woken, or for so long."""
        ...

    def close(self) -> None:
        """Free what it took."""
        ...


class _SystemWaiter:
    """Stops the thread. The queue is written in C: a signal handler never finds it locked."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[None] = SimpleQueue()

    def wake(self) -> None:
        self._queue.put(None)

    def wait(self, seconds: float | None) -> None:
        if seconds is None:
            self._queue.get()
        else:
            with contextlib.suppress(queue.Empty):
                self._queue.get(timeout=seconds)

    def close(self) -> None:
        pass


class _GeventWaiter:
    """Lets the other greenlets of the thread go on."""

    def __init__(self, hub: Any) -> None:
        self._event = sys.modules["gevent.event"].Event()
        self._watcher = hub.loop.async_()
        self._watcher.start(self._event.set)

    def wake(self) -> None:
        with contextlib.suppress(ValueError):  # its thread has ended, and its loop with it
            self._watcher.send()

    def wait(self, seconds: float | None) -> None:
        self._event.wait(seconds)
        self._event.clear()

    def close(self) -> None:
        self._watcher.stop()
        self._watcher.close()


class _EventletWaiter:
    """Lets the other greenlets of the thread go on. eventlet wakes none from another thread, so a pipe does it."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def wake(self) -> None:
        original("os", "write")(self._write, b".")

    def wait(self, seconds: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            sys.modules["eventlet.hubs"].trampoline(self._read, read=True, timeout=seconds, timeout_exc=TimeoutError)
            original("os", "read")(self._read, 64)

    def close(self) -> None:
        pass

    def __del__(self) -> None:
        os.close(self._read)  # not before: a thread that is about to wake it must not write to somebody else's file
        os.close(self._write)


def _new_waiter() -> Waiter:
    """Return a waiter for the running thread or greenlet."""
    library = green_library()
    if library == "gevent":
        gevent = sys.modules["gevent.hub"]
        hub = gevent.get_hub()
        if gevent.getcurrent() is not hub:  # the hub itself has no other greenlet to go on with
            return _GeventWaiter(hub)
    elif library == "eventlet":
        hubs = sys.modules["eventlet.hubs"]
        if hubs.greenlet.getcurrent() is not hubs.get_hub().greenlet:
            return _EventletWaiter()
    return _SystemWaiter()


class Flag:
    """An event that any thread, greenlet or signal handler can set and wait for."""

    __slots__ = ("_waiters", "is_set")

    def __init__(self) -> None:
        self.is_set: bool = False
        self._waiters: list[Waiter] = []

    def set(self) -> None:
        """Let those who wait go on."""
        self.is_set = True
        for waiter in tuple(self._waiters):  # who comes later sees that it is set
            waiter.wake()

    def clear(self) -> None:
        """Have those who come wait again."""
        self.is_set = False

    def wait(self, seconds: float | None = None, *, lets_greenlets_run: bool = True) -> bool:
        """Wait until it is set, but not longer; tell whether it is."""
        if self.is_set:
            return True
        waiter = _new_waiter() if lets_greenlets_run else _SystemWaiter()
        self._waiters.append(waiter)
        try:
            if seconds is None:
                while not self.is_set:
                    waiter.wait(None)
            else:
                until = time.monotonic() + seconds
                while not self.is_set and (left := until - time.monotonic()) > 0:
                    waiter.wait(left)
        finally:
            self._waiters.remove(waiter)
            waiter.close()
        return self.is_set
