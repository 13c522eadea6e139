"""Runs the asynchronous client from ordinary code: one thread with an event loop, kept by an anyio portal.

1. The thread starts with the first call and ends with the client, with its last reference, or with the interpreter.
2. A forked child starts its own; what the parent's was is kept and never finalised there, because its sockets and
   locks belong to the parent.
3. A call hands over once: the request is built in the caller's thread, and the answer comes back through a future.
   Whatever interrupts the caller, Ctrl-C above all, cancels the call.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import os
import threading
import warnings
import weakref
from concurrent.futures import CancelledError, Future
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import anyio
from anyio.from_thread import BlockingPortal

from talon_async._endpoint import endpoint_of
from talon_async._transport.forks import keep_for_parent
from talon_async.bulk.callers import CallersRun
from talon_async.bulk.calls import request_of
from talon_async.bulk.queue import QueueSync
from talon_async.bulk.sources import checked_iterable
from talon_async.client import TalonOne
from talon_async.errors import ClientClosedError, ConfigurationError, TalonOneError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from talon_async._core.call import Call
    from talon_async._messages import Response
    from talon_async._transport import TransportName
    from talon_async.bulk.calls import PreparedCall
    from talon_async.bulk.queue import QueueOptions
    from talon_async.pages import Pager

P = ParamSpec("P")
T = TypeVar("T")

import_module("anyio._backends._asyncio")  # a child that is forked while a first call imports it would wait for ever

GRACE = 2.0
"""Seconds that closing waits for the thread."""


class BlockingInAsyncWarning(RuntimeWarning):
    """A blocking call was made on a thread that runs an event loop, which stands still meanwhile."""


class _Thread:
    """A running event loop on its own thread; belongs to one process."""

    pid: int
    accepting: bool
    portal: BlockingPortal
    loop: asyncio.AbstractEventLoop

    def __init__(self, client: TalonOne) -> None:
        self.pid = os.getpid()
        self.accepting = True
        self._lock = threading.Lock()
        self._ready: Future[tuple[BlockingPortal, asyncio.AbstractEventLoop]] = Future()
        self._thread = threading.Thread(target=self._main, args=(client,), name="talon-async", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            raise ClientClosedError("no call can start while the interpreter shuts down") from None
        self.portal, self.loop = self._ready.result()

    def _main(self, client: TalonOne) -> None:
        try:
            anyio.run(self._serve, client, backend="asyncio")
        except BaseException as problem:
            if isinstance(problem, RuntimeError) and "interpreter shutdown" in str(problem):
                return  # Python 3.12 starts no thread then, not even the one that ends a loop's executor
            if self._ready.done():
                raise
            self._ready.set_exception(problem)

    async def _serve(self, client: TalonOne) -> None:
        async with BlockingPortal() as portal:
            self._ready.set_result((portal, asyncio.get_running_loop()))
            await portal.sleep_until_stopped()
        await client.aclose()
        # what was under way ends by itself now, with errors of its own, and a run with its report
        if others := asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}:
            await asyncio.wait(others, timeout=GRACE / 2)

    def submit(self, call: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a call on the loop."""
        # under the lock, so that nothing is handed to a loop that has been told to stop
        with self._lock:
            if not self.accepting:
                call.close()
                raise ClientClosedError("the client is closed")
            return asyncio.run_coroutine_threadsafe(call, self.loop)

    def stop(self) -> None:
        """End the loop and wait for it, though not for long."""
        if self.pid != os.getpid():
            return
        with self._lock:
            if self.accepting:
                self.accepting = False
                self.loop.call_soon_threadsafe(self._stop_portal)
        if threading.current_thread() is not self._thread:
            self._thread.join(GRACE)

    def _stop_portal(self) -> None:
        self._stopping = asyncio.ensure_future(self.portal.stop(cancel_remaining=True))


class Portal:
    """The thread of one client and its copies, started when it is needed."""

    def __init__(self, client: TalonOne) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._thread: _Thread | None = None
        self._closed = False
        self._warned = False
        _portals.add(self)

    def thread(self) -> _Thread:
        """Return this process's thread, started if need be."""
        thread = self._thread
        if thread is None or thread.pid != os.getpid():
            thread = self._start()
        running = asyncio._get_running_loop()  # the public one raises instead of answering None
        if running is not None:
            self._in_a_loop(running, thread)
        return thread

    def _start(self) -> _Thread:
        if self._thread is not None and self._thread.pid != os.getpid():
            self.forget()  # some servers fork without Python's hooks
        with self._lock:
            if self._closed:
                raise ClientClosedError("the client is closed")
            if self._thread is None:
                self._thread = _Thread(self._client)
                weakref.finalize(self, self._thread.stop)
            return self._thread

    def _in_a_loop(self, running: asyncio.AbstractEventLoop, thread: _Thread) -> None:
        if running is thread.loop:
            raise RuntimeError("a blocking call on the client's own thread would wait for itself: use TalonOne there")
        if not self._warned:
            self._warned = True
            message = "TalonOneSync blocks the event loop that runs on this thread; use TalonOne and await"
            warnings.warn(message, BlockingInAsyncWarning, stacklevel=6)

    def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """Run a coroutine function on the thread and wait for what it returns."""
        thread = self.thread()
        return self.wait(thread, thread.submit(function(*args)))

    @staticmethod
    def wait(thread: _Thread, future: Future[T]) -> T:
        """Wait for a call; what interrupts the wait cancels the call."""
        try:
            return future.result()
        except CancelledError:
            if thread.accepting:
                raise
            error = ClientClosedError("the client was closed during the call")
            error.outcome = "unknown"
            raise error from None
        except TalonOneError as error:
            raise error.with_traceback(None) from error.__cause__  # what happened on the thread is of no use
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """End the thread; calls under way end with ClientClosedError."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            thread.stop()

    def forget(self) -> None:
        """Begin anew in a forked child."""
        keep_for_parent(self._thread)
        self._client._core.abandon()
        self._lock, self._thread = threading.Lock(), None


_portals: weakref.WeakSet[Portal] = weakref.WeakSet()


def _after_fork() -> None:
    for portal in list(_portals):
        portal.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class BlockingClient:
    """What the blocking client does by itself; its operations are generated."""

    _client: TalonOne
    _portal: Portal

    def _open(self, client: TalonOne) -> None:
        if client._core.settings.session is not None:
            raise ConfigurationError("session: an aiohttp session belongs to your event loop; this client runs its own")
        client._exits_elsewhere = True
        self._client, self._portal = client, Portal(client)

    def _call(self, method: Callable[..., Coroutine[Any, Any, T]], *args: Any, **options: Any) -> T:
        request = endpoint_of(method).request(*args, **options)
        result: T = self._portal.run(self._client._call, request).data
        return result

    def _walk(self, pager: Pager) -> Generator[Any, None, None]:
        while (request := pager.request()) is not None:
            yield from pager.items(self._portal.run(self._client._call, request).data)

    def _raw(self, method: Callable[P, T]) -> Callable[P, Response[T]]:
        endpoint = endpoint_of(getattr(TalonOne, getattr(method, "__name__", ""), method))
        owner = getattr(method, "__self__", self)

        def call(*args: P.args, **kwargs: P.kwargs) -> Response[T]:
            done: Call = owner._portal.run(owner._client._call, endpoint.request(*args, **kwargs))
            return done.response()

        return call

    def _prepare(self, method: Callable[P, T]) -> Callable[P, PreparedCall[T]]:
        owner = getattr(method, "__self__", self)
        named: Any = getattr(owner._client, getattr(method, "__name__", ""), method)
        prepare: Callable[P, PreparedCall[T]] = self._client.prepare(named)
        return prepare

    def _send(self, call: PreparedCall[T]) -> T:
        data: T = self._portal.run(self._client._call, request_of(call, type(self._client))).data
        return data

    def _bulk(self, method: Callable[..., Coroutine[Any, Any, T]], *args: Any, **options: Any) -> T:
        """Run many calls whose source, the last argument, is read on the caller's thread: it may block there."""
        *before, source = args
        items = iter(checked_iterable(source, [*signature(method).parameters][len(args)]))
        run = self._callers_run()
        return run.report(method(self._client, *before, run.source, **options), items)

    def _stream(
        self, method: Callable[..., AsyncGenerator[T, None]], source: Any, **options: Any
    ) -> Generator[T, None, None]:
        """Run many calls and give the results; source and results share the caller's thread."""
        items = iter(checked_iterable(source, [*signature(method).parameters][1]))
        run = self._callers_run()
        yield from run.results(method(self._client, run.source, **options), items)

    def _whole(self, method: Callable[..., Coroutine[Any, Any, T]], *args: Any, **options: Any) -> T:
        """Run many calls that have all they need."""
        return self._callers_run().report(method(self._client, *args, **options), None)

    def _queue(self, options: QueueOptions) -> QueueSync:
        return QueueSync(self._client._queue_design(options), self._portal)

    def _callers_run(self) -> CallersRun:
        thread = self._portal.thread()
        return CallersRun(thread, lambda future: self._portal.wait(thread, future), GRACE)

    @property
    def transport(self) -> TransportName:
        """How requests reach the server: `session` or `direct`."""
        return self._client.transport

    def __repr__(self) -> str:
        return repr(self._client).replace("TalonOne", "TalonOneSync", 1)

    def __reduce__(self) -> Any:
        raise TypeError("TalonOneSync holds a key and a thread and is not pickled: make one in each process")
