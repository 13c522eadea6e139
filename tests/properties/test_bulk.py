"""Runs of any calls, whatever becomes of each call, and however the run ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import failing, trickling
from support.clock import FakeClock
from support.transport import Immediate, inner

from talon_async import Failure, Report, Snapshot, Success
from talon_async._messages import Answer, Request
from talon_async.errors import AuthenticationError, BulkInterruptedError, ConnectionLostError
from talon_async.models import IntegrationEventV2Request, NewEvent

ANSWERS = {"ok": 200, "busy": 429, "down": 503, "no": 400, "key": 401}
FATES = st.sampled_from(["ok", "ok", "ok", "ok", "lost", "busy", "down", "no"])
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cy", ""]),
        st.sampled_from(["s1", "s2"]),
        st.integers(0, 4),
        st.lists(FATES, min_size=1, max_size=4),
        st.booleans(),
    ),
    max_size=40,
)
"""Of each event the customer, the session, how long it takes, what becomes of its attempts, and whether it is of V1."""
CONCURRENCY = st.integers(1, 6)


def events(plans: list[Any]) -> list[Any]:
    """Make the events of a plan; the number is the type."""
    return [
        NewEvent(type=str(index), attributes={}, session_id=session, profile_id=customer)
        if is_v1
        else IntegrationEventV2Request(type=str(index), attributes={}, profile_id=customer or "dan")
        for index, (customer, session, _, _, is_v1) in enumerate(plans)
    ]


def keys_of(event: Any) -> set[str]:
    """Name the customer and the session of an event."""
    session = getattr(event, "session_id", None)
    return ({f"profile {event.profile_id}"} if event.profile_id else set()) | (
        {f"session {session}"} if session else set()
    )


@attrs.define
class Server:
    """Notes what is sent, and lets each event fail as its plan says before it succeeds."""

    plans: list[Any]
    events: list[Any]
    begun: list[int] = attrs.field(factory=list[int])
    acted: Counter[int] = attrs.field(factory=Counter[int])
    maybe: set[int] = attrs.field(factory=set[int])
    under_way: list[int] = attrs.field(factory=list[int])
    most: int = 0
    refused: bool = False
    late: int = 0
    keys: dict[int, set[str | None]] = attrs.field(factory=dict[int, set[str | None]])

    async def __call__(self, request: Request) -> Answer:
        """Take as long as planned, then answer as planned."""
        number = int(json.loads(request.body or b"")["type"])
        if "dry=true" in request.target:
            return Answer(200, {}, b"{}")
        self.late += self.refused
        mine = keys_of(self.events[number])
        assert not any(mine & keys_of(self.events[other]) for other in self.under_way)
        self.begun.append(number)
        self.keys.setdefault(number, set()).add(request.idempotency_key)
        self.under_way.append(number)
        self.most = max(self.most, len(self.under_way))
        _, _, rounds, fates, _ = self.plans[number]
        fate = fates.pop(0) if fates else "ok"
        try:
            for _ in range(rounds):
                await asyncio.sleep(0)
        finally:
            self.under_way.remove(number)
        if fate == "lost":
            self.maybe.add(number)
            raise ConnectionLostError("lost")
        if fate == "down":
            self.maybe.add(number)
        if fate == "key":
            self.refused = True
        if fate == "ok":
            self.acted[number] += 1
        return Answer(ANSWERS[fate], {}, b"{}")

    @property
    def first_times(self) -> list[int]:
        """Return the numbers in the order in which they were sent first."""
        return list(dict.fromkeys(self.begun))

    def assert_kept(self, report: Report[Any], concurrency: int) -> None:
        """Check every promise of a run against what the server has seen."""
        assert self.most <= concurrency
        assert max(self.acted.values(), default=1) == 1
        assert all(len(keys) == 1 for keys in self.keys.values())
        for key in {key for event in self.events for key in keys_of(event)}:
            order = [number for number in self.first_times if key in keys_of(self.events[number])]
            assert order == sorted(order)
        assert report.pending == 0
        assert report.taken == report.succeeded + report.rejected + report.unknown + report.unsent
        assert len(report.failures) == report.taken - report.succeeded
        assert report.succeeded == len(self.acted.keys() - {failure.index for failure in report.failures})
        indexes = Counter(failure.index for failure in report.failures)
        assert max(indexes.values(), default=1) == 1
        for failure in report.failures:
            assert failure.item is self.events[failure.index]
            if failure.outcome == "unsent":
                assert failure.index not in self.maybe
            if failure.outcome == "rejected":
                assert failure.index not in self.acted


def run(server: Server, source: Any, concurrency: int, **options: Any) -> Any:
    """Run events against a server without a network."""

    async def running() -> Any:
        async with inner(Immediate(server), clock=FakeClock()) as talon:
            return await talon.track_events(source, concurrency=concurrency, **options)

    return asyncio.run(running())


def server_of(plans: list[Any]) -> Server:
    """Return a server with a plan of its own."""
    own = [(*plan[:3], list(plan[3]), plan[4]) for plan in plans]
    return Server(own, events(plans))


@settings(max_examples=200)
@given(EVENTS, CONCURRENCY, st.booleans())
def test_nothing_is_lost_or_doubled_when_a_run_ends(plans: list[Any], concurrency: int, trickle: bool) -> None:
    """Every event is taken and settled once and acts at most once, and those of a customer or session act in order."""
    server = server_of(plans)
    report = run(server, trickling(server.events) if trickle else iter(server.events), concurrency)
    server.assert_kept(report, concurrency)
    assert (len(plans), 0, None) == (report.taken, report.unsent, report.stopped_by)
    repeatable = {index for index, plan in enumerate(plans) if not plan[4]}
    assert {failure.index for failure in report.failures if failure.outcome == "unknown"} & repeatable <= {
        index for index, plan in enumerate(plans) if len([fate for fate in plan[3] if fate != "ok"]) == 4
    } | {index for index, plan in enumerate(plans) if "no" in plan[3]}


@settings(max_examples=150)
@given(EVENTS, EVENTS, CONCURRENCY)
def test_rest_is_reported_when_a_key_is_refused(before: list[Any], after: list[Any], concurrency: int) -> None:
    """A run takes nothing more after an invalid key, and reports what was taken and not sent."""
    server = server_of([*before, ("ann", "s1", 0, ["key"], True), *after])
    report = run(server, iter(server.events), concurrency)
    server.assert_kept(report, concurrency)
    assert isinstance(report.stopped_by, AuthenticationError)
    assert server.late == 0  # nothing goes out with a key that is known to be refused


@settings(max_examples=100)
@given(EVENTS, CONCURRENCY)
def test_taken_events_are_sent_when_the_source_breaks(plans: list[Any], concurrency: int) -> None:
    """A run sends what a source gave before it raised, and its error has the report."""
    server = server_of(plans)
    with pytest.raises(BulkInterruptedError) as caught:
        run(server, failing(server.events), concurrency)
    server.assert_kept(caught.value.report, concurrency)
    assert len(plans) == caught.value.report.taken
    assert isinstance(caught.value.__cause__, KeyError)


@settings(max_examples=200)
@given(EVENTS, CONCURRENCY, st.integers(0, 60), st.sampled_from(["cancel", "close", "raise", "exit"]))
def test_account_is_exact_at_every_moment_when_a_run_ends_early(
    plans: list[Any], concurrency: int, rounds: int, how: str
) -> None:
    """The counts of every snapshot add up when a run is cancelled, closed, or ended by `progress`.

    In the end no call is pending.
    """
    server, seen = server_of(plans), list[Snapshot]()

    def progress(snapshot: Snapshot) -> None:
        seen.append(snapshot)
        if len(seen) > rounds and how == "raise":
            raise KeyError("the bar is gone")
        if len(seen) > rounds and how == "exit":
            raise KeyError("stands for an exit, which would end the loop of the test")

    async def ending() -> Report[Any]:
        talon = inner(Immediate(server), clock=FakeClock())
        async with talon:
            call = talon.track_events(trickling(server.events), concurrency=concurrency, progress=progress)
            task = asyncio.ensure_future(call)
            for _ in range(rounds):
                await asyncio.sleep(0)
            if how == "cancel":
                task.cancel()
            if how == "close":
                await talon.aclose()
            try:
                return await task
            except (asyncio.CancelledError, BulkInterruptedError) as problem:
                report: Report[Any] = getattr(problem, "report", None) or Report()
                return report

    report = asyncio.run(ending())
    server.assert_kept(report, concurrency)
    for snapshot in seen:
        parts = (snapshot.succeeded, snapshot.rejected, snapshot.unknown, snapshot.unsent, snapshot.pending)
        assert snapshot.taken == sum(parts)
        assert min(parts) >= 0


@settings(max_examples=100)
@given(EVENTS, CONCURRENCY, st.booleans(), st.integers(0, 50))
def test_each_call_has_one_result_when_a_run_is_streamed(
    plans: list[Any], concurrency: int, ordered: bool, read: int
) -> None:
    """Each call has one result, and results come in order if that is asked for. A reader that leaves ends the run."""
    server = server_of(plans)

    async def reading() -> list[int]:
        async with inner(Immediate(server), clock=FakeClock()) as talon:
            indices = list[int]()
            stream = talon.stream_events(iter(server.events), concurrency=concurrency, ordered=ordered)
            async with contextlib.aclosing(stream):
                async for result in stream:
                    assert isinstance(result, Success | Failure)
                    assert result.item is server.events[result.index]
                    indices.append(result.index)
                    if len(indices) > read:
                        break
            assert server.under_way == []
            return indices

    found = asyncio.run(reading())
    assert len(found) == len(set(found)) == min(len(plans), read + 1)
    if ordered:
        assert found == sorted(found)
