"""Batches of any events, whatever becomes of each."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import failing, trickling

from talon_async import Report
from talon_async._clock import Clock
from talon_async.bulk.methods import Bulk
from talon_async.errors import (
    AuthenticationError,
    BulkInterruptedError,
    ConnectionLostError,
    RateLimitError,
    TalonOneError,
)
from talon_async.models import NewEvent

ERRORS: dict[str, type[TalonOneError]] = {"lost": ConnectionLostError, "busy": RateLimitError}
FATES = st.sampled_from(["ok", "ok", "ok", *ERRORS])
EVENTS = st.lists(
    st.tuples(st.sampled_from(["ann", "bob", "cy", "", None]), st.sampled_from(["s1", "s2"]), st.integers(0, 4), FATES),
    max_size=40,
)
"""Of each event the customer, the session, how long it takes in rounds of the loop, and what becomes of it."""
CONCURRENCY = st.integers(1, 6)


def events(plans: list[Any]) -> list[NewEvent]:
    """Make the events of a plan."""
    return [
        NewEvent(type=str(index), attributes={"rounds": rounds, "fate": fate}, session_id=session, profile_id=customer)
        for index, (customer, session, rounds, fate) in enumerate(plans)
    ]


def whose(event: NewEvent) -> str:
    """Name the customer or, of an anonymous event, the session."""
    return f"profile {event.profile_id}" if event.profile_id else f"session {event.session_id}"


@attrs.define
class Sender:
    """Stands in for the client: notes what is sent, and does with each event what its plan says."""

    clock = Clock()
    begun: list[NewEvent] = attrs.field(factory=list[NewEvent])
    under_way: Counter[str] = attrs.field(factory=Counter[str])
    most: int = 0
    most_of_one: int = 0
    refused: bool = False
    late: int = 0

    async def track_event(self, body: NewEvent, *, dry: bool | None = None) -> Any:
        """Take as long as planned, then succeed or fail as planned."""
        self.late += self.refused
        self.begun.append(body)
        self.under_way[whose(body)] += 1
        self.most = max(self.most, self.under_way.total())
        self.most_of_one = max(self.most_of_one, *self.under_way.values())
        try:
            for _ in range(body.attributes["rounds"]):
                await asyncio.sleep(0)
        finally:
            self.under_way[whose(body)] -= 1
        if body.attributes["fate"] == "key":
            self.refused = True
            raise AuthenticationError("the key is not valid")
        if body.attributes["fate"] in ERRORS:
            raise ERRORS[body.attributes["fate"]](body.attributes["fate"])

    def order(self) -> dict[str, list[int]]:
        """Return the places of the events sent, in the order they were, by customer."""
        found: dict[str, list[int]] = {}
        for event in self.begun:
            found.setdefault(whose(event), []).append(int(event.type))
        return found


def batch(sender: Sender, source: Any, concurrency: int, **options: Any) -> Any:
    """Run a batch with a sender that is no client."""
    return Batches.track_events(sender, source, concurrency=concurrency, **options)


def assert_kept(sender: Sender, sent: list[NewEvent], report: Report, concurrency: int) -> None:
    """Hold what a batch promises in any case against what was seen."""
    assert sender.most <= concurrency
    assert sender.most_of_one <= 1
    assert sender.late == 0  # nothing goes out with a key that is known to be refused
    assert all(order == sorted(order) for order in sender.order().values())
    assert max(Counter(event.type for event in sender.begun).values(), default=1) == 1
    assert report.taken == report.succeeded + len(report.failures) == report.done
    assert all(failure.item is sent[failure.index] for failure in report.failures)
    assert max(Counter(failure.index for failure in report.failures).values(), default=1) == 1


@settings(max_examples=200)
@given(EVENTS, CONCURRENCY, st.booleans())
def test_nothing_is_lost_or_doubled_when_a_batch_ends(plans: list[Any], concurrency: int, trickle: bool) -> None:
    """Every event is sent once, each customer's in order and one at a time, and the report counts what happened."""
    sender, source = Sender(), events(plans)
    report = asyncio.run(batch(sender, trickling(source) if trickle else iter(source), concurrency))
    assert_kept(sender, source, report, concurrency)
    assert sorted(event.type for event in source) == sorted(event.type for event in sender.begun)
    failed = {index: fate for index, (*_, fate) in enumerate(plans) if fate != "ok"}
    assert failed == {failure.index: failure.error.message for failure in report.failures}
    assert report.stopped_by is None


@settings(max_examples=200)
@given(EVENTS, EVENTS, CONCURRENCY)
def test_rest_is_told_when_a_key_is_refused(before: list[Any], after: list[Any], concurrency: int) -> None:
    """After an invalid key nothing more is taken; what was taken and not sent is among the failures as such."""
    sender, source = Sender(), events([*before, ("ann", "s1", 0, "key"), *after])
    report = asyncio.run(batch(sender, iter(source), concurrency))
    assert_kept(sender, source, report, concurrency)
    assert isinstance(report.stopped_by, AuthenticationError)
    sent = {event.type for event in sender.begun}
    unsent = [failure for failure in report.failures if failure.item.type not in sent]
    assert all(failure.error.outcome == "not_sent" for failure in unsent)
    assert report.taken == len(sender.begun) + len(unsent)


@settings(max_examples=200)
@given(EVENTS, CONCURRENCY)
def test_taken_events_are_sent_when_the_source_breaks(plans: list[Any], concurrency: int) -> None:
    """What a source gave before it broke is sent, and the error holds the report."""
    sender, source = Sender(), events(plans)
    with pytest.raises(BulkInterruptedError) as caught:
        asyncio.run(batch(sender, failing(source), concurrency))
    assert_kept(sender, source, caught.value.report, concurrency)
    assert len(source) == caught.value.report.taken == len(sender.begun)
    assert isinstance(caught.value.__cause__, KeyError)


@settings(max_examples=200)
@given(EVENTS, CONCURRENCY, st.integers(0, 60))
def test_report_is_complete_when_a_batch_is_cancelled(plans: list[Any], concurrency: int, rounds: int) -> None:
    """Whenever a batch is cancelled, the report that `progress` had counts every event that was taken."""
    sender, source, reports = Sender(), events(plans), list[Report]()

    async def cancelled() -> None:
        task = asyncio.ensure_future(batch(sender, iter(source), concurrency, progress=reports.append))
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    for report in reports[-1:]:
        assert_kept(sender, source, report, concurrency)
        sent = {event.type for event in sender.begun}
        unsent = [failure for failure in report.failures if failure.item.type not in sent]
        assert all(failure.error.outcome == "not_sent" for failure in unsent)
        doubtful = [failure for failure in report.failures if "under way" in failure.error.message]
        assert all(failure.error.outcome == "unknown" for failure in doubtful)
    assert len(sender.begun) <= (reports[-1].taken if reports else 0)
