"""The methods that send many calls, each in a request of its own."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from talon_async._messages import Idempotency
from talon_async.bulk.calls import PreparedCall, WrongItemError, endpoint_for, request_of, silent_request_of
from talon_async.bulk.methods.base import Runs, key_maker
from talon_async.bulk.runner import Results, Runner, plan_of
from talon_async.bulk.sources import PushedSource, as_source

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
    from typing import Unpack

    from talon_async._messages import Request
    from talon_async.bulk.results import Report, Result
    from talon_async.bulk.runner import BulkOptions
    from talon_async.models import (
        IntegrationEventV2Request,
        IntegrationEventV2Response,
        IntegrationEventV3Request,
        IntegrationEventV3Response,
        IntegrationState,
        NewEvent,
    )

T = TypeVar("T")
E = TypeVar("E", bound="NewEvent | IntegrationEventV2Request | IntegrationEventV3Request")

EVENTS = ("track_event", "track_event_v2", "track_event_v3")
"""The operations that record an event. The class of an event tells its operation."""


class ManyCalls(Runs):
    """Methods that send many prepared calls, or many events."""

    async def bulk(
        self, calls: Iterable[PreparedCall[T]] | AsyncIterable[PreparedCall[T]], **options: Unpack[BulkOptions]
    ) -> Report[PreparedCall[T]]:
        """Send many prepared calls of any operations; see `prepare`.

        Calls that share an ordering key (the same profile or session) are sent one after the other, in the order of
        `calls`. Other calls are sent at the same time. During an outage of the server the run waits, without using up
        attempts of the calls. Calls are read from the source as they are sent, so the source may be endless. Every call
        that was read is counted in the report once, however the run ends. If an exception is raised, its `report` is
        the report.

        Answers are not returned. A call whose operation has the option `silent` is sent with `silent=True`, unless it
        was prepared with another value.

        Args:
            calls: the calls, from an iterable or asynchronous iterable. A generator that turns out to be slow is read
                in a thread.
            **options: see `BulkOptions`.

        Returns:
            The counts, and every call that did not succeed, with its error.

        Raises:
            InvalidArgumentError: an option is invalid, or `calls` is not iterable. Nothing was sent.
            BulkInterruptedError: the source or `progress` raised.
        """
        source = as_source(calls, "calls", self._core.clock.monotonic)
        return await self._ended(self._run_of(source, self._sending_silently, options))

    async def stream(
        self,
        calls: Iterable[PreparedCall[T]] | AsyncIterable[PreparedCall[T]],
        *,
        ordered: bool = False,
        **options: Unpack[BulkOptions],
    ) -> AsyncGenerator[Result[PreparedCall[T], T], None]:
        """Send many prepared calls as `bulk` does, and yield each result as it arrives.

        Calls are read from the source only as fast as results are read. To end the run early, close the iterator, or
        leave the loop inside `contextlib.aclosing`.

        Args:
            calls: the calls, from an iterable or asynchronous iterable.
            ordered: yield the results in the order of the calls. A slow call then delays the results behind it.
            **options: see `BulkOptions`.

        Returns:
            A `Success` or a `Failure` for each call that was read.

        Raises:
            InvalidArgumentError: an option is invalid, or `calls` is not iterable. Nothing was sent.
            BulkInterruptedError: the run ended before the source. It is raised after all results; `__cause__` is the
                reason.
        """
        source, results = as_source(calls, "calls", self._core.clock.monotonic), Results(ordered=ordered)
        runner = self._run_of(source, self._sending, options, results)
        async with aclosing(self._read(runner, results)) as read:
            async for _ in read:
                while (result := results.take()) is not None:
                    yield result
                    results.count_read()

    async def track_events(
        self, events: Iterable[E] | AsyncIterable[E], *, dry: bool | None = None, **options: Unpack[BulkOptions]
    ) -> Report[E]:
        """Record many events, in order for each customer and session.

        Events of all three classes may be mixed: `NewEvent` (V1), `IntegrationEventV2Request` and
        `IntegrationEventV3Request`. Events of V2 and V3 are safe to repeat, and with a journal are recorded once even
        after a kill. An event of V1 that may have reached the server is not repeated; its outcome is `unknown`. Answers
        are not requested. Otherwise the method works as `bulk` does.

        Args:
            events: the events, from an iterable or asynchronous iterable. A generator that turns out to be slow is read
                in a thread.
            dry: only evaluate the rules; the server stores nothing.
            **options: see `BulkOptions`.

        Returns:
            The counts, and every event that may not have been recorded, with its error.

        Raises:
            InvalidArgumentError: an option is invalid, or `events` is not iterable. Nothing was sent.
            BulkInterruptedError: the source or `progress` raised.
        """
        source = as_source(events, "events", self._core.clock.monotonic)
        return await self._ended(self._run_of(source, self._recording(dry=dry, silent=True), options))

    async def stream_events(
        self,
        events: Iterable[E] | AsyncIterable[E],
        *,
        dry: bool | None = None,
        silent: bool | None = False,
        ordered: bool = False,
        **options: Unpack[BulkOptions],
    ) -> AsyncGenerator[
        Result[E, IntegrationState | IntegrationEventV2Response | IntegrationEventV3Response | None], None
    ]:
        """Record many events as `track_events` does, and yield the answer to each as it arrives.

        Events are read from the source only as fast as results are read. To end the run early, close the iterator, or
        leave the loop inside `contextlib.aclosing`.

        Args:
            events: the events, from an iterable or asynchronous iterable.
            dry: only evaluate the rules; the server stores nothing.
            silent: `True` requests no answers for events of V2 and V3; the `data` of their results is then None.
            ordered: yield the results in the order of the events. A slow event then delays the results behind it.
            **options: see `BulkOptions`.

        Returns:
            A `Success` or a `Failure` for each event that was read.

        Raises:
            InvalidArgumentError: an option is invalid, or `events` is not iterable. Nothing was sent.
            BulkInterruptedError: the run ended before the source. It is raised after all results; `__cause__` is the
                reason.
        """
        source, results = as_source(events, "events", self._core.clock.monotonic), Results(ordered=ordered)
        runner = self._run_of(source, self._recording(dry=dry, silent=silent), options, results)
        async with aclosing(self._read(runner, results)) as read:
            async for _ in read:
                while (result := results.take()) is not None:
                    yield result
                    results.count_read()

    def _sending(self, call: Any) -> tuple[Request, tuple[str, ...]]:
        prepared = _checked(call)
        return request_of(prepared, type(self)), prepared.ordering_keys

    def _sending_silently(self, call: Any) -> tuple[Request, tuple[str, ...]]:
        """Make the request of a call whose answer is not returned."""
        prepared = _checked(call)
        return silent_request_of(prepared, type(self)), prepared.ordering_keys

    def _recording(self, *, dry: bool | None, silent: bool | None) -> Callable[[Any], tuple[Request, tuple[str, ...]]]:
        """Return the function that makes the requests of events."""
        makers: dict[type, Callable[[Any], Request]] = {}
        for operation in EVENTS:
            endpoint = endpoint_for(type(self), operation)
            options = {"dry": dry, "silent": silent}
            supported = {name: value for name, value in options.items() if name in endpoint.signature.parameters}
            makers[endpoint.body_classes[0]] = partial(endpoint.request, **supported)

        new_key = key_maker(self._options)

        def build(event: Any) -> tuple[Request, tuple[str, ...]]:
            make = makers.get(event.__class__) or _maker(makers, event)
            request = make(event)
            if request.operation.idempotency is Idempotency.KEYED:
                request.idempotency_key = new_key()
            return request, request.ordering_keys

        return build

    def _run_of(
        self,
        source: Any,
        build: Callable[[Any], tuple[Request, tuple[str, ...]]],
        options: BulkOptions,
        results: Results | None = None,
    ) -> Runner:
        plan = plan_of(self._core, options)
        runner = Runner(self._core, self._options, type(self), source=source, build=build, plan=plan, results=results)
        if isinstance(source, PushedSource):
            source.report = runner.account.report
        return runner


def _checked(call: Any) -> PreparedCall[Any]:
    if not isinstance(call, PreparedCall):
        raise WrongItemError(f"every item of calls must be a PreparedCall, not {type(call).__name__}: see `prepare`")
    return cast("PreparedCall[Any]", call)


def _maker(makers: dict[type, Callable[[Any], Request]], event: Any) -> Callable[[Any], Request]:
    """Return the function that makes the request of an event of a subclass."""
    for cls, make in makers.items():
        if isinstance(event, cls):
            return make
    names = ", ".join(cls.__name__ for cls in makers)
    raise WrongItemError(f"every item of events must be one of {names}, not {type(event).__name__}")
