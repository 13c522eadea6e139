"""Many calls at once: bounded, in order, nothing lost; awaited and blocking."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from support.clock import FakeClock, Hurried
from support.raw import Exchange, RawServer, answer, hang, reset
from support.transport import Immediate, inner
from support.twins import KEY

from talon_async import Snapshot, TalonOne, TalonOneSync
from talon_async.errors import (
    AuthenticationError,
    BadRequestError,
    BulkInterruptedError,
    ClientClosedError,
    ConnectionLostError,
    InvalidArgumentError,
)
from talon_async.models import (
    CustomerProfileIntegrationRequestV2,
    IntegrationEventV2Request,
    IntegrationEventV3Request,
    NewEvent,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def event(n: int, profile: str = "p", session: str | None = None) -> NewEvent:
    return NewEvent(type="t", session_id=session or f"of-{profile}", profile_id=profile, attributes={"n": n})


def tracked(n: int, profile: str | None = None) -> IntegrationEventV2Request:
    return IntegrationEventV2Request(type="t", profile_id=profile or f"p{n}", attributes={"n": n})


def indexes(results: list[Any]) -> list[int]:
    return [result.index for result in results]


class Recorder:
    """Records events as a server would; `behave` may answer in another way."""

    def __init__(self, behave: Any = None) -> None:
        self.numbers: dict[str, list[int]] = defaultdict(list)
        self.running = self.most = 0
        self._behave = behave

    @property
    def count(self) -> int:
        return sum(map(len, self.numbers.values()))

    async def __call__(self, exchange: Exchange) -> None:
        body = json.loads(exchange.body)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.001)
        self.running -= 1
        if self._behave and (reply := self._behave(body["attributes"]["n"])):
            await (exchange.send(reply) if isinstance(reply, bytes) else reply(exchange))
            return
        self.numbers[body["profileId"] or body["sessionId"]].append(body["attributes"]["n"])
        await exchange.send(answer({}, status=201))


async def test_every_event_arrives_once_and_in_order_when_many_are_sent(client: Any) -> None:
    """Two thousand events of twenty customers, at most sixteen at a time."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        report = await client(server.url).track_events((event(n, f"p{n % 20}") for n in range(2000)), concurrency=16)
    assert (2000, 2000, [], None) == (report.taken, report.succeeded, report.failures, report.stopped_by)
    assert all(numbers == sorted(numbers) for numbers in recorder.numbers.values())
    assert recorder.count == 2000
    assert 1 < recorder.most <= 16


async def test_a_customers_events_are_one_after_the_other_when_there_is_one_customer(client: Any) -> None:
    """Order costs parallelism only where there is one to keep."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        await client(server.url).track_events([event(n) for n in range(50)])
    assert (list(range(50)), 1) == (recorder.numbers["p"], recorder.most)


async def test_anonymous_events_keep_the_order_of_their_session_when_nobody_is_known(client: Any) -> None:
    """The empty profile is not one customer."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        await client(server.url).track_events(event(n, "", f"s{n % 3}") for n in range(60))
    assert all(numbers == sorted(numbers) for numbers in recorder.numbers.values())
    assert recorder.most > 1


async def test_failures_are_told_with_their_events_when_some_fail(client: Any) -> None:
    """The others are recorded all the same; one lost answer is an unknown outcome, and not repeated."""

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
    """Every further event would fail: what was taken is among the failures, the rest stays in the source."""
    with RawServer(answer({"message": "bad key"}, status=401)) as server:
        report = await client(server.url).track_events((event(n, f"p{n}") for n in range(5000)), concurrency=2)
    assert isinstance(report.stopped_by, AuthenticationError)
    assert report.taken == len(report.failures) < 2000
    assert len(server.received) <= 4
    assert (report.rejected, report.unsent) == (0, report.taken)


async def test_the_report_is_kept_when_the_source_fails(client: Any) -> None:
    """What it gave is sent; its error is the cause."""

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
    """Before anything is taken from the source."""
    with pytest.raises(InvalidArgumentError, match="concurrency"):
        await client("http://127.0.0.1:9").track_events([event(1)], concurrency=wrong)


@pytest.mark.parametrize(
    "wrong", [{"progress": 5}, {"item_id": "id"}, {"journal": 5}, {"journal": b"x"}, {"journal": True}, {"journal": ""}]
)
async def test_a_run_is_refused_when_an_option_has_a_wrong_type(client: Any, wrong: Any) -> None:
    """Before anything is taken from the source, or made on the disk; the error names the option."""
    with pytest.raises(InvalidArgumentError, match=f"{min(wrong)} must be"):
        await client("http://127.0.0.1:9").track_events([event(1)], **wrong)


@pytest.mark.parametrize("wrong", ["text", 5, {"a": 1}, None])
async def test_a_run_is_refused_when_its_source_is_none(client: Any, wrong: Any) -> None:
    """The error names the parameter."""
    with pytest.raises(InvalidArgumentError, match="events must be an iterable"):
        await client("http://127.0.0.1:9").track_events(wrong)


async def test_the_run_stops_when_the_source_gives_something_else(client: Any) -> None:
    """Twenty thousand things of a wrong type are one mistake, not twenty thousand failures."""
    with RawServer(Recorder()) as server:
        report = await client(server.url).track_events([event(1, "a"), *["event"] * 20_000])
    assert isinstance(report.stopped_by, InvalidArgumentError)
    assert "each of events must be one of NewEvent, IntegrationEventV2Request" in str(report.stopped_by)
    assert (1, 1, report.unsent) == (report.succeeded, report.rejected, report.taken - 2)
    assert report.taken <= 5 * 64  # a blocking run has read ahead


async def test_an_event_fails_alone_when_it_cannot_be_encoded(client: Any) -> None:
    """Its failure has its place, and says what is wrong; the others are recorded."""
    recorder = Recorder()
    wrong = NewEvent(type="t", session_id="s", profile_id="x", attributes={"n": float("nan")})
    with RawServer(recorder) as server:
        report = await client(server.url).track_events([event(1, "a"), wrong, event(2, "b")])
    assert [(1, wrong, "rejected", "not_sent")] == [
        (f.index, f.item, f.outcome, f.error.outcome) for f in report.failures
    ]
    assert (recorder.count, None) == (2, report.stopped_by)


async def test_nothing_happens_when_there_are_no_events(client: Any) -> None:
    """An empty source is a finished run."""
    report = await client("http://127.0.0.1:9").track_events([])
    assert (0, 0, 0) == (report.taken, report.succeeded, report.failed)


async def test_progress_is_told_ten_times_a_second_when_time_passes(client: Any, clock: FakeClock) -> None:
    """The last snapshot is the end; time is that of the clock, and each event takes a twentieth of a second."""
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
    """The run ends with what is under way, and tells why."""

    def progress(_: Snapshot) -> None:
        raise KeyError("the bar is gone")

    with RawServer(Recorder()) as server, pytest.raises(BulkInterruptedError, match="`progress` raised") as caught:
        await client(server.url, clock=Hurried()).track_events(
            (event(n, f"p{n}") for n in range(5000)), concurrency=2, progress=progress
        )
    report = caught.value.report
    assert report.taken == report.done < 2000


async def test_the_exit_reaches_the_caller_when_progress_asks_for_it(client: Any) -> None:
    """`sys.exit()` ends the run, with its report, and then the program."""

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


async def test_the_source_may_be_asynchronous_when_the_client_is() -> None:
    """Queues, streams, database cursors."""

    async def source() -> AsyncIterator[NewEvent]:
        for n in range(20):
            await asyncio.sleep(0)
            yield event(n)

    recorder = Recorder()
    with RawServer(recorder) as server:
        async with TalonOne(server.url, KEY) as talon:
            await talon.track_events(source())
    assert list(range(20)) == recorder.numbers["p"]


async def test_the_source_is_read_no_further_than_needed_when_it_is_endless() -> None:
    """Memory does not grow with it: what is taken is under way or in the buffer."""
    taken = 0

    def endless() -> Iterator[NewEvent]:
        nonlocal taken
        while True:
            taken += 1
            yield event(taken)

    async def hang(_: Exchange) -> None:
        await asyncio.sleep(60)

    with RawServer(hang) as server:
        async with TalonOne(server.url, KEY) as talon:
            run = asyncio.ensure_future(talon.track_events(endless(), concurrency=8))
            while not server.received:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
    assert taken <= 8 + 4 * 8


async def test_nothing_is_lost_when_a_run_is_cancelled() -> None:
    """The last snapshot counts what was under way as unknown, and what waited as not sent; the exception has both."""
    last: list[Snapshot] = []

    async def one_then_hang(exchange: Exchange) -> None:
        await (exchange.send(answer({})) if len(server.received) == 1 else asyncio.sleep(60))

    with RawServer(one_then_hang) as server:
        async with TalonOne(server.url, KEY) as talon:
            call = talon.track_events([event(n) for n in range(5)], concurrency=2, progress=last.append)
            run = asyncio.ensure_future(call)
            while len(server.received) < 2:
                await asyncio.sleep(0.01)
            run.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await run
    assert (5, 1, 1, 3, 0) == (
        last[-1].taken, last[-1].succeeded, last[-1].unknown, last[-1].unsent, last[-1].pending,
    )  # fmt: skip
    report = caught.value.__dict__["report"]
    assert ["unknown", "unsent", "unsent", "unsent"] == [failure.outcome for failure in report.failures]


def test_the_run_is_over_when_the_caller_of_a_blocking_one_is_interrupted() -> None:
    """Ctrl-C comes out when nothing runs any more, and has the report."""

    def source() -> Iterator[NewEvent]:
        for n in range(10):
            yield event(n, f"p{n}")
        while len(server.received) < 4:
            threading.Event().wait(0.01)
        raise KeyboardInterrupt

    with RawServer(hang) as server, TalonOneSync(server.url, KEY) as talon:
        with pytest.raises(KeyboardInterrupt) as caught:
            talon.track_events(source(), concurrency=4)
        report = caught.value.__dict__["report"]
        before = (report.taken, report.unknown, report.unsent)
        assert (report.taken, 4, 0) == (report.done, report.unknown, report.pending)
        assert before == (report.taken, report.unknown, report.unsent)
        assert len(server.received) == 4


def test_the_source_is_read_on_the_callers_thread_when_the_call_is_blocking() -> None:
    """Database cursors belong to their thread."""
    threads = set()

    def source() -> Iterator[NewEvent]:
        for n in range(600):
            threads.add(threading.get_ident())
            yield event(n, f"p{n % 5}")

    recorder = Recorder()
    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        report = talon.track_events(source())
    assert ({threading.get_ident()}, 600, 600) == (threads, report.succeeded, recorder.count)
    assert all(numbers == sorted(numbers) for numbers in recorder.numbers.values())


def test_a_slow_source_is_not_held_back_when_it_gives_one_at_a_time() -> None:
    """An event does not wait for the two hundred after it."""
    seen = threading.Event()
    recorder = Recorder(lambda _: seen.set())

    def source() -> Iterator[NewEvent]:
        yield event(1)
        threading.Event().wait(0.1)
        yield event(2)
        assert seen.wait(10)
        yield event(3)

    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        assert talon.track_events(source()).succeeded == 3


async def test_refusals_are_repeated_inside_a_batch_when_the_server_is_busy(client: Any) -> None:
    """A call has its attempts in a run as well."""
    busy = answer({"message": "Too many requests are updating this profile at the same time"}, status=409)
    with RawServer(busy, busy, answer({})) as server:
        report = await client(server.url, clock=FakeClock()).track_events([event(1)])
    assert (1, 3) == (report.succeeded, len(server.received))


async def test_memory_does_not_grow_when_a_run_is_ten_times_as_long() -> None:
    """What is settled is forgotten, but for failures."""
    import tracemalloc

    talon = inner(Immediate())

    async def peak(count: int) -> int:
        tracemalloc.start()
        report = await talon.track_events((event(n, f"p{n % 300}") for n in range(count)), concurrency=16)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.succeeded == count
        return size

    async with talon:
        await peak(100)
        short, long = await peak(1_500), await peak(15_000)
    assert long < short + 50_000


async def test_the_report_comes_at_once_when_the_run_stops_and_the_source_is_idle() -> None:
    """A queue that has nothing more to give does not hold up a run that stops."""

    async def source() -> AsyncIterator[NewEvent]:
        yield event(1)
        await asyncio.sleep(60)

    with RawServer(answer({}, status=401)) as server:
        async with TalonOne(server.url, KEY) as talon, asyncio.timeout(20):
            report = await talon.track_events(source())
    assert (1, 1, AuthenticationError) == (report.taken, report.unsent, type(report.stopped_by))


def test_the_report_is_kept_when_the_client_is_closed_meanwhile() -> None:
    """What was taken is among the recorded or the failures; the source is left alone from then on."""
    recorder = Recorder()

    def source() -> Iterator[NewEvent]:
        for n in range(100_000):
            if n == 300:
                threading.Thread(target=talon.close).start()
            yield event(n, f"p{n % 50}")

    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        report = talon.track_events(source())
    assert isinstance(report.stopped_by, ClientClosedError)
    assert report.taken == report.done < 100_000
    assert report.succeeded <= recorder.count
    assert recorder.count - report.succeeded <= report.unknown


def test_an_event_is_sent_at_once_when_the_source_waits_before_the_next() -> None:
    """A consumer that yields one event and blocks has it sent meanwhile."""
    seen = threading.Event()
    recorder = Recorder(lambda _: seen.set())

    def source() -> Iterator[NewEvent]:
        yield event(1)
        assert seen.wait(20)

    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        assert talon.track_events(source()).succeeded == 1


@pytest.mark.parametrize("ordered", [False, True])
async def test_results_are_given_as_they_come_when_calls_are_streamed(client: Any, ordered: bool) -> None:
    """Each has its place, item, data and key; in order if that is asked for."""
    with RawServer(answer({"effects": []})) as server:
        stream = client(server.url).stream_events([tracked(n) for n in range(50)], ordered=ordered)
        results = [result async for result in stream]
    assert all("silent=no" in exchange.line for exchange in server.received)
    assert list(range(50)) == (indexes(results) if ordered else sorted(indexes(results)))
    assert {(1, "succeeded")} == {(result.attempts, result.outcome) for result in results}
    assert 50 == len({result.idempotency_key for result in results})
    assert all(result.data.effects == [] and result.item.attributes["n"] == result.index for result in results)


async def test_prepared_calls_of_any_operations_are_sent_when_they_are_mixed(client: Any) -> None:
    """Those of one profile one after the other; each under the key that it was prepared with."""
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


async def test_no_answer_is_asked_for_when_nobody_looks_at_it(client: Any) -> None:
    """Unless the call was prepared with a word about it, or results are read."""
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
    """After the results of everything that was taken; the report is complete."""
    results: list[Any] = []
    with RawServer(answer({}, status=401)) as server, pytest.raises(BulkInterruptedError, match="401") as caught:
        async for result in client(server.url).stream_events([tracked(n) for n in range(500)], concurrency=2):
            results.append(result)  # noqa: PERF401  # those before the error, too
    assert isinstance(caught.value.__cause__, AuthenticationError)
    assert (caught.value.report.taken, 0) == (len(results), caught.value.report.pending)
    assert {"rejected", "unsent"} >= {result.outcome for result in results}


def test_the_report_is_there_when_the_caller_of_a_blocking_stream_is_interrupted() -> None:
    """Nothing runs any more when Ctrl-C comes out."""

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
    """The class tells the operation."""
    advanced = IntegrationEventV3Request(integration_id="e-1", type="t", profile_id="p")
    with RawServer(answer({})) as server:
        report = await client(server.url).track_events([event(1), tracked(2), advanced], dry=True)
    assert 3 == report.succeeded
    assert ["/v1/events?dry=true", "/v2/events?silent=yes&dry=true", "/v3/events?silent=yes&dry=true"] == sorted(
        exchange.line.split()[1] for exchange in server.received
    )
