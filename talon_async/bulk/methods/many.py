"""Many calls, each a request of its own."""

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
"""The operations that record an event; which one it is, the class of the event tells."""


class ManyCalls(Runs):
    """Calls of any operations, and events."""

    async def bulk(
        self, calls: Iterable[PreparedCall[T]] | AsyncIterable[PreparedCall[T]], **options: Unpack[BulkOptions]
    ) -> Report[PreparedCall[T]]:
        """Send many prepared calls of any operations; see `prepare`.

        Calls with a common ordering key (the same profile or session) go one after the other, in this order; others at
        once. When the server takes nothing the run waits, and costs no call an attempt. The calls are read as fast as
        they are sent, so the source may be endless. However the run ends, every call that was taken is in the report
        once; where an exception is raised, the report is its `report`.

        Answers are not given out: calls that were prepared without `silent` are sent with `silent=True` where there is
        such a thing.

        Args:
            calls: the calls, from any iterable, also an asynchronous one. An ordinary generator that turns out slow is
                read in a thread.
            **options: see `BulkOptions`.

        Returns:
            The counts, and every call that did not succeed, with its error.

        Raises:
            InvalidArgumentError: an option makes no sense, or `calls` is no iterable; nothing was sent.
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
        """Send many prepared calls as `bulk` does, and give each result as it comes.

        No more is taken than results are read. Leaving the loop ends the run: close the iterator, or use
        `contextlib.aclosing`.

        Args:
            calls: the calls, from any iterable, also an asynchronous one.
            ordered: give the results in the order of the calls; a slow one holds up the results of others.
            **options: see `BulkOptions`.

        Returns:
            A `Success` or a `Failure` for each call that was taken.

        Raises:
            InvalidArgumentError: an option makes no sense, or `calls` is no iterable; nothing was sent.
            BulkInterruptedError: the run ended before the source did, after all results; its cause says why.
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
        """Record many events, those of one customer or session in the order they come.

        Events of all three kinds may be mixed: `NewEvent` (V1), `IntegrationEventV2Request` and
        `IntegrationEventV3Request`. Those of V2 and V3 are safe to repeat, and with a journal survive a kill; one of V1
        that may have reached the server is `unknown`. No answers are asked for. Else as `bulk`.

        Args:
            events: the events, from any iterable, also an asynchronous one. An ordinary generator that turns out slow
                is read in a thread.
            dry: evaluate only, store nothing.
            **options: see `BulkOptions`.

        Returns:
            The counts, and every event that was not recorded for sure, with its error.

        Raises:
            InvalidArgumentError: an option makes no sense, or `events` is no iterable; nothing was sent.
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
        """Record many events as `track_events` does, and give what each led to as it comes.

        No more is taken than results are read. Leaving the loop ends the run: close the iterator, or use
        `contextlib.aclosing`.

        Args:
            events: the events, from any iterable, also an asynchronous one.
            dry: evaluate only, store nothing.
            silent: `True` asks for no answers of V2 and V3, whose data is then None.
            ordered: give the results in the order of the events; a slow one holds up the results of others.
            **options: see `BulkOptions`.

        Returns:
            A `Success` or a `Failure` for each event that was taken.

        Raises:
            InvalidArgumentError: an option makes no sense, or `events` is no iterable; nothing was sent.
            BulkInterruptedError: the run ended before the source did, after all results; its cause says why.
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
        """Make the request of a call whose answer is not given out."""
        prepared = _checked(call)
        return silent_request_of(prepared, type(self)), prepared.ordering_keys

    def _recording(self, *, dry: bool | None, silent: bool | None) -> Callable[[Any], tuple[Request, tuple[str, ...]]]:
        """Return what makes the requests of events."""
        makers: dict[type, Callable[[Any], Request]] = {}
        for operation in EVENTS:
            endpoint = endpoint_for(type(self), operation)
            options = {"dry": dry, "silent": silent}
            given = {name: value for name, value in options.items() if name in endpoint.signature.parameters}
            makers[endpoint.body_classes[0]] = partial(endpoint.request, **given)

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
        raise WrongItemError(f"each of calls must be a PreparedCall, not {type(call).__name__}: see `prepare`")
    return cast("PreparedCall[Any]", call)


def _maker(makers: dict[type, Callable[[Any], Request]], event: Any) -> Callable[[Any], Request]:
    """Return what makes the request of an event of a subclass."""
    for cls, make in makers.items():
        if isinstance(event, cls):
            return make
    names = ", ".join(cls.__name__ for cls in makers)
    raise WrongItemError(f"each of events must be one of {names}, not {type(event).__name__}")
