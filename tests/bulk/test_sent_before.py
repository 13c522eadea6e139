"""Calls that an earlier run may have sent: what a 409 means."""

from __future__ import annotations

import pytest
from support.raw import RawServer, answer, fin

from talon_async import RetryPolicy, TalonOne
from talon_async.bulk import PreparedCall, Report
from talon_async.models import IntegrationEventV3Request

PARALLEL = answer({"message": "Too many requests are updating this profile"}, status=409)


async def sent(server: RawServer, *, sent_before: bool) -> Report[PreparedCall[object]]:
    async with TalonOne(server.url, "key", retry=RetryPolicy(parallel_base=0, base=0)) as talon:
        event = IntegrationEventV3Request(profile_id="p", type="paid", integration_id="e", attributes={})
        return await talon.bulk([talon.prepare(talon.track_event_v3)(event)], sent_before=sent_before)


@pytest.mark.parametrize(("sent_before", "succeeded"), [(True, 1), (False, 0)])
async def test_an_event_counts_as_recorded_when_it_may_have_been_sent_before(sent_before: bool, succeeded: int) -> None:
    """A 409 of a V3 event that may have been sent before counts as success.

    A 409 of a V3 event that surely was not sent is an error: its ID is taken.
    """
    with RawServer(answer({"message": "exists"}, status=409)) as server:
        report = await sent(server, sent_before=sent_before)
    assert (succeeded, 1 - succeeded) == (report.succeeded, report.rejected)


@pytest.mark.parametrize("sent_before", [True, False])
async def test_an_event_is_sent_again_when_parallel_updates_are_refused(sent_before: bool) -> None:
    """A 409 that refuses parallel updates says that the server did nothing.

    The event is sent again, also after a lost answer.
    """
    with RawServer(fin, PARALLEL, answer({})) as server:
        report = await sent(server, sent_before=sent_before)
        assert 3 == len(server.received)
    assert 1 == report.succeeded
