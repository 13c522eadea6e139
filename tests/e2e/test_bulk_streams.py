"""Many calls whose results are read as they come; awaited and blocking."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.raw import RawServer, answer, hang
from support.twins import KEY

from talon_async import TalonOneSync
from talon_async.errors import (
    AuthenticationError,
    BulkInterruptedError,
)
from talon_async.models import (
    CustomerProfileIntegrationRequestV2,
    IntegrationEventV2Request,
    IntegrationEventV3Request,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
from support.recorder import event, indexes, tracked


@pytest.mark.parametrize("ordered", [False, True])
async def test_results_are_given_as_they_come_when_calls_are_streamed(client: Any, ordered: bool) -> None:
    """Results come as soon as they are there, each with its index, item, data and key.

    With `ordered=True` they come in the order of the calls.
    """
    with RawServer(answer({"effects": []})) as server:
        stream = client(server.url).stream_events([tracked(n) for n in range(50)], ordered=ordered)
        results = [result async for result in stream]
    assert all("silent=no" in exchange.line for exchange in server.received)
    assert list(range(50)) == (indexes(results) if ordered else sorted(indexes(results)))
    assert {(1, "succeeded")} == {(result.attempts, result.outcome) for result in results}
    assert 50 == len({result.idempotency_key for result in results})
    assert all(result.data.effects == [] and result.item.attributes["n"] == result.index for result in results)


async def test_prepared_calls_of_any_operations_are_sent_when_they_are_mixed(client: Any) -> None:
    """Calls of one profile are sent one after the other, each under the key that it was prepared with."""
    with RawServer(answer({})) as server:
        talon = client(server.url)
        update = talon.prepare(talon.update_customer_profile_v2)
        track = talon.prepare(talon.track_event_v2)
        profile = CustomerProfileIntegrationRequestV2(attributes={"own": 1})
        calls = [update("p", profile), track(tracked(1)), update("q", profile, idempotency_key="mine")]
        report = await talon.bulk(calls)
        again = await talon.send(calls[0])
    assert (3, 3) == (report.taken, report.succeeded)
    keys = [exchange.headers["idempotency-key"] for exchange in server.received]
    assert {call.idempotency_key for call in calls} == set(keys[:3])
    assert (keys[3], "mine" in keys, again.effects) == (calls[0].idempotency_key, True, [])


async def test_no_answer_is_asked_for_when_results_are_not_read(client: Any) -> None:
    """A run whose results are not read asks the server for no answer.

    A call that was prepared with an option about it keeps that option.
    """
    with RawServer(answer({})) as server:
        talon = client(server.url)
        track, update = talon.prepare(talon.track_event_v2), talon.prepare(talon.update_customer_profile_v2)
        calls = [
            track(tracked(1)), track(tracked(2), dry=True), track(tracked(3), silent=False),
            update("silent=", CustomerProfileIntegrationRequestV2()),
        ]  # fmt: skip
        await talon.bulk(calls, concurrency=1)
        [result] = [result async for result in talon.stream_events([tracked(4)])]
    assert result.outcome == "succeeded"
    assert [
        "/v2/events?silent=yes", "/v2/events?dry=true&silent=yes", "/v2/events?silent=no",
        "/v2/customer_profiles/silent%3D", "/v2/events?silent=no",
    ] == [exchange.line.split()[1] for exchange in server.received]  # fmt: skip


async def test_the_reason_is_raised_when_a_stream_stops(client: Any) -> None:
    """The reason why a stream stops is raised after the results of everything that was taken.

    The report is complete.
    """
    results: list[Any] = []
    with RawServer(answer({}, status=401)) as server, pytest.raises(BulkInterruptedError, match="401") as caught:
        async for result in client(server.url).stream_events([tracked(n) for n in range(500)], concurrency=2):
            results.append(result)  # noqa: PERF401  # those before the error, too
    assert isinstance(caught.value.__cause__, AuthenticationError)
    assert (caught.value.report.taken, 0) == (len(results), caught.value.report.pending)
    assert {"rejected", "unsent"} >= {result.outcome for result in results}


def test_the_report_is_there_when_the_caller_of_a_blocking_stream_is_interrupted() -> None:
    """Ctrl-C in a blocking stream is raised once nothing runs any more, and the report is there."""

    def source() -> Iterator[IntegrationEventV2Request]:
        for n in range(10):
            yield tracked(n)
        while len(server.received) < 4:
            threading.Event().wait(0.01)
        raise KeyboardInterrupt

    with RawServer(hang) as server, TalonOneSync(server.url, KEY) as talon:
        with pytest.raises(KeyboardInterrupt) as caught:
            list(talon.stream_events(source(), concurrency=4))
    report = caught.value.__dict__["report"]
    assert (report.taken, 4, 0) == (report.done, report.unknown, report.pending)


async def test_events_of_all_kinds_are_recorded_when_they_are_mixed(client: Any) -> None:
    """The class of an event decides on its operation."""
    advanced = IntegrationEventV3Request(integration_id="e-1", type="t", profile_id="p")
    with RawServer(answer({})) as server:
        report = await client(server.url).track_events([event(1), tracked(2), advanced], dry=True)
    assert 3 == report.succeeded
    assert ["/v1/events?dry=true", "/v2/events?silent=yes&dry=true", "/v3/events?silent=yes&dry=true"] == sorted(
        exchange.line.split()[1] for exchange in server.received
    )
