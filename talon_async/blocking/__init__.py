"""Runs the asynchronous client from ordinary code: `thread` is a thread with an event loop, `portal` starts it.

A call hands over once: the request is built in the caller's thread, and the caller waits for what it comes to.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from talon_async._endpoint import endpoint_of
from talon_async.blocking.portal import BlockingInAsyncWarning, Portal
from talon_async.bulk.callers import CallersRun
from talon_async.bulk.calls import request_of
from talon_async.bulk.queue import QueueSync
from talon_async.bulk.sources import checked_iterable
from talon_async.client import TalonOne
from talon_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from talon_async._core.call import Call
    from talon_async._messages import Response
    from talon_async._transport import TransportName
    from talon_async.bulk.calls import PreparedCall
    from talon_async.bulk.queue import QueueOptions
    from talon_async.pages import Pager

__all__ = ["BlockingClient", "BlockingInAsyncWarning"]

P = ParamSpec("P")
T = TypeVar("T")


class BlockingClient:
    """What the blocking client does by itself; its operations are generated."""

    _client: TalonOne
    _portal: Portal

    def _open(self, client: TalonOne) -> None:
        if client._core.settings.session is not None:
            raise ConfigurationError("session: an aiohttp session belongs to your event loop; this client runs its own")
        client._exits_elsewhere = True
        self._client, self._portal = client, Portal(client._core)

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
        return CallersRun(self._portal.thread())

    @property
    def transport(self) -> TransportName:
        """How requests reach the server: `session` or `direct`."""
        return self._client.transport

    def __repr__(self) -> str:
        return repr(self._client).replace("TalonOne", "TalonOneSync", 1)

    def __reduce__(self) -> Any:
        raise TypeError("TalonOneSync holds a key and a thread and is not pickled: make one in each process")
