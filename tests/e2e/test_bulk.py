"""Runs of many calls: bounded, in order, nothing lost; awaited and blocking."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from support.clock import FakeClock, Hurried
from support.raw import Exchange, RawServer, answer, reset

from talon_async import Snapshot
from talon_async.errors import (
    AuthenticationError,
    BadRequestError,
    BulkInterruptedError,
    ConnectionLostError,
    InvalidArgumentError,
)
from talon_async.models import (
    NewEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
from support.recorder import Recorder, event, tracked


async def test_every_event_arrives_once_and_in_order_when_many_are_sent(client: Any) -> None:
    """Two thousand events of twenty customers are recorded once and in order, at most sixteen at a time."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        report = await client(server.url).track_events((event(n, f"p{n % 20}") for n in range(2000)), concurrency=16)
    assert (2000, 2000, [], None) == (report.taken, report.succeeded, report.failures, report.stopped_by)
    assert all(numbers == sorted(numbers) for numbers in recorder.numbers.values())
    assert recorder.count == 2000
    assert 1 < recorder.most <= 16


async def test_a_customers_events_are_one_after_the_other_when_there_is_one_customer(client: Any) -> None:
    """Events of one customer are sent one after the other."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        await client(server.url).track_events([event(n) for n in range(50)])
    assert (list(range(50)), 1) == (recorder.numbers["p"], recorder.most)


async def test_anonymous_events_keep_the_order_of_their_session_when_profile_ids_are_empty(client: Any) -> None:
    """Events with an empty profile ID keep the order of their session.

    Different anonymous sessions do not wait for each other.
    """
    recorder = Recorder()
    with RawServer(recorder) as server:
        await client(server.url).track_events(event(n, "", f"s{n % 3}") for n in range(60))
    assert all(numbers == sorted(numbers) for numbers in recorder.numbers.values())
    assert recorder.most > 1


async def test_failures_are_reported_with_their_events_when_some_fail(client: Any) -> None:
    """Each failure has its event, its index and its error, and the other events are recorded.

    A lost answer is an unknown outcome and is not repeated.
    """

    def behave(n: int) -> Any:
        return {3: answer({"message": "no"}, status=400), 5: reset}.get(n)

    recorder = Recorder(behave)
    with RawServer(recorder) as server:
        report = await client(server.url).track_events([event(n, f"p{n}") for n in range(10)])
    failures = {failure.index: failure for failure in report.failures}
    assert (10, 8, {3, 5}) == (report.taken, report.succeeded, set(failures))
    assert (BadRequestError, "rejected") == (type(failures[3].error), failures[3].error.outcome)
    assert (ConnectionLostError, "unknown") == (type(failures[5].error), failures[5].error.outcome)
    assert failures[5].item.attributes == {"n": 5}
    with pytest.raises(ExceptionGroup, match="2 of 10 did not succeed"):
        report.raise_for_failures()


async def test_nothing_more_is_taken_when_the_key_is_not_valid(client: Any) -> None:
    """A run whose API key is refused takes no further event from the source.

    Every event that it has taken is among the failures.
    """
    with RawServer(answer({"message": "bad key"}, status=401)) as server:
        report = await client(server.url).track_events((event(n, f"p{n}") for n in range(5000)), concurrency=2)
    assert isinstance(report.stopped_by, AuthenticationError)
    assert report.taken == len(report.failures) < 2000
    assert len(server.received) <= 4
    assert (report.rejected, report.unsent) == (0, report.taken)


async def test_the_report_is_kept_when_the_source_fails(client: Any) -> None:
    """A run whose source raises sends what the source gave before.

    Its error has the report, and the source's error as cause.
    """

    def source() -> Iterator[NewEvent]:
        for n in range(10):
            yield event(n, f"p{n}")
        raise KeyError("the database is gone")

    recorder = Recorder()
    with RawServer(recorder) as server, pytest.raises(BulkInterruptedError, match="raised KeyError") as caught:
        await client(server.url).track_events(source())
    assert isinstance(caught.value.__cause__, KeyError)
    assert (10, 10, 10) == (recorder.count, caught.value.report.taken, caught.value.report.succeeded)


@pytest.mark.parametrize("wrong", [0, -1, True])
async def test_a_run_is_refused_when_its_concurrency_makes_no_sense(client: Any, wrong: Any) -> None:
    """A concurrency below 1, or one that is no number, is refused before anything is taken from the source."""
    with pytest.raises(InvalidArgumentError, match="concurrency"):
        await client("http://127.0.0.1:9").track_events([event(1)], concurrency=wrong)


@pytest.mark.parametrize(
    "wrong", [{"progress": 5}, {"item_id": "id"}, {"journal": 5}, {"journal": b"x"}, {"journal": True}, {"journal": ""}]
)
async def test_a_run_is_refused_when_an_option_has_a_wrong_type(client: Any, wrong: Any) -> None:
    """An option of a wrong type is refused by name before anything is taken from the source or made on the disk."""
    with pytest.raises(InvalidArgumentError, match=f"{min(wrong)} must be"):
        await client("http://127.0.0.1:9").track_events([event(1)], **wrong)


@pytest.mark.parametrize("wrong", ["text", 5, {"a": 1}, None])
async def test_a_run_is_refused_when_its_source_is_not_iterable(client: Any, wrong: Any) -> None:
    """A source that is not an iterable of events is refused with an error that names the parameter."""
    with pytest.raises(InvalidArgumentError, match="events must be an iterable"):
        await client("http://127.0.0.1:9").track_events(wrong)


async def test_the_run_stops_when_the_source_gives_items_of_a_wrong_type(client: Any) -> None:
    """A run stops at the second item of a wrong type instead of reporting twenty thousand failures."""
    with RawServer(Recorder()) as server:
        report = await client(server.url).track_events([event(1, "a"), *["event"] * 20_000])
    assert isinstance(report.stopped_by, InvalidArgumentError)
    assert "every item of events must be one of NewEvent, IntegrationEventV2Request" in str(report.stopped_by)
    assert (1, 1, report.unsent) == (report.succeeded, report.rejected, report.taken - 2)
    assert report.taken <= 5 * 64  # a blocking run has read ahead


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (NewEvent(type="t", session_id="s", attributes={"n": float("nan")}), "/attributes/n: nan is not a JSON number"),
        (NewEvent(type=5, session_id="s", attributes={}), "type must be text, not 5"),  # type: ignore[arg-type]
        (tracked(3, response_content=["rewards"]), "response_content item 0 must be 'customerProfile', .*'rewards'"),
        (tracked(3, evaluable_campaign_ids=[2**63]), "evaluable_campaign_ids item 0 must be a whole number"),
    ],
)  # fmt: skip
async def test_an_event_fails_alone_when_it_cannot_be_sent(client: Any, wrong: Any, said: str) -> None:
    """An event that cannot be sent is a failure with its index and the reason. The other events are recorded."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        report = await client(server.url).track_events([event(1, "a"), wrong, event(2, "b")])
    assert [(1, wrong, "rejected", "not_sent")] == [
        (f.index, f.item, f.outcome, f.error.outcome) for f in report.failures
    ]
    assert re.search(said, str(report.failures[0].error))
    assert (recorder.count, None) == (2, report.stopped_by)


async def test_nothing_happens_when_there_are_no_events(client: Any) -> None:
    """A run over an empty source ends with an empty report."""
    report = await client("http://127.0.0.1:9").track_events([])
    assert (0, 0, 0) == (report.taken, report.succeeded, report.failed)


async def test_progress_is_reported_ten_times_a_second_when_time_passes(client: Any, clock: FakeClock) -> None:
    """`progress` is called ten times a second by the clock, and once more at the end."""
    seen: list[Snapshot] = []

    async def slowly(exchange: Exchange) -> None:
        clock.time += 0.05
        await exchange.send(answer({}))

    with RawServer(slowly) as server:
        await client(server.url, clock=clock).track_events(
            [event(n, "p") for n in range(40)], concurrency=1, progress=seen.append
        )
    assert (40, 40, 0) == (seen[-1].taken, seen[-1].succeeded, seen[-1].pending)
    assert 12 <= len(seen) <= 21
    assert all(later.elapsed - sooner.elapsed >= 0.099 for sooner, later in pairwise(seen[:-1]))


async def test_the_report_is_kept_when_progress_raises(client: Any) -> None:
    """An error that `progress` raises ends the run after the calls under way.

    It is the cause of an error that has the report.
    """

    def progress(_: Snapshot) -> None:
        raise KeyError("the bar is gone")

    with RawServer(Recorder()) as server, pytest.raises(BulkInterruptedError, match="`progress` raised") as caught:
        await client(server.url, clock=Hurried()).track_events(
            (event(n, f"p{n}") for n in range(5000)), concurrency=2, progress=progress
        )
    report = caught.value.report
    assert report.taken == report.done < 2000


async def test_the_exit_reaches_the_caller_when_progress_asks_for_it(client: Any) -> None:
    """`sys.exit()` in `progress` ends the run, which adds its report to the exception, and then the program."""

    def progress(_: Snapshot) -> None:
        raise SystemExit(3)

    async def exiting() -> SystemExit:
        try:
            await client(server.url, clock=Hurried()).track_events(
                (event(n, f"p{n}") for n in range(5000)), concurrency=2, progress=progress
            )
        except SystemExit as exited:
            return exited  # in a task it would end the loop
        raise AssertionError

    with RawServer(Recorder()) as server:
        exited = await exiting()
    report = exited.__dict__["report"]
    assert (3, report.taken) == (exited.code, report.done)
    assert report.taken < 2000
